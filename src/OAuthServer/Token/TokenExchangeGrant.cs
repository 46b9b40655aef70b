using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Tokens;
using Catalog = OAuthServer.Clients.ResourceDirectory.Snapshot;

namespace OAuthServer.Token;

/// <summary>
/// RFC 8693: a client that was handed an access token of ours gets one of its own, to act for the same person or machine elsewhere. An
/// operator's rule allows it, and the person saw it; one statement about all it stands on decides. Never a refresh token, and never
/// longer than the token that was presented.
/// </summary>
public sealed class TokenExchangeGrant(
    AccessTokens tokens, Revocations revocations, ExchangeRules rules, ResourceDirectory resources, ExchangeSteps steps, Settings settings)
    : IGrant
{
    private const string Section = "RFC 8693 §2.1";

    public GrantType Type => GrantType.TokenExchange;

    public async Task<Result<TokenResponse>> RedeemAsync(TokenRequest request, CancellationToken cancel)
    {
        var (client, parameters, now) = (request.Client, request.Parameters, request.Context.At);
        if (client.IsPublic)
            return OAuthError.UnauthorizedClient("a public client exchanges nothing", "a client with a secret or a key", "none");
        if (Types(parameters) is { } unsupported) return unsupported;
        if (parameters["subject_token"] is not { } text)
            return OAuthError.InvalidRequest("subject_token is required", "no subject_token came", Section, "subject_token");
        if (TokenParameters.Scope(parameters).Refused(out var error, out var scope)) return error;

        if (await tokens.ReadAsync(text, now) is not { EarlierIssuer: null } subject)
            return Refused("no access token of this server, or expired", "a live access token of this server");
        if (subject.Jkt is { } jkt && (subject.ClientId != client.Id || request.Jkt != jkt))
            return Refused("the subject token is bound to a key", "its own client, with a proof by that key", "another client, or none");
        if (subject.Via.Count >= settings.ExchangeDepth)
            return Refused("the chain is as deep as it may be", $"fewer than {settings.ExchangeDepth} actors", $"{subject.Via.Count}");
        if ((await WishAsync(request, subject, scope, cancel)).Refused(out error, out var wish))
            // Of a dead token nothing else is told (§2.2.2).
            return await revocations.LiveAsync(text) is null
                ? Refused("the subject token is revoked, or what it stands on has ended", "a live token", subject.Jti) : error;
        return await steps.TakeAsync(wish);
    }

    // What the client wants and its rule allows, from what is remembered of rules and resources.
    private async Task<Result<ExchangeWish>> WishAsync(
        TokenRequest request, AccessTokenClaims subject, string[] scope, CancellationToken cancel)
    {
        var catalog = await resources.ReadAsync(cancel);
        if (Target(request.Parameters, catalog).Refused(out var error, out var target)) return error;
        if (ExchangeMatch.Find(await rules.ReadAsync(cancel), request.Client.Id, subject, target).Refused(out error, out var rule))
            return error;
        if (catalog.Find(subject.Audience) is not { Enabled: true })
            return Refused("the resource of the subject token is disabled", "an enabled resource", subject.Audience);
        if (catalog.Find(rule.Resource) is not { Enabled: true })
            return OAuthError.InvalidTarget("the resource is disabled", "an enabled resource", rule.Resource);

        string[] most = catalog.Exchangeable(rule, Scope.Parse(subject.Scope) ?? []);
        if (scope.Except(most).Any() || most.Length == 0) return Wider(rule, most, scope);
        return new ExchangeWish
        {
            Rule = rule,
            Subject = subject,
            Scope = scope.Length > 0 ? scope : most,
            Named = scope.Length > 0,
            Request = request,
        };
    }

    /// <summary>The one public sentence for every token that is not exchanged (RFC 8693 §2.2.2).</summary>
    internal static OAuthError Refused(string reason, string expected, string? got = null) =>
        OAuthError.InvalidRequest("The subject token cannot be exchanged", reason, "RFC 8693 §2.2.2", expected, got);

    /// <summary>More than the rule, the person or the token allows.</summary>
    internal static OAuthError Wider(ExchangeRuleRow rule, IReadOnlyCollection<string> most, IReadOnlyCollection<string> scope) =>
        OAuthError.InvalidScope($"rule {rule.Id} gives no such scope for this token", Scope.Join(most), Scope.Join(scope));

    private static OAuthError? Types(Parameters parameters) =>
        parameters["subject_token_type"] is not { } subject
            ? OAuthError.InvalidRequest("subject_token_type is required", "no subject_token_type came", Section, TokenTypes.AccessToken)
        : subject is not (TokenTypes.AccessToken or TokenTypes.Jwt)
            ? OAuthError.InvalidRequest("The subject token type is not supported", "another subject_token_type", Section,
                TokenTypes.AccessToken, subject)
        : parameters["requested_token_type"] is { } requested and not (TokenTypes.AccessToken or TokenTypes.Jwt)
            ? OAuthError.InvalidRequest(
                "The requested token type is not supported", "another requested_token_type", Section, TokenTypes.AccessToken, requested)
        : parameters["actor_token"] is not null || parameters["actor_token_type"] is not null
            ? OAuthError.InvalidRequest("The actor token type is not supported", "an actor_token came", Section,
                "the client itself, which is authenticated")
        : null;

    // One resource, by either name (§2.1), in its registered spelling; empty: none is named.
    private static Result<string> Target(Parameters parameters, Catalog catalog)
    {
        if (parameters.Resources.Count > 1) return Catalog.SeveralResources();
        string? named = null;
        foreach (var one in new[] { parameters.Resources.FirstOrDefault(), parameters["audience"] }.OfType<string>())
        {
            if (catalog.Find(one) is not { Enabled: true } row)
                return OAuthError.InvalidTarget("no such resource, or disabled", "a registered resource", one);
            if (named is not null && named != row.Uri)
                return OAuthError.InvalidTarget("resource and audience name different resources", named, row.Uri);
            named = row.Uri;
        }

        return named ?? "";
    }
}
