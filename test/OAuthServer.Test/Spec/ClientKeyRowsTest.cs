using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Keys of clients as an operator types them: refused with words that hold no value, or in effect at once.</summary>
[Behaviour(26, 44)]
public sealed class ClientKeyRowsTest : ServerFixture
{
    private const string Marker = "XMARKERX";
    private static readonly SigningPair Key = SigningPair.Ec();

    private static IEnumerable<TestCaseData> Refused()
    {
        var jwk = Key.Jwk().ToJsonString();
        yield return Case("A_private_key", $$"""jwks = '{"keys":[{{jwk}},{"kty":"EC","crv":"P-256","x":"a","y":"b","d":"{{Marker}}"}]}'""",
            "A private or symmetric key is in this set", "jwks");
        yield return Case("A_symmetric_key", $$"""jwks = '{"keys":[{{jwk}},{"kty":"oct","k":"{{Marker}}"}]}'""",
            "A private or symmetric key is in this set", "jwks");
        yield return Case("No_set", $"jwks = '\"{Marker}\"'", "A JWK set is an object with a list of keys", "jwks");
        yield return Case("No_key_that_verifies", $$"""jwks = '{"keys":[{"kty":"OKP","crv":"Ed25519","x":"{{Marker}}"}]}'""",
            "No key of this set verifies ES256, PS256 or RS256", "jwks");
        yield return Case("A_key_for_encryption", $$"""jwks = '{"keys":[{{jwk[..^1]}},"use":"enc","kid2":"{{Marker}}"}]}'""",
            "No key of this set verifies ES256, PS256 or RS256", "jwks");
        yield return Case("Eleven_keys", $$"""jwks = '{"keys":[{{string.Join(',', Enumerable.Repeat(jwk, 11))}}]}'""",
            "A key set has at most ten keys here", "jwks");
        yield return Case("Both", "jwks_uri = 'https://keys.example/XMARKERX'", "A client has jwks or jwks_uri, not both", "jwks_uri");
        yield return Case("Http", "jwks = null, jwks_uri = 'http://keys.example/XMARKERX'", "Keys are fetched by https", "jwks_uri");
        yield return Case(
            "A_fragment", "jwks = null, jwks_uri = 'https://keys.example/#XMARKERX'", "Keys are fetched by https", "jwks_uri");
        yield return Case("No_keys", "jwks = null", "A client that proves itself by key needs its public keys", "jwks");
        yield return Case("Keys_beside_a_secret_method", "auth_method = 'client_secret_basic'",
            "Keys are for clients that prove themselves by key", "auth_method");
        yield return Case("Keys_of_a_federated_machine", "auth_method = 'federated'",
            "Keys are for clients that prove themselves by key", "auth_method");
        yield return Case("An_unknown_algorithm", "assertion_alg = 'XMARKERX'", "This algorithm signs no assertion", "assertion_alg");
        yield return Case("Public_too_without_a_document", "public_too = true",
            "Only the client of a document may come with an assertion or without", "public_too");

        static TestCaseData Case(string name, string change, string message, string column) =>
            new TestCaseData(change, message, column).SetName($"{name}_is_refused_and_the_old_keys_still_work");
    }

    [TestCaseSource(nameof(Refused)), Case("PKJ-125")]
    public async Task An_edit_is_refused(string change, string message, string column)
    {
        var client = await Server.KeyClientAsync();

        var refusal = (await FluentActions.Awaiting(() => Server.ExecuteAsync(
            $"update clients set {change} where client_id = @id",
            new { id = client.Id })).Should().ThrowAsync<PostgresException>()).Which;

        (refusal.SqlState, refusal.MessageText, refusal.ColumnName).Should().Be((PostgresErrorCodes.CheckViolation, message, column));
        refusal.Hint.Should().NotBeNullOrEmpty();
        $"{refusal.MessageText} {refusal.Hint} {refusal.Detail}".Should().NotContain(Marker);
        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test, Case("PKJ-125")]
    public async Task A_secret_beside_keys_and_keys_beside_a_secret_are_refused()
    {
        var (client, machine) = (await Server.KeyClientAsync(), await Server.MachineAsync());

        await RefusedAsync("insert into client_secrets (client_id, hash, label) values (@id, @hash, 'x')",
            new { id = client.Id, hash = Cast.SecretHashed }, "A client that proves itself by key has no secret");
        await RefusedAsync("update clients set auth_method = 'private_key_jwt', jwks = @jwks::jsonb where client_id = @id",
            new { id = machine.Id, jwks = SigningPair.Jwks(Key) }, "This client has a secret that is not revoked");
        await RefusedAsync("update clients set jwks_uri = 'https://keys.example/' where client_id = @id", new { id = machine.Id },
            "Keys are for clients that prove themselves by key");

        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
        (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
    }

    [Test]
    public async Task From_a_secret_to_a_key_and_to_another_key_by_plain_SQL()
    {
        var (machine, first, second) = (await Server.MachineAsync(), SigningPair.Ec("first"), SigningPair.Rsa("second"));
        await Server.ExecuteAsync("""
            update client_secrets set revoked_at = now() where client_id = @id;
            update clients set auth_method = 'private_key_jwt', jwks = @jwks::jsonb where client_id = @id
            """, new { id = machine.Id, jwks = SigningPair.Jwks(first) });
        var client = new KeyClient(Server, machine.With(null), first);

        (await client.CredentialsAsync()).Should().HaveIssuedTokens();
        (await machine.CredentialsAsync()).Should().BeRefusedWith("invalid_client");

        await Server.ExecuteAsync("update clients set jwks = @jwks::jsonb where client_id = @id",
            new { id = machine.Id, jwks = SigningPair.Jwks(second) });

        (await client.With(second).CredentialsAsync()).Should().HaveIssuedTokens();
        await Server.HearsOfAsync(machine, row => row.Jwks!.Contains("second"));
        (await client.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
        (await Server.QueryAsync<string>(
            "select detail from audit_events where client_id = @id and event = 'edit' and detail like '%jwks%'",
            new { id = machine.Id })).Should().HaveCount(2, "one row an edit");
    }

    [Test]
    public async Task A_federated_machine_has_no_proof_of_its_own()
    {
        var client =
            await Server.AddClientAsync("fed", "machine", "federated", [], "notes:read", "operator", Cast.Notes, null, "notes:read");

        (await client.CredentialsAsync()).Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
        (await client.With("x", "client_secret_basic").CredentialsAsync()).Should().BeRefusedWith("invalid_client");
        (await client.CredentialsAsync(KeyClient.Proof(Key.Assertion(client.Id, Server.Issuer, Server.Clock.GetUtcNow()))))
            .Should().BeRefusedWith("invalid_client", description: "Client authentication failed");
    }

    private async Task RefusedAsync(string sql, object parameters, string message) =>
        (await FluentActions.Awaiting(() => Server.ExecuteAsync(sql, parameters)).Should().ThrowAsync<PostgresException>())
            .Which.MessageText.Should().Be(message);
}
