using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>
/// The test plan oidcc-rp-initiated-logout of the OpenID conformance suite, module by module, each under its name. What the suite
/// leaves to a screenshot is read off the page here.
/// </summary>
[Behaviour(70)]
public sealed class EndSessionModulesTest : EndSessionFixture
{
    [Test]
    public async Task Oidcc_rp_initiated_logout_discovery_endpoint_verification() =>
        (await Server.GetAsync(Paths.OpenIdConfiguration)).Json.GetProperty("end_session_endpoint").GetString()
            .Should().Be(Server.Issuer + Paths.EndSession);

    [Test]
    public async Task Oidcc_rp_initiated_logout()
    {
        var (one, hint) = await SignInWithAsync();

        var reply = await AskAsync(one, ("id_token_hint", hint), ("post_logout_redirect_uri", Onward), ("state", "af0ifjsldkj"));

        (reply.Status, reply.Location).Should().Be((303, $"{Onward}?state=af0ifjsldkj"));
        (await one.Browser.IsSignedInAsync()).Should().BeFalse();
        var silent = one.App.AuthorizeQuery(TestClient.NewVerifier(), ("prompt", "none"));
        var again = await one.Browser.FollowAsync($"{Paths.Authorize}?{silent}");
        again.Parameters["error"].Should().Be("login_required", "the suite looks whether the session is over");
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_bad_id_token_hint()
    {
        var one = await SignInAsync();

        await RefusesAsync(one, await AskAsync(one, ("id_token_hint", "bad-id-token-hint"), ("post_logout_redirect_uri", Onward)));
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_modified_id_token_hint()
    {
        var (one, hint) = await SignInWithAsync();
        var jwt = Jwt.Read(hint);
        jwt.Payload["sub"] = Guid.NewGuid().ToString();

        await RefusesAsync(one, await AskAsync(one, ("id_token_hint", jwt.SignedBy(_ => jwt.Signature)),
            ("post_logout_redirect_uri", Onward), ("state", "xyz")));
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_bad_post_logout_redirect_uri()
    {
        var (one, hint) = await SignInWithAsync();

        await RefusesAsync(one, await AskAsync(one, ("id_token_hint", hint),
            ("post_logout_redirect_uri", "https://rp.example/another"), ("state", "xyz")));
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri()
    {
        var (one, hint) = await SignInWithAsync();

        await RefusesAsync(one, await AskAsync(one, ("id_token_hint", hint), ("post_logout_redirect_uri", Onward + "?foo=bar")));
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_no_id_token_hint()
    {
        var (one, hint) = await SignInWithAsync();

        var page = await AskAsync(one, ("post_logout_redirect_uri", Onward), ("state", "xyz"));

        await AsksAsync(one, page);
        var after = await one.Browser.FollowAsync(
            await one.Browser.SubmitToAsync(Paths.EndSessionConfirm, new Landing(Paths.EndSession, page)), Paths.EndSessionConfirm);
        after.Reply.Body.Should().Contain("You are signed out").And.NotContain("rp.example", "no app is proven, none was named");
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_no_params()
    {
        var one = await SignInAsync();
        await AsksAsync(one, await AskAsync(one));
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_only_state()
    {
        var one = await SignInAsync();
        await AsksAsync(one, await AskAsync(one, ("state", "xyz")));
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_no_post_logout_redirect_uri()
    {
        var (one, hint) = await SignInWithAsync();

        var landed = await one.Browser.FollowAsync($"{Paths.EndSession}?{Query(("id_token_hint", hint), ("state", "xyz"))}");

        landed.Reply.Body.Should().Contain("You are signed out").And.NotContain("rp.example");
        (await one.Browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task Oidcc_rp_initiated_logout_no_state()
    {
        var (one, hint) = await SignInWithAsync();

        (await AskAsync(one, ("id_token_hint", hint), ("post_logout_redirect_uri", Onward))).Location.Should().Be(Onward);
        (await one.Browser.IsSignedInAsync()).Should().BeFalse();
    }

    private async Task<(SignedIn One, string Hint)> SignInWithAsync()
    {
        var one = await SignInAsync();
        return (one, await IdTokenAsync(one));
    }

    private static async Task RefusesAsync(SignedIn one, Reply reply)
    {
        reply.Should().BeAnErrorPage("invalid_request");
        reply.Body.Should().NotContain("rp.example");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue("nothing was ended");
    }

    private static async Task AsksAsync(SignedIn one, Reply page)
    {
        page.Should().BeAPage(200);
        page.Body.Should().Contain("Sign out of").And.Contain(">Stay<");
        (await one.Browser.IsSignedInAsync()).Should().BeTrue("a link only asks");
    }
}
