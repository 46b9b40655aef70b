using System.Text.Json.Nodes;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.BadInput;

/// <summary>Proofs of keys, polls of devices and references of pushed requests that are refused.</summary>
[Behaviour(51, 52, 53, 57, 58)]
public sealed class BadProofAndPollTest : BadInputFixture
{
    private const string NotValid = "The DPoP proof is not valid";
    private const string Gone = "This request is not valid any more; start again from the app";

    private static IEnumerable<TestCaseData> Proofs()
    {
        yield return Row("malformed", _ => ["x"]);
        yield return Row("two_headers", t => [t.Proof(), t.Proof()]);
        yield return Row("htm", t => [t.Proof(jwt => jwt.Payload["htm"] = "GET")]);
        yield return Row("htu", t => [t.Proof(jwt => jwt.Payload["htu"] = t.Server.Issuer + "/revoke")]);
        yield return Row("iat", t => [t.Proof(jwt => jwt.Payload["iat"] = t.Server.Clock.GetUtcNow().ToUnixTimeSeconds() - 400)]);
        yield return Row("private_jwk", t => [t.Proof(jwt => jwt.Header["jwk"]!["d"] = t.Key.Secret)]);
        yield return Row("symmetric", t => [t.Proof(jwt => jwt.Header["jwk"] = new JsonObject { ["kty"] = "oct", ["k"] = "AAAA" })]);

        static TestCaseData Row(string name, Func<BadProofAndPollTest, string[]> headers) =>
            new TestCaseData(headers).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Proofs)), Rfc(9449, "4.3")]
    public async Task A_proof_is_not_valid_at_any_grant_and_at_par(Func<BadProofAndPollTest, string[]> headers)
    {
        var (code, refresh) = (await Server.GrantAsync(Pub, Alice), (await Server.TokensAsync(Pub, Alice)).RefreshToken!);
        var subject = await TokenAsync();
        var by = headers(this);
        foreach (var send in new Func<Task<Reply>>[]
        {
            () => Pub.Sending(by).RedeemAsync(code),
            () => Pub.Sending(by).RefreshAsync(refresh),
            () => Machine.Sending(by).CredentialsAsync(("scope", "mcp:read"), ("resource", Cast.Notes)),
            () => App.Sending(by).TokenAsync(("grant_type", Bearer), ("assertion", Jag())),
            () => ExchangeByAsync(Agent.Sending(by), subject),
            () => Tv.Sending(by).TokenAsync(("grant_type", DeviceCode), ("device_code", "x")),
        })
        {
            var reply = await RefusedAsync(send);
            reply.Should().BeRefusedWith("invalid_dpop_proof", 400, NotValid);
            (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Rule.Should().StartWith("RFC 9449 ");
        }

        (await Pub.RedeemAsync(code)).Should().HaveIssuedTokens();
        (await Pub.RefreshAsync(refresh)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9449, "11.1")]
    public async Task A_used_proof()
    {
        var (code, proof) = (await Server.GrantAsync(Pub, Alice), Proof());
        (await Machine.Sending(proof).CredentialsAsync(("scope", "mcp:read"), ("resource", Cast.Notes))).Status.Should().Be(200);

        (await RefusedAsync(() => Pub.Sending(proof).RedeemAsync(code))).Should().BeRefusedWith("invalid_dpop_proof", 400, NotValid);
        (await Pub.RedeemAsync(code)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(9449, "5.2")]
    public async Task No_proof_where_one_has_to_be()
    {
        await Server.ExecuteAsync("update clients set dpop_required = true where client_id = any (array[@Web, @App, @Agent, @Tv])",
            new { Web = Web.Id, App = App.Id, Agent = Agent.Id, Tv = Tv.Id });
        foreach (var client in new[] { Web.Bare, App, Agent, Tv }) await Server.HearsOfAsync(client, row => row.DpopRequired);
        var (code, subject) = (await Server.GrantAsync(Web.Bare, Alice), await TokenAsync());

        foreach (var send in new Func<Task<Reply>>[]
        {
            () => Web.Bare.RedeemAsync(code, Web.Proof()), () => Web.Bare.RefreshAsync("x", Web.Proof()), () => BringAsync(Jag()),
            () => ExchangeAsync(subject), () => Tv.TokenAsync(("grant_type", DeviceCode), ("device_code", "x")),
        })
            (await RefusedAsync(send)).Should().BeRefusedWith("invalid_dpop_proof", 400, "A DPoP proof is required");

        (await Web.Bare.Proving(Key).RedeemAsync(code, Web.Proof())).Should().HaveIssuedTokens(type: "DPoP");
        await Server.ExecuteAsync("update clients set dpop_required = false");
        foreach (var client in new[] { Web.Bare, App, Agent, Tv }) await Server.HearsOfAsync(client, row => !row.DpopRequired);
    }

    [Test, Rfc(9449, "8")]
    public async Task No_nonce_or_an_old_one()
    {
        await using var strict = await Server.StartSecondInstanceAsync(settings => settings with { DpopNonce = true });
        var (code, client) = (await Server.GrantAsync(Pub, Alice), Pub.At(strict));
        foreach (var nonce in new[] { null, "AAAA" })
        {
            var reply = await RefusedAsync(() => client.Sending(Key.Proof(Server, Paths.Token, nonce: nonce)).RedeemAsync(code));
            reply.Should().BeRefusedWith("use_dpop_nonce", 400);
            reply.Header("DPoP-Nonce").Should().NotBeNullOrEmpty();
        }
    }

    [Test, Rfc(9449, "5")]
    public async Task A_code_or_refresh_token_with_another_key()
    {
        var code = await Pub.CodeAsync(Alice, null, ("dpop_jkt", Key.Jkt));
        var refresh = (await Pub.Proving(Key).RedeemAsync(await Server.GrantAsync(Pub, Alice))).RefreshToken!;
        var other = new ProofKey();

        foreach (var client in new[] { Pub, Pub.Proving(other) })
        {
            (await RefusedAsync(() => client.RedeemAsync(code))).Should().BeRefusedWith("invalid_grant", 400);
            (await RefusedAsync(() => client.RefreshAsync(refresh))).Should().BeRefusedWith("invalid_grant", 400);
        }

        (await Pub.Proving(Key).RedeemAsync(code)).Should().HaveIssuedTokens(type: "DPoP");
        (await Pub.Proving(Key).RefreshAsync(refresh)).Should().HaveIssuedTokens(type: "DPoP");
    }

    [Test, Rfc(8628, "3.5")]
    public async Task Polls_that_get_nothing_yet_or_nothing_at_all()
    {
        var other = await Server.AddClientAsync("tv", "user-facing", "none", [], "notes:read", "operator", Cast.Notes, null);
        await Server.ExecuteAsync("update clients set grant_types = '{device_code}' where client_id = @Id", new { other.Id });
        await Server.HearsOfAsync(other, row => row.GrantTypes.Contains(DeviceCode));
        var (waiting, denied, late) = (await AskAsync(), await AskAsync(), await AskAsync());
        await Server.ExecuteAsync("""
            update device_requests set denied_at = now() where id = @denied;
            update device_requests set expires_at = now() - interval '1 minute' where id = @late
            """, new { denied = Granted.GrantId(denied), late = Granted.GrantId(late) });

        (await PollAsync(Tv, waiting)).Should().BeRefusedWith("authorization_pending", 400);
        foreach (var (code, client, error) in new[]
        {
            (waiting, Tv, "slow_down"), (denied, Tv, "access_denied"), (late, Tv, "expired_token"), (waiting, other, "invalid_grant"),
            ("nonsense", Tv, "invalid_grant"),
        })
        {
            var reply = await PollAsync(client, code);
            reply.Should().BeRefusedWith(error, 400);
            reply.Header("Retry-After").Should().BeNull();
            (await Server.AuditAsync(reply)).Should().ContainSingle(error).Which.Rule.Should().NotBeNullOrEmpty();
        }
    }

    [Test, Rfc(9126, "4")]
    public async Task References_that_are_foreign_used_or_expired_and_a_request_that_was_not_pushed()
    {
        var (own, used, late) = (await Pub.PushedQueryAsync(TestClient.NewVerifier()), await Pub.PushedQueryAsync(TestClient.NewVerifier()),
            await Pub.PushedQueryAsync(TestClient.NewVerifier()));
        (await GoAsync(used)).Status.Should().Be(303);
        await Server.ExecuteAsync("update pushed_requests set expires_at = now() - interval '1 second' where reference_hash = @hash",
            new { hash = OAuthServer.Grants.OpaqueToken.Hash(Uri.UnescapeDataString(late).Split("request_uri:")[1]) });
        var foreign = own.Replace(Uri.EscapeDataString(Pub.Id), Uri.EscapeDataString(App.Id));
        var made = own[..^43] + new string('A', 43);

        foreach (var query in new[] { foreign, used, late, made })
            (await RefusedAsync(() => GoAsync(query))).Should().BeAnErrorPage("invalid_request", 400, Gone);

        (await GoAsync(own)).Status.Should().Be(303, "a stranger's attempt has not used it up");
        await Server.ExecuteAsync("update clients set par_required = true where client_id = @Id", new { Pub.Id });
        await Server.HearsOfAsync(Pub, row => row.ParRequired);
        var plain = await RefusedAsync(() => GoAsync(Pub.AuthorizeQuery(TestClient.NewVerifier())));
        plain.Location.Should().StartWith(Cast.Redirect).And.Contain("error=invalid_request")
            .And.Contain(Uri.EscapeDataString("This client must push its requests")).And.NotContain("code=");
        await Server.ExecuteAsync("update clients set par_required = false where client_id = @Id", new { Pub.Id });
        await Server.HearsOfAsync(Pub, row => !row.ParRequired);
    }

    private string Proof(Action<Jwt>? change = null) => Key.Proof(Server, Paths.Token, change: change);

    private Task<Reply> GoAsync(string query) => Server.GetAsync($"{Paths.Authorize}?{query}");

    private async Task<string> AskAsync() =>
        (await Tv.PostAsync(Paths.DeviceAuthorization)).Json.GetProperty("device_code").GetString()!;

    private static Task<Reply> PollAsync(TestClient client, string code) =>
        client.TokenAsync(("grant_type", DeviceCode), ("device_code", code));
}
