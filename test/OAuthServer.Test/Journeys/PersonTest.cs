using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>Alice lets an app in, and takes it back.</summary>
public sealed class PersonTest : ServerFixture
{
    [Test, Rfc(6749, "4.1"), Rfc(6749, "6"), Rfc(7009, "2"), Rfc(7662, "2"), Behaviour(1, 2, 3, 8, 21, 22)]
    public async Task From_discovery_to_revocation()
    {
        var metadata = (await Server.GetAsync(Paths.ServerMetadata)).Json;
        var (alice, app, api, browser) =
            (await Server.UserAsync(), await Server.PublicClientAsync("http://127.0.0.1/callback"), await Server.ResourceServerAsync(),
                Server.NewBrowser());
        var (verifier, redirect) = (TestClient.NewVerifier(), "http://127.0.0.1:51004/callback");

        var authorize = new Uri(metadata.GetProperty("authorization_endpoint").GetString()!).AbsolutePath;
        var login =
            await browser.FollowAsync(
                $"{authorize}?{app.AuthorizeQuery(verifier, ("redirect_uri", redirect), ("scope", "notes:read notes:write"))}");
        login.Reply.Body.Should().Contain($"The {app.Id} app");
        (await browser.SignInAsync(login, alice, "not her password")).Reply.Status.Should().Be(401);
        var consent = await browser.SignInAsync(await browser.FollowAsync(login.Url), alice);
        var landed = await browser.FollowAsync(await browser.SubmitAsync(consent, "decision", "allow"), consent.Url);
        landed.Url.Should().StartWith(redirect + "?");

        var tokens = await app.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, redirect));
        tokens.Should().HaveIssuedTokens("notes:read notes:write");
        var seen = (await api.IntrospectAsync(tokens.AccessToken)).Json;
        (seen.GetProperty("active").GetBoolean(), seen.GetProperty("sub").GetString(), seen.GetProperty("client_id").GetString())
            .Should().Be((true, alice.Subject.ToString(), app.Id));

        var next = await app.RefreshAsync(tokens.RefreshToken!);
        var lost = await app.RefreshAsync(tokens.RefreshToken!);
        lost.RefreshToken.Should().Be(next.RefreshToken, "a lost answer is given again");
        var last = await app.RefreshAsync(next.RefreshToken!);

        (await app.RevokeAsync(last.RefreshToken!)).Status.Should().Be(200);
        foreach (var reply in new[] { tokens, next, lost, last }) (await api.SeesAsActiveAsync(reply.AccessToken)).Should().BeFalse();
        (await app.RefreshAsync(last.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9700, "4.14.2"), Behaviour(8, 25)]
    public async Task A_thief_with_an_old_refresh_token_ends_the_family_and_leaves_a_trace()
    {
        var (alice, app, api) = (await Server.UserAsync(), await Server.PublicClientAsync(), await Server.ResourceServerAsync());
        var first = await app.TokensAsync(alice);
        var second = await app.RefreshAsync(first.RefreshToken!);
        var third = await app.RefreshAsync(second.RefreshToken!);

        var theft = await app.RefreshAsync(first.RefreshToken!);

        theft.Should().BeRefusedWith("invalid_grant");
        (await app.RefreshAsync(third.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await api.SeesAsActiveAsync(third.AccessToken)).Should().BeFalse();
        var line = (await Server.AuditAsync(theft)).Should().ContainSingle().Subject;
        (line.Outcome, line.Rule, line.Subject, line.Detail)
            .Should().Be(("refused", "RFC 9700 §4.14.2", alice.Subject.ToString(), "refresh_reused"));
    }
}
