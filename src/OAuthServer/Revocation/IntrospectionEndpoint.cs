using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Tokens;

namespace OAuthServer.Revocation;

/// <summary>
/// POST /introspect (RFC 7662), for resource servers about tokens for their own resources. Everything else is exactly
/// {"active":false}.
/// </summary>
public sealed class IntrospectionEndpoint(ClientEndpoint shared, Revocations revocations, ClientUse use, Settings settings)
{
    public Task HandleAsync(HttpContext http) => shared.HandleAsync(http, AuditEvents.Introspection, async (authenticated, token) =>
    {
        var client = authenticated.Client;
        if (!client.IsResourceServer)
            return OAuthError.InvalidClient("only resource servers introspect", "RFC 7662 §2.1", "a client of kind resource-server",
                client.Row.Kind);

        use.Note(authenticated);
        var claims = await revocations.LiveAsync(token);
        var concerned = claims is not null
            && (client.Row.Resources.Contains(claims.Audience) || client.Row.DefaultResource == claims.Audience);
        await http.JsonAsync(200, json =>
        {
            json.WriteBoolean("active", concerned);
            if (!concerned) return;
            json.WriteString("scope", claims!.Scope);
            json.WriteString("client_id", claims.ClientId);
            json.WriteString("sub", claims.Subject);
            json.WriteString("aud", claims.Audience);
            json.WriteString("iss", settings.Issuer);
            json.WriteNumber("iat", claims.IssuedAt.ToUnixTimeSeconds());
            json.WriteNumber("exp", claims.ExpiresAt.ToUnixTimeSeconds());
            json.WriteString("jti", claims.Jti);
            json.WriteString("token_type", "Bearer");
        });
        return null;
    });
}
