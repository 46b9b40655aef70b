using System.Text.Json;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Tokens;

/// <summary>What an access token says (RFC 9068 §2.2).</summary>
public sealed record AccessTokenClaims
{
    /// <summary>The person's opaque id, or the client's own id.</summary>
    public required string Subject { get; init; }
    public required string ClientId { get; init; }

    /// <summary>The one resource it is for.</summary>
    public required string Audience { get; init; }
    public required string Scope { get; init; }
    public required string Jti { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The grant it stands on; null for a machine's own token, and for those of another server.</summary>
    public Guid? Grant { get; init; }

    /// <summary>Who acts, the nearest first (RFC 8693 §4.1); empty: nobody but the client, or the rule says not to tell.</summary>
    public IReadOnlyList<string> Actors { get; init; } = [];

    /// <summary>The delegations it stands on, the first step first.</summary>
    public IReadOnlyList<Guid> Via { get; init; } = [];

    /// <summary>The key it is bound to: cnf.jkt (RFC 9449 §6.1); null: whoever bears it may use it.</summary>
    public string? Jkt { get; init; }

    /// <summary>Another server, which signed it with a key that was imported; null: this one.</summary>
    public string? EarlierIssuer { get; init; }

    /// <summary>What else it is for: another server's token may have several audiences.</summary>
    public IReadOnlyList<string> FurtherAudiences { get; init; } = [];

    /// <summary>What it tells the API of the person; null: nothing.</summary>
    public IReadOnlyDictionary<string, JsonElement>? Person { get; init; }
}

/// <summary>What an access token tells its API of the person.</summary>
/// <param name="Claims">Of <see cref="PersonClaims.OfResources"/>.</param>
public readonly record struct ToldOfPerson(PersonRow? Person, IReadOnlyList<string> Claims);

/// <summary>RFC 9068 access tokens: signed here, read back for introspection and for our own endpoints.</summary>
public sealed class AccessTokens(KeyRing keys, ImportedTokens imported, Settings settings, TimeProvider time)
{
    private const string Type = "at+jwt";

    // RFC 9068 §2.2 lists no limit; ours keeps headers of resource servers in bounds.
    private const int LongestToken = 4096;

    private readonly JsonWebTokenHandler handler = new();
    private readonly VerifiedTokens verified = new(time);
    private readonly Action<Utf8JsonWriter, (AccessTokenClaims Claims, ToldOfPerson Told)> members = (json, token) =>
    {
        WriteClaims(json, settings.Issuer, token.Claims);
        if (token.Told.Person is { } person) PersonClaims.WriteFor(json, person, token.Told.Claims);
    };

    /// <summary>
    /// The token, in ASCII, signed with the active key. Refuses when no key has been read yet, or when it would pass 4 KiB.
    /// </summary>
    /// <param name="told">What it tells the API of the person.</param>
    public Result<byte[]> Issue(AccessTokenClaims claims, ToldOfPerson told = default)
    {
        if (keys.Active is not { } key) return OAuthError.TemporarilyUnavailable("no signing key has been read yet");
        var token = JwsWriter.Write(key, Type, (claims, told), members);
        return token.Length <= LongestToken
            ? token
            : OAuthError.InvalidScope("the token would be longer than 4 KiB", "fewer scopes", $"{token.Length} octets");
    }

    /// <summary>
    /// The claims of a token this server signed with a key still published and that has not expired; null for everything else:
    /// another form, algorithm, typ, issuer, a crit header, a repeated or unknown header member, a re-encoded signature.
    /// </summary>
    public async ValueTask<AccessTokenClaims?> ReadAsync(string token, DateTimeOffset now)
    {
        if (token.Length > LongestToken) return null;
        if (verified.Find(token) is { } known)
            return known.Claims.ExpiresAt > now
                && (known.Claims.EarlierIssuer is null ? keys.Find(known.Kid) is not null : imported.Verifies(known.Kid, now))
                ? known.Claims : null;
        if ((await VerifyAsync(token) ?? await imported.VerifyAsync(token, now)) is not { } good) return null;
        verified.Remember(token, good);
        return good.Claims.ExpiresAt > now ? good.Claims : null;
    }

    private async Task<Verified?> VerifyAsync(string token)
    {
        if (OwnTokenForm.KidOf(token, Type) is not { } kid || keys.Find(kid) is not { } key) return null;
        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.SecurityKey,
            ValidIssuer = settings.Issuer,
            ValidAlgorithms = [key.Row.Alg],
            ValidTypes = [Type],
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        return result.IsValid && Claims((JsonWebToken)result.SecurityToken) is { } claims ? new Verified(claims, kid) : null;
    }

    private static void WriteClaims(Utf8JsonWriter json, string issuer, AccessTokenClaims claims)
    {
        json.WriteString("iss", issuer);
        json.WriteString("sub", claims.Subject);
        json.WriteString("aud", claims.Audience);
        json.WriteString("client_id", claims.ClientId);
        json.WriteString("scope", claims.Scope);
        json.WriteNumber("iat", claims.IssuedAt.ToUnixTimeSeconds());
        json.WriteNumber("exp", claims.ExpiresAt.ToUnixTimeSeconds());
        json.WriteString("jti", claims.Jti);
        if (claims.Grant is { } grant) json.WriteString("grant", grant);
        DelegationClaims.Write(json, claims);
        if (claims.Jkt is not { } jkt) return;
        json.WriteStartObject("cnf");
        json.WriteString("jkt", jkt);
        json.WriteEndObject();
    }

    private static AccessTokenClaims? Claims(JsonWebToken token) =>
        token.TryGetPayloadValue<string>("sub", out var subject)
        && token.TryGetPayloadValue<string>("client_id", out var client)
        && token.TryGetPayloadValue<string>("aud", out var audience)
        && token.TryGetPayloadValue<string>("scope", out var scope)
        && token.TryGetPayloadValue<string>("jti", out var jti)
        && token.TryGetPayloadValue<long>("iat", out var issued)
        && token.TryGetPayloadValue<long>("exp", out var expires)
            ? new AccessTokenClaims
            {
                Subject = subject,
                ClientId = client,
                Audience = audience,
                Scope = scope,
                Jti = jti,
                IssuedAt = DateTimeOffset.FromUnixTimeSeconds(issued),
                ExpiresAt = DateTimeOffset.FromUnixTimeSeconds(expires),
                Grant = token.TryGetPayloadValue<string>("grant", out var grant) && Guid.TryParse(grant, out var id) ? id : null,
                Jkt = Confirmed(token),
                Person = PersonClaims.Read(token.EncodedPayload),
                Actors = DelegationClaims.Actors(token.EncodedPayload),
                Via = DelegationClaims.Via(token.EncodedPayload),
            }
            : null;

    private static string? Confirmed(JsonWebToken token) =>
        token.TryGetPayloadValue<JsonElement>("cnf", out var cnf) && cnf.ValueKind == JsonValueKind.Object
            && cnf.TryGetProperty("jkt", out var jkt) ? jkt.GetString() : null;
}
