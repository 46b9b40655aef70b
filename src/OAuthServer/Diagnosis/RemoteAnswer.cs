using System.Net.Http.Headers;
using System.Text.Json;

namespace OAuthServer.Diagnosis;

/// <summary>An answer of the server that is examined; when none came, why.</summary>
internal sealed class RemoteAnswer(Uri url)
{
    private JsonElement? json;
    private bool isRead;

    /// <summary>Where the request went.</summary>
    public Uri Url { get; } = url;

    /// <summary>Why no answer came; null: one came.</summary>
    public string? Problem { get; init; }

    /// <summary>0 when none came.</summary>
    public int Status { get; init; }

    public string Body { get; init; } = "";

    public HttpResponseHeaders? Headers { get; init; }

    /// <summary>The media type without its parameters.</summary>
    public string ContentType { get; init; } = "";

    /// <summary>Half-way between sending the request and having its answer.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary>What came, in a few words.</summary>
    public string Seen => Problem ?? (Error is { } error ? $"{Status} {error}" : $"{Status}");

    public bool IsOk => Status == 200;

    public bool IsRefused => Status is >= 400 and < 500;

    public bool IsJson => ContentType.Equals("application/json", StringComparison.OrdinalIgnoreCase)
        || ContentType.EndsWith("+json", StringComparison.OrdinalIgnoreCase);

    public bool IsHtml => ContentType.Equals("text/html", StringComparison.OrdinalIgnoreCase);

    /// <summary>The JSON object of the body, whatever its type says; null: there is none.</summary>
    public JsonElement? Json
    {
        get
        {
            if (isRead) return json;
            isRead = true;
            try
            {
                using var document = JsonDocument.Parse(Body);
                if (document.RootElement.ValueKind == JsonValueKind.Object) json = document.RootElement.Clone();
            }
            catch (JsonException)
            {
                // No JSON.
            }

            return json;
        }
    }

    /// <summary>RFC 6749 §5.2.</summary>
    public string? Error => Text("error");

    /// <summary>Where a redirect leads, absolute; null: the answer is none.</summary>
    public Uri? Location => Status is 301 or 302 or 303 or 307 or 308 && Headers?.Location is { } to
        ? to.IsAbsoluteUri ? to : Uri.TryCreate(Url, to, out var absolute) ? absolute : null
        : null;

    /// <summary>RFC 6749 §5.1.</summary>
    public bool IsNotStored => Headers?.CacheControl?.NoStore is true;

    /// <summary>Which origin may read it; null: none but its own.</summary>
    public string? AllowedOrigin => Header("Access-Control-Allow-Origin");

    /// <summary>A member of the JSON object that is a text.</summary>
    public string? Text(string member) =>
        Json is { } it && it.TryGetProperty(member, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    public string? Header(string name) =>
        Headers is not null && Headers.TryGetValues(name, out var values) ? string.Join(", ", values) : null;
}
