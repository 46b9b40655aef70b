using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Authorization;

/// <content>Whom the client expects (OpenID Connect Core §3.1.2.1, id_token_hint).</content>
public sealed partial class AuthorizationChecks
{
    // OpenID Connect Core §3.1.2.1. By a key that is none of ours any more it says nothing.
    private async Task<AuthorizationRequest> ExpectAsync(AuthorizationRequest request, string hint) => await hints.ReadAsync(hint) switch
    {
        IdTokenHint.Good good when good.ClientId == request.Client.Id => request with { ExpectedSubject = good.Subject },
        IdTokenHint.Good good => request with
        {
            Problem = OAuthError.InvalidRequest("id_token_hint was issued to another client", "another aud", "OIDC Core §3.1.2.1",
                request.Client.Id, good.ClientId),
        },
        IdTokenHint.Bad bad => request with
        {
            Problem = OAuthError.InvalidRequest("id_token_hint is not an id_token of this server", bad.Reason, "OIDC Core §3.1.2.1",
                "an id_token of this server"),
        },
        _ => request,
    };
}
