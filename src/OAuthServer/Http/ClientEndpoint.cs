using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>What /revoke and /introspect share: the form read once, the client proven, a token required, refusals audited.</summary>
public sealed class ClientEndpoint(ClientAuthentication clients, ClientLimit limit, AuditLog audit)
{
    /// <summary>Runs <paramref name="decide"/> with the proven client and the token; what is refused before is answered here.</summary>
    public async Task HandleAsync(HttpContext http, string decision, Func<Authenticated, string, Task<OAuthError?>> decide)
    {
        var request = http.Context();
        if ((await http.FormAsync()).Refused(out var error, out var form)
            || (error = form.Problem()) is not null
            || http.Client(form).Refused(out error, out var presented))
        {
            await RefuseAsync(http, decision, error, request, null);
            return;
        }

        if ((await clients.AuthenticateAsync(presented, request, http.RequestAborted)).Refused(out error, out var authenticated)
            || (error = limit.Refusal(authenticated.Client, request)) is not null
            || (error = Token(form)) is not null
            || (error = await decide(authenticated, form["token"]!)) is not null)
            await RefuseAsync(http, decision, error, request, presented.Id);
    }

    private async Task RefuseAsync(HttpContext http, string decision, OAuthError error, RequestContext request, string? client)
    {
        await audit.RefusedAsync(decision, error, request, client);
        await http.RefuseAsync(error);
    }

    private static OAuthError? Token(Parameters form) =>
        form["token"] is null ? OAuthError.InvalidRequest("token is required", "no token came", "RFC 7009 §2.1", "token") : null;
}
