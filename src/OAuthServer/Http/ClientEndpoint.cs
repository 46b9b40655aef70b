using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Http;

/// <summary>What /revoke and /introspect share: the form read once, the client authenticated, a token required, refusals audited.</summary>
public sealed class ClientEndpoint(ClientAuthentication clients, ClientLimit limit, UsedProofStore proofs, AuditLog audit)
{
    /// <summary>
    /// The authenticated client and the token it asks about; null when the request was refused, which is answered and audited then.
    /// </summary>
    /// <param name="admit">What else the endpoint demands of the client; null: nothing.</param>
    public async ValueTask<TokenQuery?> ReadAsync(HttpContext http, string decision, Func<Client, OAuthError?>? admit = null)
    {
        if ((await http.ShortFormAsync()).Refused(out var error, out var form)) await RefuseAsync(http, decision, error, null);
        else if ((await DecideAsync(http, form, admit)).Refused(out error, out var query))
            await RefuseAsync(http, decision, error, http.NamedClient(form));
        else return query;
        return null;
    }

    private async ValueTask<Result<TokenQuery>> DecideAsync(HttpContext http, Parameters form, Func<Client, OAuthError?>? admit)
    {
        if (form.Problem() is { } malformed) return malformed;
        if ((await AuthenticateAsync(http, form)).Refused(out var error, out var authenticated)) return error;
        if (form["token"] is not { } token)
            return OAuthError.InvalidRequest("token is required", "no token came", "RFC 7009 §2.1", "token");
        return admit?.Invoke(authenticated.Client) is { } notAdmitted ? notAdmitted : new TokenQuery(authenticated, token);
    }

    /// <summary>
    /// The client that a form authenticates, within its limit. An assertion is spent here, whatever follows: one that was used before
    /// is refused.
    /// </summary>
    public async ValueTask<Result<Authenticated>> AuthenticateAsync(HttpContext http, Parameters form)
    {
        var request = http.Context();
        if (http.Client(form).Refused(out var error, out var presented)) return error;
        if ((await clients.AuthenticateAsync(presented, request, http.RequestAborted)).Refused(out error, out var authenticated))
            return error;
        if (limit.Refusal(authenticated.Client, request) is { } tooMany) return tooMany;
        return authenticated.Assertion is { } assertion && !await proofs.SpendAsync(assertion)
            ? ProofRefusals.Of(UsedBefore.Assertion)! : authenticated;
    }

    private async Task RefuseAsync(HttpContext http, string decision, OAuthError error, string? client)
    {
        await audit.RefusedAsync(decision, error, http.Context(), client);
        await http.RefuseAsync(error);
    }
}

/// <summary>What an authenticated client sent a token for.</summary>
public sealed record TokenQuery(Authenticated By, string Token);
