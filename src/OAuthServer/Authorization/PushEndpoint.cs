using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Authorization;

/// <summary>
/// POST /par (RFC 9126 §2): a client, authenticated as at /token, sends an authorization request directly. What /authorize would refuse on
/// a page or by a redirect is refused here in JSON, redirect_uri included.
/// </summary>
public sealed class PushEndpoint(
    PushedRequests requests, ClientAuthentication clients, ClientDocuments documents, ClientLimit limit, AuditLog audit, Settings settings)
{
    public async Task HandleAsync(HttpContext http)
    {
        if ((await http.FormAsQueryAsync(Request.MostBodyBytes, Request.MostFormKeys)).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null);
            return;
        }

        var parameters = Parameters.OfQuery(form);
        if ((await AuthenticateAsync(http, parameters)).Refused(out error, out var by))
        {
            await RefuseAsync(http, error, http.NamedClient(parameters));
            return;
        }

        var proofs = by.Assertion is { } assertion ? new Proofs { Assertion = assertion } : Proofs.None;
        var push = new Push { By = by, Parameters = parameters, Form = form, Proofs = proofs, Context = http.Context() };
        if ((await PushAsync(push, http.RequestAborted)).Refused(out error, out var uri))
        {
            await RefuseAsync(http, error, by.Client.Id, proofs);
            return;
        }

        await http.JsonAsync(201, json =>
        {
            json.WriteString("request_uri", uri);
            json.WriteNumber("expires_in", settings.ParSeconds);
        });
    }

    private async Task<Result<Authenticated>> AuthenticateAsync(HttpContext http, Parameters parameters)
    {
        var (context, cancel) = (http.Context(), http.RequestAborted);
        if (parameters.Problem() is { } malformed) return malformed;
        if (http.Client(parameters).Refused(out var error, out var presented)) return error;
        // Its first request may be this one: /authorize would read its document, too.
        if (settings.ClientDocuments && presented.ClientId is { } id && ClientDocumentUrl.IsUrl(id)
            && (await documents.ResolveAsync(id, context.Address, cancel)).Refused(out error, out _)) return error;
        return await clients.AuthenticateAsync(presented, context, cancel);
    }

    private async Task<Result<string>> PushAsync(Push push, CancellationToken cancel) =>
        limit.Refusal(push.By.Client, push.Context) is { } tooMany ? tooMany : await requests.PushAsync(push, cancel);

    // What proved the client is spent whatever was refused; a second time does nothing.
    private async Task RefuseAsync(HttpContext http, OAuthError error, string? client, Proofs? proofs = null)
    {
        await audit.RefusedAsync(AuditEvents.Par, error, http.Context(), client, proofs: proofs);
        await http.RefuseAsync(error);
    }
}
