using System.Buffers.Text;
using System.Collections.Frozen;
using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Keys;

namespace OAuthServer.Tokens;

/// <summary>
/// Access tokens that another server signed before this one took its place, verified with the keys that were imported. They come in other
/// forms than ours: typ JWT, several audiences, azp for client_id (Keycloak).
/// </summary>
public sealed class ImportedTokens(ImportedKeys keys)
{
    private static readonly FrozenSet<string> KnownHeaders = new[] { "alg", "kid", "typ", "x5t", "x5t#S256" }.ToFrozenSet();

    // 9999-12-31T23:59:59Z.
    private const long LastSecond = 253_402_300_799;

    private readonly JsonWebTokenHandler handler = new();

    /// <summary>Whether the key of this kid still verifies.</summary>
    public bool Verifies(string kid, DateTimeOffset now) => keys.Find(kid, now) is not null;

    /// <summary>
    /// Its claims; null for everything that is no access token of the issuer whose key it names: another form, algorithm or issuer, a crit
    /// header, a repeated or unknown header member, an ID or refresh token.
    /// </summary>
    internal async Task<Verified?> VerifyAsync(string token, DateTimeOffset now)
    {
        if (!keys.Any || ReadHeader(token) is not var (kid, typ) || keys.Find(kid, now) is not { } key) return null;
        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.SecurityKey,
            ValidIssuer = key.Row.Issuer,
            ValidAlgorithms = [key.Row.Alg],
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        return result.IsValid && Claims((JsonWebToken)result.SecurityToken, typ, key) is { } claims ? new Verified(claims, kid) : null;
    }

    private static (string Kid, string Typ)? ReadHeader(string token)
    {
        var parts = token.Split('.');
        if (parts.Length != 3 || !parts.All(OwnTokenForm.IsCanonical)) return null;
        try
        {
            using var header = JsonDocument.Parse(Base64Url.DecodeFromChars(parts[0]), new JsonDocumentOptions
            {
                MaxDepth = 2,
                AllowDuplicateProperties = false,
            });
            if (header.RootElement.ValueKind != JsonValueKind.Object
                || !header.RootElement.EnumerateObject()
                    .All(member => KnownHeaders.Contains(member.Name) && member.Value.ValueKind == JsonValueKind.String)
                || !header.RootElement.TryGetProperty("kid", out var kid)
                || !header.RootElement.TryGetProperty("typ", out var typ)) return null;
            return (kid.GetString()!, typ.GetString()!);
        }
        catch (Exception fault) when (fault is JsonException or FormatException)
        {
            return null;
        }
    }

    private static AccessTokenClaims? Claims(JsonWebToken token, string typ, ImportedKey key)
    {
        // RFC 9068 §2.1. Before it, JWT said nothing, and Keycloak says in the payload what it is: Bearer, ID or Refresh.
        var isAccessToken = typ.ToLowerInvariant() is "at+jwt" or "application/at+jwt"
            || (typ == "JWT" && token.TryGetPayloadValue<string>("typ", out var kind) && kind == "Bearer");
        // A token that is bound to a key (RFC 9449, RFC 8705) would lose its binding here.
        if (!isAccessToken || token.TryGetPayloadValue<object>("cnf", out _)
            || !token.TryGetPayloadValue<string>("sub", out var subject)
            || !token.TryGetPayloadValue<string>("jti", out var jti)
            || !token.TryGetPayloadValue<long>("iat", out var issued)
            || !token.TryGetPayloadValue<long>("exp", out var expires)
            || issued is < 0 or > LastSecond || expires is < 0 or > LastSecond
            || token.Audiences.ToArray() is not [var audience, .. var further]) return null;
        var client = token.TryGetPayloadValue<string>("client_id", out var id) ? id
            : token.TryGetPayloadValue<string>("azp", out var party) ? party : null;
        if (client is null) return null;
        var (end, until) = (DateTimeOffset.FromUnixTimeSeconds(expires), key.Row.VerifiesUntil);
        return new AccessTokenClaims
        {
            Subject = subject,
            ClientId = client,
            Audience = audience,
            FurtherAudiences = further,
            Scope = token.TryGetPayloadValue<string>("scope", out var scope) ? scope : "",
            Jti = jti,
            IssuedAt = DateTimeOffset.FromUnixTimeSeconds(issued),
            ExpiresAt = end < until ? end : until,
            EarlierIssuer = key.Row.Issuer,
        };
    }
}
