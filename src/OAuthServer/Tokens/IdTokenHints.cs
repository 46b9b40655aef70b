using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using OAuthServer.Keys;
using OAuthServer.Protocol;

namespace OAuthServer.Tokens;

/// <summary>What an id_token_hint turned out to be: exactly one of these.</summary>
public abstract record IdTokenHint
{
    private IdTokenHint()
    {
    }

    /// <summary>An id_token of ours, expired or not.</summary>
    public sealed record Good : IdTokenHint
    {
        public required Guid Subject { get; init; }

        /// <summary>The client it was issued to: its aud.</summary>
        public required string ClientId { get; init; }

        /// <summary>The sign-in it tells of; null when it names none.</summary>
        public required Guid? Sid { get; init; }

        /// <summary>When the person had signed in.</summary>
        public required DateTimeOffset AuthenticatedAt { get; init; }
    }

    /// <summary>In the form of ours, by a key that is none of ours any more: it proves nothing, and need not be a forgery.</summary>
    public sealed record UnknownKey : IdTokenHint;

    /// <summary>No id_token of this server: a forged one, another kind of token, anything else.</summary>
    /// <param name="Reason">For the audit log.</param>
    public sealed record Bad(string Reason) : IdTokenHint;
}

/// <summary>
/// Reads id_tokens that come back as a hint of who is meant (OpenID Connect Core §3.1.2.1, RP-Initiated Logout §2). They may have
/// expired, and their key may have left the JWKS; a key that was retired as compromised verifies nothing. Access tokens and logout
/// tokens are of another type, and no hint (RFC 8725 §3.11).
/// </summary>
public sealed class IdTokenHints(KeyRing keys, Settings settings)
{
    private const int LongestToken = 16 * 1024;

    // 9999-12-31T23:59:59Z.
    private const long LastSecond = 253_402_300_799;

    private readonly JsonWebTokenHandler handler = new();

    /// <summary>What the hint says, if it is ours.</summary>
    public async Task<IdTokenHint> ReadAsync(string token)
    {
        if (token.Length > LongestToken) return new IdTokenHint.Bad("longer than 16 KiB");
        if (OwnTokenForm.KidOf(token, IdTokens.Type) is not { } kid)
            return new IdTokenHint.Bad("not in the form of an id_token of this server");
        if (keys.FindForHint(kid) is not { } key)
            return keys.IsRevoked(kid) ? new IdTokenHint.Bad("its key was retired as compromised") : new IdTokenHint.UnknownKey();
        var result = await handler.ValidateTokenAsync(token, new TokenValidationParameters
        {
            IssuerSigningKey = key.SecurityKey,
            ValidIssuer = settings.Issuer,
            ValidAlgorithms = [key.Row.Alg],
            ValidTypes = [IdTokens.Type],
            ValidateAudience = false,
            ValidateLifetime = false,
        });
        if (!result.IsValid) return new IdTokenHint.Bad("its signature or issuer is another one");
        return Claims((JsonWebToken)result.SecurityToken) ?? (IdTokenHint)new IdTokenHint.Bad("a claim of an id_token is missing");
    }

    private static IdTokenHint.Good? Claims(JsonWebToken token) =>
        token.TryGetPayloadValue<string>("sub", out var sub) && Guid.TryParseExact(sub, "D", out var subject)
        && token.TryGetPayloadValue<string>("aud", out var client)
        && token.TryGetPayloadValue<long>("auth_time", out var authenticated) && authenticated is >= 0 and <= LastSecond
            ? new IdTokenHint.Good
            {
                Subject = subject,
                ClientId = client,
                Sid = token.TryGetPayloadValue<string>("sid", out var sid) && Guid.TryParseExact(sid, "D", out var id) ? id : null,
                AuthenticatedAt = DateTimeOffset.FromUnixTimeSeconds(authenticated),
            }
            : null;
}
