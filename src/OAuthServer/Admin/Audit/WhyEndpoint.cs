using OAuthServer.Audit;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Admin.Audit;

/// <summary>
/// GET /why/{request id}: the private reason of a refusal, for operators' tools that hold a token of this very server with
/// audit:read (RFC 6750, RFC 9728).
/// </summary>
public sealed class WhyEndpoint(DpopRequests dpop, AuditStore audit, AuditLog log, Settings settings)
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
        if (await RefusalAsync(http) is not { } error) return null;
        http.AddTokenChallenge(error, settings, Scope.ReadAudit);
        await log.RefusedAsync(AuditEvents.Api, error, http.Context());
        await http.RefuseAsync(error);
        return error;
    }

    private async Task<OAuthError?> RefusalAsync(HttpContext http)
    {
        var path = $"{Paths.Why}/{Uri.EscapeDataString(http.PathPart("id"))}";
        if ((await dpop.TokenAsync(http, path)).Refused(out var error, out var claims)) return error;
        if (!Resource.Same(claims.Audience, settings.Issuer)) return OAuthError.InvalidToken("not a live token for this server");
        return claims.Scope.Split(' ').Contains(Scope.ReadAudit) ? null : OAuthError.InsufficientScope(Scope.ReadAudit, claims.Scope);
    }
}
