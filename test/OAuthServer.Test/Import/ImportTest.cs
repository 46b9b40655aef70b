using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using Microsoft.AspNetCore.Identity;
using NUnit.Framework;
using OAuthServer.Import;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Import;

/// <summary>What another server issued stays valid here until its own expiry, and no longer.</summary>
[Behaviour(10), Parallelizable(ParallelScope.Fixtures)]
public sealed class ImportTest
{
    private const string EarlierCookie = ".Earlier.Session";
    private TestServer server = null!;

    [SetUp]
    public async Task StartAsync() =>
        server = await TestServer.StartAsync(settings => settings with { EarlierSessionCookie = EarlierCookie });

    [TearDown]
    public async Task StopAsync() => await server.DisposeAsync();

    private static UserRecord Alice(string hash) => new()
    {
        Subject = Guid.NewGuid(),
        Username = $"alice-{Guid.NewGuid():N}"[..14],
        PasswordHash = hash,
    };

    private RefreshTokenRecord Token(string text, ClientRecord app, UserRecord person) => new()
    {
        Sha256 = ImportedServer.Sha256(text),
        ClientId = app.ClientId,
        Subject = person.Subject,
        Scope = "notes:read",
        Resources = [Cast.Notes],
        ExpiresAt = server.Clock.GetUtcNow().AddDays(3),
    };

    private SessionRecord Session(string cookie, UserRecord person) => new()
    {
        Sha256 = ImportedServer.Sha256(cookie),
        Subject = person.Subject,
        AuthenticatedAt = server.Clock.GetUtcNow().AddHours(-1),
        ExpiresAt = server.Clock.GetUtcNow().AddDays(3),
    };

    private static ClientRecord App => new()
    {
        ClientId = $"app-{Guid.NewGuid():N}"[..14],
        Kind = "user-facing",
        Name = "An app",
        RedirectUris = [Cast.Redirect],
        Scopes = ["notes:read", "offline_access"],
        Resources = [Cast.Notes],
        GrantTypes = ["authorization_code", "refresh_token"],
    };

    private TestClient At(ClientRecord client, string? secret = null) =>
        new(server, client.ClientId, secret, secret is null ? "none" : "client_secret_basic", Cast.Redirect);

    [TestCase("RS256", "at+jwt"), TestCase("ES256", "at+jwt"), TestCase("RS256", "JWT")]
    public async Task Its_access_tokens_verify_until_they_expire_and_the_date_is_not_past(string algorithm, string typ)
    {
        using var earlier = new ImportedServer(algorithm);
        var (alice, app, api) = (Alice(Cast.PasswordHash), App, await server.ResourceServerAsync());
        var now = server.Clock.GetUtcNow();
        // As Keycloak says it: several audiences, azp, and in the payload that it is no ID token.
        var token = typ == "JWT"
            ? earlier.Token($"{alice.Subject}", app.ClientId, now, typ, ("typ", "Bearer"), ("azp", app.ClientId), ("client_id", null),
                ("aud", new[] { "account", Cast.Notes }))
            : earlier.Token($"{alice.Subject}", app.ClientId, now);
        (await api.SeesAsActiveAsync(token)).Should().BeFalse("nothing was imported yet");

        (await server.ImportAsync(earlier.Keys(now.AddHours(2)), alice, app)).Bad.Should().BeEmpty();

        await Eventually.BecomesTrueAsync(() => api.SeesAsActiveAsync(token));
        var seen = (await api.IntrospectAsync(token)).Json;
        seen.GetProperty("iss").GetString().Should().Be(earlier.Issuer);
        seen.GetProperty("aud").GetString().Should().Be(Cast.Notes);
        (await server.GetAsync(Paths.Jwks)).Body.Should().NotContain(earlier.Kid, "who holds that key shall not sign in our name");

        server.Clock.Travel(TimeSpan.FromMinutes(59));
        (await api.SeesAsActiveAsync(token)).Should().BeTrue();
        server.Clock.Travel(TimeSpan.FromMinutes(2));
        (await api.SeesAsActiveAsync(token)).Should().BeFalse("it has expired");
        var late = earlier.Token($"{alice.Subject}", app.ClientId, server.Clock.GetUtcNow());
        (await api.SeesAsActiveAsync(late)).Should().BeTrue();
        server.Clock.Travel(TimeSpan.FromMinutes(60));
        (await api.SeesAsActiveAsync(late)).Should().BeFalse("the key verifies no longer");
    }

    [Test]
    public async Task The_key_of_the_issuer_that_is_ours_now_is_published()
    {
        using var earlier = new ImportedServer(issuer: server.Issuer);

        await server.ImportAsync(earlier.Keys(server.Clock.GetUtcNow().AddHours(2)));

        await Eventually.BecomesTrueAsync(
            async () => (await server.GetAsync(Paths.Jwks)).Body.Contains(earlier.Kid, StringComparison.Ordinal));
    }

    [Test]
    public async Task What_was_used_or_ended_does_not_come_back_when_the_file_is_imported_again()
    {
        var (alice, app, cookie) = (Alice(Cast.PasswordHash), App, "a-cookie-that-was-stolen");
        ImportRecord[] file =
            [alice, app, Token("a token", app, alice), Session(cookie, alice)];
        await server.ImportAsync(file);
        await server.ExecuteAsync("delete from grants; delete from sessions");

        (await server.ImportAsync(file)).AlreadyThere.Should().Be(4);

        (await At(app).RefreshAsync("a token")).Should().BeRefusedWith("invalid_grant");
        var browser = server.NewBrowser();
        browser.Cookies[EarlierCookie] = cookie;
        (await browser.IsSignedInAsync()).Should().BeFalse();
    }

    [Test]
    public async Task A_disabled_person_gets_neither_token_nor_session()
    {
        var (alice, app) = (Alice(Cast.PasswordHash) with { Enabled = false }, App);

        var imported = await server.ImportAsync(alice, app, Token("a token", app, alice), Session("a cookie", alice));

        imported.Bad.Select(bad => bad.Reason).Should().HaveCount(2).And.OnlyContain(reason => reason.Contains("enabled"));
    }

    [TestCase("$pbkdf2-sha256$i=1000$AAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAA"), TestCase("$argon2id$v=19$m=999999,t=99,p=1$AAAAAAAAAAA$"
        + "AAAAAAAAAAAAAAAAAAAAAA"),
        TestCase("AQAAAAF/////AAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")]
    public async Task A_hash_that_cannot_be_compared_with_is_refused_and_disturbs_nobody(string hash)
    {
        (await server.ImportAsync(Alice(hash))).Bad.Single().Reason.Should().Contain("malformed");
        // As if somebody had written it by hand.
        await server.ExecuteAsync("insert into users (username, password_hash) values ('by-hand', @hash)", new { hash });
        var bob = await server.UserAsync();
        var browser = server.NewBrowser();

        foreach (var name in new[] { "by-hand", "nobody", bob.Username })
            (await browser.SignInAsync(await browser.FollowAsync(Paths.Login), new Person(name, Guid.Empty), "wrong")).Reply.Status
                .Should().Be(401);
        (await browser.SignInAsync(await browser.FollowAsync(Paths.Login), bob)).Is(Paths.ConnectedApps).Should().BeTrue();
    }

    [Test]
    public async Task What_is_no_access_token_of_its_issuer_is_refused()
    {
        using var earlier = new ImportedServer();
        var (alice, app, api) = (Alice(Cast.PasswordHash), App, await server.ResourceServerAsync());
        var now = server.Clock.GetUtcNow();
        await server.ImportAsync(earlier.Keys(now.AddHours(2)), alice, app);
        string Token(string typ = "at+jwt", params (string, object?)[] claims) =>
            earlier.Token($"{alice.Subject}", app.ClientId, now, typ, claims);
        var good = Token();
        await Eventually.BecomesTrueAsync(() => api.SeesAsActiveAsync(good));

        foreach (var (what, token) in new[]
        {
            ("another issuer", Token("at+jwt", ("iss", server.Issuer))),
            ("an ID token", Token("JWT", ("typ", "ID"))),
            ("a JWT that does not say what it is", Token("JWT")),
            ("a refresh token", Token("JWT", ("typ", "Refresh"))),
            ("one bound to a key", Token("at+jwt", ("cnf", new Dictionary<string, object> { ["jkt"] = "x" }))),
            ("one of the year 9999999", Token("at+jwt", ("exp", 315_537_897_600_000L))),
            ("no jti", Token("at+jwt", ("jti", null))),
            ("no client", Token("at+jwt", ("client_id", null))),
            ("nobody's", Token("at+jwt", ("sub", $"{Guid.NewGuid()}"))),
            ("an unknown client's", Token("at+jwt", ("client_id", "nobody"))),
            ("another resource's", Token("at+jwt", ("aud", Cast.Sensors))),
            ("another signature", good[..^4] + (good.EndsWith("AAAA", StringComparison.Ordinal) ? "BBBB" : "AAAA")),
        })
            (await api.SeesAsActiveAsync(token)).Should().BeFalse(what);

        (await api.SeesAsActiveAsync(good)).Should().BeTrue();
        (await At(app).RevokeAsync(good)).Status.Should().Be(200);
        (await api.SeesAsActiveAsync(good)).Should().BeFalse("revoked");
        var second = Token();
        (await api.SeesAsActiveAsync(second)).Should().BeTrue();
        await server.ExecuteAsync("update users set enabled = false where subject = @Subject", new { alice.Subject });
        (await api.SeesAsActiveAsync(second)).Should().BeFalse("disabled");
    }

    [Test]
    public async Task A_refresh_token_known_by_its_hash_begins_a_family_and_dies_with_its_own_expiry()
    {
        var (alice, app) = (Alice(Cast.PasswordHash), App);
        var expires = server.Clock.GetUtcNow().AddDays(3);
        RefreshTokenRecord Of(string text) => new()
        {
            Sha256 = ImportedServer.Sha256(text),
            ClientId = app.ClientId,
            Subject = alice.Subject,
            Scope = "notes:read offline_access",
            Resources = [Cast.Notes],
            ExpiresAt = expires,
        };
        (await server.ImportAsync(alice, app, Of("one of another form"), Of("another"))).Added["refresh_tokens"].Should().Be(2);

        var tokens = await At(app).RefreshAsync("one of another form");
        tokens.Should().HaveIssuedTokens();
        (await At(app).RefreshAsync("one of another form")).RefreshToken.Should().Be(tokens.RefreshToken, "inside the retry window");
        (await At(app).RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
        (await At(app).RefreshAsync("one of another form")).Should().BeRefusedWith("invalid_grant");

        server.Clock.Travel(TimeSpan.FromDays(3));
        (await At(app).RefreshAsync("another")).Should().BeRefusedWith("invalid_grant");
    }

    [Test]
    public async Task A_session_is_taken_once_for_one_of_ours()
    {
        var alice = Alice(Cast.PasswordHash);
        var (now, cookie) = (server.Clock.GetUtcNow(), "CfDJ8-a-cookie-of-another-server");
        await server.ImportAsync(alice, new SessionRecord
        {
            Sha256 = ImportedServer.Sha256(cookie),
            Subject = alice.Subject,
            AuthenticatedAt = now.AddHours(-5),
            ExpiresAt = now.AddDays(1),
        });
        var browser = server.NewBrowser();
        browser.Cookies[EarlierCookie] = cookie;

        server.Clock.Travel(TimeSpan.FromHours(12));
        (await browser.IsSignedInAsync()).Should().BeTrue("nobody idles in the meantime");
        browser.Cookies.Should().NotContainKey(EarlierCookie);
        (await server.QueryAsync<bool>("select imported from sessions")).Should().Equal(false);

        var again = server.NewBrowser();
        again.Cookies[EarlierCookie] = cookie;
        (await again.IsSignedInAsync()).Should().BeFalse("it was taken once");
        server.Clock.Travel(TimeSpan.FromHours(7));
        (await browser.IsSignedInAsync()).Should().BeTrue();
        server.Clock.Travel(TimeSpan.FromHours(6));
        (await browser.IsSignedInAsync()).Should().BeFalse("it ends when it would have");
    }

    [Test]
    public async Task Passwords_and_secrets_of_other_hashes_are_right_or_wrong_as_ours_are()
    {
        const string password = "correct horse battery staple";
        var salt = RandomNumberGenerator.GetBytes(16);
        string Text(byte[] octets) => Convert.ToBase64String(octets).TrimEnd('=');
        string[] hashes =
        [
            new PasswordHasher<object>().HashPassword(this, password),
            $"$pbkdf2-sha512$i=21000${Text(salt)}${Text(Rfc2898DeriveBytes.Pbkdf2(password, salt, 21000, HashAlgorithmName.SHA512, 64))}",
            // By the reference program: echo -n … | argon2 ABEiM0RVZneI -id -t 5 -k 7168 -p 1 -l 32 -e
            "$argon2id$v=19$m=7168,t=5,p=1$QUJFaU0wUlZabmVJ$jznTP/KwpLDh7bpRLXkciQFWT4fHThKT3syDzrHtY6c",
        ];
        foreach (var hash in hashes)
        {
            var alice = Alice(hash);
            (await server.ImportAsync(alice)).Bad.Should().BeEmpty();
            var person = new Person(alice.Username, alice.Subject);
            var browser = server.NewBrowser();
            (await browser.SignInAsync(await browser.FollowAsync(Paths.Login), person, password + "!")).Reply.Status.Should().Be(401);
            (await browser.SignInAsync(await browser.FollowAsync(Paths.Login), person, password)).Is(Paths.ConnectedApps).Should().BeTrue();
        }

        foreach (var hash in hashes.Append("sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(password)))))
        {
            var machine = new ClientRecord
            {
                ClientId = $"machine-{Guid.NewGuid():N}"[..16],
                Kind = "machine",
                Name = "A machine",
                Scopes = ["notes:read"],
                Resources = [Cast.Notes],
                Secrets = [new SecretRecord { Hash = hash }],
            };
            (await server.ImportAsync(machine)).Bad.Should().BeEmpty();
            (await At(machine, password + "!").CredentialsAsync()).Should().BeRefusedWith("invalid_client");
            (await At(machine, password).CredentialsAsync()).Should().HaveIssuedTokens();
        }
    }
}
