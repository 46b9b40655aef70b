using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace OAuthServer.ResourceServer;

/// <summary>
/// The authentication scheme: Bearer and DPoP tokens of the header and nowhere else (RFC 6750 §2.1, RFC 9449 §7.1), challenges
/// that say where to get one (RFC 9728 §5.1) and which scope is missing.
/// </summary>
internal sealed class OAuthResourceHandler(
    IOptionsMonitor<OAuthResourceOptions> options, ILoggerFactory logger, UrlEncoder encoder, TokenValidator validator,
        DpopValidator dpop, RevocationList revocations, TokenIntrospection introspection)
    : AuthenticationHandler<OAuthResourceOptions>(options, logger, encoder)
{
    /// <summary>A parameter of challenges to who understands 401 and 403 only.</summary>
    public const string Never400 = "oauth.never400";

    private const string Bearer = "Bearer";

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        try
        {
            if (Presented() is not var (scheme, token)) return AuthenticateResult.NoResult();
            var claims = await validator.ValidateAsync(token);
            var proof = dpop.Check(scheme, token, claims, Request);
            await MakeSureAsync(token);
            if (proof is not null) dpop.Spend(proof);
            if (proof is not null) dpop.AddNonce(Response);
            return AuthenticateResult.Success(new AuthenticationTicket(claims.Principal(Scheme.Name), Scheme.Name));
        }
        catch (TokenRefusedException refused)
        {
            Logger.LogInformation("Token refused: {Reason}", refused.Message);
            return AuthenticateResult.Fail(refused);
        }
    }

    protected override async Task HandleChallengeAsync(AuthenticationProperties properties)
    {
        var refused = (await HandleAuthenticateOnceSafeAsync()).Failure as TokenRefusedException;
        if (refused is null)
        {
            await Answer.ChallengeAsync(Response, Options, 401, null, null, ToBeginWith(properties), Options.RequireDpop);
            return;
        }

        if (refused.Code == "use_dpop_nonce") dpop.GiveNonce(Response);
        if (refused.Status == 503) Response.Headers.RetryAfter = "2";
        var status = refused.Status == 400 && properties.GetParameter<bool>(Never400) ? 401 : refused.Status;
        var scopes = refused.Status == 401 ? ToBeginWith(properties) : [];
        await Answer.ChallengeAsync(
            Response, Options, status, refused.Code, refused.Description, scopes, refused.IsDpop || IsDpop || Options.RequireDpop);
    }

    // RFC 6750 §3. Without it, some clients request every scope of the metadata document (MCP, scope selection), and a machine that
    // may not have them all gets none.
    private IEnumerable<string> ToBeginWith(AuthenticationProperties properties) =>
        Options.ScopesToBeginWith.Count > 0 ? Options.ScopesToBeginWith : Demanded(properties);

    // MCP step-up: what is missing together with all the client has, as some clients ask for exactly the scope named here.
    protected override Task HandleForbiddenAsync(AuthenticationProperties properties)
    {
        var scopes = Context.User.Scopes().Union(Demanded(properties));
        return Answer.ChallengeAsync(Response, Options, 403, "insufficient_scope", "The access token lacks a scope", scopes, IsDpop);
    }

    private IEnumerable<string> Demanded(AuthenticationProperties properties) =>
        properties.GetParameter<IEnumerable<string>>(ScopeRequirement.Key) ?? ScopeRequirement.Missed(Context);

    // RFC 6750 §2: one token, in the header. One in the query ends up in logs, so it is refused even beside a good one (OAuth 2.1 §5.1).
    private (string Scheme, string Token)? Presented()
    {
        if (Request.Query.ContainsKey("access_token")) throw new TokenRefusedException("invalid_request", "a token in the query");
        // An empty one is none.
        var headers = Request.Headers.Authorization.OfType<string>().Where(header => header.Trim().Length > 0).ToArray();
        if (headers.Length == 0) return null;
        if (headers.Length > 1) throw new TokenRefusedException("invalid_request", "two Authorization headers");
        return After(headers[0], Bearer) is { } bearer ? (Bearer, bearer)
            : After(headers[0], DpopValidator.Scheme) is { } bound ? (DpopValidator.Scheme, bound) : null;
    }

    private bool IsDpop => Request.Headers.Authorization is [{ } header] && After(header, DpopValidator.Scheme) is not null;

    private static string? After(string header, string scheme) =>
        header.Length > scheme.Length && header[scheme.Length] == ' ' && header.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)
            ? header[(scheme.Length + 1)..].Trim() : null;

    private async Task MakeSureAsync(string token)
    {
        var stale = Options.Follows && !(revocations.Age < Options.StaleAfter);
        if (Options.Introspection == IntrospectionUse.Always || (stale && Options.Introspection == IntrospectionUse.WhenStale))
        {
            switch (await introspection.IsActiveAsync(token, Context.RequestAborted))
            {
                case true: return;
                case false: throw new TokenRefusedException("invalid_token", "introspection says it is not active");
                case null: stale = true; break;
            }
        }

        if (stale && !Options.FailOpen) throw new TokenRefusedException("temporarily_unavailable", "the revocation feed is stale");
    }
}
