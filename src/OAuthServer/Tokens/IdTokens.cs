using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text.Json;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Resources;
using OAuthServer.Stores.Users;

namespace OAuthServer.Tokens;

/// <summary>What an id_token says (OpenID Connect Core §2).</summary>
public sealed record IdTokenClaims
{
    public required Guid Subject { get; init; }

    /// <summary>The client it is for.</summary>
    public required string ClientId { get; init; }
    public required DateTimeOffset IssuedAt { get; init; }

    /// <summary>When the person signed in.</summary>
    public required DateTimeOffset AuthTime { get; init; }

    /// <summary>Null: the request had none, or this is not the first.</summary>
    public required string? Nonce { get; init; }
    public required Guid Sid { get; init; }
    public required string Acr { get; init; }
    public required string[] Amr { get; init; }

    /// <summary>The access token beside it.</summary>
    public required byte[] AccessToken { get; init; }

    /// <summary>Which claims about the person it has.</summary>
    public required string[] Scope { get; init; }

    /// <summary>Null: they come from userinfo only.</summary>
    public required PersonRow? Person { get; init; }
    public required IReadOnlyList<ClaimRule> Rules { get; init; }
}

/// <summary>An id_token that nobody has yet.</summary>
/// <param name="Text">ASCII.</param>
/// <param name="LeftOut">What userinfo has and it has not, for want of room; null: nothing.</param>
public sealed record IssuedIdToken(byte[] Text, string? LeftOut);

/// <summary>id_tokens: signed with the algorithm of each client, accepted nowhere as a bearer token.</summary>
public sealed class IdTokens(KeyRing keys, Settings settings)
{
    /// <summary>What their header says they are.</summary>
    public const string Type = "JWT";

    private const int LongestToken = 4096;
    private readonly Action<Utf8JsonWriter, IdTokenClaims> members = (json, claims) => WriteClaims(json, settings, claims);

    /// <summary>
    /// The token, without lists that are too long for it, and without any claim about the person where it would still pass 4 KiB.
    /// Refuses when no key of this algorithm has been read yet.
    /// </summary>
    /// <param name="alg">RS256 or ES256.</param>
    public Result<IssuedIdToken> Issue(string alg, IdTokenClaims claims)
    {
        if (keys.ActiveOf(alg) is not { } key) return OAuthError.TemporarilyUnavailable($"no {alg} signing key has been read yet");
        var token = JwsWriter.Write(key, Type, claims, members);
        if (token.Length <= LongestToken)
            return new IssuedIdToken(token, claims.Person is { } person ? PersonClaims.TooLong(person, [.. claims.Scope, "roles"]) : null);
        return new IssuedIdToken(JwsWriter.Write(key, Type, claims with { Person = null }, members), "all claims about the person");
    }

    private static void WriteClaims(Utf8JsonWriter json, Settings settings, IdTokenClaims claims)
    {
        json.WriteString("iss", settings.Issuer);
        json.WriteString("sub", claims.Subject);
        json.WriteString("aud", claims.ClientId);
        json.WriteNumber("iat", claims.IssuedAt.ToUnixTimeSeconds());
        json.WriteNumber("exp", claims.IssuedAt.ToUnixTimeSeconds() + settings.IdTokenSeconds);
        json.WriteNumber("auth_time", claims.AuthTime.ToUnixTimeSeconds());
        if (claims.Nonce is { } nonce) json.WriteString("nonce", nonce);
        json.WriteString("at_hash", Base64Url.EncodeToString(SHA256.HashData(claims.AccessToken).AsSpan(0, 16)));
        json.WriteString("sid", claims.Sid);
        json.WriteString("acr", claims.Acr);
        json.WriteStartArray("amr");
        foreach (var method in claims.Amr) json.WriteStringValue(method);
        json.WriteEndArray();
        if (claims.Person is { } person) PersonClaims.Write(json, person, claims.Scope, claims.Rules, isToken: true);
    }
}
