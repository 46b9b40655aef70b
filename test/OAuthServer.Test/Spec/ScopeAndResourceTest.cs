using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>A token carries scopes of its own audience only, and never none, wherever it is made.</summary>
[Behaviour(19, 34)]
public sealed class ScopeAndResourceTest : ServerFixture
{
    private const string Reports = "https://reports.example.test/";
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task AddReportsAsync()
    {
        alice = await Server.UserAsync();
        await Server.ExecuteAsync(
            """
            insert into resources (uri, name) values (@Reports, 'Reports'), (@Issuer, 'This server');
            insert into scopes (name, resource, open) values ('reports:read', @Reports, true),
                ('reports:all', @Reports, false), ('audit:read', @Issuer, false);
            """,
            new { Reports, Server.Issuer });
        await Server.HearsAsync(catalog => catalog.Find(Reports) is not null && catalog.Scopes.Any(scope => scope.Name == "audit:read"));
    }

    [TestCase("self-registered", Cast.Sensors, "notes:read")]
    [TestCase("self-registered", Cast.Sensors, null)]
    [TestCase("self-registered", "the issuer", "notes:read")]
    [TestCase("self-registered", "the issuer", null)]
    [TestCase("document", Cast.Sensors, "notes:read")]
    [TestCase("document", "the issuer", null)]
    [Rfc(8707, "2"), Rfc(9068, "2.2.3"), Case("RES-002")]
    public async Task A_resource_without_an_open_scope_is_refused_to_a_client_that_no_operator_made(
        string origin, string resource, string? scope)
    {
        var client = origin == "document" ? await Server.DocumentClientAsync()
            : await Server.PublicClientAsync(scopes: "", origin: origin, resource: null);
        if (resource == "the issuer") resource = Server.Issuer;

        var landed = await Server.NewBrowser()
            .AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("resource", resource), ("scope", scope)), alice);

        landed.Reply.Should().BeAnErrorPage("invalid_target");
        (await Server.ScalarAsync<long>("select count(*) from grants where client_id = @Id", client)).Should().Be(0);
    }

    [TestCase("self-registered"), TestCase("document")]
    [Rfc(8707, "2")]
    public async Task A_resource_with_an_open_scope_is_for_everybody_with_its_open_scopes(string origin)
    {
        var client = origin == "document" ? await Server.DocumentClientAsync()
            : await Server.PublicClientAsync(scopes: "notes:read", origin: origin, resource: null);

        var tokens = await client.TokensAsync(alice, null, ("resource", Reports), ("scope", null));

        tokens.Should().HaveIssuedTokens("reports:read");
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Reports);
    }

    [Test, Rfc(8707, "2")]
    public async Task A_scope_without_a_resource_belongs_to_all_and_opens_every_resource()
    {
        await using var server = await TestServer.StartAsync();
        await server.ExecuteAsync("insert into scopes (name, resource, open) values ('hello', null, true)");
        var client = await server.PublicClientAsync(scopes: "", origin: "self-registered", resource: null);

        var tokens = await client.TokensAsync(await server.UserAsync(), null, ("resource", Cast.Sensors), ("scope", "hello notes:read"));

        tokens.Should().HaveIssuedTokens("hello");
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Sensors);
    }

    [Test, Rfc(6749, "3.3"), Rfc(9068, "2.2.3")]
    public async Task A_machine_gets_of_its_scopes_what_belongs_to_the_resource_and_is_refused_when_nothing_does()
    {
        var machine = await Server.MachineAsync();

        (await machine.CredentialsAsync(("scope", "read_sensors"), ("resource", Cast.Notes))).Should().BeRefusedWith("invalid_scope");
        (await machine.CredentialsAsync(("resource", Cast.Sensors)))
            .Should().BeRefusedWith("invalid_scope", description: "No scope is left that belongs to the requested resource");
        var both = await machine.CredentialsAsync(("scope", "read_sensors notes:read"), ("resource", Cast.Notes));

        both.Should().HaveIssuedTokens("notes:read");
        Jwt.Read(both.AccessToken)["scope"].Should().Be("notes:read");
        Jwt.Read((await machine.CredentialsAsync(("scope", "read_sensors"))).AccessToken)["aud"]
            .Should().Be(Cast.Sensors, "the scope names its resource");
    }

    [Test, Rfc(6749, "3.3")]
    public async Task A_machine_without_any_scope_gets_no_token()
    {
        var (machine, offline) =
            (await Server.MachineAsync(scopes: "", defaultScopes: ""),
                await Server.MachineAsync(scopes: "offline_access", defaultScopes: "offline_access"));

        foreach (var client in new[] { machine, offline })
            (await client.CredentialsAsync(("resource", Cast.Notes))).Should().BeRefusedWith("invalid_scope");
        (await offline.CredentialsAsync(("scope", "offline_access"))).Should().BeRefusedWith("invalid_scope");
    }

    [Test, Rfc(6749, "3.3"), Rfc(6749, "5.1")]
    public async Task Requested_scopes_of_other_resources_are_neither_shown_nor_granted_and_the_reply_says_so()
    {
        var (client, browser, verifier) =
            (await Server.PublicClientAsync(scopes: "notes:read read_sensors"), Server.NewBrowser(), TestClient.NewVerifier());
        var page = await browser.ReachConsentAsync(client.AuthorizeQuery(verifier, ("scope", "notes:read read_sensors")), alice);

        page.Reply.Body.Should().Contain("Read your notes").And.NotContain("Read the sensors of the grid");
        var allowed = await browser.SubmitAsync(page, "decision", "allow", ("scope read_sensors", "yes"));

        var tokens =
            await client.RedeemAsync(new Code(new Landing(allowed.Location!, allowed).Parameters["code"]!, verifier, client.Redirect));
        tokens.Should().HaveIssuedTokens("notes:read");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(6749, "3.3")]
    public async Task A_request_of_which_no_scope_is_left_is_refused()
    {
        var client = await Server.PublicClientAsync(scopes: "notes:read read_sensors");

        var landed = await Server.NewBrowser()
            .AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", "read_sensors")), alice);

        landed.Parameters["error"].Should().Be("invalid_scope", landed.ToString());
    }

    [Test, Rfc(6749, "3.3")]
    public async Task Open_scopes_do_not_stand_in_for_the_scopes_an_operator_gave_a_client()
    {
        var client = await Server.PublicClientAsync(scopes: "read_sensors");
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("scope", null), ("resource", Cast.Notes));

        var landed = await Server.NewBrowser().AllowAsync(query, alice);

        landed.Parameters["error"].Should().Be("invalid_scope", landed.ToString());
    }

    [Test, Rfc(8707, "2.2"), Rfc(9068, "2.2.3")]
    public async Task A_token_for_one_of_several_granted_resources_carries_that_ones_scopes_only()
    {
        var client = await Server.PublicClientAsync();
        await AllowEverythingAsync(client);
        string[] both = [Cast.Notes, Cast.Sensors];

        var notes = await client.RedeemAsync(await Server.GrantAsync(client, alice, "notes:read read_sensors", both));
        var sensors =
            await client.RedeemAsync(await Server.GrantAsync(client, alice, "notes:read read_sensors", both), ("resource", Cast.Sensors));
        var other = await client.RefreshAsync(notes.RefreshToken!, ("resource", Cast.Sensors));

        foreach (var (reply, scope, audience) in new[] { (notes, "notes:read", Cast.Notes), (sensors, "read_sensors", Cast.Sensors),
            (other, "read_sensors", Cast.Sensors) })
        {
            reply.Should().HaveIssuedTokens(scope);
            (Jwt.Read(reply.AccessToken)["scope"], Jwt.Read(reply.AccessToken)["aud"]).Should().Be((scope, audience));
        }
    }

    [Test, Rfc(8707, "2.2")]
    public async Task Without_a_resource_the_token_is_for_the_first_of_the_grant_that_has_a_scope_left()
    {
        var client = await Server.PublicClientAsync();
        await AllowEverythingAsync(client);
        var code = await Server.GrantAsync(client, alice, "notes:read", [Cast.Sensors, Cast.Notes]);

        (await client.RedeemAsync(code, ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_scope");
        var tokens = await client.RedeemAsync(code);

        tokens.Should().HaveIssuedTokens("notes:read");
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Notes);
    }

    [Test, Rfc(6749, "6")]
    public async Task A_refresh_drops_scopes_of_other_resources_and_is_refused_unspent_when_nothing_is_left()
    {
        var client = await Server.PublicClientAsync();
        await AllowEverythingAsync(client);
        var token =
            (await client.RedeemAsync(
                await Server.GrantAsync(client, alice, "notes:read read_sensors", [Cast.Notes, Cast.Sensors]))).RefreshToken!;

        (await client.RefreshAsync(token, ("scope", "read_sensors"), ("resource", Cast.Notes))).Should().BeRefusedWith("invalid_scope");
        var refreshed = await client.RefreshAsync(token, ("scope", "notes:read read_sensors"), ("resource", Cast.Notes));

        refreshed.Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(8707, "2")]
    public async Task The_default_of_the_server_is_for_clients_that_may_have_it()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { DefaultResource = Cast.Notes });
        var client = await server.AddClientAsync(
            "conf", "user-facing", "none", [Cast.Redirect], "read_sensors notes:read", "operator", null, null);
        await server.ExecuteAsync("update clients set resources = array[@Sensors] where client_id = @Id", new { Cast.Sensors, client.Id });

        var tokens = await client.TokensAsync(await server.UserAsync(), null, ("resource", null), ("scope", null));

        tokens.Should().HaveIssuedTokens("read_sensors");
        Jwt.Read(tokens.AccessToken)["aud"].Should().Be(Cast.Sensors);
    }

    [Test, Rfc(8707, "2.2"), Case("RES-002")]
    public async Task A_resource_taken_from_a_client_ends_with_its_next_code_or_refresh_and_spends_neither()
    {
        var client = await Server.PublicClientAsync();
        var (code, refresh) = (await Server.GrantAsync(client, alice), (await Server.TokensAsync(client, alice)).RefreshToken!);
        await Server.ExecuteAsync("update clients set resources = array[@Sensors], default_resource = null where client_id = @Id",
            new { Cast.Sensors, client.Id });
        await Server.HearsOfAsync(client, row => !row.Resources.Contains(Cast.Notes));

        foreach (var resource in new[] { null, Cast.Notes })
        {
            (await client.RefreshAsync(refresh, ("resource", resource))).Should().BeRefusedWith("invalid_target");
            (await client.RedeemAsync(code, ("resource", resource))).Should().BeRefusedWith("invalid_target");
        }

        await Server.ExecuteAsync("update clients set resources = array[@Notes] where client_id = @Id", new { Cast.Notes, client.Id });
        await Server.HearsOfAsync(client, row => row.Resources.Contains(Cast.Notes));
        (await client.RefreshAsync(refresh)).Should().HaveIssuedTokens();
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(8707, "2.2")]
    public async Task A_grant_keeps_the_resources_its_client_has_not_lost()
    {
        var client = await Server.PublicClientAsync();
        await AllowEverythingAsync(client);
        var code = await Server.GrantAsync(client, alice, "notes:read read_sensors", [Cast.Notes, Cast.Sensors]);
        await Server.ExecuteAsync("update clients set resources = array[@Sensors], default_resource = null where client_id = @Id",
            new { Cast.Sensors, client.Id });
        await Server.HearsOfAsync(client, row => !row.Resources.Contains(Cast.Notes));

        (await client.RedeemAsync(code, ("resource", Cast.Notes))).Should().BeRefusedWith("invalid_target");
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens("read_sensors");
    }

    [TestCase("openid profile email address phone", "notes:read notes:write")]
    [TestCase("openid profile email notes:read", "notes:read")]
    [TestCase("openid offline_access notes:write", "notes:write offline_access")]
    [Rfc(6749, "3.3")]
    public async Task Scopes_of_OpenID_Connect_are_ignored_at_authorize_and_refresh(string scope, string granted)
    {
        var client = await Server.PublicClientAsync(scopes: "notes:read notes:write offline_access");

        var tokens = await client.TokensAsync(alice, null, ("scope", scope));

        tokens.Should().HaveIssuedTokens(granted);
        (await client.RefreshAsync(tokens.RefreshToken!, ("scope", scope))).Status.Should().Be(200);
    }

    [Test, Rfc(6749, "3.3")]
    public async Task Scopes_of_OpenID_Connect_leave_what_a_client_registers_for_APIs_alone()
    {
        var app = await Server.RegisterAsync(
            new { redirect_uris = new[] { Cast.Redirect }, scope = "openid email notes:read", token_endpoint_auth_method = "none" });
        app.Text("scope").Should().Be("openid email notes:read");
        (await Server.ClientOf(app).TokensAsync(alice, null, ("scope", "openid email notes:read"))).Should().HaveIssuedTokens("notes:read");
        var habit = await Server.RegisterAsync(
            new { redirect_uris = new[] { Cast.Redirect }, scope = "openid email", token_endpoint_auth_method = "none" });
        (await Server.ClientOf(habit).TokensAsync(alice, null, ("scope", null))).Should().HaveIssuedTokens("notes:read notes:write");

        var machine =
            await Server.RegisterAsync(new { grant_types = new[] { "client_credentials" }, scope = "openid profile" },
                await Server.InviteAsync("machine"));
        (await Server.ClientOf(machine).CredentialsAsync(("resource", Cast.Notes)))
            .Should().HaveIssuedTokens("notes:delete notes:read notes:write");
    }

    [Test, Rfc(6749, "3.3")]
    public async Task Where_OpenID_Connect_is_off_its_scopes_are_ignored()
    {
        await using var server = await TestServer.StartAsync(settings => settings with { OpenId = false });
        var (client, machine) = (await server.PublicClientAsync(), await server.MachineAsync());

        var tokens = await client.TokensAsync(await server.UserAsync(), null, ("scope", "openid email notes:read"));

        tokens.Should().HaveIssuedTokens("notes:read");
        tokens.IdToken.Should().BeNull();
        (await machine.CredentialsAsync(("scope", "openid read_sensors"))).Should().HaveIssuedTokens("read_sensors");
        (await server.GetAsync(Paths.UserInfo)).Status.Should().Be(404);
    }

    [Test, Rfc(6749, "5.1"), Behaviour(33)]
    public async Task Offline_access_that_was_requested_and_granted_is_named_in_the_reply_and_never_in_the_token()
    {
        var client = await Server.PublicClientAsync();

        var tokens = await client.TokensAsync(alice, null, ("scope", "notes:read offline_access"));
        var same = await client.RefreshAsync(tokens.RefreshToken!);
        var named = await client.RefreshAsync(same.RefreshToken!, ("scope", "notes:read offline_access"));
        var narrowed = await client.RefreshAsync(named.RefreshToken!, ("scope", "notes:read"));

        foreach (var reply in new[] { tokens, same, named }) reply.Should().HaveIssuedTokens("notes:read offline_access");
        narrowed.Should().HaveIssuedTokens("notes:read");
        foreach (var reply in new[] { tokens, same, named, narrowed }) Jwt.Read(reply.AccessToken)["scope"].Should().Be("notes:read");
    }

    [Test, Rfc(6749, "5.1"), Behaviour(33)]
    public async Task Offline_access_that_was_not_requested_or_not_granted_is_not_named()
    {
        var (client, browser, verifier) = (await Server.PublicClientAsync(), Server.NewBrowser(), TestClient.NewVerifier());
        var unasked = await client.TokensAsync(alice, browser, ("scope", "notes:read"));
        var page =
            await browser.ReachConsentAsync(client.AuthorizeQuery(verifier, ("scope", "notes:read offline_access"), ("prompt", "consent")),
                alice);

        var allowed = await browser.SubmitAsync(page, "decision", "allow", ("scope offline_access", null));
        var unticked =
            await client.RedeemAsync(new Code(new Landing(allowed.Location!, allowed).Parameters["code"]!, verifier, client.Redirect));

        unasked.Should().HaveIssuedTokens("notes:read");
        unasked.RefreshToken.Should().NotBeNull("strict clients compare the scope with what they requested, and not what comes beside it");
        unticked.Should().HaveIssuedTokens("notes:read");
        unticked.RefreshToken.Should().BeNull();
    }

    // The client's scopes beyond the open ones.
    private async Task AllowEverythingAsync(TestClient client)
    {
        await Server.ExecuteAsync("update clients set scopes = scopes || '{read_sensors}' where client_id = @Id", new { client.Id });
        await Server.HearsOfAsync(client, row => row.Scopes.Contains("read_sensors"));
    }
}
