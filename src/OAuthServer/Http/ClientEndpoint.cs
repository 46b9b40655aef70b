using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;

namespace OAuthServer.Http;

/// <summary>What /revoke and /introspect share: the form read once, the client authenticated, a token required, refusals audited.</summary>
public sealed class ClientEndpoint(ClientAuthentication clients, ClientLimit limit, AuditLog audit)
{
    /// <summary>
    /// Runs <paramref name="decide"/> with the authenticated client and the token; what is refused before is answered here.
    /// </summary>
    public async Task HandleAsync(HttpContext http, string decision, Func<Authenticated, string, Task<OAuthError?>> decide)
    {
        if ((await http.FormAsync()).Refused(out var error, out var form)) await RefuseAsync(http, decision, error, null);
        else if (await DecideAsync(http, form, decide) is { } refusal) await RefuseAsync(http, decision, refusal, http.NamedClient(form));
    }

    private async Task<OAuthError?> DecideAsync(HttpContext http, Parameters form, Func<Authenticated, string, Task<OAuthError?>> decide)
    {
        var request = http.Context();
        if (form.Problem() is { } malformed) return malformed;
        if (http.Client(form).Refused(out var error, out var presented)) return error;
        if ((await clients.AuthenticateAsync(presented, request, http.RequestAborted)).Refused(out error, out var authenticated))
            return error;
        if (limit.Refusal(authenticated.Client, request) is { } tooMany) return tooMany;
        if (Token(form) is { } missing) return missing;
        return await decide(authenticated, form["token"]!);
    }

    private async Task RefuseAsync(HttpContext http, string decision, OAuthError error, string? client)
    {
        await audit.RefusedAsync(decision, error, http.Context(), client);
        await http.RefuseAsync(error);
    }

    private static OAuthError? Token(Parameters form) =>
        form["token"] is null ? OAuthError.InvalidRequest("token is required", "no token came", "RFC 7009 §2.1", "token") : null;
}
