using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Shared;

namespace OAuthServer.ResourceServer;

/// <summary>
/// RFC 9068 §4 and RFC 8725: a token is one of this issuer, for this resource, of type at+jwt, signed with a key of the server's
/// JWKS by the algorithm of that key, unexpired. Anything that more than one reader might read differently is refused: five parts,
/// base64url that is not canonical, repeated members, crit, keys inside the header.
/// </summary>
internal sealed class TokenValidator(VerificationKeys keys, RevocationList revocations, OAuthResourceOptions options, TimeProvider time)
{
    private const int LongestToken = 8192;
    private const int LongestKid = 256;

    // Eight actors, one in the other, are nine deep.
    private const int Deepest = 16;

    private static readonly string[] NeverInHeader = ["crit", "jwk", "jku", "x5c", "x5u", "zip", "enc", "b64"];
    private readonly JsonWebTokenHandler handler = new();

    /// <summary>The claims of a good token; throws what refuses any other.</summary>
    public async ValueTask<ValidatedToken> ValidateAsync(string token)
    {
        var parts = token.Length <= LongestToken ? token.Split('.') : [];
        if (parts is not [var first, var second, var third] || JwtPart.Octets(first) is not { } head
            || JwtPart.Octets(second) is not { } body || JwtPart.Octets(third) is null)
            throw Bad("not three canonical base64url parts");
        var (kid, alg) = Header(Object(head));
        var key = await keys.FindAsync(kid);
        if (key is null)
            throw keys.Known ? Bad("no such key")
            : new TokenRefusedException("temporarily_unavailable", "the server's keys have not been read yet");
        if (key.Alg != alg) throw Bad("the key is for another algorithm");

        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.Key,
            ValidAlgorithms = [key.Alg],
            ValidateIssuer = false,
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        if (!result.IsValid) throw Bad("the signature does not verify");

        // Before a claim is used for anything else.
        var claims = Claims(Object(body), kid);
        if (revocations.Concerns(claims)) throw Bad("revoked");
        return claims;
    }

    private static (string Kid, string Alg) Header(JsonElement header)
    {
        foreach (var name in NeverInHeader)
            if (header.TryGetProperty(name, out _))
                throw Bad($"{name} in the header");
        // RFC 9068 §4: typ is a media type, so in any case and with or without application/.
        if (Text(header, "typ") is not { } typ
            || !(typ.Equals("at+jwt", StringComparison.OrdinalIgnoreCase)
            || typ.Equals("application/at+jwt", StringComparison.OrdinalIgnoreCase)))
            throw Bad("typ is not at+jwt");
        if (Text(header, "kid") is not { Length: > 0 and <= LongestKid } kid) throw Bad("no kid");
        if (Text(header, "alg") is not { } alg) throw Bad("no alg");
        return (kid, alg);
    }

    private ValidatedToken Claims(JsonElement claims, string kid)
    {
        if (Text(claims, "iss") != options.Issuer) throw Bad("another issuer");
        if (!IsForUs(claims)) throw Bad("another audience");
        var now = time.GetUtcNow();
        if (Number(claims, "exp") is not { } exp || DateTimeOffset.FromUnixTimeSeconds(exp) + options.Leeway <= now)
            throw Bad("expired, or no exp");
        if (claims.TryGetProperty("nbf", out _)
            && (Number(claims, "nbf") is not { } nbf || DateTimeOffset.FromUnixTimeSeconds(nbf) - options.Leeway > now)) throw Bad(
                "not yet valid");
        if (Number(claims, "iat") is null || Text(claims, "sub") is not { Length: > 0 } subject
            || Text(claims, "client_id") is not { Length: > 0 } client || Text(claims, "jti") is not { Length: > 0 } jti)
            throw Bad("a claim of RFC 9068 is missing");
        // Every token of the server allows something; one that allows nothing must not pass where an endpoint demands no scope.
        if (Text(claims, "scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is not { Length: > 0 } scopes) throw Bad("no scope");
        return new ValidatedToken
        {
            Subject = subject,
            ClientId = client,
            Scopes = scopes,
            Jti = jti,
            ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(exp),
            Grant = Text(claims, "grant"),
            Actors = Actors(claims),
            Via = Via(claims),
            Kid = kid,
            Jkt = Confirmed(claims),
        };
    }

    // RFC 8693 §4.1: who acts now, around who did before. One that cannot be read must not pass as nobody.
    private static List<string> Actors(JsonElement claims)
    {
        var actors = new List<string>();
        for (var at = claims; at.TryGetProperty("act", out var act); at = act)
        {
            if (act.ValueKind != JsonValueKind.Object || Text(act, "sub") is not { Length: > 0 } actor) throw Bad("malformed act");
            actors.Add(actor);
        }

        return actors;
    }

    private static string[] Via(JsonElement claims) =>
        !claims.TryGetProperty("via", out var via) ? []
        : via.ValueKind == JsonValueKind.Array && via.EnumerateArray().All(step => step.ValueKind == JsonValueKind.String)
            ? [.. via.EnumerateArray().Select(step => step.GetString()!)]
        : throw Bad("malformed via");

    // Bound in a way that is not known here, it is nobody's to use.
    private static string? Confirmed(JsonElement claims) =>
        !claims.TryGetProperty("cnf", out var cnf) ? null
        : cnf.ValueKind == JsonValueKind.Object && Text(cnf, "jkt") is { Length: > 0 } jkt ? jkt
        : throw Bad("cnf without jkt");

    // The registered spelling and no other: tokens carry it (RFC 8707 §2).
    private bool IsForUs(JsonElement claims) => claims.TryGetProperty("aud", out var aud) && aud.ValueKind switch
    {
        JsonValueKind.String => aud.ValueEquals(options.Resource),
        JsonValueKind.Array => aud.EnumerateArray().Any(one => one.ValueKind == JsonValueKind.String && one.ValueEquals(options.Resource)),
        _ => false,
    };

    private static JsonElement Object(byte[] json) => JwtPart.Object(json, Deepest) ?? throw Bad("no JSON object, or a member twice");

    private static string? Text(JsonElement json, string name) => json.TryGetProperty(
        name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Number(JsonElement json, string name) =>
        json.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number)
            && number is >= 0 and < 100_000_000_000 ? number : null;

    private static TokenRefusedException Bad(string reason) => new("invalid_token", reason);
}
