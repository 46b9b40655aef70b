using System.Text.Json;
using OAuthServer.Audit;
using OAuthServer.Clients;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Token;

/// <summary>
/// POST /token (RFC 6749 §3.2). Owns the phases every grant shares: the form read once, the grant known, the client authenticated
/// and allowed to use it. The grant then decides.
/// </summary>
public sealed class TokenEndpoint(
    IEnumerable<IGrant> grants, ClientAuthentication clients, ClientLimit limit, DpopRequests dpop, ClientUse use, AuditLog audit,
    Decisions decisions)
{
    private readonly Dictionary<string, IGrant> byType = grants.ToDictionary(grant => grant.Type.Name, StringComparer.Ordinal);

    public async Task HandleAsync(HttpContext http)
    {
        dpop.AddNonce(http);
        if ((await http.ShortFormAsync()).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error, null, null);
            return;
        }

        var phases = new Phases();
        if ((await RedeemAsync(http, form, phases)).Refused(out error, out var tokens))
        {
            await RefuseAsync(http, error, http.NamedClient(form), phases.By);
            return;
        }

        await http.JsonAsync(200, tokens, Write);
    }

    // RFC 6749 §5.1; draft-ietf-oauth-refresh-token-expiration-03.
    private static void Write(Utf8JsonWriter json, TokenResponse tokens)
    {
        json.WriteString("access_token", tokens.AccessToken);
        if (tokens.IssuedTokenType is { } issued) json.WriteString("issued_token_type", issued);
        json.WriteString("token_type", tokens.TokenType);
        json.WriteNumber("expires_in", tokens.ExpiresIn);
        json.WriteString("scope", tokens.Scope);
        if (tokens.Resource is { } resource) json.WriteString("resource", resource);
        if (tokens.RefreshToken is { } refresh)
        {
            json.WriteString("refresh_token", refresh.Text);
            json.WriteNumber("authorization_expires_in", refresh.AuthorizationExpiresIn);
            json.WriteNumber("refresh_token_timeout", refresh.Timeout);
        }

        if (tokens.IdToken is { } identity) json.WriteString("id_token", identity);
    }

    private async Task<Result<TokenResponse>> RedeemAsync(HttpContext http, Parameters form, Phases phases)
    {
        var (context, cancel) = (http.Context(), http.RequestAborted);
        if (form.Problem() is { } malformed) return malformed;
        if (Choose(form).Refused(out var error, out var grant)) return error;
        if (http.Client(form).Refused(out error, out var presented)) return error;
        if ((await IdentifyAsync(grant, presented, form, context, cancel)).Refused(out error, out var identified)) return error;
        var authenticated = identified.By;
        phases.By = authenticated;
        if (limit.Refusal(authenticated.Client, context) is { } tooMany) return tooMany;
        if (Allowed(authenticated.Client, grant) is { } notAllowed) return notAllowed;
        if (dpop.Read(http, Paths.Token, authenticated.Client).Refused(out error, out var binding)) return error;

        var request = new TokenRequest
        {
            By = binding.Jkt is { } jkt ? authenticated with { Note = $"{authenticated.Note} jkt={jkt}" } : authenticated,
            Proofs = authenticated.Assertion is null && binding.Proof is null ? Proofs.None
                : new Proofs { Assertion = authenticated.Assertion, Dpop = binding.Proof },
            Jkt = binding.Jkt,
            Parameters = form,
            Context = context,
        };
        if ((await identified.RedeemAsync(request, cancel)).Refused(out error, out var tokens)) return error;
        use.Note(authenticated);
        decisions.Issued(grant.Type);
        return binding.Jkt is null ? tokens : tokens with { TokenType = "DPoP" };
    }

    // By its credential; without one perhaps by the grant.
    private async ValueTask<Result<Identified>> IdentifyAsync(
        IGrant grant, ClientCredential presented, Parameters form, RequestContext context, CancellationToken cancel)
    {
        if (await grant.IdentifyAsync(presented, form, context, cancel) is { } byGrant) return byGrant;
        if ((await clients.AuthenticateAsync(presented, context, cancel)).Refused(out var error, out var by)) return error;
        return new Identified(by, grant.RedeemAsync);
    }

    private Result<IGrant> Choose(Parameters form) =>
        form["grant_type"] is not { } type
            ? OAuthError.InvalidRequest("grant_type is required", "no grant_type came", "RFC 6749 §4", "grant_type")
        : byType.TryGetValue(type, out var grant) ? Result.Of(grant)
        : OAuthError.UnsupportedGrantType(type, string.Join(' ', byType.Keys));

    private static OAuthError? Allowed(Client client, IGrant grant) =>
        client.MayUse(grant.Type)
            ? null
            : OAuthError.UnauthorizedClient("the client does not have this grant type", Scope.Join(client.Row.GrantTypes), grant.Type.Name);

    private async Task RefuseAsync(HttpContext http, OAuthError error, string? client, Authenticated? by)
    {
        await audit.RefusedAsync(AuditEvents.Token, error, http.Context(), by?.Client.Id ?? client, assertion: by?.Assertion);
        await http.RefuseAsync(error);
    }

    // How far a request came.
    private sealed class Phases
    {
        public Authenticated? By { get; set; }
    }
}
