using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

[Behaviour(2)]
public sealed class CodeTest : ServerFixture
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

    [Test, Rfc(6749, "4.1.4"), Rfc(7636, "4.6"), Case("CODE-001")]
    public async Task A_code_with_its_verifier_becomes_tokens()
    {
        var reply = await client.RedeemAsync(await Server.GrantAsync(client, alice));

        reply.Should().HaveIssuedTokens("notes:read notes:write");
        reply.RefreshToken.Should().MatchRegex("^[A-Za-z0-9_-]{92}$");
        (await resourceServer.SeesAsActiveAsync(reply.AccessToken)).Should().BeTrue();
    }

    [Test, Rfc(6749, "4.1.3"), Case("CODE-011")]
    public async Task The_redirect_uri_may_be_left_out_but_sent_it_must_match()
    {
        var code = await Server.GrantAsync(client, alice);

        (await client.RedeemAsync(code with { RedirectUri = Cast.Redirect + "/" })).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(code with { RedirectUri = "https://evil.example/cb" })).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(code with { RedirectUri = "" })).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7636, "4.5"), Behaviour(1), Case("PKCE-014", "PKCE-015")]
    public async Task A_missing_or_empty_verifier_is_refused_and_the_code_stays_usable()
    {
        var code = await Server.GrantAsync(client, alice);

        (await client.TokenAsync(("grant_type", "authorization_code"), ("code", code.Value)))
            .Should().BeRefusedWith("invalid_request", description: "code_verifier is required");
        (await client.RedeemAsync(code with { Verifier = "" })).Should().BeRefusedWith("invalid_request");
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7636, "4.6"), Behaviour(1), Case("PKCE-013", "PKCE-016")]
    public async Task A_wrong_or_malformed_verifier_is_refused_and_the_code_stays_usable()
    {
        var code = await Server.GrantAsync(client, alice);

        foreach (var verifier in new[] { TestClient.NewVerifier(), Pkce.Challenge(code.Verifier), "short", new string('a', 129),
            code.Verifier[..42] + " " })
            (await client.RedeemAsync(code with { Verifier = verifier })).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7636, "4.6"), Behaviour(1), Case("PKCE-019")]
    public async Task The_fifth_wrong_verifier_ends_the_code_and_nothing_else()
    {
        var tokens = await Server.TokensAsync(client, alice);
        var (four, five) = (await Server.GrantAsync(client, alice), await Server.GrantAsync(client, alice));

        for (var i = 0; i < 4; i++)
            (await client.RedeemAsync(four with { Verifier = TestClient.NewVerifier() })).Should().BeRefusedWith("invalid_grant");
        for (var i = 0; i < 5; i++)
            (await client.RedeemAsync(five with { Verifier = TestClient.NewVerifier() })).Should().BeRefusedWith("invalid_grant");

        (await client.RedeemAsync(four)).Should().HaveIssuedTokens();
        (await client.RedeemAsync(five)).Should().BeRefusedWith("invalid_grant");
        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(7636, "4.6"), Case("PKCE-020")]
    public async Task A_code_does_not_open_with_the_verifier_of_another_flow()
    {
        var (one, other) = (await Server.GrantAsync(client, alice), await Server.GrantAsync(client, alice));

        (await client.RedeemAsync(one with { Verifier = other.Verifier })).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Rfc(6749, "4.1.2"), Rfc(9700, "2.1.1"), Behaviour(3), Case("CODE-002")]
    public async Task A_second_use_is_refused_and_ends_the_grant_with_all_its_tokens()
    {
        var code = await Server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(code);

        var replay = await client.RedeemAsync(code);

        replay.Should().BeRefusedWith("invalid_grant");
        (await resourceServer.IntrospectAsync(tokens.AccessToken)).Body.Should().Be("""{"active":false}""");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
        (await Server.AuditAsync(replay)).Should().ContainSingle().Which.Detail.Should().Be("code_replayed");
    }

    [TestCase("a replay", "code_replayed"), TestCase("a sign-out", "revoked_by_user")]
    [Test, Rfc(6749, "4.1.2"), Behaviour(3, 25)]
    public async Task A_second_use_after_the_grant_has_ended_is_audited_as_that_and_revokes_nothing(string by, string reason)
    {
        var code = await Server.GrantAsync(client, alice);
        await client.RedeemAsync(code);
        if (by == "a replay") await client.RedeemAsync(code);
        else
            await Server.ExecuteAsync("update grants set ended_at = @now, ended_reason = @reason where id = @id",
                new { now = Server.Clock.GetUtcNow().UtcDateTime, reason, id = Granted.GrantId(code.Value) });

        var replay = await client.RedeemAsync(code);

        replay.Should().BeRefusedWith("invalid_grant");
        var row = (await Server.AuditAsync(replay)).Should().ContainSingle().Subject;
        (row.Reason, row.Detail).Should().Be(($"the grant has ended: {reason}", null));
    }

    [Test, Rfc(9700, "4.5"), Behaviour(3), Case("CODE-003")]
    public async Task A_second_use_with_a_wrong_verifier_ends_nothing()
    {
        var code = await Server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(code);

        for (var i = 0; i < 6; i++)
            (await client.RedeemAsync(code with { Verifier = TestClient.NewVerifier() })).Should().BeRefusedWith("invalid_grant");
        (await client.RedeemAsync(code with { RedirectUri = "https://evil.example/cb" })).Should().BeRefusedWith("invalid_grant");

        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(6749, "4.1.3"), Behaviour(2, 3), Case("CODE-004")]
    public async Task Another_client_neither_redeems_nor_burns_nor_ends_anything()
    {
        var mallory = await Server.PublicClientAsync();
        var (fresh, spent) = (await Server.GrantAsync(client, alice), await Server.GrantAsync(client, alice));
        var tokens = await client.RedeemAsync(spent);

        (await mallory.RedeemAsync(fresh)).Should().BeRefusedWith("invalid_grant");
        (await mallory.RedeemAsync(spent)).Should().BeRefusedWith("invalid_grant");
        for (var i = 0; i < 5; i++) await mallory.RedeemAsync(fresh with { Verifier = TestClient.NewVerifier() });

        (await client.RedeemAsync(fresh)).Should().HaveIssuedTokens();
        (await resourceServer.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
    }

    [Test, Rfc(6749, "3.2.1"), Case("CODE-008")]
    public async Task A_confidential_clients_code_needs_its_secret()
    {
        var web = await Server.ConfidentialClientAsync();
        var code = await Server.GrantAsync(web, alice);

        (await web.With(null).RedeemAsync(code)).Should().BeRefusedWith("invalid_client");
        (await web.With("wrong").RedeemAsync(code)).Should().BeRefusedWith("invalid_client");
        (await web.RedeemAsync(code)).Should().HaveIssuedTokens();
    }

    [Test, Rfc(8707, "2.2"), Behaviour(19), Case("CODE-017")]
    public async Task A_resource_outside_the_grant_is_refused_and_the_code_not_burned()
    {
        var code = await Server.GrantAsync(client, alice);

        (await client.RedeemAsync(code, ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_target");
        (await client.RedeemAsync(code, ("resource", "https://other.example/"))).Should().BeRefusedWith("invalid_target");
        (await client.RedeemAsync(code, ("resource", Cast.Notes), ("resource", Cast.Sensors))).Should().BeRefusedWith("invalid_target");
        (await client.RedeemAsync(code, ("resource", Cast.Notes + "/"))).Should().HaveIssuedTokens();
    }

    [Test, Rfc(8707, "2.2"), Behaviour(19)]
    public async Task Of_several_resources_in_the_grant_the_token_is_for_the_one_named_or_the_first()
    {
        string[] both = [Cast.Notes, Cast.Sensors];
        var app = await Server.PublicClientAsync(scopes: "notes:read read_sensors");
        const string scope = "notes:read read_sensors";

        Jwt.Read((await app.RedeemAsync(await Server.GrantAsync(app, alice, scope, both))).AccessToken)["aud"].Should().Be(Cast.Notes);
        Jwt.Read((await app.RedeemAsync(await Server.GrantAsync(app, alice, scope, both), ("resource", Cast.Sensors))).AccessToken)["aud"]
            .Should().Be(Cast.Sensors);
    }

    [Test, Rfc(6749, "4.1.2"), Case("CODE-012")]
    public async Task A_code_lives_a_minute()
    {
        var (soon, late) = (await Server.GrantAsync(client, alice), await Server.GrantAsync(client, alice));

        Server.Clock.Travel(TimeSpan.FromSeconds(55));
        (await client.RedeemAsync(soon)).Should().HaveIssuedTokens();
        Server.Clock.Travel(TimeSpan.FromSeconds(6));
        (await client.RedeemAsync(late)).Should().BeRefusedWith("invalid_grant");
    }

    [TestCase("update users set enabled = false where subject = @Subject")]
    [TestCase("delete from users where subject = @Subject")]
    [TestCase("update users set password_hash = crypt('another', gen_salt('bf', 10)) where subject = @Subject")]
    [Behaviour(35), Case("CODE-013")]
    public async Task A_code_dies_with_the_persons_access(string edit)
    {
        var bob = await Server.UserAsync("bob");
        var code = await Server.GrantAsync(client, bob);

        await Server.ExecuteAsync(edit, new { bob.Subject });

        (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Behaviour(33)]
    public async Task A_refresh_token_comes_only_when_the_client_may_use_it_and_the_person_agreed()
    {
        var plain = await Server.PublicClientAsync();
        await Server.ExecuteAsync("update clients set grant_types = '{authorization_code}' where client_id = @Id", new { plain.Id });

        (await client.RedeemAsync(await Server.GrantAsync(client, alice, offline: false))).RefreshToken.Should().BeNull();
        (await plain.RedeemAsync(await Server.GrantAsync(plain, alice))).RefreshToken.Should().BeNull();
    }

    [Test, Rfc(6749, "4.1.3")]
    public async Task A_missing_code_is_a_malformed_request_and_an_unknown_one_a_dead_grant()
    {
        (await client.TokenAsync(("grant_type", "authorization_code"), ("code_verifier", TestClient.NewVerifier())))
            .Should().BeRefusedWith("invalid_request", description: "code is required");
        foreach (var value in new[] { "nonsense", "' or 1=1 --", new string('x', 10_000), "ﷺ" })
            (await client.RedeemAsync(new Code(value, TestClient.NewVerifier(), Cast.Redirect))).Should().BeRefusedWith("invalid_grant");
    }

    [Test, Behaviour(36), Case("CODE-018")]
    public async Task Codes_and_refresh_tokens_are_256_random_bits_and_stored_as_hashes_only()
    {
        var tokens = Enumerable.Range(0, 5_000)
            .SelectMany(_ => new[] { AuthorizationCode.Mint(Guid.Empty).Text, RefreshToken.Mint(Guid.Empty).Text }).ToList();
        var code = await Server.GrantAsync(client, alice);
        var refresh = (await client.RedeemAsync(code)).RefreshToken!;

        tokens.Should().OnlyHaveUniqueItems().And.OnlyContain(token => token.Length == 66 || token.Length == 92);
        // Every bit of the last 32 octets is set about half of the time: 10,000 coins leave 4,600 to 5,400 once in 10^15.
        var octets = tokens.Select(Secret).ToList();
        for (var bit = 0; bit < 256; bit++) octets.Count(token => (token[bit / 8] >> (bit % 8) & 1) == 1).Should().BeInRange(4600, 5400);

        (await Server.ScalarAsync<Guid>(
            "select id from grants where code_hash = sha256('\\x01' || @code) and refresh_hash = sha256('\\x02' || @refresh)",
            new { code = Secret(code.Value), refresh = Secret(refresh) }))
            .Should().Be(Granted.GrantId(code.Value)).And.Be(Granted.GrantId(refresh));
    }

    private static byte[] Secret(string token) => System.Buffers.Text.Base64Url.DecodeFromChars(token)[^32..];
}

/// <summary>What an answer lost on its way leaves behind.</summary>
[Behaviour(3)]
public sealed class LostAnswerTest
{
    [Test, Rfc(6749, "4.1.2"), Case("CODE-006")]
    public async Task A_code_spent_without_an_answer_is_spent()
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through });
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        await server.TokensAsync(client, alice);
        var code = await server.GrantAsync(client, alice);

        cable.DropResponses(Pkce.Challenge(code.Verifier));
        var lost = await client.RedeemAsync(code);
        cable.StopSwallowing();

        lost.Should().BeRefusedWith("temporarily_unavailable");
        cable.Swallowed.Should().BePositive("the redemption had been committed");
        (await server.ScalarAsync<bool>("select activated_at is not null from grants where id = @id",
            new { id = Granted.GrantId(code.Value) }))
            .Should().BeTrue();
        (await client.RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        (await server.QueryAsync<string>("select ended_reason from grants where code_challenge = @challenge",
            new { challenge = Pkce.Challenge(code.Verifier) })).Should().Equal("code_replayed");
    }

    [TestCase("ERROR", "08P01"), TestCase("ERROR", "57014"), TestCase("FATAL", "57P01"), TestCase("ERROR", "58030")]
    [Rfc(6749, "4.1.2"), Behaviour(2)]
    public async Task Redemptions_whose_commit_was_answered_with_an_error_are_not_sent_again(string severity, string sqlState)
    {
        await using var cable = DatabaseProxy.To(await TestDatabase.CloneAsync());
        await using var server = await TestServer.StartAsync(settings => settings with { Database = cable.Through });
        var (client, alice) = (await server.PublicClientAsync(), await server.UserAsync());
        await server.TokensAsync(client, alice);
        var codes = new List<Code>();
        for (var i = 0; i < 20; i++) codes.Add(await server.GrantAsync(client, alice));

        cable.ReplaceAnswers(severity, sqlState, [.. codes.Select(code => Pkce.Challenge(code.Verifier))]);
        var lost = await Task.WhenAll(codes.Select(code => client.RedeemAsync(code)));
        cable.StopSwallowing();

        lost.Should().AllSatisfy(reply => reply.Should().BeRefusedWith("temporarily_unavailable"));
        (await server.ScalarAsync<long>("select count(*) from grants where activated_at is not null"))
            .Should().BeGreaterThan(1, "they had been committed");
        (await server.QueryAsync<string>("select ended_reason from grants where ended_at is not null"))
            .Should().BeEmpty("nobody replayed anything");
    }
}
