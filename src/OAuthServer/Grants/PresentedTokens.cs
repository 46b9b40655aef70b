using System.Text;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Grants;

/// <summary>A code somebody presents, and the grant it stands for.</summary>
public sealed record PresentedCode(PresentedGrant Grant, byte[] Hash);

/// <summary>A refresh token somebody presents, and the grant it stands for.</summary>
public sealed record PresentedRefreshToken
{
    public required PresentedGrant Grant { get; init; }
    public required byte[] Hash { get; init; }

    /// <summary>Null: it was issued before tokens began with their grant, and has neither family nor generation.</summary>
    public required RefreshToken? Token { get; init; }

    /// <summary>What its successor is sealed under.</summary>
    public required byte[] Secret { get; init; }

    /// <summary>A new token of the same family, or the first with one.</summary>
    public RefreshToken Successor() => Token?.Next() ?? RefreshToken.Mint(Grant.Id);

    /// <summary>The successor it got before, unsealed.</summary>
    public string SuccessorOf(byte[] box, int generation) => RefreshToken.Unseal(Secret, box, Grant.Id, generation);
}

/// <summary>
/// Finds the grant of a presented text, by its own words in today's form and by old_tokens in those before, of any length. A code is
/// never read as a refresh token, nor the other way round.
/// </summary>
public sealed class PresentedTokens(PresentedGrantStore store)
{
    /// <summary>Null when it is no code we know.</summary>
    public async Task<PresentedCode?> CodeAsync(string text, CancellationToken cancel)
    {
        if (AuthorizationCode.Read(text) is { } code && await store.CodeAsync(code.GrantId, code.Hash) is { } grant)
            return new PresentedCode(grant, code.Hash);
        var hash = OpaqueToken.Hash(text);
        return await store.OldCodeAsync(hash, cancel) is { } old ? new PresentedCode(old, hash) : null;
    }

    /// <summary>Null when it is no refresh token of a family we know.</summary>
    public async Task<PresentedRefreshToken?> RefreshTokenAsync(string text, CancellationToken cancel)
    {
        if (RefreshToken.Read(text) is { } token
            && await store.RefreshTokenAsync(token.GrantId, token.Hash, token.FamilyHash) is { } grant)
            return new PresentedRefreshToken { Grant = grant, Hash = token.Hash, Token = token, Secret = token.Secret };
        var hash = OpaqueToken.Hash(text);
        return await store.OldRefreshTokenAsync(hash, cancel) is { } old
            ? new PresentedRefreshToken { Grant = old, Hash = hash, Token = null, Secret = Encoding.UTF8.GetBytes(text) }
            : null;
    }
}
