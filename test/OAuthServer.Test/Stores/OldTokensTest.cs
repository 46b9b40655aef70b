using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>
/// What was issued before codes and refresh tokens began with their grant: rows as the version before wrote them, then this version
/// on the same database.
/// </summary>
[Behaviour(10), Parallelizable(ParallelScope.Fixtures)]
public sealed class OldTokensTest
{
    private TestServer server = null!;
    private TestServer before = null!;
    private Person alice = null!;
    private TestClient client = null!;
    private TestClient old = null!;

    // What each test needs, made before the migration.
    private readonly Dictionary<string, Code> codes = [];
    private readonly Dictionary<string, string[]> chains = [];

    [OneTimeSetUp]
    public async Task MigrateAsync()
    {
        var earlier = await TestDatabase.BeforeAsync();
        before = TestServer.ExternalServer(new Settings { Issuer = "http://localhost:1", Database = earlier });
        (old, alice) = (await before.PublicClientAsync(), await before.UserAsync());
        foreach (var name in new[] { "live", "retried", "grandparent", "revoked", "revoked leaf", "spent", "spent alone" })
        {
            var grant = await GrantAsync(redeemed: true);
            codes[name] = await CodeAsync(grant, redeemed: true);
            chains[name] = await ChainAsync(grant, codes[name], 3);
        }

        codes["open"] = await CodeAsync(await GrantAsync(redeemed: false), redeemed: false);
        codes["revoked code"] = await CodeAsync(await GrantAsync(redeemed: false), redeemed: false);
        var twice = await GrantAsync(redeemed: true);
        foreach (var name in new[] { "one of two", "other of two" })
        {
            codes[name] = await CodeAsync(twice, redeemed: true);
            chains[name] = await ChainAsync(twice, codes[name], 2);
        }

        codes["third of two"] = await CodeAsync(twice, redeemed: false);
        await using (var database = new Database(before.Settings.Database))
            (await new Migrations(database).ApplyAsync(CancellationToken.None)).First().Should().Be("carry_over");
        server = await TestServer.StartAsync(database: before.Settings.Database);
        client = old.At(server);
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        if (server is not null) await server.DisposeAsync();
        if (before is not null) await before.DisposeAsync();
    }

    [Test, Rfc(6749, "6"), Rfc(9700, "4.14.2")]
    public async Task A_live_token_is_exchanged_for_one_of_todays_form_and_then_a_replay()
    {
        var rotated = await client.RefreshAsync(chains["live"][^1]);
        rotated.Should().HaveIssuedTokens();
        var again = await client.RefreshAsync(chains["live"][^1]);
        again.RefreshToken.Should().Be(rotated.RefreshToken, "the window is open").And.HaveLength(92);
        var next = await client.RefreshAsync(rotated.RefreshToken!);
        next.Should().HaveIssuedTokens();

        (await client.RefreshAsync(chains["live"][^1])).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(next.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9700, "4.14.2")]
    public async Task A_parent_inside_the_window_yields_the_successor_it_had_got_before()
    {
        var again = await client.RefreshAsync(chains["retried"][^2]);

        again.Should().HaveIssuedTokens();
        again.RefreshToken.Should().Be(chains["retried"][^1]);
        (await client.RefreshAsync(again.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9700, "4.14.2"), Behaviour(8)]
    public async Task A_grandparent_ends_the_family()
    {
        var replay = await client.RefreshAsync(chains["grandparent"][^3]);

        replay.Should().BeRefusedWith("invalid_grant");
        (await server.AuditAsync(replay)).Should().ContainSingle().Which.Detail.Should().Be("refresh_reused");
        (await client.RefreshAsync(chains["grandparent"][^1])).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(6749, "4.1.2"), Behaviour(3)]
    public async Task A_spent_code_ends_the_grant()
    {
        (await client.RedeemAsync(codes["spent"] with { Verifier = TestClient.NewVerifier() })).Should().BeRefusedWith("invalid_grant");
        var replay = await client.RedeemAsync(codes["spent"]);

        replay.Should().BeRefusedWith("invalid_grant");
        (await server.AuditAsync(replay)).Should().ContainSingle().Which.Detail.Should().Be("code_replayed");
        (await client.RefreshAsync(chains["spent"][^1])).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(6749, "4.1.2"), Behaviour(3)]
    public async Task A_code_issued_before_and_redeemed_after_is_spent_once()
    {
        var tokens = await client.RedeemAsync(codes["open"]);
        tokens.Should().HaveIssuedTokens();
        tokens.RefreshToken.Should().HaveLength(92);
        var next = await client.RefreshAsync(tokens.RefreshToken!);
        next.Should().HaveIssuedTokens();

        (await client.RedeemAsync(codes["open"])).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(next.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [TestCase("revoked", 0), TestCase("revoked leaf", 2)]
    [Rfc(7009, "2.1"), Behaviour(21)]
    public async Task Revoking_a_superseded_or_a_live_token_ends_the_family(string name, int place)
    {
        (await old.At(server).RevokeAsync(chains[name][place])).Status.Should().Be(200);

        (await client.RefreshAsync(chains[name][^1])).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(7009, "2.1"), Behaviour(21)]
    public async Task A_code_is_no_refresh_token_and_ends_nothing()
    {
        foreach (var code in new[] { codes["spent alone"], codes["revoked code"] })
        {
            (await client.RevokeAsync(code.Value)).Status.Should().Be(200);
            (await client.RefreshAsync(code.Value)).Should().BeRefusedWith("invalid_grant");
        }

        (await client.RefreshAsync(chains["spent alone"][^1])).Should().HaveIssuedTokens();
        (await client.RedeemAsync(codes["revoked code"])).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9700, "4.14.2"), Behaviour(8)]
    public async Task A_second_family_and_a_third_code_of_one_grant_are_grants_of_their_own()
    {
        var (one, other) = (chains["one of two"], chains["other of two"]);
        var third = await client.RedeemAsync(codes["third of two"]);
        third.Should().HaveIssuedTokens();
        var rotated = await client.RefreshAsync(other[^1]);
        rotated.Should().HaveIssuedTokens();

        (await client.RedeemAsync(codes["one of two"])).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(one[^1])).Should().BeRefusedWith("invalid_grant");

        rotated = await client.RefreshAsync(rotated.RefreshToken!);
        rotated.Should().HaveIssuedTokens();
        (await client.RefreshAsync(other[0])).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(rotated.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await client.RefreshAsync(third.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [TestCase("short"), TestCase("AgAA", 92), TestCase("AQAA", 66), TestCase("a.b~c/+=", 300)]
    [Rfc(6749, "6")]
    public async Task An_imported_token_of_any_length_starts_a_family_at_its_first_use(string text, int length = 0)
    {
        var token = text + Guid.NewGuid().ToString("N") + new string('x', Math.Max(0, length - text.Length - 32));
        var grant = Granted.GrantId((await server.GrantAsync(client, alice)).Value);
        await server.ExecuteAsync(
            """
            update grants set code_hash = null, activated_at = now(), refresh_hash = sha256(@token::bytea), idle_until = expires_at
             where id = @grant;
            insert into old_tokens values (sha256(@token::bytea), @grant, 'refresh_token', now() + interval '30 days')
            """,
            new { token = System.Text.Encoding.ASCII.GetBytes(token), grant });

        var rotated = await client.RefreshAsync(token);

        rotated.Should().HaveIssuedTokens();
        Granted.GrantId(rotated.RefreshToken!).Should().Be(grant);
        (await client.RefreshAsync(rotated.RefreshToken!)).Should().HaveIssuedTokens();
        (await client.RefreshAsync(token)).Should().BeRefusedWith("invalid_grant");
        (await server.ScalarAsync<string>("select ended_reason from grants where id = @grant", new { grant }))
            .Should().Be("refresh_reused");
    }

    [Test]
    public async Task The_tables_of_before_are_gone() =>
        (await server.QueryAsync<string>(
            """
            select relname::text from pg_class
             where relname in ('codes', 'refresh_tokens', 'grants_before', 'old_chains', 'old_families', 'old_codes')
            """)).Should().BeEmpty();

    private async Task<Guid> GrantAsync(bool redeemed)
    {
        var id = Guid.CreateVersion7();
        await before.ExecuteAsync(
            """
            insert into grants (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline, created_at,
                                activated_at, expires_at)
            values (@id, @Client, @Subject, sha256(@id::text::bytea), @Redirect, @challenge, '{notes:read,notes:write}', array[@Notes],
                    true, now(), case when @redeemed then now() end, now() + interval '30 days')
            """,
            new { id, redeemed, Client = old.Id, alice.Subject, old.Redirect, challenge = Pkce.Challenge(Verifier), Cast.Notes });
        return id;
    }

    private const string Verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    private int codesMade;

    private async Task<Code> CodeAsync(Guid grant, bool redeemed)
    {
        var code = new Code(OpaqueToken.Mint(), Verifier, old.Redirect);
        await before.ExecuteAsync(
            """
            insert into codes (hash, grant_id, issued_at, expires_at, redeemed_at)
            values (@hash, @grant, now(), now() + interval '1 hour',
                    case when @redeemed then timestamptz '2026-01-01' + @place * interval '1 s' end)
            """,
            new { hash = OpaqueToken.Hash(code.Value), grant, redeemed, place = ++codesMade });
        return code;
    }

    // The root is issued when its code is redeemed, and each token's successor when it is used: just now, all of them.
    private async Task<string[]> ChainAsync(Guid grant, Code code, int length)
    {
        string[] chain = [.. Enumerable.Range(0, length).Select(_ => OpaqueToken.Mint())];
        for (var i = 0; i < length; i++)
            await before.ExecuteAsync(
                """
                insert into refresh_tokens (hash, grant_id, parent_hash, issued_at, expires_at, used_at, successor_sealed)
                values (@hash, @grant, @parent,
                        coalesce((select redeemed_at from codes where hash = @code and @parent::bytea is null), now()),
                        now() + interval '14 days', case when @sealed::bytea is not null then now() end, @sealed)
                """,
                new
                {
                    grant,
                    hash = OpaqueToken.Hash(chain[i]),
                    parent = i == 0 ? null : OpaqueToken.Hash(chain[i - 1]),
                    code = OpaqueToken.Hash(code.Value),
                    @sealed = i == length - 1 ? null : OpaqueToken.Seal(chain[i], chain[i + 1]),
                });
        return chain;
    }
}
