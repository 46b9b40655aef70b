using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Apps of an operator's own: nobody is asked, and everybody can take it back.</summary>
[Behaviour(4)]
public sealed class TrustedClientTest : ServerFixture
{
    [Test, Case("OIDC-150")]
    public async Task A_trusted_app_gets_its_code_without_a_page_and_can_be_revoked_like_any_other()
    {
        var (client, alice, browser) = (await Server.PublicClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        await Server.ExecuteAsync("update clients set trusted = true where client_id = @Id", new { client.Id });
        await browser.SignInAsync(alice);
        var verifier = TestClient.NewVerifier();

        Reply? sent = null;
        await Eventually.BecomesTrueAsync(async () =>
            (sent = await browser.GetAsync($"{Paths.Authorize}?{client.AuthorizeQuery(verifier)}")).Location!.Contains("code="));
        var code = Parameters.OfQuery(new Uri(sent!.Location!).Query)["code"]!;
        var tokens = await client.RedeemAsync(new Code(code, verifier, Cast.Redirect));

        tokens.Should().HaveIssuedTokens("notes:read");
        (await Server.AuditAsync(sent)).Should().Contain(line => line.Detail!.EndsWith("trusted client"));
        (await browser.GetAsync(Paths.ConnectedApps)).Body.Should().Contain(client.Id);
        (await Server.ScalarAsync<long>("select count(*) from consents where client_id = @Id", new { client.Id })).Should().Be(0);
        await Server.ExecuteAsync("update grants set ended_at = now(), ended_reason = 'revoked_by_user' where client_id = @Id",
            new { client.Id });
        (await client.RefreshAsync(tokens.RefreshToken!)).Error.Should().Be("invalid_grant");

        var asked = await browser.GetAsync($"{Paths.Authorize}?{client.AuthorizeQuery(verifier, ("prompt", "consent"))}");
        asked.Location.Should().Contain(Paths.Consent, "an app may still have people asked");
    }

    [TestCase("update clients set origin = 'self-registered', trusted = true where client_id = @Id")]
    [TestCase("update clients set trusted = true, redirect_uris = '{http://127.0.0.1/cb}' where client_id = @Id")]
    [TestCase("update clients set trusted = true, redirect_uris = '{com.example.app:/cb}' where client_id = @Id")]
    public async Task An_app_nobody_vouches_for_or_any_program_can_answer_for_is_never_trusted(string sql)
    {
        var client = await Server.PublicClientAsync();

        (await FluentActions.Awaiting(() => Server.ExecuteAsync(sql, new { client.Id })).Should().ThrowAsync<PostgresException>())
            .Which.Should().Match<PostgresException>(fault => fault.MessageText.Contains("trusted") && fault.Hint!.Contains("trusted"));
    }
}
