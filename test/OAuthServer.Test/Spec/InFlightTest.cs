using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>What happens while something else is under way.</summary>
public sealed class InFlightTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { FailuresPerSecond = 10 };

    [Test, Rfc(6819, "5.1.4.2.3"), Behaviour(24), Case("CAUTH-028")]
    public async Task A_burst_of_wrong_secrets_from_one_address_keeps_nobody_from_signing_in()
    {
        var (machine, alice) = (await Server.MachineAsync(), await Server.UserAsync());

        var guesses = Enumerable.Range(0, 60).Select(i => machine.With($"wrong {i}").CredentialsAsync()).ToArray();
        var signedIn = await Server.NewBrowser().SignInAsync(alice);
        var statuses = (await Task.WhenAll(guesses)).Select(reply => reply.Status).ToArray();

        signedIn.Reply.Status.Should().Be(200);
        statuses.Should().NotContain(503).And.OnlyContain(status => status == 401 || status == 429);
        statuses.Count(status => status == 429).Should().BeGreaterThan(30, "those under way count");
    }

    [Test, Behaviour(35)]
    public async Task A_password_that_is_being_changed_opens_nothing_more()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var page = await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
        var late = Server.NewBrowser();
        var login = await late.FollowAsync("/login");

        var change =
            Server.ExecuteAsync(
                "begin; update users set password_hash = crypt('another password', gen_salt('bf', 10)) "
                    + "where subject = @Subject; select pg_sleep(1); commit", alice);
        await Server.SleepsAsync();
        var (allowed, signedIn) = (browser.SubmitAsync(page, "decision", "allow"), late.SignInAsync(login, alice));
        await change;

        ((await allowed).Location ?? "").Should().NotContain("code=", "the session ended with the change");
        (await signedIn).Is(Paths.ConnectedApps).Should().BeFalse();
        (await Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject and ended_at is null", alice)).Should().Be(0);
    }

    [Test, Rfc(8707, "2"), Behaviour(19, 34)]
    public async Task A_scope_an_operator_took_away_is_not_refreshed()
    {
        await Server.ExecuteAsync("""
            insert into resources (uri, name) values ('https://brief.example/', 'Brief');
            insert into scopes (name, resource) values ('brief:read', 'https://brief.example/'), ('brief:write', 'https://brief.example/');
            """);
        var client =
            await Server.AddClientAsync("pub", "user-facing", "none", [Cast.Redirect], "brief:read brief:write", "operator",
                "https://brief.example/", null);
        await Server.HearsAsync(heard => heard.Find("https://brief.example/") is not null
            && heard.Scopes.Any(scope => scope.Name == "brief:write"));
        var tokens = await Server.TokensAsync(client, await Server.UserAsync(), "brief:read brief:write", ["https://brief.example/"]);

        await Server.ExecuteAsync("update clients set scopes = '{brief:read}' where client_id = @Id", new { client.Id });
        await Eventually.BecomesTrueAsync(async () =>
        {
            tokens = await client.RefreshAsync(tokens.RefreshToken!);
            return tokens.Json.GetProperty("scope").GetString() == "brief:read";
        });
        await Server.ExecuteAsync("update resources set enabled = false where uri = 'https://brief.example/'");

        await Eventually.BecomesTrueAsync(async () => (await client.RefreshAsync(tokens.RefreshToken!)).Error == "invalid_target");
    }
}
