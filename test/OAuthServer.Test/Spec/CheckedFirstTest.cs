using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// What can be known is checked before a code or refresh token is spent; what is a replay ends the grant, whatever else the request
/// says.
/// </summary>
[Behaviour(2, 3, 8)]
public sealed class CheckedFirstTest : ServerFixture
{
    // 40 scopes of 100 characters: more than a token of 4 KiB holds.
    private readonly string many = string.Join(' ', Enumerable.Range(0, 40).Select(number => $"many:{number:00}:{new string('x', 92)}"));
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task AddManyScopesAsync()
    {
        alice = await Server.UserAsync();
        await Server.ExecuteAsync("insert into scopes (name, resource, open) select unnest(string_to_array(@many, ' ')), @Notes, true",
            new { many, Cast.Notes });
        await Server.HearsAsync(catalog => catalog.Scopes.Count > 40);
    }

    [Test, Rfc(6749, "4.1.2"), Behaviour(32)]
    public async Task A_token_that_would_be_too_long_spends_no_code_and_leaves_one_audit_row()
    {
        var client = await Server.PublicClientAsync();
        var code = await Server.GrantAsync(client, alice, $"notes:read {many}");

        var refused = await client.RedeemAsync(code);
        refused.Should().BeRefusedWith("invalid_scope");
        (await Server.AuditAsync(refused)).Should().ContainSingle().Which.Outcome.Should().Be("refused");

        await Server.ExecuteAsync("update grants set scope = '{notes:read}' where client_id = @Id", new { client.Id });
        (await client.RedeemAsync(code)).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(6749, "6"), Behaviour(32)]
    public async Task A_token_that_would_be_too_long_exchanges_no_refresh_token()
    {
        var client = await Server.PublicClientAsync();
        var token = (await Server.TokensAsync(client, alice)).RefreshToken!;
        await Server.ExecuteAsync("update grants set scope = string_to_array(@scope, ' ') where client_id = @Id",
            new { scope = $"notes:read {many}", client.Id });

        var refused = await client.RefreshAsync(token);

        refused.Should().BeRefusedWith("invalid_scope");
        (await Server.AuditAsync(refused)).Should().ContainSingle().Which.Outcome.Should().Be("refused");
        (await client.RefreshAsync(token, ("scope", "notes:read"))).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(6749, "4.4"), Behaviour(32)]
    public async Task A_token_that_would_be_too_long_leaves_one_audit_row_of_a_machine()
    {
        var machine = await Server.MachineAsync(scopes: $"notes:read {many}");

        var refused = await machine.CredentialsAsync(("scope", many));

        refused.Should().BeRefusedWith("invalid_scope");
        (await Server.AuditAsync(refused)).Should().ContainSingle().Which.Outcome.Should().Be("refused");
    }

    private static IEnumerable<TestCaseData> BadParameters()
    {
        yield return new TestCaseData("scope", new[] { "notes:read no:such" }).SetArgDisplayNames("a wider scope");
        yield return new TestCaseData("scope", new[] { "a\"b" }).SetArgDisplayNames("a malformed scope");
        yield return new TestCaseData("resource", new[] { "https://nobody.example/" }).SetArgDisplayNames("an unknown resource");
        yield return new TestCaseData("resource", new[] { Cast.Sensors }).SetArgDisplayNames("another resource");
        yield return new TestCaseData("resource", new[] { "https://closed.example.test/" }).SetArgDisplayNames("a disabled resource");
        yield return new TestCaseData("resource", new[] { "notes#fragment" }).SetArgDisplayNames("a malformed resource");
        yield return new TestCaseData("resource", new[] { Cast.Notes, Cast.Sensors }).SetArgDisplayNames("two resources");
    }

    [TestCaseSource(nameof(BadParameters))]
    [Rfc(9700, "4.14.2"), Rfc(8707, "2.2"), Case("REFRESH-002")]
    public async Task A_replayed_refresh_token_ends_the_family_whatever_the_request_names(string name, string[] values)
    {
        var client = await Server.PublicClientAsync();
        var first = (await Server.TokensAsync(client, alice)).RefreshToken!;
        var third = (await client.RefreshAsync((await client.RefreshAsync(first)).RefreshToken!)).RefreshToken!;

        var replay = await client.RefreshAsync(first, [.. values.Select(value => (name, (string?)value))]);

        replay.Should().BeRefusedWith("invalid_grant");
        (await Server.AuditAsync(replay)).Should().ContainSingle().Which.Detail.Should().Be("refresh_reused");
        (await client.RefreshAsync(third)).Should().BeRefusedWith("invalid_grant");
    }

    [TestCaseSource(nameof(BadParameters))]
    [Rfc(6749, "6"), Behaviour(8)]
    public async Task A_live_refresh_token_survives_what_the_request_names(string name, string[] values)
    {
        var client = await Server.PublicClientAsync();
        var token = (await Server.TokensAsync(client, alice)).RefreshToken!;
        (string, string?)[] bad = [.. values.Select(value => (name, (string?)value))];

        (await client.RefreshAsync(token, bad)).Should().BeRefusedWith(name == "scope" ? "invalid_scope" : "invalid_target");
        var next = (await client.RefreshAsync(token)).RefreshToken!;
        (await client.RefreshAsync(token, bad)).Should().BeRefusedWith(name == "scope" ? "invalid_scope" : "invalid_target");

        (await client.RefreshAsync(next)).Should().HaveIssuedTokens();
    }

    [TestCaseSource(nameof(BadParameters))]
    [Rfc(6749, "4.1.2"), Rfc(8707, "2.2"), Case("CODE-002", "CODE-017")]
    public async Task A_replayed_code_ends_the_grant_whatever_the_request_names(string name, string[] values)
    {
        var client = await Server.PublicClientAsync();
        var code = await Server.GrantAsync(client, alice);
        var tokens = await client.RedeemAsync(code);

        var replay = await client.RedeemAsync(code, [.. values.Select(value => (name, (string?)value))]);

        replay.Should().BeRefusedWith("invalid_grant");
        (await Server.AuditAsync(replay)).Should().ContainSingle().Which.Detail.Should().Be("code_replayed");
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
    }
}
