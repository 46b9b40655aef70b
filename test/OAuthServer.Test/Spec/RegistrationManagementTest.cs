using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>A client's own registration, under its registration access token (RFC 7592).</summary>
[Behaviour(17, 38)]
public sealed class RegistrationManagementTest : ServerFixture
{
    private const string Web = "https://app.example/cb";

    [Test, Rfc(7592, "2.1")]
    public async Task A_client_reads_its_registration_without_its_secret()
    {
        var (made, id, token) = await RegisterAsync("client_secret_basic");
        var read = await Server.ManageAsync(HttpMethod.Get, id, token);

        read.ShouldBeRegistered(200);
        read.Has("client_secret").Should().BeFalse();
        foreach (var member in new[] { "client_id", "client_name", "token_endpoint_auth_method", "scope", "registration_client_uri",
            "registration_access_token" })
            read.Text(member).Should().Be(made.Text(member));
        read.Strings("redirect_uris").Should().Equal(Web);
        (await Server.AuditAsync(read)).Should().ContainSingle().Which.Detail.Should().Be("read");
    }

    [Test, Rfc(7592, "2.2")]
    public async Task A_client_replaces_what_it_said()
    {
        var (_, id, token) = await RegisterAsync("client_secret_basic");
        var changed = await Server.ManageAsync(HttpMethod.Put, id, token, new
        {
            client_id = id,
            client_name = "New name",
            redirect_uris = new[] { "https://app.example/new", "https://app.example/newer" },
            token_endpoint_auth_method = "client_secret_post",
            scope = "notes:read",
            policy_uri = "https://app.example/policy",
        });

        changed.ShouldBeRegistered(200);
        changed.Text("client_name").Should().Be("New name");
        changed.Has("client_secret").Should().BeFalse();
        var read = await Server.ManageAsync(HttpMethod.Get, id, token);
        read.Strings("redirect_uris").Should().Equal("https://app.example/new", "https://app.example/newer");
        read.Text("scope").Should().Be("notes:read");
        read.Text("policy_uri").Should().Be("https://app.example/policy");
        read.Text("token_endpoint_auth_method").Should().Be("client_secret_post");
        (await Server.QueryAsync<string>("select event from audit_events where client_id = @id", new { id }))
            .Should().Equal("registration", "registration", "registration");
    }

    [Test, Rfc(7592, "2.2")]
    public async Task An_update_can_be_no_other_client_no_other_kind_and_no_worse_than_a_registration()
    {
        var (_, id, token) = await RegisterAsync("client_secret_basic");
        Task<Reply> PutAsync(object body) => Server.ManageAsync(HttpMethod.Put, id, token, body);

        (await PutAsync(new { redirect_uris = new[] { Web } })).Should().BeRefusedWith("invalid_client_metadata");
        (await PutAsync(new { client_id = "nightly-etl", redirect_uris = new[] { Web } }))
            .Should().BeRefusedWith("invalid_client_metadata");
        (await PutAsync(new { client_id = id, redirect_uris = new[] { Web }, token_endpoint_auth_method = "none" }))
            .Should().BeRefusedWith("invalid_client_metadata");
        (await PutAsync(new { client_id = id, grant_types = new[] { "client_credentials" } }))
            .Should().BeRefusedWith("invalid_client_metadata");
        (await PutAsync(new { client_id = id, redirect_uris = new[] { "javascript:alert(1)" } }))
            .Should().BeRefusedWith("invalid_redirect_uri");
        (await Server.ManageAsync(HttpMethod.Get, id, token)).Strings("redirect_uris").Should().Equal(Web);
    }

    [Test, Rfc(7592, "2.2")]
    public async Task An_update_takes_nothing_away_that_an_operator_gave()
    {
        var (_, id, token) = await RegisterAsync("none");
        await Server.ExecuteAsync(
            "update clients set scopes = scopes || '{read_sensors,notes:write}', default_scopes = '{read_sensors,notes:write}' "
                + "where client_id = @id", new { id });

        (await Server.ManageAsync(HttpMethod.Put, id, token,
            new { client_id = id, redirect_uris = new[] { Web }, scope = "notes:read", token_endpoint_auth_method = "none" }))
            .ShouldBeRegistered(200);

        (
            await Server.QueryAsync<string>(
                "select array_to_string(array(select unnest(scopes) order by 1), ' ') || ' / ' || array_to_string(default_scopes, ' ') "
                    + "from clients where client_id = @id", new { id }))
            .Should().Equal("notes:read read_sensors / read_sensors");
    }

    [Test, Rfc(7592, "2.3"), Case("DCR-048")]
    public async Task A_deleted_client_is_gone_with_its_grants_and_tokens()
    {
        var (made, id, token) = await RegisterAsync("none");
        var client = Server.ClientOf(made);
        var tokens = await Server.TokensAsync(client, await Server.UserAsync());
        var api = await Server.ResourceServerAsync();
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();

        var gone = await Server.ManageAsync(HttpMethod.Delete, id, token);

        gone.Status.Should().Be(204);
        gone.Header("Cache-Control").Should().Contain("no-store");
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        await Eventually.BecomesTrueAsync(async () => (await client.RefreshAsync(tokens.RefreshToken!)).Error == "invalid_client");
        (await Server.QueryAsync<string>("select ended_reason from grants where client_id = @id", new { id }))
            .Should().Equal("client_deleted");
        (await Server.ManageAsync(HttpMethod.Delete, id, token)).ShouldBeChallenged(withToken: true);
        (await Server.ManageAsync(HttpMethod.Get, id, token)).ShouldBeChallenged(withToken: true);
        (await Server.AuditAsync(gone)).Should().ContainSingle().Which.Detail.Should().StartWith("deleted");
    }

    [Test, Rfc(7592, "2.3")]
    public async Task A_deleted_client_has_no_secret_left()
    {
        var (made, id, token) = await RegisterAsync("client_secret_basic");
        (await Server.ManageAsync(HttpMethod.Delete, id, token)).Status.Should().Be(204);

        await Eventually.BecomesTrueAsync(async () =>
            (await Server.ClientOf(made)
                .TokenAsync(("grant_type", "authorization_code"), ("code", "x"), ("code_verifier", TestClient.NewVerifier()))).Description
                == "Client authentication failed");
    }

    [Test, Rfc(7592, "2")]
    public async Task An_unknown_id_and_a_wrong_token_look_the_same([Values("GET", "PUT", "DELETE")] string method)
    {
        var (_, id, token) = await RegisterAsync("none");
        var other = await RegisterAsync("none");
        var verb = new HttpMethod(method);

        var replies = new[]
        {
            await Server.ManageAsync(verb, id, "wrong"),
            await Server.ManageAsync(verb, id, other.Token),
            await Server.ManageAsync(verb, "dyn-nobody", token),
            await Server.ManageAsync(verb, "caf%C3%A9%0A", token),
            await Server.ManageAsync(verb, (await Server.PublicClientAsync()).Id, token),
        };

        foreach (var reply in replies)
        {
            reply.ShouldBeChallenged(withToken: true);
            reply.Body.Should().Be(replies[0].Body);
        }

        (await Server.ManageAsync(verb, id, null)).ShouldBeChallenged(withToken: false);
        (await Server.ManageAsync(HttpMethod.Get, id, token)).ShouldBeRegistered(200);
    }

    [TestCase("update clients set origin = 'operator' where client_id = @id")]
    [TestCase("update clients set enabled = false where client_id = @id")]
    public async Task A_client_an_operator_took_over_or_disabled_cannot_manage_itself(string edit)
    {
        var (_, id, token) = await RegisterAsync("none");
        await Server.ExecuteAsync(edit, new { id });

        (await Server.ManageAsync(HttpMethod.Get, id, token)).ShouldBeChallenged(withToken: true);
        (await Server.ManageAsync(HttpMethod.Put, id, token, new { client_id = id, redirect_uris = new[] { Web } }))
            .ShouldBeChallenged(withToken: true);
        (await Server.ManageAsync(HttpMethod.Delete, id, token)).ShouldBeChallenged(withToken: true);
    }

    [Test]
    public async Task Other_methods_are_not_allowed_here()
    {
        var reply = await Server.ManageAsync(HttpMethod.Patch, "x", "y");

        reply.Should().BeRefusedWith("invalid_request", 405);
        reply.Header("Allow").Should().ContainAll("GET", "PUT", "DELETE");
        (await Server.GetAsync(Paths.Register)).Header("Allow").Should().Be("POST");
    }

    [Test, Behaviour(13)]
    public async Task Pages_on_other_origins_may_manage_their_registration()
    {
        var preflight =
            await Server.SendAsync(HttpMethod.Options, Paths.Register + "/x", null, ("Origin", "https://a.example"),
                ("Access-Control-Request-Method", "DELETE"), ("Access-Control-Request-Headers", "authorization"));

        preflight.Header("Access-Control-Allow-Origin").Should().Be("*");
        preflight.Header("Access-Control-Allow-Methods").Should().Contain("DELETE");
        (await Server.SendAsync(HttpMethod.Delete, Paths.Register + "/x", null, ("Origin", "https://a.example")))
            .Header("Access-Control-Allow-Origin").Should().Be("*");
    }

    private async Task<(Reply Made, string Id, string Token)> RegisterAsync(string method)
    {
        var made =
            await Server.RegisterAsync(
                new { client_name = "Case client", redirect_uris = new[] { Web }, token_endpoint_auth_method = method });
        return (made, made.Text("client_id")!, made.Text("registration_access_token")!);
    }
}
