using System.Text.Json;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>Reading a JSON body once.</summary>
public static class JsonBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 32, AllowDuplicateProperties = false };

    /// <summary>
    /// The JSON of a request (RFC 8259): application/json in UTF-8, uncompressed, at most 64 KiB, 32 levels deep, no member twice,
    /// nothing before or after it, no byte order mark.
    /// </summary>
    /// <param name="most">Octets; more is 413.</param>
    public static async Task<Result<JsonElement>> JsonAsync(this HttpContext http, int most = Request.MostBodyBytes)
    {
        if (!IsJson(http.Request))
            return OAuthError.InvalidRequest("Content-Type must be application/json", "another content type", "RFC 7591 §3.1",
                "application/json", http.Request.ContentType) with
            { Status = 415 };
        // Kestrel ends a body past its limit with 413.
        if (most < Request.MostBodyBytes) http.Features.GetRequiredFeature<IHttpMaxRequestBodySizeFeature>().MaxRequestBodySize = most;
        using var read = new MemoryStream();
        try { await http.Request.Body.CopyToAsync(read, http.RequestAborted); }
        catch (IOException fault) when (Request.IsBadFraming(fault)) { return Request.BadFraming(fault); }

        try
        {
            using var document = JsonDocument.Parse(read.GetBuffer().AsMemory(0, (int)read.Length), Strict);
            return document.RootElement.Clone();
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return OAuthError.InvalidClientMetadata("The request body must be one JSON object, no member twice, at most 32 levels deep",
                "not such JSON", "RFC 8259", "a JSON object");
        }
    }

    /// <summary>A member of what was posted; undefined where there is none, or no object at all.</summary>
    public static JsonElement Member(this JsonElement posted, string name) =>
        posted.ValueKind == JsonValueKind.Object && posted.TryGetProperty(name, out var value) ? value : default;

    private static bool IsJson(HttpRequest request) =>
        MediaTypeHeaderValue.TryParse(request.ContentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        && (!type.Charset.HasValue || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)
            || type.Charset.Equals("\"utf-8\"", StringComparison.OrdinalIgnoreCase))
        && request.Headers.ContentEncoding.Count == 0;
}
