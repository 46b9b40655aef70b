using System.Text.Json;
using FluentAssertions;
using Microsoft.Extensions.DependencyInjection;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>
/// The documents of clients in the field (Spec/ClientDocuments/README.md says how well each is known): a person
/// signs in, allows, and the client gets its tokens.
/// </summary>
[Behaviour(18)]
public sealed class ClientDocumentVendorsTest : ServerFixture
{
    private static readonly string Folder = Path.Combine(TestDatabase.Root, "test/OAuthServer.Test/Spec/ClientDocuments");
    private readonly FakeInternet outside = new();

    protected override void Register(IServiceCollection services) => services.AddSingleton(outside.Network);

    [OneTimeTearDown]
    public ValueTask CloseAsync() => outside.DisposeAsync();

    [TestCase("chatgpt", "https://chatgpt.com/connector_platform_oauth_redirect")]
    [TestCase("chatgpt-connector", "https://chatgpt.com/connector/oauth/4VqhtJkW3bXo")]
    [TestCase("claude-ai", "https://claude.ai/api/mcp/auth_callback")]
    [TestCase("claude-code", "http://localhost:3118/callback")]
    [TestCase("opencode", "http://127.0.0.1:19876/callback")]
    [TestCase("vs-code", "http://127.0.0.1:33418/")]
    [TestCase("vs-code", "https://vscode.dev/redirect")]
    public async Task A_client_known_by_its_document_signs_in(string vendor, string redirect)
    {
        var client =
            new TestClient(Server, await PublishAsync(File.ReadAllText(Path.Combine(Folder, vendor + ".json"))), null, "none", redirect);

        var tokens = await client.TokensAsync(await Server.UserAsync());

        tokens.Should().HaveIssuedTokens();
        (await client.RefreshAsync(tokens.RefreshToken!)).Should().HaveIssuedTokens();
    }

    [TestCase("chatgpt", "https://chatgpt.com/connector_platform_oauth_redirect")]
    [TestCase("chatgpt-connector", "https://chatgpt.com/connector/oauth/4VqhtJkW3bXo")]
    [Behaviour(41, 44), Case("PKJ-133")]
    public async Task ChatGPT_signs_in_by_key_for_the_token_endpoint_and_without(string vendor, string redirect)
    {
        var (key, person) = (SigningPair.Rsa(), await Server.UserAsync());
        var document = File.ReadAllText(Path.Combine(Folder, vendor + ".json"));
        var id = await PublishAsync(document, key);
        var client = new KeyClient(Server, new TestClient(Server, id, null, "none", redirect), key);
        (string Name, string? Value)[] ForTokenEndpoint() => client.Proof((header, claims) =>
        {
            header.Remove("typ");
            claims.Remove("iat");
            claims["aud"] = Server.Issuer + Paths.Token;
        });

        var byKey = await client.Bare.RedeemAsync(await client.Bare.CodeAsync(person), ForTokenEndpoint());
        byKey.Should().HaveIssuedTokens();
        (await client.Bare.RefreshAsync(byKey.RefreshToken!)).Should().BeRefusedWith("invalid_client");
        (await client.Bare.RefreshAsync(byKey.RefreshToken!, ForTokenEndpoint())).Should().HaveIssuedTokens();

        var without = await client.Bare.RedeemAsync(await client.Bare.CodeAsync(person));
        without.Should().HaveIssuedTokens();
        (await client.Bare.RefreshAsync(without.RefreshToken!)).Should().HaveIssuedTokens();

        var code = await client.Bare.CodeAsync(person);
        (await client.Bare.RedeemAsync(code, client.With(SigningPair.Rsa()).Proof())).Should().BeRefusedWith("invalid_client");
        (await client.Bare.RedeemAsync(code, ForTokenEndpoint())).Should().HaveIssuedTokens();
    }

    [Test]
    public void Every_document_signs_in() =>
        Directory.GetFiles(Folder, "*.json").Select(Path.GetFileNameWithoutExtension).Should().BeSubsetOf(
            typeof(ClientDocumentVendorsTest)
                .GetMethod(nameof(A_client_known_by_its_document_signs_in))!.GetCustomAttributes(typeof(TestCaseAttribute), false)
                .Select(test => (string)((TestCaseAttribute)test).Arguments[0]!));

    // Under the vendor's own name and path, on loopback; the port is the test's, in the URL and in the document's client_id.
    // The key is that of a jwks_uri at the same host.
    private async Task<string> PublishAsync(string document, SigningPair? key = null)
    {
        var id = new Uri(JsonDocument.Parse(document).RootElement.GetProperty("client_id").GetString()!);
        var host = await outside.HostAsync(Documents.Answer(""), _ => outside.Certificate(id.Host));
        outside.Name(id.Host, "127.0.0.1");
        var here = $"https://{id.Host}:{host.Port}{id.AbsolutePath}";
        var answer = Documents.Answer(document.Replace($"\"client_id\": \"{id}\"", $"\"client_id\": \"{here}\"")
            .Replace($"\"jwks_uri\": \"https://{id.Host}/", $"\"jwks_uri\": \"https://{id.Host}:{host.Port}/"));
        host.Answer = http => key is not null && http.Request.Path != id.AbsolutePath
            ? Documents.Answer(SigningPair.Jwks(key))(http) : answer(http);
        return here;
    }
}
