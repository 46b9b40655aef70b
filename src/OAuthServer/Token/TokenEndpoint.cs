using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Token;

/// <summary>
/// POST /token (RFC 6749 §3.2). Owns the phases every grant shares: the form read once, the grant known, the client proven and
/// allowed to use it. The grant then decides.
/// </summary>
public sealed class TokenEndpoint(IEnumerable<IGrant> grants, ClientAuthentication clients, ClientLimit limit, ClientUse use, AuditLog audit)
{
    private readonly Dictionary<string, IGrant> byType = grants.ToDictionary(grant => grant.Type.Name, StringComparer.Ordinal);

    public async Task HandleAsync(HttpContext http)
    {
        var request = http.Context();
        if ((await http.FormAsync()).Refused(out var error, out var form) || (error = form.Problem()) is not null)
        {
            await RefuseAsync(http, error, request, null);
            return;
        }

        if (Choose(form).Refused(out error, out var grant)
            || http.Client(form).Refused(out error, out var presented))
        {
            await RefuseAsync(http, error, request, form["client_id"]);
            return;
        }

        if ((await clients.AuthenticateAsync(presented, request, http.RequestAborted)).Refused(out error, out var authenticated)
            || (error = limit.Refusal(authenticated.Client, request)) is not null
            || (error = Allowed(authenticated.Client, grant)) is not null
            || (await grant.RedeemAsync(new TokenRequest { Client = authenticated.Client, Parameters = form, Context = request }, http.RequestAborted)).Refused(out error, out var tokens))
        {
            await RefuseAsync(http, error, request, presented.Id);
            return;
        }

        use.Note(authenticated);
        await http.JsonAsync(200, json =>
        {
            json.WriteString("access_token", tokens.AccessToken);
            json.WriteString("token_type", "Bearer");
            json.WriteNumber("expires_in", tokens.ExpiresIn);
            json.WriteString("scope", tokens.Scope);
            if (tokens.RefreshToken is { } refresh) json.WriteString("refresh_token", refresh);
        });
    }

    private Result<IGrant> Choose(Parameters form) =>
        form["grant_type"] is not { } type ? OAuthError.InvalidRequest("grant_type is required", "no grant_type came", "RFC 6749 §4", "grant_type")
        : byType.TryGetValue(type, out var grant) ? Result.Of(grant)
        : OAuthError.UnsupportedGrantType(type, string.Join(' ', byType.Keys));

    private static OAuthError? Allowed(Client client, IGrant grant) =>
        client.MayUse(grant.Type)
            ? null
            : OAuthError.UnauthorizedClient("the client has not this grant type", Scope.Join(client.Row.GrantTypes), grant.Type.Name);

    private async Task RefuseAsync(HttpContext http, OAuthError error, RequestContext request, string? client)
    {
        await audit.RefusedAsync(AuditEvents.Token, error, request, client);
        await http.RefuseAsync(error);
    }
}
