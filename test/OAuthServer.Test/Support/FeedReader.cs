using System.Net.Http.Headers;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>A resource server that reads the revocation feed as any HTTP client would, and remembers its cursor.</summary>
public sealed class FeedReader(TestServer server, TestClient client)
{
    private readonly HttpClient http = server.NewHttp();

    public string? Cursor { get; set; }

    /// <summary>The next answer, whatever it is; a 200 moves the cursor.</summary>
    public async Task<Reply> GetAsync(int? wait = null, string? tag = null, AuthenticationHeaderValue? authorization = null)
    {
        var query =
            string.Join('&', new[] { Cursor is { } after ? $"after={Uri.EscapeDataString(after)}" : null, wait is { } seconds
            ? $"wait={seconds}" : null }.OfType<string>());
        using var message = new HttpRequestMessage(HttpMethod.Get, $"{server.Settings.IssuerPath}{Paths.Revocations}?{query}");
        message.Headers.Authorization = authorization ?? TestClient.Basic(client.Id, client.Secret!);
        if (tag is not null) message.Headers.TryAddWithoutValidation("If-None-Match", tag);
        var reply = await Reply.ReadAsync(await http.SendAsync(message));
        if (reply.Status == 200) Cursor = reply.Json.GetProperty("cursor").GetString();
        return reply;
    }

    /// <summary>Names and values of the entries since the cursor, such as "jti abc".</summary>
    public async Task<List<string>> ReadAsync(int? wait = null) => Entries(await GetAsync(wait));

    public static List<string> Entries(Reply reply) =>
        [.. reply.Json.GetProperty("entries").EnumerateArray()
            .Select(entry => entry.EnumerateObject().First(member => member.Name != "exp"))
            .Select(member => $"{member.Name} {member.Value.GetString()}")];
}
