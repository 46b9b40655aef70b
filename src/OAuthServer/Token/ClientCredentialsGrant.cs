using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Tokens;

namespace OAuthServer.Token;

/// <summary>
/// RFC 6749 §4.4: a machine acts for itself. Never a refresh token. Costs one audit row, committed with its neighbours'.
/// </summary>
public sealed class ClientCredentialsGrant(ResourceDirectory resources, AccessTokens tokens, AuditLog audit) : IGrant
{
    public GrantType Type => GrantType.ClientCredentials;

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var (client, parameters) = (request.Client, request.Parameters);
        if (TokenParameters.Scope(parameters).Refused(out var error, out var scope)) return error;

        if (parameters.Resources.Count > 1) return ResourceDirectory.Snapshot.SeveralResources();
        if ((await resources.ReadAsync(cancel)).Decide(client, parameters.Resources, scope).Refused(out error, out var target))
            return error;

        var now = request.Context.At;
        var claims = new AccessTokenClaims
        {
            Subject = client.Id,
            ClientId = client.Id,
            Audience = target.Resource,
            Scope = target.ScopeText,
            Jti = TimedId.NewJti(now),
            IssuedAt = now,
            ExpiresAt = now.AddSeconds(client.Row.AccessTokenSeconds),
            Jkt = request.Jkt,
        };

        // Signed first: a token that cannot be issued leaves one row, the refusal's.
        if (tokens.Issue(claims).Refused(out error, out var token)) return error;
        var usedBefore = await audit.WriteAsync(new AuditRow
        {
            At = now,
            RequestId = request.Context.RequestId,
            Event = AuditEvents.Token,
            Outcome = "ok",
            ClientId = client.Id,
            Subject = client.Id,
            Jti = claims.Jti,
            Address = request.Context.Address,
            Detail = $"client_credentials scope={claims.Scope} resource={target.Resource}{request.By.Note}",
        }, request.Proofs);
        if (ProofRefusals.Of(usedBefore) is { } used) return used;
        return new TokenResponse { AccessToken = token, ExpiresIn = client.Row.AccessTokenSeconds, Scope = claims.Scope };
    }
}
