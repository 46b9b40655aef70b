using System.Buffers.Text;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Federation;

/// <summary>What an id_token has to agree with.</summary>
public sealed record ExpectedIdToken
{
    public required string Issuer { get; init; }
    public required string ClientId { get; init; }
    public required string Nonce { get; init; }

    /// <summary>What came beside it, for at_hash; null: nothing.</summary>
    public required string? AccessToken { get; init; }

    /// <summary>The person must have signed in there since, less 30 seconds; null: whenever.</summary>
    public required DateTimeOffset? AuthAfter { get; init; }
    public required DateTimeOffset Now { get; init; }
}

/// <summary>
/// An id_token of a provider (OpenID Connect Core §3.1.3.7), checked in the order of this file. Keys come from the provider's key set
/// alone: jwk, jku and x5u of the header are not looked at (RFC 8725 §3.10).
/// </summary>
public static class IdTokenChecks
{
    /// <summary>Characters of an id_token.</summary>
    public const int LongestToken = 8 * 1024;

    private static readonly TimeSpan Leeway = TimeSpan.FromSeconds(30), IssuedWithin = TimeSpan.FromMinutes(10);
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 16 };

    /// <summary>Its claims; or the first check that it fails.</summary>
    public static Result<JsonElement> Check(string token, ExpectedIdToken expected, VerificationKeySet keys)
    {
        if (token.Length > LongestToken) return Fail("form", "longer than 8 KiB", "at most 8192 characters", $"{token.Length}");
        // Three parts.
        if (token.Split('.') is not [var first, var second, var third] || Read(first) is not { } header || Read(second) is not { } claims
            || !Base64Url.IsValid(third)) return Fail("form", "not three parts of base64url with JSON objects", "a signed JWT");

        return CheckHeader(header, keys) is { } flaw ? flaw
            : !keys.Verifies(Text(header, "alg")!, Text(header, "kid"), Encoding.ASCII.GetBytes($"{first}.{second}"),
                Base64Url.DecodeFromChars(third)) ? Fail("signature", "the signature is not by that key", "a key of its jwks_uri")
            // RFC 7515 §4.1.11: nothing here is understood.
            : header.TryGetProperty("crit", out _) ? Fail("crit", "the header has critical members", "no crit")
            : CheckClaims(claims, expected) is { } wrong ? wrong
            : claims;
    }

    /// <summary>The key that a token says it is signed by: alg, kid. Null: it has no header.</summary>
    public static (string? Alg, string? Kid)? KeyOf(string token) =>
        token.Length <= LongestToken && Read(token.Split('.')[0]) is { } header ? (Text(header, "alg"), Text(header, "kid")) : null;

    private static OAuthError? CheckHeader(JsonElement header, VerificationKeySet keys)
    {
        if (Text(header, "alg") is not { } alg || !VerificationKeySet.Algorithms.Contains(alg))
            return Fail("alg", "the algorithm is not taken", "RS256, PS256 or ES256", Shown(header, "alg"));
        if (header.TryGetProperty("kid", out var kid) && kid.ValueKind != JsonValueKind.String)
            return Fail("kid", "kid is no text", "a text", kid.ValueKind.ToString());
        if (!keys.Knows(alg, Text(header, "kid")))
            return Fail("kid", $"no one key of its jwks_uri has this kid and verifies {alg}", "a key of its jwks_uri",
                Shown(header, "kid"));
        return null;
    }

    private static OAuthError? CheckClaims(JsonElement claims, ExpectedIdToken expected)
    {
        var now = expected.Now;
        if (Text(claims, "iss") != expected.Issuer) return Fail("iss", "another issuer", expected.Issuer, Shown(claims, "iss"));
        if (!IsAudience(claims, expected.ClientId)) return Fail("aud", "another audience, or more than one", expected.ClientId,
            Shown(claims, "aud"));
        if (claims.TryGetProperty("azp", out _) && Text(claims, "azp") != expected.ClientId)
            return Fail("azp", "issued to another client", expected.ClientId, Shown(claims, "azp"));
        if (Time(claims, "exp") is not { } exp || exp <= now - Leeway) return Fail("exp", "expired", Said(now), Shown(claims, "exp"));
        if (Time(claims, "iat") is not { } iat || (iat - now).Duration() > IssuedWithin)
            return Fail("iat", "not issued within ten minutes", Said(now), Shown(claims, "iat"));
        if (Text(claims, "nonce") is not { } nonce || !Same(nonce, expected.Nonce))
            return Fail("nonce", "the nonce is missing, or another one", "the nonce that was sent", claims.TryGetProperty("nonce", out _)
                ? "another" : "none");
        if (claims.TryGetProperty("at_hash", out _) && !IsHash(Text(claims, "at_hash"), expected.AccessToken))
            return Fail("at_hash", "at_hash is not of the access token that came", "the left half of its SHA-256",
                Shown(claims, "at_hash"));
        if (claims.TryGetProperty("auth_time", out _))
        {
            if (Time(claims, "auth_time") is not { } when)
                return Fail("auth_time", "auth_time is no time", "a number of seconds", Shown(claims, "auth_time"));
            if (expected.AuthAfter is { } after && when < after - Leeway) return FederationErrors.NotAskedAgain(Said(after), Said(when));
        }

        return Text(claims, "sub") is { Length: >= 1 and <= 255 } sub && sub.All(character => character is >= ' ' and <= '~') ? null
            : Fail("sub", "sub is not 1 to 255 printable ASCII characters", "a name of the person", Shown(claims, "sub"));
    }

    // The client id, alone in a list or not: another audience could use the token here.
    private static bool IsAudience(JsonElement claims, string client) => claims.TryGetProperty("aud", out var aud)
        && (aud.ValueKind == JsonValueKind.String ? aud.GetString() == client
            : aud.ValueKind == JsonValueKind.Array && aud.GetArrayLength() == 1 && aud[0].ValueKind == JsonValueKind.String
                && aud[0].GetString() == client);

    private static bool IsHash(string? hash, string? token) => hash is not null && token is not null
        && Same(hash, Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(token)).AsSpan(0, 16)));

    private static bool Same(string one, string other) =>
        CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));

    private static OAuthError Fail(string check, string reason, string expected, string? got = null) =>
        FederationErrors.Unacceptable("OIDC Core §3.1.3.7", $"id_token, {check}: {reason}", expected, got);

    private static JsonElement? Read(string part)
    {
        if (!Base64Url.IsValid(part)) return null;
        try
        {
            using var document = JsonDocument.Parse(Base64Url.DecodeFromChars(part), Strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonElement from, string name) => JsonClaims.Text(from, name);

    private static DateTimeOffset? Time(JsonElement claims, string name) => JsonClaims.Time(claims, name);

    private static string Said(DateTimeOffset time) => time.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);

    private static string Shown(JsonElement from, string name) =>
        from.TryGetProperty(name, out var value) ? FederationErrors.Shorten(value.ToString())! : "none";
}
