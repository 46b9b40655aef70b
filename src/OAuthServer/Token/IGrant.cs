using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Token;

/// <summary>
/// One way to get tokens (RFC 6749 §4). The endpoint has read the form once, authenticated the client and checked that it may use
/// this grant.
/// </summary>
public interface IGrant
{
    /// <summary>What it is.</summary>
    GrantType Type { get; }

    /// <summary>
    /// RFC 7521 §4.1: which client a request without client credentials is, where the grant itself says so. Null: the client authenticates
    /// as everywhere.
    /// </summary>
    ValueTask<Result<Identified>?> IdentifyAsync(
        ClientCredential presented, Parameters parameters, RequestContext context, CancellationToken cancel) =>
        new((Result<Identified>?)null);

    /// <summary>Checks everything, then does the one thing that may happen once; refuses with nothing consumed.</summary>
    Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel);
}

/// <summary>A client that its grant identifies.</summary>
/// <param name="RedeemAsync">What remains to be done, as <see cref="IGrant.RedeemAsync"/>.</param>
public sealed record Identified(Authenticated By, Func<TokenRequest, CancellationToken, Task<Result<TokenResponse>>> RedeemAsync);

/// <summary>A token request whose client is authenticated.</summary>
public sealed record TokenRequest
{
    /// <summary>The client, and what proved it.</summary>
    public required Authenticated By { get; init; }
    public Client Client => By.Client;

    /// <summary>What the grant spends in the statement that decides: the refusal of another use is <see cref="ProofRefusals"/>.</summary>
    public required Proofs Proofs { get; init; }

    /// <summary>The key that was shown, to which the access token is bound (RFC 9449 §5); null: none.</summary>
    public string? Jkt { get; init; }
    public required Parameters Parameters { get; init; }
    public required RequestContext Context { get; init; }
}

/// <summary>RFC 6749 §5.1.</summary>
public sealed record TokenResponse
{
    /// <summary>ASCII, as it is sent: text would be twice as long.</summary>
    public required byte[] AccessToken { get; init; }

    /// <summary>DPoP where the request showed a key (RFC 9449 §5).</summary>
    public string TokenType { get; init; } = "Bearer";

    /// <summary>Seconds.</summary>
    public required int ExpiresIn { get; init; }
    public required string Scope { get; init; }

    /// <summary>What the token is for, where the reply says so (ID-JAG §4.4.1); null: it does not.</summary>
    public string? Resource { get; init; }

    /// <summary>Null: none is given.</summary>
    public IssuedRefreshToken? RefreshToken { get; init; }

    /// <summary>RFC 8693 §2.2.1; null: nothing was exchanged.</summary>
    public string? IssuedTokenType { get; init; }

    /// <summary>OpenID Connect Core §3.1.3.3, in ASCII. Null: none is given.</summary>
    public byte[]? IdToken { get; init; }
}

/// <summary>
/// A refresh token and when it ends (draft-ietf-oauth-refresh-token-expiration-03), in whole seconds that promise no more than there is.
/// </summary>
/// <param name="Text">The token.</param>
/// <param name="AuthorizationExpiresIn">Seconds to the end of what the person allowed: no successor outlives it.</param>
/// <param name="Timeout">Seconds until this very token is refused, unless it is used.</param>
public sealed record IssuedRefreshToken(string Text, int AuthorizationExpiresIn, int Timeout)
{
    /// <summary>With a second at least of either left.</summary>
    /// <param name="idleUntil">Its own end; the consent's, if that comes first.</param>
    internal static IssuedRefreshToken At(DateTimeOffset now, string text, DateTimeOffset idleUntil, DateTimeOffset expiresAt)
    {
        var authorization = Left(expiresAt);
        return new IssuedRefreshToken(text, authorization, Math.Min(authorization, Left(idleUntil)));

        int Left(DateTimeOffset end) => (int)Math.Clamp((end - now).TotalSeconds, 1, int.MaxValue);
    }
}
