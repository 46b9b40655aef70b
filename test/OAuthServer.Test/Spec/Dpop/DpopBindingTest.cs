using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Dpop;

/// <summary>What is bound to the key of a proof (RFC 9449 §5, §6, §10).</summary>
[Behaviour(52)]
public sealed class DpopBindingTest : ServerFixture
{
    private readonly ProofKey key = new(), other = new();
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

    [Test, Rfc(9449, "5"), Rfc(9449, "6.1"), Rfc(9449, "6.2")]
    public async Task A_token_says_which_key_it_is_bound_to_and_so_does_introspection()
    {
        var reply = await client.Proving(key).RedeemAsync(await Server.GrantAsync(client, alice));

        reply.Should().HaveIssuedTokens(type: "DPoP");
        Jwt.Read(reply.AccessToken).Payload["cnf"]!.ToJsonString().Should().Be($$"""{"jkt":"{{key.Jkt}}"}""");
        for (var again = 0; again < 2; again++)
        {
            var told = (await resourceServer.IntrospectAsync(reply.AccessToken)).Json;
            told.GetProperty("token_type").GetString().Should().Be("DPoP");
            told.GetProperty("cnf").GetProperty("jkt").GetString().Should().Be(key.Jkt);
        }

        (await Server.AuditAsync(reply)).Should().ContainSingle().Which.Detail.Should().EndWith($" jkt={key.Jkt}");
    }

    [Test, Rfc(9449, "5")]
    public async Task Without_a_proof_a_token_is_a_bearer_token()
    {
        var reply = await client.RedeemAsync(await Server.GrantAsync(client, alice));

        reply.Should().HaveIssuedTokens();
        Jwt.Read(reply.AccessToken).Payload.ContainsKey("cnf").Should().BeFalse();
        var told = (await resourceServer.IntrospectAsync(reply.AccessToken)).Json;
        told.GetProperty("token_type").GetString().Should().Be("Bearer");
        told.TryGetProperty("cnf", out _).Should().BeFalse();
    }

    [Test, Rfc(9449, "5")]
    public async Task A_public_client_refreshes_by_the_key_it_redeemed_with()
    {
        var first = (await client.Proving(key).RedeemAsync(await Server.GrantAsync(client, alice))).RefreshToken!;

        var byAnother = await client.Proving(other).RefreshAsync(first);
        var byNone = await client.RefreshAsync(first);
        var byTheKey = await client.Proving(key).RefreshAsync(first);

        byAnother.Should().BeRefusedWith("invalid_grant");
        byNone.Should().BeRefusedWith("invalid_grant");
        byTheKey.Should().HaveIssuedTokens(type: "DPoP");
        (await Server.AuditAsync(byAnother)).Should().ContainSingle().Which.Reason.Should().Be("the refresh token is bound to another key");
        // The parent again, inside the window: by its key only, and with a new proof.
        (await client.Proving(other).RefreshAsync(first)).Should().BeRefusedWith("invalid_grant");
        (await client.Proving(key).RefreshAsync(first)).RefreshToken.Should().Be(byTheKey.RefreshToken);
    }

    [Test, Rfc(9449, "5")]
    public async Task A_confidential_client_may_refresh_by_another_key_and_the_grant_keeps_its_own()
    {
        var web = await Server.ConfidentialClientAsync();
        var first = await web.Proving(key).RedeemAsync(await Server.GrantAsync(web, alice));
        var grant = Granted.GrantId(first.RefreshToken!);

        var second = await web.Proving(other).RefreshAsync(first.RefreshToken!);

        second.Should().HaveIssuedTokens(type: "DPoP");
        Jwt.Read(second.AccessToken).Payload["cnf"]!["jkt"]!.ToString().Should().Be(other.Jkt);
        (await Server.ScalarAsync<string>("select jkt from grants where id = @grant", new { grant })).Should().Be(key.Jkt);
        (await web.RefreshAsync(second.RefreshToken!)).Should().HaveIssuedTokens(type: "Bearer");
    }

    [Test, Rfc(9449, "5.2"), Case("DPOP-107")]
    public async Task A_client_that_has_to_send_a_proof_gets_nothing_without_one()
    {
        var strict = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set dpop_required = true where client_id = @Id", new { strict.Id });
        var code = await Server.GrantAsync(strict, alice);

        var reply = await strict.RedeemAsync(code);

        reply.Should().BeRefusedWith("invalid_dpop_proof", 400, "A DPoP proof is required");
        var tokens = await strict.Proving(key).RedeemAsync(code);
        tokens.Should().HaveIssuedTokens(type: "DPoP");
        (await strict.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_dpop_proof");
        (await Server.ScalarAsync<string>(
            "select detail from audit_events where event = 'edit' and client_id = @Id and detail like '%dpop_required%'", new { strict.Id }))
            .Should().Contain("dpop_required");
    }

    [Test, Rfc(9449, "10"), Case("EXT-021")]
    public async Task A_code_that_was_requested_for_a_key_is_redeemed_by_no_other()
    {
        var code = await client.CodeAsync(alice, null, ("dpop_jkt", key.Jkt));

        (await client.Proving(other).RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        var reply = await client.Proving(key).RedeemAsync(code);

        reply.Should().HaveIssuedTokens(type: "DPoP");
        (await client.Proving(other).RefreshAsync(reply.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(9449, "10.1"), Behaviour(58), Case("DPOP-110")]
    public async Task A_pushed_request_is_bound_by_dpop_jkt_or_by_its_proof_and_both_are_one_key()
    {
        var verifier = TestClient.NewVerifier();
        foreach (var query in new[]
        {
            client.PushedQuery(await client.Proving(key).PushAsync(verifier)),
            client.PushedQuery(await client.Proving(key).PushAsync(verifier, ("dpop_jkt", key.Jkt))),
            client.PushedQuery(await client.PushAsync(verifier, ("dpop_jkt", key.Jkt))),
        })
        {
            var landed = await Server.NewBrowser().AllowAsync(query, alice);
            var code = new Code(landed.Parameters["code"]!, verifier, client.Redirect);
            (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
            (await client.Proving(other).RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
            (await client.Proving(key).RedeemAsync(code)).Should().HaveIssuedTokens(type: "DPoP");
        }

        var before = await CountAsync();
        var proof = key.Proof(Server, Paths.Par);
        (await client.Sending(proof).PushAsync(verifier, ("dpop_jkt", other.Jkt)))
            .Should().BeRefusedWith("invalid_request", 400, "dpop_jkt is another key than that of the DPoP proof");
        foreach (var bad in new[] { key.Proof(Server, Paths.Token), key.Proof(Server, Paths.Par, "GET"), "x" })
            (await client.Sending(bad).PushAsync(verifier)).Should().BeRefusedWith("invalid_dpop_proof", 400);
        (await CountAsync()).Should().Be(before, "nothing was kept");
        (await client.Sending(proof).PushAsync(verifier)).Status.Should().Be(201, "what was refused has used no proof");
        (await client.Sending(proof).PushAsync(verifier)).Should().BeRefusedWith("invalid_dpop_proof", 400);

        Task<long> CountAsync() =>
            Server.ScalarAsync<long>("select count(*) from pushed_requests where client_id = @Id", new { client.Id });
    }

    [Test, Rfc(9449, "10")]
    public async Task The_same_request_for_another_key_is_another_grant()
    {
        var (verifier, browser) = (TestClient.NewVerifier(), Server.NewBrowser());
        string Query(ProofKey of) => client.AuthorizeQuery(verifier, ("dpop_jkt", of.Jkt));

        var first = (await browser.AllowAsync(Query(key), alice)).Parameters["code"]!;
        var second = (await browser.AllowAsync(Query(other), alice)).Parameters["code"]!;

        Granted.GrantId(first).Should().NotBe(Granted.GrantId(second));
        (await client.Proving(key).RedeemAsync(new Code(second, verifier, client.Redirect))).Should().BeRefusedWith("invalid_grant");
        (await client.Proving(key).RedeemAsync(new Code(first, verifier, client.Redirect))).Should().HaveIssuedTokens(type: "DPoP");
        (await client.Proving(other).RedeemAsync(new Code(second, verifier, client.Redirect))).Should().HaveIssuedTokens(type: "DPoP");
    }

    [TestCase("x"), TestCase(""), TestCase("0123456789012345678901234567890123456789012"), Rfc(9449, "10")]
    public async Task A_malformed_dpop_jkt_goes_back_to_the_client(string jkt)
    {
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("dpop_jkt", jkt.Length == 43 ? jkt[..42] + "=" : jkt));

        var location = (await Server.GetAsync($"{Paths.Authorize}?{query}")).Location;

        if (jkt.Length == 0) location.Should().NotContain("invalid_request");
        else location.Should().Contain("error=invalid_request").And.Contain("dpop_jkt");
    }

    [Test, Rfc(7591, "2"), Rfc(9449, "5.2")]
    public async Task A_client_that_registers_may_bind_itself()
    {
        var registered = await RegisterAsync("true");
        registered.Json.GetProperty("dpop_bound_access_tokens").GetBoolean().Should().BeTrue();
        (await Server.ScalarAsync<bool>("select dpop_required from clients where client_id = @id",
            new { id = registered.Json.GetProperty("client_id").GetString() })).Should().BeTrue();
        (await RegisterAsync("false")).Json.TryGetProperty("dpop_bound_access_tokens", out _).Should().BeFalse();
        (await RegisterAsync("\"yes\"")).Should().BeRefusedWith("invalid_client_metadata");

        Task<Reply> RegisterAsync(string bound) => Server.SendAsync(HttpMethod.Post, Paths.Register, new StringContent(
            $$"""
            {"redirect_uris":["https://client.example/cb"],"token_endpoint_auth_method":"none",
             "dpop_bound_access_tokens":{{bound}}}
            """,
            System.Text.Encoding.UTF8, "application/json"));
    }

    [Test]
    public async Task A_resource_server_has_no_tokens_to_bind()
    {
        var edit = () => Server.ExecuteAsync("update clients set dpop_required = true where client_id = @Id", new { resourceServer.Id });

        (await edit.Should().ThrowAsync<Npgsql.PostgresException>()).Which.MessageText.Should().Be("A client of this kind gets no tokens");
    }
}
