using OAuthServer.Audit;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;
using OAuthServer.Tokens;

namespace OAuthServer.Admin.Audit;

/// <summary>
/// GET /why/{request id}: the private reason of a refusal, for operators' tools that hold a token of this very server with
/// audit:read (RFC 6750, RFC 9728).
/// </summary>
public sealed class WhyEndpoint(Revocations revocations, AuditStore audit, AuditLog log, Settings settings)
{
    public async Task HandleAsync(HttpContext http)
    {
        var id = http.PathPart("id");
        if (await OpensAsync(http) is not null) return;
        var rows = await audit.FindAsync(id, http.RequestAborted);
        if (rows.Count > 0)
        {
            var answer = new WhyAnswer { RequestId = id, Decisions = rows.Select(WhyDecision.Of) };
            await http.JsonAsync(200, answer, WhyJson.Default.WhyAnswer);
            return;
        }

        await http.JsonAsync(404, json =>
        {
            json.WriteString("error", "invalid_request");
            json.WriteString("error_description", $"No decision is kept under this request id. {AuditEvents.NotKept}");
        });
    }

    // RFC 6750 §3: no token, a bare challenge; a bad one, invalid_token; a short one, insufficient_scope.
    private async Task<OAuthError?> OpensAsync(HttpContext http)
    {
        OAuthError error;
        if (http.Bearer() is not { } token)
            error = OAuthError.InvalidToken("no bearer token");
        else if (await revocations.LiveAsync(token) is not { } claims || !Resource.Same(claims.Audience, settings.Issuer))
            error = OAuthError.InvalidToken("not a live token for this server");
        else if (!claims.Scope.Split(' ').Contains(Scope.ReadAudit))
            error = OAuthError.InsufficientScope(Scope.ReadAudit, claims.Scope);
        else
            return null;

        http.AddBearerChallenge(error, settings, Scope.ReadAudit);
        await log.RefusedAsync(AuditEvents.Api, error, http.Context());
        await http.RefuseAsync(error);
        return error;
    }
}
