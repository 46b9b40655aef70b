using OAuthServer.Clients;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Token;

/// <summary>What one kind of code is redeemed with, and what is answered where it cannot be.</summary>
internal sealed record CodeTerms
{
    /// <summary><see cref="Redemption.Code"/> or <see cref="Redemption.DeviceCode"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>Null when the client did not repeat it.</summary>
    public string? RedirectUri { get; init; }

    /// <summary>S256 of the verifier that came; null: there is none.</summary>
    public string? Challenge { get; init; }

    /// <summary>Whether the request's nonce goes into an id_token.</summary>
    public bool WithNonce { get; init; }

    /// <summary>The refusal of a code nobody knows.</summary>
    public required Func<OAuthError> NoSuchCode { get; init; }

    /// <summary>The private reason, from the row as it stood under the statement's lock; last: what spoke against any tokens.</summary>
    public required Func<RedeemedCode, Redemption, OAuthError?, OAuthError> Refusal { get; init; }
}

/// <summary>
/// What authorization codes and device codes share: the tokens are made first, then one statement spends the code, and only then they are
/// handed out.
/// </summary>
public sealed class CodeRedemption(RedemptionStore codes, ResourceDirectory resources, GrantTokens tokens)
{
    internal async Task<Result<TokenResponse>> RedeemAsync(
        TokenRequest request, PresentedCode code, CodeTerms terms, CancellationToken cancel)
    {
        var (client, grant, now) = (request.Client, code.Grant, request.Context.At);
        var refresh = grant.Offline && client.MayUse(GrantType.RefreshToken) ? RefreshToken.Mint(grant.Id) : null;
        var wishes = new TokenWishes
        {
            Resources = request.Parameters.Resources,
            Offline = refresh is not null,
            Jkt = request.Jkt,
            WithNonce = terms.WithNonce,
        };
        // A problem is no refusal yet: another client's code, a replay or an ended grant is for the statement to find first.
        (await tokens.PrepareAsync(client, grant, await resources.ReadAsync(cancel), wishes, now)).Refused(
            out var problem, out var prepared);
        var redemption = new Redemption
        {
            Grant = grant,
            Kind = terms.Kind,
            Hash = code.Hash,
            ClientId = client.Id,
            RedirectUri = terms.RedirectUri,
            Challenge = terms.Challenge,
            Token = prepared?.Facts,
            RefreshHash = refresh?.Hash,
            FamilyHash = refresh?.FamilyHash,
            RefreshIdleUntil = now.AddSeconds(client.Row.RefreshIdleSeconds),
            Proofs = request.Proofs,
            ProvenBy = request.By.ProvenBy,
            Jkt = request.Jkt,
            Note = request.By.Note,
            Now = now,
            RequestId = request.Context.RequestId,
            Address = request.Context.Address,
        };
        if (await codes.RedeemAsync(redemption) is not { } found) return terms.NoSuchCode();
        if (ProofRefusals.Of(found.UsedBefore) is { } used) return used;
        if (!found.Redeemed || prepared is null) return terms.Refusal(found, redemption, problem);
        await tokens.NoteAsync(prepared, client, grant, request.Context);
        return prepared.Response with
        {
            RefreshToken = refresh is null ? null : IssuedRefreshToken.At(now, refresh.Text, redemption.RefreshIdleUntil, grant.ExpiresAt),
        };
    }
}
