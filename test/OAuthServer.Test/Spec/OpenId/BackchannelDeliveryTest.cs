using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Fetch;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>How apps are told: when again, when no more, and never at an address inside.</summary>
[Behaviour(71)]
public sealed class BackchannelDeliveryTest : BackchannelFixture
{
    [Test, Case("OIDC-137")]
    public async Task An_app_that_fails_is_told_again_three_times_with_a_token_of_its_own_each_and_then_given_up()
    {
        var receiver = await ReceiverAsync(500, 302, 303, 500);
        var one = await SignInAtAsync(receiver);

        await SignOutAsync(one);
        await AttemptedAsync(one.Sid, 1);
        foreach (var (seconds, attempts) in new[] { (10, 2), (60, 3), (600, 4) })
        {
            var waiting = (await DeliveriesAsync(one.Sid)).Single();
            (waiting.DueAt!.Value - Server.Clock.GetUtcNow()).TotalSeconds.Should().BeInRange(seconds - 5, seconds);
            waiting.Outcome.Should().BeNull();
            Server.Clock.Travel(TimeSpan.FromSeconds(seconds));
            await AttemptedAsync(one.Sid, attempts);
        }

        (await DeliveriesAsync(one.Sid)).Single().Should().BeEquivalentTo(new { Outcome = "given_up", Answer = "500" });
        receiver.Forms.Should().HaveCount(4);
        receiver.Requests.Distinct().Should().Equal(["/logout"], "a redirect is an answer like any other");
        receiver.Tokens.Select(token => token["jti"]).Should().OnlyHaveUniqueItems();
        Outside.Connections.Should().NotContain(address => address.Address.ToString() == "169.254.169.254");
        (await FinalAsync(one)).Should().BeEquivalentTo(new { Outcome = "refused", Got = "500", Detail = $"sid={one.Sid} attempts=4" });
    }

    [TestCase(200, "delivered", "ok"), TestCase(204, "delivered", "ok"), TestCase(400, "refused", "refused")]
    public async Task What_an_app_answers_is_final(int status, string outcome, string audited)
    {
        var receiver = await ReceiverAsync(status);
        var one = await SignInAtAsync(receiver);

        await SignOutAsync(one);
        await AttemptedAsync(one.Sid, 1);
        Server.Clock.Travel(TimeSpan.FromHours(1));
        await Task.Delay(500);

        (await DeliveriesAsync(one.Sid)).Single().Should().BeEquivalentTo(new { Attempts = 1, Outcome = outcome, Answer = $"{status}" });
        receiver.Forms.Should().ContainSingle();
        (await FinalAsync(one)).Outcome.Should().Be(audited);
    }

    [Test, Case("OIDC-137")]
    public async Task A_silent_app_delays_nobody_who_signs_out_and_is_left_after_five_seconds()
    {
        var receiver = await ReceiverAsync();
        receiver.Before = http => Task.Delay(TimeSpan.FromSeconds(30), http.RequestAborted);
        var one = await SignInAtAsync(receiver);
        var page = await one.Browser.FollowAsync(Paths.Logout);

        var began = TimeProvider.System.GetTimestamp();
        await one.Browser.FollowAsync(await one.Browser.SubmitAsync(page), Paths.Logout);
        TimeProvider.System.GetElapsedTime(began).Should().BeLessThan(Eventually.Second);

        await AttemptedAsync(one.Sid, 1);
        TimeProvider.System.GetElapsedTime(began).TotalSeconds.Should().BeInRange(4.5, 9);
        (await DeliveriesAsync(one.Sid)).Single().Answer.Should().Contain("no complete answer in time");
    }

    [TestCase("https://inside.example/logout", "10.0.0.5"), TestCase("https://inside.example/logout", "169.254.169.254")]
    [TestCase("https://inside.example/logout", "203.0.113.1")]
    public async Task An_address_inside_is_not_called(string uri, string address)
    {
        Outside.Name("inside.example", address);
        var receiver = await ReceiverAsync();
        await Server.ExecuteAsync("update clients set backchannel_logout_uri = @uri where client_id = @Id", new { uri, receiver.App.Id });
        var one = await SignInAtAsync(receiver);

        await SignOutAsync(one);
        await AttemptedAsync(one.Sid, 1);

        Outside.Connections.Should().NotContain(it => it.Address.ToString() == address);
        (await DeliveriesAsync(one.Sid)).Single().Answer.Should().Contain("special-use address");
    }

    [TestCase("http://rp.example/logout"), TestCase("ftp://rp.example/"), TestCase("http://10.0.0.5/")]
    public async Task Nothing_goes_out_in_the_clear(string uri)
    {
        Outside.Name("rp.example", "127.0.0.1");
        var posted = await Server.Get<Fetcher>().PostAsync(new Uri(uri), "logout_token", "x", CancellationToken.None);

        posted.Refused(out var error, out _).Should().BeTrue();
        error!.Reason.Should().Be("not https");
        Outside.Lookups.Should().NotContain("rp.example");
    }

    [Test]
    public async Task Two_servers_tell_every_app_once_one_at_a_time_at_each_host_and_eight_at_once_in_all()
    {
        await using var second = await Server.StartSecondInstanceAsync(services: Register);
        var receivers = new List<Receiver>();
        for (var i = 0; i < 10; i++) receivers.Add(await ReceiverAsync());
        var (busy, most) = (0, 0);
        foreach (var receiver in receivers)
            receiver.Before = async _ =>
            {
                lock (receivers) most = Math.Max(most, ++busy);
                await Task.Delay(100);
                lock (receivers) busy--;
            };
        var everybody = new List<SignedIn>();
        for (var i = 0; i < 3; i++)
        {
            var one = await SignInAsync(receivers[0].App);
            foreach (var receiver in receivers)
                await Server.ExecuteAsync("insert into session_clients (sid, client_id, subject) values (@Sid, @Id, @Subject)",
                    new { one.Sid, receiver.App.Id, one.Person.Subject });
            everybody.Add(one);
        }

        var sids = everybody.Select(one => one.Sid).ToArray();
        await Server.ExecuteAsync("delete from sessions where sid = any (@sids)", new { sids });
        await Eventually.BecomesTrueAsync(async () => await Server.ScalarAsync<long>(
            "select count(*) from logout_deliveries where sid = any (@sids) and outcome = 'delivered'",
            new { sids }) == 30, TimeSpan.FromSeconds(30));

        receivers.Should().OnlyContain(receiver => receiver.Forms.Count == 3 && receiver.MostAtOnce == 1);
        most.Should().BeLessThanOrEqualTo(8);
        foreach (var receiver in receivers) receiver.Tokens.Select(token => token["sid"]).Should().OnlyHaveUniqueItems();
    }

    [Test]
    public async Task What_a_server_left_unfinished_is_taken_up_once_its_time_is_over()
    {
        var receiver = await ReceiverAsync();
        var sid = Guid.NewGuid();
        await Server.ExecuteAsync(
            """
            insert into logout_deliveries (client_id, subject, sid, attempts, attempting_until)
            values (@Id, gen_random_uuid(), @sid, 1, @until)
            """, new { receiver.App.Id, sid, until = Server.Clock.GetUtcNow().AddSeconds(20).UtcDateTime });

        await Task.Delay(500);
        receiver.Forms.Should().BeEmpty("it may be under way");
        Server.Clock.Travel(TimeSpan.FromSeconds(21));

        await AttemptedAsync(sid, 2);
        receiver.Forms.Should().ContainSingle();
    }

    [TestCase("http://rp.example/logout"), TestCase("https://10.0.0.5/logout"), TestCase("ftp://rp.example/"), TestCase("/logout")]
    [TestCase("https://rp.example/logout#part"), TestCase("https://user@rp.example/logout")]
    public async Task An_address_nobody_can_be_told_at_is_refused_in_SQL(string uri)
    {
        var app = await AppAsync();
        await FluentActions.Awaiting(() => Server.ExecuteAsync("update clients set backchannel_logout_uri = @uri where client_id = @Id",
            new { uri, app.Id })).Should().ThrowAsync<Npgsql.PostgresException>()
            .Where(fault => fault.MessageText == "This is no back-channel logout URI" && fault.Hint!.Contains("https://host.example/path"));
    }

    [TestCase("https://10.0.0.5/out"), TestCase("http://rp.example/out"), TestCase("javascript:alert(1)"), TestCase("notes:/out")]
    [TestCase("https://rp.example/out#part"), TestCase("https://*.example/out"), TestCase("")]
    public async Task An_address_nobody_can_go_on_to_is_refused_in_SQL(string uri)
    {
        var app = await AppAsync();
        await FluentActions.Awaiting(() => Server.ExecuteAsync(
            "update clients set post_logout_redirect_uris = array[@uri] where client_id = @Id", new { uri, app.Id }))
            .Should().ThrowAsync<Npgsql.PostgresException>().Where(fault => fault.ColumnName == "post_logout_redirect_uris");
    }

    private async Task<AuditLine> FinalAsync(SignedIn one) => (await Server.QueryAsync<AuditLine>(
        "select event, outcome, client_id, subject, error, rule, reason, expected, got, detail from audit_events "
            + "where event = 'logout-delivery' and subject = @subject", new { subject = one.Person.Subject.ToString() })).Single();
}
