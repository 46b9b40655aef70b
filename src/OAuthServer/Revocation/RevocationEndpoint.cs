using OAuthServer.Audit;
using OAuthServer.Http;
using OAuthServer.Tokens;

namespace OAuthServer.Revocation;

/// <summary>POST /revoke (RFC 7009). 200 for unknown and foreign tokens too, but only once what it says is durable.</summary>
public sealed class RevocationEndpoint(ClientEndpoint shared, Revocations revocations)
{
    public async Task HandleAsync(HttpContext http)
    {
        if (await shared.ReadAsync(http, AuditEvents.Revocation) is not { } query) return;
        await revocations.RevokeAsync(query.Token, query.By.Client.Id, http.Context());
        http.Response.NoStore();
        http.Response.StatusCode = 200;
        http.Response.ContentLength = 0;
    }
}
