using System.Diagnostics;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>A flood of registrations ends at the door.</summary>
[Behaviour(17, 24)]
public sealed class RegistrationLimitTest
{
    [Test, Rfc(7591, "5"), Case("DCR-039")]
    public async Task One_address_registers_ten_a_minute_and_others_are_not_hindered()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { RegistrationsPerMinute = 10 });
        var replies = await Task.WhenAll(Enumerable.Range(0, 60).Select(_ => server.RegisterPublicAsync("https://app.example/cb")));

        replies.Count(reply => reply.Status == 201).Should().BeInRange(10, 12);
        replies.Where(reply => reply.Status != 201).Should().OnlyContain(reply => reply.Status == 429);
        var refused = replies.First(reply => reply.Status == 429);
        refused.Should().BeRefusedWith("slow_down");
        refused.Header("Retry-After").Should().Be("6");

        using var other = server.NewHttpFrom("127.0.0.2");
        var watch = Stopwatch.StartNew();
        (await other.ReplyAsync(HttpMethod.Post, Paths.Register,
            Requests.Form("""{"redirect_uris":["http://localhost/callback"]}""", "application/json"))).ShouldBeRegistered();
        watch.Elapsed.Should().BeLessThan(HashTiming.SlowHash());
    }

    [Test, Behaviour(13)]
    public async Task A_page_elsewhere_can_read_when_to_come_back()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { RegistrationsPerMinute = 1 });
        (await server.RegisterPublicAsync(Cast.Redirect)).ShouldBeRegistered();

        var refused =
            await server.SendAsync(HttpMethod.Post, Paths.Register, Requests.Form("{}", "application/json"),
                ("Origin", "https://spa.example"));

        refused.Should().BeRefusedWith("slow_down");
        refused.Header("Access-Control-Allow-Origin").Should().Be("*");
        refused.Header("Access-Control-Expose-Headers").Should().Contain("Retry-After");
    }

    [Test]
    public async Task All_addresses_together_have_a_ceiling_and_refusals_of_one_do_not_count_towards_it()
    {
        await using var server =
            await TestServer.StartAsync(settings => settings with { RegistrationsPerMinute = 3, RegistrationsPerMinuteInAll = 6 });
        var made = 0;
        foreach (var last in Enumerable.Range(2, 4))
        {
            using var http = server.NewHttpFrom($"127.0.0.{last}");
            for (var i = 0; i < 5; i++)
            {
                var reply =
                    await http.ReplyAsync(HttpMethod.Post, Paths.Register,
                        Requests.Form("""{"redirect_uris":["http://localhost/callback"]}""", "application/json"));
                if (reply.Status == 201) made++;
                else reply.Should().BeRefusedWith("slow_down");
            }
        }

        made.Should().Be(6);
    }

    [Test]
    public async Task A_secret_has_a_ceiling_of_its_own_which_neither_public_nor_invited_clients_meet()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { SecretRegistrationsPerMinuteInAll = 2 });
        var basic = new { redirect_uris = new[] { "https://app.example/cb" }, token_endpoint_auth_method = "client_secret_basic" };
        for (var i = 0; i < 2; i++) (await server.RegisterAsync(basic)).ShouldBeRegistered();

        var refused = await server.RegisterAsync(basic);

        refused.Should().BeRefusedWith("slow_down");
        refused.Header("Retry-After").Should().Be("30");
        (await server.RegisterPublicAsync("https://app.example/cb")).ShouldBeRegistered();
        (await server.RegisterAsync(new { grant_types = new[] { "client_credentials" } }, await server.InviteAsync("machine")))
            .ShouldBeRegistered();
    }

    [Test]
    public async Task No_slow_hash_is_spent_on_what_is_refused()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { RegistrationsPerMinute = 1, BcryptCost = 14 });
        object body = new { redirect_uris = new[] { "https://app.example/cb" }, token_endpoint_auth_method = "none" };
        (await server.RegisterAsync(body)).ShouldBeRegistered();

        var watch = Stopwatch.StartNew();
        foreach (var _ in Enumerable.Range(0, 5))
            (
                await server.RegisterAsync(
                    new { redirect_uris = new[] { "https://app.example/cb" }, token_endpoint_auth_method = "client_secret_basic" }))
                    .Should().BeRefusedWith("slow_down");
        watch.Elapsed.Should().BeLessThan(HashTiming.SlowHash());
    }

    [Test]
    public async Task Nor_on_an_invitation_that_is_none()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { Registration = "token", BcryptCost = 14 });
        var watch = Stopwatch.StartNew();

        foreach (var _ in Enumerable.Range(0, 3))
            (await server.RegisterAsync(new { grant_types = new[] { "client_credentials" } }, "guess")).ShouldBeChallenged(withToken: true);

        watch.Elapsed.Should().BeLessThan(HashTiming.SlowHash());
    }

    [Test]
    public async Task Guessing_at_registrations_is_slowed_down()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { FailuresPerSecond = 2 });
        var began = TimeProvider.System.GetTimestamp();

        var replies =
            await Task.WhenAll(Enumerable.Range(0, 20).Select(number => server.ManageAsync(HttpMethod.Delete, "dyn-x", $"guess{number}")));
        var more = new List<Reply>();
        do more.Add(await server.ManageAsync(HttpMethod.Delete, "dyn-x", "guess"));
        while (more[^1].Status == 401 && more.Count < 200);

        replies.Should().OnlyContain(reply => reply.Status == 401 || reply.Status == 429);
        more[^1].Should().BeRefusedWith("slow_down");
        (more.Count - 1).Should().BeLessThanOrEqualTo((int)(TimeProvider.System.GetElapsedTime(began).TotalSeconds * 2),
            "one more is due every half a second");
    }
}
