using System.Net.Http.Headers;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;

namespace McpClient;

/// <summary>
/// mcp-client cross-app RESOURCE ISSUER IDP_TOKEN_ENDPOINT CLIENT_ID CLIENT_SECRET: the SDK's way by a company's assertion (ID-JAG),
/// without a browser.
/// </summary>
internal static class CrossApp
{
    public static async Task<int> RunAsync(string[] words)
    {
        var (resource, issuer) = (new Uri(words[0]), new Uri(words[1]));
        using var http = new HttpClient();
        var provider = new IdentityAssertionGrantProvider(
            new IdentityAssertionGrantProviderOptions
            {
                ClientId = words[3],
                ClientSecret = words[4],
                TokenEndpointAuthMethod = "client_secret_basic",
                Scope = "notes:read",
                IdpTokenEndpoint = words[2],
                IdpClientId = "agent-at-the-company",
                IdTokenCallback = (_, _) => Task.FromResult("an id_token of the company"),
            },
            http);
        var tokens = await provider.GetAccessTokenAsync(resource, issuer);
        Console.WriteLine($"ok a company's assertion became a {tokens.TokenType} token, refresh token: {tokens.RefreshToken ?? "none"}");

        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", tokens.AccessToken);
        await using var transport = new HttpClientTransport(
            new HttpClientTransportOptions { Endpoint = resource, TransportMode = HttpTransportMode.StreamableHttp },
            http, ownsHttpClient: false);
        await using var client = await ModelContextProtocol.Client.McpClient.CreateAsync(transport);
        Console.WriteLine($"ok tools: {(await client.ListToolsAsync()).Count}");
        provider.InvalidateCache();
        await provider.GetAccessTokenAsync(resource, issuer);
        Console.WriteLine("ok again with another assertion");
        return 0;
    }
}
