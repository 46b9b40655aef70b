using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(21)]
public sealed class RevocationTest : ServerFixture
{
    private TestClient client = null!;
    private TestClient resourceServer = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        client = await Server.PublicClientAsync();
        resourceServer = await Server.ResourceServerAsync();
        alice = await Server.UserAsync();
    }

    [TestCase(null), Case("REVOKE-001")]
    [TestCase("refresh_token")]
    [TestCase("access_token"), Case("REVOKE-007")]
    [TestCase("nonsense")]
    [Rfc(7009, "2.1")]
    public async Task Revoking_a_refresh_token_ends_its_family_and_their_access_tokens(string? hint)
    {
        var first = await Server.TokensAsync(client, alice);
        var second = await client.RefreshAsync(first.RefreshToken!);

        var reply = await client.RevokeAsync(second.RefreshToken!, hint);

        reply.Status.Should().Be(200);
        reply.Body.Should().BeEmpty();
        reply.Header("Cache-Control").Should().Be("no-store");
        (await client.RefreshAsync(second.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await resourceServer.SeesAsActiveAsync(first.AccessToken)).Should().BeFalse();
        (await resourceServer.SeesAsActiveAsync(second.AccessToken)).Should().BeFalse();
    }

    [Test, Rfc(7009, "2.1")]
    public async Task Revoking_a_superseded_refresh_token_ends_the_family_too()
    {
        var first = await Server.TokensAsync(client, alice);
        var second = await client.RefreshAsync(first.RefreshToken!);

        (await client.RevokeAsync(first.RefreshToken!)).Status.Should().Be(200);

        (await client.RefreshAsync(second.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [TestCase(null)]
    [TestCase("refresh_token")]
    [Rfc(7009, "2.1"), Case("REVOKE-002")]
    public async Task Revoking_an_access_token_leaves_its_refresh_token(string? hint)
    {
        var tokens = await Server.TokensAsync(client, alice);

        (await client.RevokeAsync(tokens.AccessToken, hint)).Status.Should().Be(200);

        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7009, "2.2")]
    public async Task An_unknown_token_or_one_revoked_before_is_200_all_the_same()
    {
        var tokens = await Server.TokensAsync(client, alice);

        foreach (var token in new[] { "nonsense", "a.b.c", tokens.RefreshToken!, tokens.RefreshToken!, tokens.AccessToken,
            tokens.AccessToken })
            (await client.RevokeAsync(token)).Status.Should().Be(200);
    }

    [Test, Rfc(7009, "2.1")]
    public async Task Another_clients_token_is_200_and_stays_alive()
    {
        var mallory = await Server.PublicClientAsync();
        var tokens = await Server.TokensAsync(client, alice);

        (await mallory.RevokeAsync(tokens.AccessToken)).Status.Should().Be(200);
        (await mallory.RevokeAsync(tokens.RefreshToken!)).Status.Should().Be(200);

        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7009, "2.1"), Behaviour(25)]
    public async Task A_revocation_that_revokes_nothing_leaves_one_audit_row_that_says_why()
    {
        var mallory = await Server.PublicClientAsync();
        var tokens = await Server.TokensAsync(client, alice);

        foreach (var token in new[] { tokens.AccessToken, tokens.RefreshToken! })
        {
            var row = (await Server.AuditAsync(await mallory.RevokeAsync(token))).Should().ContainSingle().Subject;
            (row.Event, row.Outcome, row.ClientId, row.Expected, row.Got)
                .Should().Be(("revocation", "refused", mallory.Id, client.Id, mallory.Id));
            row.Reason.Should().StartWith("another client's ");
        }

        await client.RevokeAsync(tokens.AccessToken);
        await client.RevokeAsync(tokens.RefreshToken!);
        foreach (var (token, reason) in new[] { ("nonsense", "unknown or expired"), (tokens.AccessToken, "access token revoked before"),
            (tokens.RefreshToken!, "refresh token revoked before") })
        {
            var row = (await Server.AuditAsync(await client.RevokeAsync(token))).Should().ContainSingle().Subject;
            (row.Event, row.Outcome, row.ClientId, row.Reason)
                .Should().Be(("revocation", "ok", client.Id, $"{reason}: nothing is revoked"));
        }
    }

    [Test, Rfc(7009, "2.1")]
    public async Task A_confidential_client_must_prove_itself()
    {
        var web = await Server.ConfidentialClientAsync();
        var tokens = await Server.TokensAsync(web, alice);

        (await web.With(null).RevokeAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_client");
        (await web.With("wrong").RevokeAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_client");
        (await web.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7009, "2.2.1"), Case("REVOKE-006")]
    public async Task A_malformed_request_is_refused()
    {
        (await client.PostAsync(Paths.Revoke)).Should().BeRefusedWith("invalid_request", description: "token is required");
        (await client.PostAsync(Paths.Revoke, ("token", ""))).Should().BeRefusedWith("invalid_request");
        (await client.PostAsync(Paths.Revoke, ("token", "a"), ("token", "b"))).Should().BeRefusedWith("invalid_request");
        (await Server.GetAsync($"/revoke?token=x&client_id={client.Id}")).Should().BeRefusedWith("invalid_request", 405);
        (await Server.SendAsync(HttpMethod.Post, "/revoke",
            Requests.Form($$"""{"token":"x","client_id":"{{client.Id}}"}""", "application/json")))
            .Should().BeRefusedWith("invalid_request", 415);
    }

    [Test, Rfc(7009, "2.1"), Case("REVOKE-008")]
    public async Task After_a_revocation_that_raced_a_refresh_no_token_of_the_family_works()
    {
        for (var round = 0; round < 20; round++)
        {
            var tokens = await Server.TokensAsync(client, alice);

            var refresh = client.RefreshAsync(tokens.RefreshToken!);
            var revoke = client.RevokeAsync(tokens.RefreshToken!);
            await Task.WhenAll(refresh, revoke);

            (await revoke).Status.Should().Be(200);
            (await refresh).Status.Should().BeOneOf(200, 400);
            (await client.RefreshAsync((await refresh).RefreshToken ?? tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
            (await resourceServer.SeesAsActiveAsync((await refresh).Status == 200 ? (await refresh).AccessToken : tokens.AccessToken))
                .Should().BeFalse();
        }
    }
}

[Behaviour(21)]
public sealed class DurableRevocationTest
{
    [Test, Rfc(7009, "2.2.1"), Case("REVOKE-010")]
    public async Task While_the_database_is_away_a_revocation_is_503_and_never_200()
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through });
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        var tokens = await server.TokensAsync(client, alice);

        cable.Pull();
        foreach (var token in new[] { tokens.RefreshToken!, tokens.AccessToken })
            (await client.RevokeAsync(token)).Should().BeRefusedWith("temporarily_unavailable");
        cable.PlugIn();

        await Eventually.BecomesTrueAsync(async () => (await client.RevokeAsync(tokens.RefreshToken!)).Status == 200,
            because: "the server recovers by itself");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Category("Long"), Rfc(7009, "2.2"), Case("REVOKE-009")]
    public async Task A_revocation_answered_200_survives_PostgreSQL_killed_the_moment_after()
    {
        await using var cluster = await OwnCluster.StartAsync();
        var database = cluster.ConnectionString;
        await using (var stores = new Database(database)) await new Migrations(stores).ApplyAsync(CancellationToken.None);
        await TestDatabase.ExecuteAsync(database, Cast.Sql);
        await using var server = await TestServer.StartAsync(settings => settings with { Database = database });
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        var tokens = new List<string>();
        for (var i = 0; i < 20; i++) tokens.Add((await server.TokensAsync(client, alice)).RefreshToken!);

        foreach (var token in tokens) (await client.RevokeAsync(token)).Status.Should().Be(200);
        await cluster.KillAsync();
        await cluster.StartAgainAsync();

        await Eventually.BecomesTrueAsync(async () => (await client.RefreshAsync("nonsense")).Status == 400, TimeSpan.FromSeconds(15),
            "the server recovers by itself");
        foreach (var token in tokens) (await client.RefreshAsync(token)).Should().BeRefusedWith("invalid_grant");
        (await server.ScalarAsync<long>("select count(*) from grants where ended_reason = 'revoked_by_client'")).Should().Be(tokens.Count);
    }
}
