using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>Where identity scopes meet resources: which token is for userinfo, which for an API, which for both.</summary>
[Behaviour(62, 63)]
public sealed class ScopeAndResourceTest : OpenIdFixture
{
    [Test, Case("OIDC-110")]
    public async Task Without_a_resource_one_token_serves_the_API_and_userinfo()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());

        var tokens = await client.TokensAsync(person, null, Asks("openid profile notes:read"));

        var access = Jwt.Read(tokens.AccessToken);
        access["aud"].Should().Be(Cast.Notes);
        access["scope"].Should().Be("openid profile notes:read");
        tokens.Should().HaveIssuedTokens("openid profile notes:read");
        var info = await UserInfoAsync(tokens.AccessToken);
        info.Json.GetProperty("sub").GetString().Should().Be(Jwt.Read(tokens.IdToken!)["sub"]);
    }

    [Test, Case("OIDC-111")]
    public async Task Identity_scopes_alone_need_no_resource()
    {
        var (client, person) = (await Server.PublicClientAsync(resource: null), await KnownPersonAsync());
        await Server.ExecuteAsync("update clients set resources = '{}', default_resource = null where client_id = @Id", new { client.Id });

        var tokens = await client.TokensAsync(person, null, Asks("openid profile email"));

        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Server.Issuer);
        Jwt.Read(tokens.IdToken!)["aud"].Should().Be(client.Id);
        (await UserInfoAsync(tokens.AccessToken)).Status.Should().Be(200);
    }

    [Test]
    public async Task A_token_for_a_named_resource_is_not_for_userinfo_but_one_for_the_issuer_is()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());
        var code = await client.CodeAsync(person, null, ("scope", "openid email notes:read offline_access"), ("resource", Cast.Notes));

        var tokens = await client.RedeemAsync(code);

        tokens.Should().HaveIssuedTokens("notes:read offline_access");
        tokens.IdToken.Should().NotBeNull();
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
        var refused = await UserInfoAsync(tokens.AccessToken);
        refused.Status.Should().Be(403);
        refused.Header("WWW-Authenticate").Should().Contain("insufficient_scope").And.Contain("scope=\"openid\"");

        var ours = await client.RefreshAsync(tokens.RefreshToken!, ("resource", Server.Issuer));
        Jwt.Read(ours.AccessToken)["aud"].Should().Be(Server.Issuer);
        Jwt.Read(ours.AccessToken)["scope"].Should().Be("openid email");
        (await UserInfoAsync(ours.AccessToken)).Json.GetProperty("email").GetString().Should().EndWith("@example.com");

        var direct = await client.RedeemAsync(
            await client.CodeAsync(person, null, ("scope", "openid notes:read"), ("resource", Cast.Notes)), ("resource", Server.Issuer));
        Jwt.Read(direct.AccessToken)["scope"].Should().Be("openid");
    }

    [Test]
    public async Task A_resource_named_with_identity_scopes_alone_brings_its_usual_scopes_too()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());

        var tokens = await client.TokensAsync(person, null, ("scope", "openid"), ("resource", Cast.Notes));

        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
        Jwt.Read(tokens.AccessToken)["scope"].Should().Contain("notes:read").And.NotContain("openid");
        tokens.IdToken.Should().NotBeNull();
    }

    [Test]
    public async Task The_issuer_is_no_resource_without_openid()
    {
        var client = await Server.PublicClientAsync();
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("resource", Server.Issuer));

        (await Server.GetAsync($"{Paths.Authorize}?{query}")).Location.Should().Contain("error=invalid_target");
        var tokens = await client.TokensAsync(await Server.UserAsync());
        (await client.RefreshAsync(tokens.RefreshToken!, ("resource", Server.Issuer))).Error.Should().Be("invalid_target");
    }

    [Test]
    public async Task Address_and_phone_are_ignored_beside_openid_and_what_nobody_knows_is_refused()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());

        (await client.TokensAsync(person, null, Asks("openid address phone"))).Should().HaveIssuedTokens("openid");
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), Asks("openid nonsense"));
        (await Server.GetAsync($"{Paths.Authorize}?{query}")).Location.Should().Contain("error=invalid_scope");
    }

    [Test]
    public async Task The_consent_page_has_a_box_for_what_is_told_and_none_for_openid()
    {
        var (client, person, browser) = (await Server.PublicClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), Asks("openid email notes:read"));
        var consent = await browser.ReachConsentAsync(query, person);

        consent.Reply.Body.Should().Contain("Know that it is you").And.Contain("See your e-mail address");
        var page = consent.Reply.Page;
        page.QuerySelector("input[name='scope email']").Should().NotBeNull();
        page.QuerySelector("input[name='scope openid']").Should().BeNull();
        consent.Reply.Body.Should().Contain(Cast.Notes).And.NotContain($"<bdi>{Server.Issuer}</bdi>");
    }

    [Test]
    public async Task An_app_that_only_knows_who_somebody_is_has_access_to_nothing_people_would_read_of()
    {
        var (client, person, browser) = (await Server.PublicClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        await client.TokensAsync(person, browser, Asks("openid email"));

        var apps = (await browser.GetAsync(Paths.ConnectedApps)).Body;

        apps.Should().Contain("See your e-mail address").And.NotContain("Can access");
    }

    [Test, Case("OIDC-141")]
    public async Task A_machine_has_no_identity()
    {
        var machine = await Server.MachineAsync();

        var refused = await machine.CredentialsAsync(("scope", "openid"));
        refused.Status.Should().Be(400);
        refused.Error.Should().Be("invalid_scope");
        var edit = () => Server.ExecuteAsync("update clients set scopes = '{openid}', default_scopes = '{}' where client_id = @Id", new { machine.Id });
        (await edit.Should().ThrowAsync<PostgresException>()).Which.Should().Match<PostgresException>(fault =>
            fault.MessageText.StartsWith("Identity scopes") && fault.Hint!.Contains("user-facing"));

        // A scope that becomes one while a machine has it.
        await Server.ExecuteAsync("insert into scopes (name) values ('who')");
        var early = await Server.MachineAsync(scopes: "notes:read who");
        (await early.CredentialsAsync(("scope", "who"))).Status.Should().Be(200);
        await Server.ExecuteAsync("update scopes set identity = true where name = 'who'");
        await Eventually.BecomesTrueAsync(async () => (await early.CredentialsAsync(("scope", "who"))).Error == "invalid_scope");
    }

    [Test, Case("OIDC-149")]
    public async Task An_API_is_told_what_its_row_lists_and_the_consent_page_said()
    {
        await Server.ExecuteAsync("insert into resources (uri, name) values ('https://told.test/', 'Told')");
        await Server.ExecuteAsync("insert into scopes (name, resource, open) values ('told:read', 'https://told.test/', true)");
        var (client, person, api) =
            (await Server.PublicClientAsync(scopes: "told:read notes:read"), await KnownPersonAsync(),
                await Server.ResourceServerAsync("https://told.test/"));
        await Server.ExecuteAsync("update clients set resources = resources || '{https://told.test/}' where client_id = @Id",
            new { client.Id });
        (string, string?)[] asks = [("resource", "https://told.test/"), ("scope", "told:read")];
        var silent = await client.TokensAsync(person, null, [.. asks, ("redirect_uri", Cast.Redirect)]);
        Jwt.Read(silent.AccessToken).Payload.ContainsKey("email").Should().BeFalse();

        await Server.ExecuteAsync("update resources set claims = '{email,groups}' where uri = 'https://told.test/'");
        var browser = Server.NewBrowser();
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), asks);
        await Eventually.BecomesTrueAsync(async () =>
            (await Server.NewBrowser().ReachConsentAsync(query, person)).Reply.Body.Contains("also sees your e-mail address"));

        // A page that was opened before more is told is shown again.
        var early = Server.NewBrowser();
        var opened = await early.ReachConsentAsync(query, person);
        await Server.ExecuteAsync("update resources set claims = '{email,groups,name}' where uri = 'https://told.test/'");
        await Eventually.BecomesTrueAsync(async () =>
            (await Server.NewBrowser().ReachConsentAsync(query, person)).Reply.Body.Contains("also sees your name"));
        var again = await early.SubmitAsync(opened, "decision", "allow");
        again.Status.Should().Be(400);
        again.Body.Should().Contain("This page has changed").And.Contain("also sees your name");
        await Server.ExecuteAsync("update resources set claims = '{email,groups}' where uri = 'https://told.test/'");
        await Eventually.BecomesTrueAsync(async () =>
            !(await Server.NewBrowser().ReachConsentAsync(query, person)).Reply.Body.Contains("also sees your name"));

        // Nobody was told when the first grant was allowed.
        Jwt.Read((await client.RefreshAsync(silent.RefreshToken!)).AccessToken).Payload.ContainsKey("email").Should().BeFalse();
        var told = await client.TokensAsync(person, browser, asks);
        var access = Jwt.Read(told.AccessToken).Payload;
        access["email"]!.ToString().Should().Be($"{person.Username}@example.com");
        access["groups"]!.AsArray().Count.Should().Be(2);
        access.ContainsKey("name").Should().BeFalse();
        var seen = (await api.IntrospectAsync(told.AccessToken)).Json;
        seen.GetProperty("email").GetString().Should().Be($"{person.Username}@example.com");
        seen.GetProperty("groups").GetArrayLength().Should().Be(2);
        var other = await client.TokensAsync(person, null);
        Jwt.Read(other.AccessToken).Payload.ContainsKey("email").Should().BeFalse("Notes lists nothing");
    }
}
