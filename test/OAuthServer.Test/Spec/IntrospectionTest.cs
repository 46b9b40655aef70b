using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(22)]
public sealed class IntrospectionTest : ServerFixture
{
    private const string Inactive = """{"active":false}""";

    private TestClient machine = null!;
    private TestClient resourceServer = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        machine = await Server.MachineAsync();
        resourceServer = await Server.ResourceServerAsync();
    }

    private async Task<string> TokenAsync() => (await machine.CredentialsAsync()).AccessToken;

    private async Task IsInactiveAsync(string token)
    {
        var reply = await resourceServer.IntrospectAsync(token);
        reply.Status.Should().Be(200);
        reply.Body.Should().Be(Inactive);
        reply.Header("Cache-Control").Should().Be("no-store");
    }

    [Test, Rfc(7662, "2.2")]
    public async Task An_active_token_is_described_in_full()
    {
        var token = await TokenAsync();

        var reply = await resourceServer.IntrospectAsync(token);

        var claims = Jwt.Read(token);
        reply.Status.Should().Be(200);
        reply.Header("Cache-Control").Should().Be("no-store");
        reply.Json.EnumerateObject().Select(member => member.Name)
            .Should().BeEquivalentTo("active", "scope", "client_id", "sub", "aud", "iss", "iat", "exp", "jti", "token_type");
        foreach (var name in new[] { "scope", "client_id", "sub", "aud", "iss", "iat", "exp", "jti" })
            reply.Json.GetProperty(name).ToString().Should().Be(claims[name]);
        reply.Json.GetProperty("active").GetBoolean().Should().BeTrue();
        reply.Json.GetProperty("token_type").GetString().Should().Be("Bearer");
    }

    [Test, Rfc(7662, "2.1"), Case("INTRO-002")]
    public async Task Only_an_authenticated_resource_server_may_ask()
    {
        var token = await TokenAsync();

        (await Server.SendAsync(HttpMethod.Post, Paths.Introspect, Requests.Form($"token={token}")))
            .Should().BeRefusedWith("invalid_client");
        (await resourceServer.With("wrong").IntrospectAsync(token)).Should().BeRefusedWith("invalid_client");
        (await machine.IntrospectAsync(token)).Should().BeRefusedWith("invalid_client");
        (await (await Server.PublicClientAsync()).IntrospectAsync(token)).Should().BeRefusedWith("invalid_client");
        (await Server.SendAsync(HttpMethod.Post, Paths.Introspect, Requests.Form($"token={token}"), ("Authorization", $"Bearer {token}")))
            .Should().BeRefusedWith("invalid_client");
    }

    [Test, Rfc(7662, "4"), Case("INTRO-004")]
    public async Task A_token_for_another_resource_is_inactive()
    {
        var sensors = await Server.ResourceServerAsync(Cast.Sensors);
        var token = await TokenAsync();

        (await sensors.IntrospectAsync(token)).Body.Should().Be(Inactive);
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();
    }

    [Test, Rfc(7662, "2.2"), Case("INTRO-005")]
    public async Task An_expired_token_is_inactive_to_the_second()
    {
        var token = await TokenAsync();

        Server.Clock.Travel(TimeSpan.FromSeconds(595));
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();
        Server.Clock.Travel(TimeSpan.FromSeconds(6));
        await IsInactiveAsync(token);
    }

    [Test, Rfc(7662, "2.2"), Case("INTRO-006")]
    public async Task A_revoked_token_is_inactive()
    {
        var token = await TokenAsync();
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();

        (await machine.RevokeAsync(token)).Status.Should().Be(200);

        await IsInactiveAsync(token);
    }

    [Test, Rfc(7662, "2.2"), Behaviour(11)]
    public async Task A_token_of_a_key_taken_away_is_inactive_though_it_was_seen_before()
    {
        await using var server = await TestServer.StartAsync();
        var (other, asking) = (await server.MachineAsync(), await server.ResourceServerAsync());
        var token = (await other.CredentialsAsync()).AccessToken;
        (await asking.SeesAsActiveAsync(token)).Should().BeTrue();

        (await server.Get<KeyRing>().RetireNowAsync(Jwt.Read(token).Header["kid"]!.GetValue<string>(), CancellationToken.None))
            .Should().BeTrue();

        (await asking.IntrospectAsync(token)).Body.Should().Be(Inactive);
    }

    [Test, Rfc(7009, "2.1"), Rfc(7662, "2.2"), Behaviour(21)]
    public async Task A_revocation_is_seen_by_the_very_next_introspection_on_every_server_however_many_ask()
    {
        await using var twin = await Server.StartSecondInstanceAsync();
        var tokens = await Task.WhenAll(Enumerable.Range(0, 40).Select(_ => TokenAsync()));
        // Their secret is hashed once on each server, and not forty times at once.
        foreach (var server in new[] { Server, twin }) (await resourceServer.At(server).SeesAsActiveAsync(tokens[0])).Should().BeTrue();

        await Task.WhenAll(tokens.Select(async (token, number) =>
        {
            var (here, there) = number % 2 == 0 ? (resourceServer, resourceServer.At(twin)) : (resourceServer.At(twin), resourceServer);
            (await here.SeesAsActiveAsync(token)).Should().BeTrue();
            (await there.SeesAsActiveAsync(token)).Should().BeTrue();
            (await machine.RevokeAsync(token)).Status.Should().Be(200);
            (await Task.WhenAll(there.IntrospectAsync(token), here.IntrospectAsync(token)))
                .Should().OnlyContain(reply => reply.Body == Inactive);
        }));
    }

    [Test, Rfc(7662, "2.2"), Case("INTRO-010", "INTRO-011")]
    public async Task Codes_and_refresh_tokens_new_or_superseded_are_inactive()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var code = await Server.GrantAsync(client, alice);
        var tokens = await Server.TokensAsync(client, alice);

        await IsInactiveAsync(code.Value);
        await IsInactiveAsync(tokens.RefreshToken!);
        await client.RefreshAsync(tokens.RefreshToken!);
        await IsInactiveAsync(tokens.RefreshToken!);
    }

    [Test, Rfc(7662, "2.2"), Case("INTRO-009", "INTRO-012")]
    public async Task A_forged_token_is_inactive()
    {
        var token = await TokenAsync();
        var key = (await Server.GetAsync(Paths.Jwks)).Json.GetProperty("keys")[0];
        var pem = (await Server.ScalarAsync<byte[]>("select public_key from signing_keys limit 1"))!;

        foreach (var alg in new[] { "none", "None", "NONE", "nOnE" })
        {
            var none = Jwt.Read(token);
            none.Header["alg"] = alg;
            await IsInactiveAsync(none.SignedBy(_ => []));
            await IsInactiveAsync(none.SignedBy(_ => [0]));
        }

        // The public key as an HMAC secret, in each form somebody might use.
        foreach (var secret in new[] { pem, Encoding.ASCII.GetBytes(PemEncoding.WriteString("PUBLIC KEY", pem)),
            Encoding.UTF8.GetBytes(key.GetRawText()), Base64Url.DecodeFromChars(key.GetProperty("x").GetString()) })
        {
            var hmac = Jwt.Read(token);
            hmac.Header["alg"] = "HS256";
            await IsInactiveAsync(hmac.SignedBy(input => HMACSHA256.HashData(secret, input)));
        }

        // Somebody else's key, under our kid, in the header, or by address.
        using var ours = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        foreach (var (member, value) in new[] { ("alg", "ES256"), ("jku", "https://evil.example/jwks"), ("x5u", "https://evil.example/x"),
            ("jwk", key.GetRawText()), ("kid", "../../etc/passwd"), ("kid", "' or 1=1 --"), ("typ", "JWT") })
        {
            var foreign = Jwt.Read(token);
            foreign.Header[member] = value;
            await IsInactiveAsync(foreign.SignedBy(input => ours.SignData(input, HashAlgorithmName.SHA256)));
        }
    }

    [Test, Rfc(7515, "4.1.11"), Rfc(7515, "5.2")]
    public async Task A_token_of_ours_in_another_dress_is_inactive()
    {
        var token = await TokenAsync();
        var parts = token.Split('.');
        using var signer = Signer();
        string SignedWith(Action<Jwt> change)
        {
            var jwt = Jwt.Read(token);
            change(jwt);
            return jwt.SignedBy(input => signer.SignData(input, HashAlgorithmName.SHA256));
        }

        (await resourceServer.SeesAsActiveAsync(SignedWith(_ => { }))).Should().BeTrue("the forger below holds the real key");
        await IsInactiveAsync(SignedWith(jwt => jwt.Header["crit"] = new System.Text.Json.Nodes.JsonArray("exp")));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header["crit"] = "b64"));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header["b64"] = false));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header["zip"] = "DEF"));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header["typ"] = "JWT"));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header["typ"] = "AT+JWT"));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header.Remove("typ")));
        await IsInactiveAsync(SignedWith(jwt => jwt.Header.Remove("kid")));
        await IsInactiveAsync(SignedWith(jwt => jwt.Payload["iss"] = "https://evil.example"));
        await IsInactiveAsync(SignedWith(jwt => jwt.Payload["exp"] = 1));
        await IsInactiveAsync(SignedWith(jwt => jwt.Payload.Remove("exp")));
        await IsInactiveAsync(SignedWith(jwt => jwt.Payload["client_id"] = "nobody"));
        await IsInactiveAsync($"{parts[0]}.{parts[1]}.");
        await IsInactiveAsync($"{parts[0]}.{parts[1]}");
        await IsInactiveAsync($"{token}.");
        await IsInactiveAsync($"{token}.x.y");
        await IsInactiveAsync($"{token}=");
        await IsInactiveAsync($" {token}");
        await IsInactiveAsync($"{token}\n");
        await IsInactiveAsync(string.Join('.', parts.Select(part => part + "=")));
    }

    // A repeated header member: two readers may see two headers.
    [Test, Rfc(7515, "4")]
    public async Task A_repeated_header_member_is_refused()
    {
        var token = await TokenAsync();
        using var signer = Signer();
        var header = Encoding.UTF8.GetString(Base64Url.DecodeFromChars(token.Split('.')[0]));
        var twice = Base64Url.EncodeToString(Encoding.UTF8.GetBytes(header[..^1] + ",\"typ\":\"at+jwt\"}"));
        var input = $"{twice}.{token.Split('.')[1]}";

        await IsInactiveAsync(
            $"{input}.{Base64Url.EncodeToString(signer.SignData(Encoding.ASCII.GetBytes(input), HashAlgorithmName.SHA256))}");
    }

    [Test, Rfc(7515, "5.2")]
    public async Task No_bit_of_a_token_can_be_changed_not_even_the_unused_ones()
    {
        const string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        var token = await TokenAsync();
        var ends = new[] { token.IndexOf('.') - 1, token.LastIndexOf('.') - 1, token.Length - 1, token.Length - 20, 3 };

        foreach (var at in ends)
            foreach (var bit in new[] { 1, 2, 32 })
                await IsInactiveAsync(token[..at] + alphabet[alphabet.IndexOf(token[at]) ^ bit] + token[(at + 1)..]);
    }

    [Test, Rfc(7662, "2.2"), Case("INTRO-007", "INTRO-014")]
    public async Task A_string_that_was_never_a_token_is_inactive()
    {
        foreach (var text in new[] { "nonsense", "a.b.c", "....", "e30.e30.e30", "' OR 1=1--", "{}", "ﷺ", new string('.', 2000) })
            await IsInactiveAsync(text);
        (await Server.SendAsync(HttpMethod.Post, Paths.Introspect, Requests.Form("token=%27+OR+1%3D1--%00"),
            ("Authorization", Requests.BasicOf($"{resourceServer.Id}:{Cast.Secret}"))))
            .Should().BeRefusedWith("invalid_request");
    }

    [Test, Rfc(7662, "2.2"), Case("INTRO-013")]
    public async Task A_token_of_64_KiB_is_refused_or_inactive()
    {
        await IsInactiveAsync(new string('A', 60_000));
        (await resourceServer.IntrospectAsync(new string('A', 65_536))).Should().BeRefusedWith("invalid_request", 413);
    }

    [TestCase("refresh_token")]
    [TestCase("nonsense")]
    [Rfc(7662, "2.1"), Case("INTRO-015")]
    public async Task A_wrong_hint_is_ignored(string hint) =>
        (await resourceServer.IntrospectAsync(await TokenAsync(), hint)).Json.GetProperty("active").GetBoolean().Should().BeTrue();

    [Test, Rfc(7662, "2.3"), Case("INTRO-016")]
    public async Task A_missing_token_is_a_malformed_request() =>
        (await resourceServer.PostAsync(Paths.Introspect)).Should().BeRefusedWith("invalid_request", description: "token is required");

    [TestCase("update clients set enabled = false where client_id = @Id")]
    [TestCase("delete from clients where client_id = @Id")]
    [Rfc(7662, "2.2")]
    public async Task A_client_ended_by_an_operator_takes_its_tokens_along_within_a_second(string edit)
    {
        var ended = await Server.MachineAsync();
        var token = (await ended.CredentialsAsync()).AccessToken;
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();

        await Server.ExecuteAsync(edit, new { ended.Id });

        await Eventually.BecomesTrueAsync(async () => !await resourceServer.SeesAsActiveAsync(token), Eventually.Second);
        await IsInactiveAsync(token);
    }

    [Test, Rfc(7662, "2.2"), Behaviour(35)]
    public async Task A_disabled_person_takes_their_tokens_along_at_once()
    {
        var (client, bob) = (await Server.PublicClientAsync(), await Server.UserAsync("bob"));
        var token = (await Server.TokensAsync(client, bob)).AccessToken;
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();

        await Server.ExecuteAsync("update users set enabled = false where subject = @Subject", new { bob.Subject });

        await IsInactiveAsync(token);
    }

    [Test, Rfc(7662, "2.2")]
    public async Task An_ended_grant_takes_its_tokens_along()
    {
        var (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
        var token = (await Server.TokensAsync(client, alice)).AccessToken;
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();

        await Server.ExecuteAsync("update grants set ended_at = now(), ended_reason = 'revoked_by_user' where id = @grant::uuid",
            new { grant = Jwt.Read(token)["grant"] });

        await IsInactiveAsync(token);
    }

    [Test, Rfc(6750, "2.3"), Behaviour(32)]
    public async Task A_token_in_the_query_is_not_read() =>
        (await Server.SendAsync(HttpMethod.Post, $"/introspect?token={await TokenAsync()}", Requests.Form("x=y"),
            ("Authorization", Requests.BasicOf($"{resourceServer.Id}:{Cast.Secret}"))))
            .Should().BeRefusedWith("invalid_request");

    // The server's own signing key, to make tokens that are wrong in one thing only.
    private ECDsa Signer() => ((Microsoft.IdentityModel.Tokens.ECDsaSecurityKey)Server.Get<KeyRing>().Active!.SecurityKey).ECDsa is { } ec
        ? ECDsa.Create(ec.ExportParameters(true))
        : throw new InvalidOperationException();

    [Test, Rfc(7662, "2.2")]
    public async Task A_client_added_anew_under_an_old_id_does_not_revive_its_tokens()
    {
        var client = await Server.MachineAsync();
        var token = (await client.CredentialsAsync()).AccessToken;
        (await resourceServer.SeesAsActiveAsync(token)).Should().BeTrue();

        await Server.ExecuteAsync(
            """
            create temp table kept as select * from clients where client_id = @Id;
            delete from clients where client_id = @Id;
            insert into clients (client_id, kind, name, scopes, default_scopes, default_resource, created_at)
            select client_id, kind, name, scopes, default_scopes, default_resource, now() + interval '10 seconds' from kept;
            """, client);

        await IsInactiveAsync(token);
    }
}
