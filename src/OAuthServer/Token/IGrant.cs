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

    /// <summary>The key that a DPoP proof of the request shows (RFC 7638); null: no proof came.</summary>
    public string? Jkt { get; init; }
    public required Parameters Parameters { get; init; }
    public required RequestContext Context { get; init; }
}

/// <summary>RFC 6749 §5.1.</summary>
public sealed record TokenResponse
{
    /// <summary>ASCII, as it is sent: text would be twice as long.</summary>
    public required byte[] AccessToken { get; init; }

    /// <summary>Seconds.</summary>
    public required int ExpiresIn { get; init; }
    public required string Scope { get; init; }

    /// <summary>What the token is for, where the reply says so (ID-JAG §4.4.1); null: it does not.</summary>
    public string? Resource { get; init; }

    /// <summary>Null: none is given.</summary>
    public string? RefreshToken { get; init; }

    /// <summary>OpenID Connect Core §3.1.3.3, in ASCII. Null: none is given.</summary>
    public byte[]? IdToken { get; init; }
}
