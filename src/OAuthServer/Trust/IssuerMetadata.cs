using System.Text.Json;

namespace OAuthServer.Trust;

/// <summary>Where an issuer's keys are, as its discovery document says: OpenID Connect Discovery 1.0 §4, else RFC 8414 §3.</summary>
internal static class IssuerMetadata
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Where the document may be, the first place first.</summary>
    public static IReadOnlyList<Uri> PlacesOf(string issuer)
    {
        var url = new Uri(issuer);
        var path = url.AbsolutePath.TrimEnd('/');
        return
        [
            new Uri(issuer.TrimEnd('/') + "/.well-known/openid-configuration"),
            new Uri($"{url.GetLeftPart(UriPartial.Authority)}/.well-known/oauth-authorization-server{path}"),
        ];
    }

    /// <summary>Its jwks_uri, or the flaw for which the document cannot be used: its issuer must be this one, exactly.</summary>
    /// <param name="loopback">Whether http on this computer is taken.</param>
    public static (Uri? JwksUri, string? Flaw) Read(byte[] body, string issuer, bool loopback)
    {
        try
        {
            using var document = JsonDocument.Parse(body, Strict);
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return (null, "its discovery document is no JSON object");
            if (Text("issuer") is not { } named || !string.Equals(named, issuer, StringComparison.Ordinal))
                return (null, $"its discovery document names another issuer: {Text("issuer") ?? "none"}");
            return Text("jwks_uri") is { } text && Uri.TryCreate(text, UriKind.Absolute, out var uri) && IsUsable(uri, loopback)
                ? (uri, null) : (null, "its jwks_uri cannot be used");

            string? Text(string name) =>
                root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            return (null, "its discovery document is no JSON, or has a member twice");
        }
    }

    private static bool IsUsable(Uri uri, bool loopback) =>
        uri.UserInfo.Length == 0 && uri.Fragment.Length == 0
        && (uri.Scheme == Uri.UriSchemeHttps || (uri.Scheme == Uri.UriSchemeHttp && loopback && uri.IsLoopback));
}
