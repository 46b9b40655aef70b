using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Machines register by invitation only (RFC 7591 §3): otherwise anybody could mint tokens that nobody consented to.</summary>
[Behaviour(16)]
public sealed class RegistrationMachineTest : ServerFixture
{
    private static readonly object Machine = new
    {
        client_name = "Case client",
        grant_types = new[] { "client_credentials" },
        token_endpoint_auth_method = "client_secret_post",
    };

    [Test, Rfc(7591, "3"), Case("CC-004")]
    public async Task A_machine_needs_an_invitation()
    {
        var body = new
        {
            client_name = "Case client",
            redirect_uris = new[] { "https://app.example/cb" },
            grant_types = new[] { "client_credentials" },
            response_types = new[] { "code" },
            token_endpoint_auth_method = "client_secret_post",
        };
        var before = await Server.ScalarAsync<long>("select count(*) from clients");

        (await Server.RegisterAsync(body)).ShouldBeChallenged(withToken: false);
        (await Server.RegisterAsync(body, "guess")).ShouldBeChallenged(withToken: true);
        (await Server.ScalarAsync<long>("select count(*) from clients")).Should().Be(before);

        var reply = await Server.RegisterAsync(Machine, await Server.InviteAsync());
        reply.ShouldBeRegistered();
        reply.Strings("redirect_uris").Should().BeEmpty();
        reply.Strings("response_types").Should().BeEmpty();
        reply.Strings("grant_types").Should().Equal("client_credentials");
        reply.Text("token_endpoint_auth_method").Should().Be("client_secret_post");
        (await Server.ClientOf(reply).TokenAsync(("grant_type", "client_credentials"))).Should().HaveIssuedTokens(reply.Text("scope"));
    }

    [Test]
    public async Task Redirect_URIs_of_a_machine_are_not_kept_and_its_refresh_grant_is_dropped()
    {
        var body = new
        {
            redirect_uris = new[] { "https://app.example/cb" },
            grant_types = new[] { "client_credentials", "refresh_token" },
            scope = "notes:read offline_access read_sensors",
        };
        var reply = await Server.RegisterAsync(body, await Server.InviteAsync("machine"));

        reply.ShouldBeRegistered();
        reply.Strings("redirect_uris").Should().BeEmpty();
        reply.Strings("grant_types").Should().Equal("client_credentials");
        reply.Text("token_endpoint_auth_method").Should().Be("client_secret_basic");
        reply.Text("scope").Should().Be("notes:read");
        (await Server.ClientOf(reply).TokenAsync(("grant_type", "client_credentials"), ("scope", "read_sensors"))).Should()
            .BeRefusedWith("invalid_scope");
    }

    [TestCase("client_credentials authorization_code", "client_secret_basic")]
    [TestCase("client_credentials", "none")]
    [TestCase("client_credentials", "private_key_jwt"), TestCase("client_credentials", "federated")]
    [TestCase("client_credentials password", null)]
    public async Task A_machine_is_nothing_else_and_has_a_secret_or_keys(string grants, string? method)
    {
        var invitation = await Server.InviteAsync();

        var body = new
        {
            redirect_uris = new[] { "https://app.example/cb" },
            grant_types = grants.Split(' '),
            token_endpoint_auth_method = method,
        };
        (await Server.RegisterAsync(body, invitation)).Should().BeRefusedWith("invalid_client_metadata");
        (await Server.RegisterAsync(Machine, invitation)).ShouldBeRegistered();
    }

    [Test, Rfc(7591, "3")]
    public async Task An_invitation_is_spent_once_also_by_many_at_the_same_moment()
    {
        var invitation = await Server.InviteAsync(uses: 2);

        var replies = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Server.RegisterAsync(Machine, invitation)));

        replies.Count(reply => reply.Status == 201).Should().Be(2);
        foreach (var refused in replies.Where(reply => reply.Status != 201)) refused.ShouldBeChallenged(withToken: true);
    }

    [Test]
    public async Task An_invitation_expires_and_may_be_taken_back()
    {
        var (short_, taken) = (await Server.InviteAsync(life: TimeSpan.Zero), await Server.InviteAsync());
        await Server.ExecuteAsync("delete from initial_access_tokens where hash = sha256(@taken::bytea)",
            new { taken = System.Text.Encoding.ASCII.GetBytes(taken) });

        (await Server.RegisterAsync(Machine, short_)).ShouldBeChallenged(withToken: true);
        (await Server.RegisterAsync(Machine, taken)).ShouldBeChallenged(withToken: true);
    }

    [Test]
    public async Task A_client_that_signs_people_in_spends_no_invitation()
    {
        var invitation = await Server.InviteAsync();

        (await Server.RegisterAsync(new { redirect_uris = new[] { "http://localhost/callback" } }, invitation)).ShouldBeRegistered();
        (await Server.RegisterAsync(Machine, invitation)).ShouldBeRegistered();
    }

    [Test, Behaviour(25, 36)]
    public async Task An_invitation_is_stored_hashed_and_named_in_the_audit_log()
    {
        var invitation = await Server.InviteAsync();
        var reply = await Server.RegisterAsync(Machine, invitation);

        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Detail.Should().Contain("invitation=").And.NotContain(invitation);
        (await Server.ScalarAsync<long>("select count(*) from initial_access_tokens t "
            + "where row_to_json(t)::text like '%' || @invitation || '%'", new { invitation })).Should().Be(0);
        (await Server.QueryAsync<string>("select actor from audit_events where detail like 'insert initial_access_tokens%'")).Should()
            .OnlyContain(actor => actor == "cli:test");
    }
}

/// <summary>Mode token: nobody registers uninvited.</summary>
[Behaviour(17)]
public sealed class RegistrationByInvitationTest : ServerFixture
{
    private static readonly object Public = new
    {
        client_name = "Case client",
        redirect_uris = new[] { "https://app.example/cb" },
        token_endpoint_auth_method = "none",
    };

    protected override Settings Change(Settings settings) => settings with { Registration = "token" };

    [Test, Rfc(7591, "3"), Case("DCR-040")]
    public async Task Nobody_registers_uninvited()
    {
        var missing = await Server.RegisterAsync(Public);
        var wrong = await Server.RegisterAsync(Public, "wrong");
        var tokenInside = new { redirect_uris = new[] { "https://app.example/cb" }, initial_access_token = await Server.InviteAsync() };
        var inBody = await Server.RegisterAsync(tokenInside);
        var machines = await Server.RegisterAsync(Public, await Server.InviteAsync("machine"));
        var malformed = await Server.RegisterAsync("{");

        missing.ShouldBeChallenged(withToken: false);
        wrong.ShouldBeChallenged(withToken: true);
        inBody.ShouldBeChallenged(withToken: false);
        machines.ShouldBeChallenged(withToken: true);
        malformed.ShouldBeChallenged(withToken: false);
        wrong.Body.Should().Be(missing.Body);
        (await Server.AuditAsync(missing)).Should().ContainSingle().Which.Reason.Should().Contain("no initial access token");
    }

    [Test]
    public async Task An_invitation_is_good_for_one()
    {
        var invitation = await Server.InviteAsync();

        (await Server.RegisterAsync(Public, invitation)).ShouldBeRegistered();
        (await Server.RegisterAsync(Public, invitation)).ShouldBeChallenged(withToken: true);
    }

    [Test]
    public async Task A_refused_registration_spends_nothing()
    {
        var invitation = await Server.InviteAsync();

        (await Server.RegisterAsync("{}", invitation)).Should().BeRefusedWith("invalid_redirect_uri");
        (await Server.RegisterAsync(Public, invitation)).ShouldBeRegistered();
    }
}

/// <summary>Mode off: there is no such endpoint.</summary>
[Behaviour(17)]
public sealed class NoRegistrationTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { Registration = "off" };

    [Test]
    public async Task There_is_nothing()
    {
        var metadata = await Server.GetAsync(Paths.ServerMetadata);

        metadata.Status.Should().Be(200);
        metadata.Has("registration_endpoint").Should().BeFalse();
        (await Server.RegisterAsync(new { redirect_uris = new[] { "https://app.example/cb" } })).Should()
            .BeRefusedWith("invalid_request", 404);
        (await Server.ManageAsync(HttpMethod.Delete, "x", "y")).Should().BeRefusedWith("invalid_request", 404);
    }
}

/// <summary>Settings that narrow or widen what may be registered.</summary>
[Behaviour(14, 15)]
public sealed class RegistrationSettingsTest : ServerFixture
{
    protected override Settings Change(Settings settings) =>
        settings with { RegistrationSchemes = "warp com.example.app", RegistrationMethod = "client_secret_post" };

    [Test, Rfc(8252, "7.1")]
    public async Task The_list_of_schemes_is_the_operators()
    {
        (await Server.RegisterPublicAsync("warp://oauth/callback", "com.example.app:/cb")).ShouldBeRegistered();
        (await Server.RegisterPublicAsync("cursor://anysphere.cursor-mcp/oauth/callback")).Should().BeRefusedWith("invalid_redirect_uri");
        (await Server.RegisterPublicAsync("com.example.app.evil:/cb")).Should().BeRefusedWith("invalid_redirect_uri");
    }

    [Test]
    public async Task So_is_the_method_of_those_who_do_not_say() =>
        (await Server.RegisterAsync(new { redirect_uris = new[] { "http://localhost/callback" } })).Text("token_endpoint_auth_method")
            .Should().Be("client_secret_post");

    [Test]
    public async Task Loopback_only_is_loopback_only()
    {
        await using var narrow = await Server.StartSecondInstanceAsync(settings => settings with { RegistrationLoopbackOnly = true });

        (await narrow.RegisterPublicAsync("http://127.0.0.1/cb", "http://localhost:1/cb", "http://[::1]/cb")).ShouldBeRegistered();
        (await narrow.RegisterPublicAsync("http://127.0.0.1/cb", "https://app.example/cb")).Should().BeRefusedWith("invalid_redirect_uri");
        (await narrow.RegisterPublicAsync("warp://oauth/callback")).Should().BeRefusedWith("invalid_redirect_uri");
    }

    [TestCase("Registration", "closed"), TestCase("RegistrationSchemes", "javascript"), TestCase("RegistrationSchemes", "https"),
        TestCase("RegistrationSchemes", "a:b"), TestCase("RegistrationMethod", "private_key_jwt")]
    [TestCase("RegistrationsPerMinute", "0")]
    public void Settings_that_cannot_be_are_refused(string name, string value)
    {
        SettingsParser.Parse([KeyValuePair.Create<string, string?>(name, value)], development: true, out var errors);

        errors.Should().ContainSingle(error => error.StartsWith($"OAuth__{name}:"));
    }
}
