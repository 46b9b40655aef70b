using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores;
using OAuthServer.Tokens;

namespace OAuthServer.Grants;

/// <summary>RFC 6749 §4.4: a machine acts for itself. Never a refresh token. Costs one audit row, committed with its neighbours'.</summary>
public sealed class ClientCredentialsGrant(ResourceDirectory resources, AccessTokens tokens, AuditLog audit, TimeProvider time) : IGrant
{
    public string GrantType => "client_credentials";

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var (client, parameters) = (request.Client, request.Parameters);
        if (TokenParameters.Scope(parameters).Refused(out var error, out var asked)) return error;

        var known = await resources.ReadAsync(cancel);
        if (known.Allow(client, asked, []).Refused(out error, out var scope)) return error;
        if (TokenParameters.Resource(parameters, client, scope, known).Refused(out error, out var resource)) return error;

        var now = time.GetUtcNow();
        var claims = new AccessTokenClaims
        {
            Subject = client.Id,
            ClientId = client.Id,
            Audience = resource,
            Scope = Scope.Join(scope),
            Jti = AccessTokens.NewJti(),
            IssuedAt = now,
            ExpiresAt = now.AddSeconds(client.Row.AccessTokenSeconds),
        };

        // Queued first: the row commits while the token is signed; the answer waits for both.
        var durable = audit.WriteAsync(new AuditRow
        {
            At = now,
            RequestId = request.Context.RequestId,
            Event = Decisions.Token,
            Outcome = "ok",
            ClientId = client.Id,
            Subject = client.Id,
            Jti = claims.Jti,
            Address = request.Context.Address,
            Detail = $"client_credentials scope={claims.Scope} resource={resource}",
        });
        var issued = tokens.Issue(claims);
        await durable;
        if (issued.Refused(out error, out var token)) return error;
        return new TokenResponse { AccessToken = token, ExpiresIn = client.Row.AccessTokenSeconds, Scope = claims.Scope };
    }
}
