using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Tokens;
using Catalog = OAuthServer.Clients.ResourceDirectory.Snapshot;

namespace OAuthServer.Authorization;

/// <summary>
/// Reads an authorization request once and checks it in this order (OAuth 2.1 §4.1.1): client, then redirect URI, whose failures
/// are shown here and go nowhere; then all the rest, whose failures the client may be told.
/// </summary>
public sealed partial class AuthorizationChecks(
    ClientDocuments clients, ResourceDirectory resources, ExchangeRules rules, IdTokenHints hints, Settings settings)
{
    private const int LongestNonce = 512;

    private delegate Result<AuthorizationRequest> Check(AuthorizationRequest request, Parameters parameters, Catalog catalog);

    private static readonly Func<Client, Parameters, OAuthError?>[] OfTheClient =
    [
        IsEnabled,
        IsForPeople,
        RedirectUriCameOnce,
    ];

    private static readonly Check[] OfTheParameters = [NothingIsRepeated, NothingIsMalformed, NoRequestObject, IsPushedWhereItMustBe];

    // How it is answered: another delivery has others.
    private static readonly Check[] OfTheRedirect =
        [ResponseTypeIsCode, ResponseModeIsKnown, ChallengeCame, MethodIsS256, ChallengeIsWellFormed];

    // What is requested, however it is answered.
    private static readonly Check[] OfWhatIsRequested =
        [ScopeIsWellFormed, ResourceAndScopeAreAllowed, KeyIsWellFormed, NonceIsShort, PromptNoneIsAlone, MaxAgeIsANumber];

    /// <summary>
    /// The request, perhaps with a <see cref="AuthorizationRequest.Problem"/>; or, when client or redirect URI do not hold, a
    /// refusal that must not be sent anywhere.
    /// </summary>
    /// <param name="pushed">Whether its client pushed it (RFC 9126).</param>
    /// <param name="address">Who asks.</param>
    public async Task<Result<AuthorizationRequest>> ReadAsync(string query, bool pushed, string address, CancellationToken cancel)
    {
        var parameters = Parameters.OfQuery(query);
        if (ClientId(parameters).Refused(out var error, out var id)) return error;
        if ((await clients.ResolveAsync(id, address, cancel)).Refused(out error, out var client)) return error;
        foreach (var check in OfTheClient)
            if ((error = check(client, parameters)) is not null)
                return error;
        if (Registered(client, parameters).Refused(out error, out var uri)) return error;

        var request = new AuthorizationRequest
        {
            Client = client,
            Delivery = uri with { State = parameters["state"], IsPosted = IsPosted(uri, parameters), App = client.Row.Name },
            Scope = Scope.Parse(parameters["scope"]) ?? [],
            WantsSecondFactor = parameters["acr_values"]?.Split(' ').FirstOrDefault(value => value is "aal1" or "aal2") == "aal2",
            Prompt = parameters["prompt"]?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [],
            LoginHint = parameters["login_hint"],
            UiLocales = parameters["ui_locales"],
            MustBePushed = !pushed && (settings.RequirePar || client.Row.ParRequired),
        };
        request = await JudgeAsync(request, parameters, [.. OfTheParameters, .. OfTheRedirect, .. OfWhatIsRequested], cancel);
        return request.Problem is null && request.HasOpenId && parameters["id_token_hint"] is { } hint
            ? await ExpectAsync(request, hint) : request;
    }

    private async Task<AuthorizationRequest> JudgeAsync(
        AuthorizationRequest request, Parameters parameters, Check[] checks, CancellationToken cancel)
    {
        var catalog = await resources.ReadAsync(cancel);
        foreach (var check in checks)
        {
            if (check(request, parameters, catalog).Refused(out var error, out var next)) return request with { Problem = error };
            request = next;
        }

        return request with { Onward = OnwardOffer.For(request, await rules.ReadAsync(cancel), catalog) };
    }

    private static Result<string> ClientId(Parameters parameters) =>
        parameters.IsRepeated("client_id") ? OAuthError.InvalidRequest("client_id is repeated", "client_id came more than once",
            "OAuth 2.1 §3.1", "one client_id", "several")
        : parameters["client_id"] is not { } id ? OAuthError.InvalidRequest("client_id is required", "no client_id came",
            "OAuth 2.1 §4.1.1", "client_id")
        // No id has other characters, and PostgreSQL would not take some of them.
        : id.Length > 2048 || id.Any(character => character is <= ' ' or > '~') ? Unknown("characters no client id has")
        : id;

    private static OAuthError Unknown(string id) =>
        OAuthError.InvalidClient("unknown client", "OAuth 2.1 §4.1.2.1", "a registered client", id) with
        { Status = 400, Description = "This app is not registered here" };

    private static OAuthError? IsEnabled(Client client, Parameters parameters) =>
        client.Row.Enabled ? null
        : OAuthError.UnauthorizedClient("the client is disabled", "an enabled client", "a disabled client") with
        { Description = "This app has been disabled here" };

    private static OAuthError? IsForPeople(Client client, Parameters parameters) =>
        client.IsUserFacing && client.MayUse(GrantType.AuthorizationCode) ? null
        : OAuthError.UnauthorizedClient("the client may not use authorization_code", "a user-facing client with authorization_code",
            $"{client.Row.Kind}: {Scope.Join(client.Row.GrantTypes)}")
            with
        { Description = "This app cannot sign people in" };

    private static OAuthError? RedirectUriCameOnce(Client client, Parameters parameters) =>
        parameters.IsRepeated("redirect_uri") ? OAuthError.InvalidRequest("redirect_uri is repeated", "redirect_uri came more than once",
            "OAuth 2.1 §3.1", "one redirect_uri", "several") : null;

    // OAuth 2.1 §2.3: compared with what is registered, octet by octet; optional when there is only one.
    private Result<Delivery.Redirect> Registered(Client client, Parameters parameters)
    {
        var registered = client.Row.RedirectUris;
        if (parameters["redirect_uri"] is not { } uri)
            return registered is [var only] ? To(only, only)
                : OAuthError.InvalidRequest("redirect_uri is required", "no redirect_uri came and the client has not exactly one",
                    "OAuth 2.1 §4.1.1", Scope.Join(registered), "none");
        // The exact one first: a loopback address may be registered both with and without a port.
        var match = Array.Find(registered, one => string.Equals(one, uri, StringComparison.Ordinal))
            ?? Array.Find(registered, one => RedirectUri.Matches(one, uri, client.IsPublic));
        if (match is null) return NotRegistered("redirect_uri matches none that is registered", "OAuth 2.1 §2.3.1",
            Scope.Join(registered), uri);
        // The loopback address of a client nobody vouches for takes any port, our own among them.
        return !client.IsVouchedFor && RedirectRules.IsOwnOrigin(uri, settings)
            ? NotRegistered("redirect_uri points at this server itself", "RFC 9700 §4.11", "an address of the app", uri)
            : To(uri, match);

        static Delivery.Redirect To(string uri, string registered) => new() { Uri = uri, RegisteredUri = registered, State = null };

        static OAuthError NotRegistered(string reason, string rule, string expected, string got) =>
            OAuthError.InvalidRequest("redirect_uri is not registered for this app", reason, rule, expected, got);
    }

    private static Result<AuthorizationRequest> NothingIsRepeated(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters.Repeated is not null ? parameters.Problem()! : request;

    private static Result<AuthorizationRequest> NothingIsMalformed(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters.Malformed is not null ? parameters.Problem()! : request;

    // RFC 9101: never read, and above all never fetched.
    private static Result<AuthorizationRequest> NoRequestObject(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["request"] is null && parameters["request_uri"] is null ? request
        : catalog.IsProvider && request.HasOpenId && parameters["request"] is not null ? OAuthError.RequestNotSupported()
        : catalog.IsProvider && request.HasOpenId ? OAuthError.RequestUriNotSupported(parameters["request_uri"]!)
        : OAuthError.InvalidRequest("request and request_uri are not supported", "a request object came", "RFC 9101 §5",
            "plain parameters", parameters["request_uri"] ?? "request");

    private static Result<AuthorizationRequest> IsPushedWhereItMustBe(
        AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        request.MustBePushed ? PushedRequests.Required() : request;

    private static Result<AuthorizationRequest> ResponseTypeIsCode(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["response_type"] switch
        {
            "code" => request,
            null => OAuthError.InvalidRequest("response_type is required", "no response_type came", "OAuth 2.1 §4.1.1", "code"),
            var other => OAuthError.UnsupportedResponseType(other),
        };

    // Errors go the same way as a code would.
    private static bool IsPosted(Delivery.Redirect redirect, Parameters parameters) =>
        parameters["response_mode"] == "form_post" && !parameters.IsRepeated("response_mode") && redirect.MayBePosted;

    private static Result<AuthorizationRequest> ResponseModeIsKnown(
        AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["response_mode"] switch
        {
            null or "query" => request,
            "form_post" when Redirect(request).IsPosted => request,
            "form_post" => OAuthError.InvalidRequest("response_mode must be query for this redirect_uri",
                "a form would be posted to another program", "OAuth 2.0 Form Post Response Mode §4", "https or loopback",
                Redirect(request).Uri),
            var other => OAuthError.InvalidRequest("response_mode must be query or form_post", "another response_mode",
                "OAuth 2.0 Multiple Response Types §2.1", "query or form_post", other),
        };

    private static Result<AuthorizationRequest> ChallengeCame(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["code_challenge"] is { } challenge ? request with { Delivery = Redirect(request) with { CodeChallenge = challenge } }
        : OAuthError.InvalidRequest("code_challenge is required", "no code_challenge came", "RFC 7636 §4.4.1", "code_challenge");

    private static Delivery.Redirect Redirect(AuthorizationRequest request) => (Delivery.Redirect)request.Delivery;

    // Absent means plain (RFC 7636 §4.3), and plain is not taken.
    private static Result<AuthorizationRequest> MethodIsS256(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["code_challenge_method"] == "S256" ? request
        : OAuthError.InvalidRequest("code_challenge_method must be S256", "another code_challenge_method, or none", "RFC 7636 §4.3",
            "S256", parameters["code_challenge_method"] ?? "none");

    private static Result<AuthorizationRequest> ChallengeIsWellFormed(
        AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        Pkce.IsChallenge(Redirect(request).CodeChallenge) ? request
        : OAuthError.InvalidRequest("code_challenge must be 43 base64url characters", "malformed code_challenge", "RFC 7636 §4.2",
            "43 base64url characters", $"{Redirect(request).CodeChallenge.Length} characters");

    private static Result<AuthorizationRequest> ScopeIsWellFormed(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        Scope.Parse(parameters["scope"]) is { } scope
            ? request with { Scope = scope, OfflineRequested = scope.Contains(Scope.OfflineAccess) }
            : OAuthError.InvalidScope("scope has characters outside the grammar", "printable ASCII without quote and backslash") with
            { Description = "scope is malformed" };

    // Whoever may have refresh tokens gets them unless the person says no, requested or not: so the person always decides.
    private static Result<AuthorizationRequest> ResourceAndScopeAreAllowed(
        AuthorizationRequest request, Parameters parameters, Catalog catalog)
    {
        if (catalog.Decide(request.Client, parameters.Resources, request.Scope).Refused(out var error, out var target)) return error;
        string[] offline = request.Client.MayUse(GrantType.RefreshToken) ? [Scope.OfflineAccess] : [];
        return request with
        {
            Resources = target.Resources,
            ResourceNamed = parameters.Resources.Count > 0,
            Disclosed = [.. target.Resources.SelectMany(uri => catalog.ClaimsOf(uri).Select(claim => $"{uri} {claim}"))],
            Scope = [.. target.Scope, .. offline],
        };
    }

    private static Result<AuthorizationRequest> KeyIsWellFormed(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["dpop_jkt"] is not { } jkt ? request
        : Pkce.IsChallenge(jkt) ? request with { Jkt = jkt }
        : OAuthError.InvalidRequest("dpop_jkt must be 43 base64url characters", "malformed dpop_jkt", "RFC 9449 §10",
            "43 base64url characters", $"{jkt.Length} characters");

    private static Result<AuthorizationRequest> NonceIsShort(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        !request.HasOpenId || parameters["nonce"] is not { } nonce ? request
        : nonce.Length <= LongestNonce ? request with { Nonce = nonce }
        : OAuthError.InvalidRequest($"nonce may have at most {LongestNonce} characters", "a longer nonce", "OpenID Connect Core §3.1.2.1",
            $"at most {LongestNonce} characters", $"{nonce.Length}");

    private static Result<AuthorizationRequest> PromptNoneIsAlone(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        !request.IsSilent || !request.Prompt.Any(value => value is "login" or "consent" or "select_account") ? request
        : OAuthError.InvalidRequest("prompt=none goes with no other value", "prompt has none and another value", "OIDC Core §3.1.2.1",
            "none alone", parameters["prompt"]);

    private static Result<AuthorizationRequest> MaxAgeIsANumber(AuthorizationRequest request, Parameters parameters, Catalog catalog) =>
        parameters["max_age"] switch
        {
            null => request with { MaxAge = request.Client.Row.DefaultMaxAge },
            var text when !text.All(char.IsAsciiDigit) => OAuthError.InvalidRequest("max_age must be a whole number of seconds",
                "malformed max_age", "OIDC Core §3.1.2.1", "digits", text),
            var text => request with { MaxAge = int.TryParse(text, out var seconds) ? seconds : int.MaxValue },
        };
}
