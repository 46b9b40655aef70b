using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>A client that pushes its authorization requests (RFC 9126), as its author would write it.</summary>
public static class Pushing
{
    /// <summary>POST /par of what <see cref="TestClient.AuthorizeQuery"/> would send by the browser.</summary>
    public static Task<Reply> PushAsync(this TestClient client, string verifier, params (string Name, string? Value)[] changes) =>
        client.PostAsync(Paths.Par, [.. client.AuthorizeQuery(verifier, changes).Split('&').Select(pair => pair.Split('=', 2))
            .Select(pair => (pair[0], (string?)Uri.UnescapeDataString(pair[1])))]);

    /// <summary>The query a browser is sent with after that.</summary>
    public static string PushedQuery(this TestClient client, Reply pushed) =>
        $"client_id={Uri.EscapeDataString(client.Id)}&request_uri={Uri.EscapeDataString(pushed.RequestUri())}";

    /// <summary>Both: what was pushed, as the browser is sent with it.</summary>
    public static async Task<string> PushedQueryAsync(
        this TestClient client, string verifier, params (string Name, string? Value)[] changes) =>
        client.PushedQuery(await client.PushAsync(verifier, changes));

    public static string RequestUri(this Reply pushed) => pushed.Status == 201
        ? pushed.Json.GetProperty("request_uri").GetString()! : throw new InvalidOperationException($"not pushed: {pushed}");
}
