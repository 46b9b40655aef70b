using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;

namespace OAuthServer.Clients;

/// <summary>
/// The keys of a client as it registers them or its document has them (RFC 7591 §2): jwks or jwks_uri, and the algorithm of its
/// assertions. Private and symmetric keys are refused, and no value is repeated. Null is absent.
/// </summary>
public static partial class KeyMetadata
{
    /// <summary>Keys of one client.</summary>
    public const int Most = 10;

    private const int LongestUri = 2048;
    private const string Rule = "RFC 7591 §2";

    // Nothing else of a key is kept: certificates, places of certificates, what somebody made up.
    private static readonly string[] Kept = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];

    /// <summary>What the object says, or why it cannot prove itself by key.</summary>
    public static Result<KeySettings> Read(JsonElement body)
    {
        var (jwks, place) = (Member(body, "jwks"), Member(body, "jwks_uri"));
        var alg = Member(body, "token_endpoint_auth_signing_alg");
        if (alg is not null && !(Text(alg) is { } named && VerificationKeySet.Algorithms.Contains(named)))
            return OAuthError.InvalidClientMetadata("token_endpoint_auth_signing_alg must be ES256, PS256 or RS256",
                "another algorithm", Rule, Capabilities.OneOf(VerificationKeySet.Algorithms));
        if (jwks is not null && place is not null)
            return OAuthError.InvalidClientMetadata("jwks and jwks_uri exclude each other", "both", Rule, "one of them");
        if (place is not null)
            return Text(place) is { Length: <= LongestUri } uri && RedirectRules.IsPage(uri) && Place().IsMatch(uri)
                ? new KeySettings { JwksUri = uri, Alg = Text(alg) }
                : OAuthError.InvalidClientMetadata(
                    "jwks_uri must be https with a domain name", "another jwks_uri", Rule, "an https URI");
        if (jwks is null)
            return OAuthError.InvalidClientMetadata(
                "jwks or jwks_uri is required", "private_key_jwt without keys", Rule, "its public keys");
        return Public(jwks.Value) is { } keys ? new KeySettings { Jwks = keys, Alg = Text(alg) }
            : OAuthError.InvalidClientMetadata("jwks must hold public keys that verify ES256, PS256 or RS256, ten at most",
                VerificationKeySet.ReadPublic(Encoding.UTF8.GetBytes(jwks.Value.GetRawText())).Flaw ?? "too many keys, or no text in one",
                Rule, "public keys only");
    }

    // The set with what is needed of its keys; null: it cannot be used.
    private static string? Public(JsonElement jwks)
    {
        if (VerificationKeySet.ReadPublic(Encoding.UTF8.GetBytes(jwks.GetRawText())).Keys is null) return null;
        var keys = new JsonArray();
        foreach (var jwk in jwks.GetProperty("keys").EnumerateArray())
        {
            if (jwk.ValueKind != JsonValueKind.Object) return null;
            var kept = new JsonObject();
            foreach (var name in Kept)
            {
                if (!jwk.TryGetProperty(name, out var member)) continue;
                // No text in PostgreSQL has a NUL.
                if (Text(member) is not { } text || text.Contains('\0')) return null;
                kept[name] = text;
            }

            keys.Add(kept);
        }

        return keys.Count <= Most ? new JsonObject { ["keys"] = keys }.ToJsonString() : null;
    }

    private static JsonElement? Member(JsonElement body, string name) =>
        body.TryGetProperty(name, out var member) && member.ValueKind != JsonValueKind.Null ? member : null;

    // Octets that are no UTF-8, and lone surrogates, are no text.
    private static string? Text(JsonElement? element)
    {
        if (element is not { ValueKind: JsonValueKind.String } text) return null;
        try { return text.GetString(); }
        catch (InvalidOperationException) { return null; }
    }

    [GeneratedRegex(@"^https://[^\s/?#@\\]+(/[^\s#@\\]*)?\z", RegexOptions.CultureInvariant)]
    private static partial Regex Place();
}
