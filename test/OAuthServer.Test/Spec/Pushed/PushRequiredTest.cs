using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Maintenance;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Pushed;

/// <summary>Clients that have to push, by SQL, registration, document or the setting; and what is left behind.</summary>
[Behaviour(58)]
public sealed class PushRequiredTest : ServerFixture
{
    private const string MustPush = "This client must push its requests";

    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync() => alice = await Server.UserAsync();

    private static async Task<Landing> PlainAsync(TestServer server, TestClient client) => await server.NewBrowser().FollowAsync(
        $"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}");

    private static void ShouldBeTold(Landing landed)
    {
        landed.Url.Should().StartWith(Cast.Redirect);
        landed.Parameters["error"].Should().Be("invalid_request");
        landed.Parameters["error_description"].Should().Be(MustPush);
        landed.Parameters["state"].Should().Be("xyz");
    }

    [Test, Rfc(9126, "5"), Case("EXT-006")]
    public async Task By_SQL_a_client_has_to_push_from_the_next_moment_on()
    {
        var client = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set par_required = true where client_id = @Id", new { client.Id });

        await Eventually.BecomesTrueAsync(async () => (await PlainAsync(Server, client)).Parameters["error"] is not null);

        ShouldBeTold(await PlainAsync(Server, client));
        var landed = await Server.NewBrowser().AllowAsync(await client.PushedQueryAsync(TestClient.NewVerifier()), alice);
        landed.Parameters["code"].Should().NotBeNull("what was pushed passes every step");
        (await Server.QueryAsync<string>("select detail from audit_events where event = 'edit' and client_id = @Id", new { client.Id }))
            .Should().ContainSingle(detail => detail.StartsWith("update")).Which.Should().Contain("par_required: false → true");
    }

    [Test]
    public async Task A_plain_request_under_way_when_it_begins_is_told_so_and_a_pushed_one_goes_on()
    {
        var client = await Server.PublicClientAsync();
        var (plain, pushed) = (Server.NewBrowser(), Server.NewBrowser());
        var plainLogin = await plain.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}");
        var pushedLogin = await pushed.FollowAsync($"{Paths.Authorize}?{await client.PushedQueryAsync(TestClient.NewVerifier())}");
        await Server.ExecuteAsync("update clients set par_required = true where client_id = @Id", new { client.Id });
        await Eventually.BecomesTrueAsync(async () => (await PlainAsync(Server, client)).Parameters["error"] is not null);

        ShouldBeTold(await plain.SignInAsync(plainLogin, alice));
        (await pushed.SignInAsync(pushedLogin, alice)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test]
    public async Task An_app_nobody_vouches_for_is_told_on_a_page_after_the_sign_in()
    {
        var client = await Server.PublicClientAsync(origin: "self-registered");
        await Server.ExecuteAsync("update clients set par_required = true where client_id = @Id", new { client.Id });
        await Eventually.BecomesTrueAsync(async () =>
        {
            var browser = Server.NewBrowser();
            await browser.SignInAsync(alice);
            return (await browser.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}")).Reply.Body
                .Contains(MustPush);
        });

        (await PlainAsync(Server, client)).Is(Paths.Login).Should().BeTrue();
    }

    [Test]
    public async Task The_setting_says_it_of_every_client()
    {
        await using var strict = await Server.StartSecondInstanceAsync(settings => settings with { RequirePar = true, ParSeconds = 600 });
        var client = (await Server.PublicClientAsync()).At(strict);

        ShouldBeTold(await PlainAsync(strict, client));
        (await strict.GetAsync(Paths.ServerMetadata)).Json.GetProperty("require_pushed_authorization_requests").GetBoolean()
            .Should().BeTrue();
        var pushed = await client.PushAsync(TestClient.NewVerifier());
        pushed.Json.GetProperty("expires_in").GetInt32().Should().Be(600);
        (await strict.NewBrowser().AllowAsync(client.PushedQuery(pushed), alice)).Parameters["code"].Should().NotBeNull();
    }

    [Test, Rfc(9126, "6")]
    public async Task A_client_registers_that_it_will_push()
    {
        const string member = "require_pushed_authorization_requests";
        Task<Reply> RegisterAsync(string value) => Server.SendAsync(HttpMethod.Post, Paths.Register, Requests.Form(
            $$"""{"redirect_uris": ["{{Cast.Redirect}}"], "token_endpoint_auth_method": "none", "{{member}}": {{value}}}""",
            "application/json"));

        var (yes, no) = (await RegisterAsync("true"), await RegisterAsync("false"));

        yes.Json.GetProperty(member).GetBoolean().Should().BeTrue();
        no.Json.TryGetProperty(member, out _).Should().BeFalse();
        (await Server.QueryAsync<bool>("select par_required from clients where client_id = any (@ids) order by par_required",
            new { ids = new[] { yes, no }.Select(reply => reply.Json.GetProperty("client_id").GetString()).ToArray() }))
            .Should().Equal(false, true);
        (await RegisterAsync("\"yes\"")).Should()
            .BeRefusedWith("invalid_client_metadata", 400, $"{member} must be true or false");
        var at = new Uri(yes.Json.GetProperty("registration_client_uri").GetString()!).PathAndQuery;
        var token = yes.Json.GetProperty("registration_access_token").GetString();
        (await Server.GetAsync(at, ("Authorization", $"Bearer {token}"))).Json.GetProperty(member).GetBoolean().Should().BeTrue();
    }

    [Test]
    public async Task A_client_that_signs_nobody_in_cannot_be_told_to_push()
    {
        var machine = await Server.MachineAsync();

        (await FluentActions.Awaiting(() => Server.ExecuteAsync("update clients set par_required = true where client_id = @Id",
            new { machine.Id })).Should().ThrowAsync<PostgresException>()).Which.Should().Match<PostgresException>(fault =>
            fault.MessageText == "A client of this kind has no authorization requests" && fault.Hint == "Leave par_required false.");
    }

    [Test, Behaviour(39)]
    public async Task Expired_ones_leave_by_themselves()
    {
        await using var server = await TestServer.StartAsync();
        var client = await server.PublicClientAsync();
        await client.PushAsync(TestClient.NewVerifier());
        server.Clock.Travel(TimeSpan.FromSeconds(89));
        await server.Get<Retention>().OnceAsync(CancellationToken.None);
        (await server.ScalarAsync<long>("select count(*) from pushed_requests")).Should().Be(1);

        server.Clock.Travel(TimeSpan.FromMinutes(11));
        await server.Get<Retention>().OnceAsync(CancellationToken.None);

        (await server.ScalarAsync<long>("select count(*) from pushed_requests")).Should().Be(0);
    }
}
