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
    PushedRequests requests, ClientAuthentication clients, ClientDocuments documents, ClientLimit limit, DpopRequests dpop,
    AuditLog audit, Settings settings)
{
    public async Task HandleAsync(HttpContext http)
    {
        dpop.AddNonce(http);
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

        if ((await PushAsync(http, by, parameters, form)).Refused(out error, out var uri))
        {
            await RefuseAsync(http, error, by.Client.Id, by.Assertion);
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

    // A proof of a key is kept as the dpop_jkt that it stands for (RFC 9449 §10.1).
    private async Task<Result<string>> PushAsync(HttpContext http, Authenticated by, Parameters parameters, string form)
    {
        if (limit.Refusal(by.Client, http.Context()) is { } tooMany) return tooMany;
        if (dpop.ReadPushed(http, Paths.Par, parameters).Refused(out var error, out var binding)) return error;
        return await requests.PushAsync(new Push
        {
            By = by,
            Parameters = parameters,
            Form = binding.Jkt is { } jkt && parameters["dpop_jkt"] is null ? $"{form}&dpop_jkt={jkt}" : form,
            Proofs = new Proofs { Assertion = by.Assertion, Dpop = binding.Proof },
            Context = http.Context(),
        }, http.RequestAborted);
    }

    private async Task RefuseAsync(HttpContext http, OAuthError error, string? client, UsedProof? assertion = null)
    {
        await audit.RefusedAsync(AuditEvents.Par, error, http.Context(), client, assertion: assertion);
        await http.RefuseAsync(error);
    }
}
