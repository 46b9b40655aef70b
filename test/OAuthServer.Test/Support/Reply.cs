using System.Net.Http.Headers;
using System.Text.Json;
using AngleSharp.Html.Dom;
using AngleSharp.Html.Parser;

namespace OAuthServer.Test.Support;

/// <summary>An answer, read whole.</summary>
public sealed class Reply
{
    private Reply(HttpResponseMessage message, string body)
    {
        Status = (int)message.StatusCode;
        Headers = message.Headers;
        ContentHeaders = message.Content.Headers;
        Body = body;
    }

    public int Status { get; }

    public HttpResponseHeaders Headers { get; }

    public HttpContentHeaders ContentHeaders { get; }

    public string Body { get; }

    public JsonElement Json => JsonDocument.Parse(Body).RootElement;

    /// <summary>The body as a browser reads it; a new document each time.</summary>
    public IHtmlDocument Page => new HtmlParser().ParseDocument(Body);

    public System.Text.Json.Nodes.JsonObject JsonObject() => System.Text.Json.Nodes.JsonNode.Parse(Body)!.AsObject();

    public string? Error => IsJson && Json.TryGetProperty("error", out var error) ? error.GetString() : null;

    public string? Description => IsJson && Json.TryGetProperty("error_description", out var description) ? description.GetString() : null;

    public string AccessToken => Json.GetProperty("access_token").GetString()!;

    public string? RefreshToken => Json.TryGetProperty("refresh_token", out var token) ? token.GetString() : null;

    public string? IdToken => Json.TryGetProperty("id_token", out var token) ? token.GetString() : null;

    public string RequestId => Header("Request-Id") ?? "";

    public string? Location => Header("Location");

    public bool IsJson => ContentHeaders.ContentType?.MediaType == "application/json";

    public string? Header(string name) =>
        Headers.TryGetValues(name, out var values) ? string.Join(", ", values)
        : ContentHeaders.TryGetValues(name, out values) ? string.Join(", ", values)
        : null;

    public static async Task<Reply> ReadAsync(HttpResponseMessage message)
    {
        using (message) return new Reply(message, await message.Content.ReadAsStringAsync());
    }

    public override string ToString() => $"{Status} {Location} {Body}";
}
