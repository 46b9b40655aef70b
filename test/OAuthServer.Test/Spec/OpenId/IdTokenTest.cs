using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.OpenId;

/// <summary>What an id_token says, and where it is of no use (OpenID Connect Core §2).</summary>
[Behaviour(64, 68, 69)]
public sealed class IdTokenTest : OpenIdFixture
{
    [Test]
    public async Task Oidcc_server_the_id_token_says_who_signed_in_where_and_when()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());
        var before = Server.Clock.GetUtcNow().ToUnixTimeSeconds();

        var tokens = await client.TokensAsync(person, null, Asks("openid profile", ("nonce", "n-0S6_WzA2Mj")));

        var (idToken, access) = (Jwt.Read(tokens.IdToken!), tokens.AccessToken);
        idToken.Header.Select(member => member.Key).Should().BeEquivalentTo("alg", "kid", "typ");
        idToken.Header["typ"]!.ToString().Should().Be("JWT");
        idToken["iss"].Should().Be(Server.Issuer);
        idToken["sub"].Should().Be(person.Subject.ToString()).And.Be(Jwt.Read(access)["sub"]);
        idToken["aud"].Should().Be(client.Id);
        idToken["nonce"].Should().Be("n-0S6_WzA2Mj");
        idToken["at_hash"].Should().Be(Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(access)).AsSpan(0, 16)));
        idToken["acr"].Should().Be("aal1");
        idToken.Payload["amr"]!.AsArray().Select(one => one!.ToString()).Should().Equal("pwd");
        Guid.TryParse(idToken["sid"], out _).Should().BeTrue();
        long.Parse(idToken["auth_time"]).Should().BeGreaterThanOrEqualTo(before);
        (long.Parse(idToken["exp"]) - long.Parse(idToken["iat"])).Should().Be(600);
        idToken["name"].Should().Be("Ada Lovelace");
        idToken["preferred_username"].Should().Be(person.Username);
        idToken.Payload.ContainsKey("email").Should().BeFalse("the scope email was not requested");
        idToken.Payload.ContainsKey("scope").Should().BeFalse();
    }

    [Test]
    public async Task Oidcc_idtoken_signature_RS256_unless_the_client_says_ES256()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var first = (await client.TokensAsync(person, null, Asks("openid"))).IdToken!;

        Jwt.Read(first).Header["alg"]!.ToString().Should().Be("RS256");
        Jwt.IsSignedBy(first, await KeyAsync(first)).Should().BeTrue();

        await Server.ExecuteAsync("update clients set id_token_alg = 'ES256' where client_id = @Id", new { client.Id });
        await Eventually.BecomesTrueAsync(async () =>
            Jwt.Read((await client.TokensAsync(person, null, Asks("openid"))).IdToken!).Header["alg"]!.ToString() == "ES256");
        var second = (await client.TokensAsync(person, null, Asks("openid"))).IdToken!;
        Jwt.IsSignedBy(second, await KeyAsync(second)).Should().BeTrue();
    }

    [Test, Case("OIDC-103")]
    public async Task A_nonce_comes_back_as_it_was_sent_and_none_is_invented()
    {
        var (client, person) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var nonce = string.Concat(Enumerable.Repeat("n +/%~ä\"<'", 52))[..512];

        Jwt.Read((await client.TokensAsync(person, null, Asks("openid", ("nonce", nonce)))).IdToken!)["nonce"].Should().Be(nonce);
        Jwt.Read((await client.TokensAsync(person, null, Asks("openid"))).IdToken!).Payload.ContainsKey("nonce").Should().BeFalse();
    }

    [Test]
    public async Task A_nonce_of_more_than_512_characters_or_a_second_one_is_refused()
    {
        var client = await Server.PublicClientAsync();
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), Asks("openid", ("nonce", new string('n', 513))));

        (await Server.GetAsync($"{Paths.Authorize}?{query}")).Location.Should().Contain("error=invalid_request").And.Contain("nonce");
        query = client.AuthorizeQuery(TestClient.NewVerifier(), Asks("openid")) + "&nonce=a&nonce=b";
        (await Server.GetAsync($"{Paths.Authorize}?{query}")).Location.Should().Contain("error=invalid_request");
    }

    [Test, Case("OIDC-104")]
    public async Task A_nonce_belongs_to_its_code()
    {
        var (client, person, browser) = (await Server.PublicClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        var verifier = TestClient.NewVerifier();

        // The same request but for its nonce, by the same person: two codes.
        var second = await browser.AllowAsync(client.AuthorizeQuery(verifier, Asks("openid", ("nonce", "N2"))), person);
        var first = await browser.AllowAsync(client.AuthorizeQuery(verifier, Asks("openid", ("nonce", "N1"))), person);

        foreach (var (landed, nonce) in new[] { (first, "N1"), (second, "N2") })
            Jwt.Read((await client.RedeemAsync(new Code(landed.Parameters["code"]!, verifier, Cast.Redirect))).IdToken!)["nonce"]
                .Should().Be(nonce);
    }

    [Test, Case("OIDC-107")]
    public async Task An_id_token_is_no_token_anywhere()
    {
        var (client, person, api) = (await Server.PublicClientAsync(), await Server.UserAsync(), await Server.ResourceServerAsync());
        var idToken = (await client.TokensAsync(person, null, Asks("openid notes:read"))).IdToken!;

        (await api.IntrospectAsync(idToken)).Body.Should().Be("""{"active":false}""");
        var info = await UserInfoAsync(idToken);
        info.Status.Should().Be(401);
        info.Error.Should().Be("invalid_token");
        (await client.RefreshAsync(idToken)).Error.Should().Be("invalid_grant");
    }

    [Test, Case("OIDC-127")]
    public async Task A_refresh_brings_an_id_token_of_the_same_sign_in_without_its_nonce()
    {
        var (client, person, browser) = (await Server.PublicClientAsync(), await Server.UserAsync(), Server.NewBrowser());
        var tokens = await client.TokensAsync(person, browser, Asks("openid notes:read offline_access", ("nonce", "N")));
        var first = Jwt.Read(tokens.IdToken!);
        Server.Clock.Travel(TimeSpan.FromMinutes(1));
        // The person signs in again since.
        await Server.NewBrowser().SignInAsync(person);

        var refreshed = await client.RefreshAsync(tokens.RefreshToken!);
        var again = await client.RefreshAsync(tokens.RefreshToken!);

        foreach (var reply in new[] { refreshed, again })
        {
            var next = Jwt.Read(reply.IdToken!);
            foreach (var claim in new[] { "iss", "sub", "aud", "auth_time", "sid", "acr" }) next[claim].Should().Be(first[claim]);
            next.Payload.ContainsKey("nonce").Should().BeFalse();
            next["at_hash"].Should().Be(
                Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(reply.AccessToken)).AsSpan(0, 16)));
        }

        (await client.RefreshAsync(refreshed.RefreshToken!, ("scope", "notes:read"))).IdToken.Should().BeNull("openid was left out");
    }

    [Test, Case("OIDC-145")]
    public async Task A_sid_survives_a_sign_in_of_the_same_person_and_no_other()
    {
        var (client, alice, mallory) = (await Server.PublicClientAsync(), await Server.UserAsync(), await Server.UserAsync("mallory"));
        var browser = Server.NewBrowser();
        var first = Jwt.Read((await client.TokensAsync(alice, browser, Asks("openid"))).IdToken!);
        Server.Clock.Travel(TimeSpan.FromMinutes(1));

        var again = Jwt.Read((await client.TokensAsync(alice, browser, Asks("openid", ("prompt", "login")))).IdToken!);
        var other = Jwt.Read((await client.TokensAsync(mallory, browser, Asks("openid", ("prompt", "login")))).IdToken!);

        again["sid"].Should().Be(first["sid"]);
        long.Parse(again["auth_time"]).Should().BeGreaterThan(long.Parse(first["auth_time"]));
        other["sid"].Should().NotBe(first["sid"]);
        other["sub"].Should().Be(mallory.Subject.ToString());
    }

    [Test]
    public async Task Claims_of_a_person_are_left_to_userinfo_where_the_client_says_so()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());
        await Server.ExecuteAsync("update clients set id_token_claims = false where client_id = @Id", new { client.Id });

        await Eventually.BecomesTrueAsync(async () =>
            !Jwt.Read((await client.TokensAsync(person, null, Asks("openid profile"))).IdToken!).Payload.ContainsKey("name"));
        var tokens = await client.TokensAsync(person, null, Asks("openid profile"));
        (await UserInfoAsync(tokens.AccessToken)).Json.GetProperty("name").GetString().Should().Be("Ada Lovelace");
    }

    [Test]
    public async Task More_than_a_hundred_groups_are_at_userinfo_only_and_why_says_so()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());
        await Server.ExecuteAsync(
            "update users set groups = array(select 'group-' || n from generate_series(1, 101) n) where subject = @Subject",
            new { person.Subject });

        var tokens = await client.TokensAsync(person, null, Asks("openid groups"));

        Jwt.Read(tokens.IdToken!).Payload.ContainsKey("groups").Should().BeFalse();
        (await UserInfoAsync(tokens.AccessToken)).Json.GetProperty("groups").GetArrayLength().Should().Be(101);
        (await Server.AuditAsync(tokens)).Should().Contain(line => line.Detail!.Contains("no room in the token for groups"));
    }

    [Test]
    public async Task A_scope_that_is_taken_away_is_in_no_later_id_token()
    {
        await using var server = await TestServer.StartAsync();
        var (client, person) = (await server.PublicClientAsync(), await server.UserAsync());
        await server.ExecuteAsync("update users set email = 'taken@example.com' where subject = @Subject", new { person.Subject });
        var tokens = await client.TokensAsync(person, null, Asks("openid email offline_access"));
        Jwt.Read(tokens.IdToken!)["email"].Should().Be("taken@example.com");

        await server.ExecuteAsync("update scopes set open = false where name = 'email'");

        var last = tokens.RefreshToken!;
        await Eventually.BecomesTrueAsync(async () =>
        {
            var next = await client.RefreshAsync(last);
            last = next.RefreshToken!;
            return !Jwt.Read(next.IdToken!).Payload.ContainsKey("email");
        });
    }

    [Test]
    public async Task Two_sign_ins_from_one_session_have_two_sids()
    {
        var (person, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(person);
        var login = await browser.FollowAsync($"{Paths.Login}?switch=1");

        Task both;
        await using (var psql = new NpgsqlConnection(Server.Settings.Database))
        {
            // Both wait for the session they replace, and have read by then what they will write.
            await psql.OpenAsync();
            await using var transaction = await psql.BeginTransactionAsync();
            await psql.ExecuteAsync("select from sessions where subject = @Subject for update", new { person.Subject }, transaction);
            both = Task.WhenAll(browser.SignInAsync(login, person), browser.SignInAsync(login, person));
            await Eventually.BecomesTrueAsync(async () => await Server.ScalarAsync<long>(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()") == 2);
            await transaction.RollbackAsync();
        }

        await both;

        (await Server.QueryAsync<int>("select count(*)::int from sessions where subject = @Subject group by sid", new { person.Subject }))
            .Should().OnlyContain(sessions => sessions == 1);
    }

    [Test]
    public async Task Without_openid_nothing_is_as_it_would_not_be_without_OpenID_Connect()
    {
        var (client, person) = (await Server.PublicClientAsync(), await KnownPersonAsync());

        var tokens = await client.TokensAsync(person, null, ("scope", "notes:read profile email groups"));

        tokens.Should().HaveIssuedTokens("notes:read");
        tokens.Json.EnumerateObject().Select(member => member.Name)
            .Should().Equal("access_token", "token_type", "expires_in", "scope", "refresh_token", "authorization_expires_in",
                "refresh_token_timeout");
        Jwt.Read(tokens.AccessToken).Payload.Select(member => member.Key)
            .Should().Equal("iss", "sub", "aud", "client_id", "scope", "iat", "exp", "jti", "grant");
    }
}
