using OAuthServer.Clients;
using OAuthServer.Protocol;
using Known = OAuthServer.Clients.ResourceDirectory.Snapshot;

namespace OAuthServer.Authorization;

/// <summary>
/// Reads an authorization request once and checks it in this order (OAuth 2.1 §4.1.1): client, then redirect URI, whose failures
/// are shown here and go nowhere; then all the rest, whose failures the client may be told.
/// </summary>
public sealed class AuthorizationChecks(ClientDocuments clients, ResourceDirectory resources, Settings settings)
{
    private delegate Result<AuthorizationRequest> Check(AuthorizationRequest request, Parameters asked, Known known);

    private static readonly Func<Client, Parameters, OAuthError?>[] OfTheClient =
    [
        IsEnabled,
        IsForPeople,
        RedirectUriCameOnce,
    ];

    private static readonly Check[] OfTheRest =
    [
        NothingIsRepeated,
        NothingIsMalformed,
        NoRequestObject,
        ResponseTypeIsCode,
        ResponseModeIsQuery,
        ChallengeCame,
        MethodIsS256,
        ChallengeIsWellFormed,
        ScopeIsWellFormed,
        ResourceAndScopeAreAllowed,
        PromptNoneIsAlone,
        MaxAgeIsANumber,
    ];

    /// <summary>
    /// The request, perhaps with a <see cref="AuthorizationRequest.Problem"/>; or, when client or redirect URI do not hold, a
    /// refusal that must not be sent anywhere.
    /// </summary>
    /// <param name="address">Who asks.</param>
    public async Task<Result<AuthorizationRequest>> ReadAsync(string query, string address, CancellationToken cancel)
    {
        var asked = Parameters.OfQuery(query);
        if (ClientId(asked).Refused(out var error, out var id)) return error;
        if ((await clients.ResolveAsync(id, address, cancel)).Refused(out error, out var client)) return error;
        foreach (var check in OfTheClient)
            if ((error = check(client, asked)) is not null)
                return error;
        if (Registered(client, asked).Refused(out error, out var uri)) return error;

        var known = await resources.ReadAsync(cancel);
        var request = new AuthorizationRequest
        {
            Client = client,
            RedirectUri = uri.Asked,
            RegisteredUri = uri.Registered,
            State = asked["state"],
            Prompt = asked["prompt"]?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
            LoginHint = asked["login_hint"],
            UiLocales = asked["ui_locales"],
        };
        foreach (var check in OfTheRest)
        {
            if (check(request, asked, known).Refused(out error, out var next)) return request with { Problem = error };
            request = next;
        }

        return request;
    }

    private static Result<string> ClientId(Parameters asked) =>
        asked.IsRepeated("client_id") ? OAuthError.InvalidRequest("client_id is repeated", "client_id came more than once", "OAuth 2.1 §3.1", "one client_id", "several")
        : asked["client_id"] is not { } id ? OAuthError.InvalidRequest("client_id is required", "no client_id came", "OAuth 2.1 §4.1.1", "client_id")
        // No id has other characters, and PostgreSQL would not take some of them.
        : id.Length > 2048 || id.Any(character => character is <= ' ' or > '~') ? Unknown("characters no client id has")
        : id;

    private static OAuthError Unknown(string id) =>
        OAuthError.InvalidClient("unknown client", "OAuth 2.1 §4.1.2.1", "a registered client", id) with { Status = 400, Description = "This app is not registered here" };

    private static OAuthError? IsEnabled(Client client, Parameters asked) =>
        client.Row.Enabled ? null
        : OAuthError.UnauthorizedClient("the client is disabled", "an enabled client", "a disabled client") with { Description = "This app has been disabled here" };

    private static OAuthError? IsForPeople(Client client, Parameters asked) =>
        client.IsUserFacing && client.MayUse(GrantType.AuthorizationCode) ? null
        : OAuthError.UnauthorizedClient("the client may not use authorization_code", "a user-facing client with authorization_code", $"{client.Row.Kind}: {Scope.Join(client.Row.GrantTypes)}")
            with
        { Description = "This app cannot sign people in" };

    private static OAuthError? RedirectUriCameOnce(Client client, Parameters asked) =>
        asked.IsRepeated("redirect_uri") ? OAuthError.InvalidRequest("redirect_uri is repeated", "redirect_uri came more than once", "OAuth 2.1 §3.1", "one redirect_uri", "several") : null;

    // OAuth 2.1 §2.3: compared with what is registered, octet by octet; optional when there is only one.
    private Result<(string Asked, string Registered)> Registered(Client client, Parameters asked)
    {
        var registered = client.Row.RedirectUris;
        if (asked["redirect_uri"] is not { } uri)
            return registered is [var only] ? (only, only)
                : OAuthError.InvalidRequest("redirect_uri is required", "no redirect_uri came and the client has not exactly one", "OAuth 2.1 §4.1.1", Scope.Join(registered), "none");
        // The exact one first: a loopback address may be registered both with and without a port.
        var match = Array.Find(registered, one => string.Equals(one, uri, StringComparison.Ordinal)) ?? Array.Find(registered, one => RedirectUri.Matches(one, uri, client.IsPublic));
        return match is null ? OAuthError.InvalidRequest("redirect_uri is not registered for this app", "redirect_uri matches none that is registered", "OAuth 2.1 §2.3.1", Scope.Join(registered), uri)
            // A stranger's loopback address takes any port, our own among them.
            : !client.IsTrusted && RedirectRules.IsOwnOrigin(uri, settings) ? OAuthError.InvalidRequest("redirect_uri is not registered for this app", "redirect_uri points at this server itself", "RFC 9700 §4.11", "an address of the app", uri)
            : (uri, match);
    }

    private static Result<AuthorizationRequest> NothingIsRepeated(AuthorizationRequest request, Parameters asked, Known known) =>
        asked.Repeated is not null ? asked.Problem()! : request;

    private static Result<AuthorizationRequest> NothingIsMalformed(AuthorizationRequest request, Parameters asked, Known known) =>
        asked.Malformed is not null ? asked.Problem()! : request;

    // RFC 9101: never read, and above all never fetched.
    private static Result<AuthorizationRequest> NoRequestObject(AuthorizationRequest request, Parameters asked, Known known) =>
        asked["request"] is null && asked["request_uri"] is null ? request
        : OAuthError.InvalidRequest("request and request_uri are not supported", "a request object came", "RFC 9101 §5", "plain parameters", asked["request_uri"] ?? "request");

    private static Result<AuthorizationRequest> ResponseTypeIsCode(AuthorizationRequest request, Parameters asked, Known known) => asked["response_type"] switch
    {
        "code" => request,
        null => OAuthError.InvalidRequest("response_type is required", "no response_type came", "OAuth 2.1 §4.1.1", "code"),
        var other => OAuthError.UnsupportedResponseType(other),
    };

    private static Result<AuthorizationRequest> ResponseModeIsQuery(AuthorizationRequest request, Parameters asked, Known known) =>
        asked["response_mode"] is null or "query" ? request
        : OAuthError.InvalidRequest("response_mode must be query", "another response_mode", "OAuth 2.0 Multiple Response Types §2.1", "query", asked["response_mode"]);

    private static Result<AuthorizationRequest> ChallengeCame(AuthorizationRequest request, Parameters asked, Known known) =>
        asked["code_challenge"] is { } challenge ? request with { CodeChallenge = challenge }
        : OAuthError.InvalidRequest("code_challenge is required", "no code_challenge came", "RFC 7636 §4.4.1", "code_challenge");

    // Absent means plain (RFC 7636 §4.3), and plain is not taken.
    private static Result<AuthorizationRequest> MethodIsS256(AuthorizationRequest request, Parameters asked, Known known) =>
        asked["code_challenge_method"] == "S256" ? request
        : OAuthError.InvalidRequest("code_challenge_method must be S256", "another code_challenge_method, or none", "RFC 7636 §4.3", "S256", asked["code_challenge_method"] ?? "none");

    private static Result<AuthorizationRequest> ChallengeIsWellFormed(AuthorizationRequest request, Parameters asked, Known known) =>
        Pkce.IsChallenge(request.CodeChallenge) ? request
        : OAuthError.InvalidRequest("code_challenge must be 43 base64url characters", "malformed code_challenge", "RFC 7636 §4.2", "43 base64url characters", $"{request.CodeChallenge.Length} characters");

    private static Result<AuthorizationRequest> ScopeIsWellFormed(AuthorizationRequest request, Parameters asked, Known known) =>
        Scope.Parse(asked["scope"]) is { } scope ? request with { Scope = scope, OfflineRequested = scope.Contains(Scope.OfflineAccess) }
        : OAuthError.InvalidScope("scope has characters outside the grammar", "printable ASCII without quote and backslash") with { Description = "scope is malformed" };

    // Whoever may have refresh tokens gets them unless the person says no, asked for or not: so the person is always asked.
    private static Result<AuthorizationRequest> ResourceAndScopeAreAllowed(AuthorizationRequest request, Parameters asked, Known known)
    {
        if (known.Decide(request.Client, asked.Resources, request.Scope).Refused(out var error, out var target)) return error;
        string[] offline = request.Client.MayUse(GrantType.RefreshToken) ? [Scope.OfflineAccess] : [];
        return request with { Resources = target.Resources, Scope = [.. target.Scope, .. offline] };
    }

    private static Result<AuthorizationRequest> PromptNoneIsAlone(AuthorizationRequest request, Parameters asked, Known known) =>
        !request.IsSilent || !request.Prompt.Any(value => value is "login" or "consent" or "select_account") ? request
        : OAuthError.InvalidRequest("prompt=none goes with no other value", "prompt has none and another value", "OIDC Core §3.1.2.1", "none alone", asked["prompt"]);

    private static Result<AuthorizationRequest> MaxAgeIsANumber(AuthorizationRequest request, Parameters asked, Known known) => asked["max_age"] switch
    {
        null => request,
        var text when !text.All(char.IsAsciiDigit) => OAuthError.InvalidRequest("max_age must be a whole number of seconds", "malformed max_age", "OIDC Core §3.1.2.1", "digits", text),
        var text => request with { MaxAge = int.TryParse(text, out var seconds) ? seconds : int.MaxValue },
    };
}
