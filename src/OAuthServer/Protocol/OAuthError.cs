namespace OAuthServer.Protocol;

/// <summary>
/// A refusal with two faces (RFC 6749 §5.2): <see cref="Code"/> and <see cref="Description"/> go on the wire;
/// rule, reason, expected and got go to the audit log and nowhere else.
/// </summary>
public sealed record OAuthError
{
    public required string Code { get; init; }

    /// <summary>A fixed public sentence: printable ASCII without quote or backslash, never what was sent.</summary>
    public required string Description { get; init; }

    public int Status { get; init; } = 400;

    /// <summary>The rule that refused, by its RFC section.</summary>
    public required string Rule { get; init; }

    /// <summary>Private: what exactly was wrong.</summary>
    public required string Reason { get; init; }

    /// <summary>Private: what the rule wanted to see.</summary>
    public string? Expected { get; init; }

    /// <summary>Private: what came instead; never a secret, code or token.</summary>
    public string? Got { get; init; }

    /// <summary>Seconds after which to try again, for 429 and 503.</summary>
    public int? RetryAfter { get; init; }

    /// <summary>A code or refresh token came a second time; the statement that found out has written the audit row itself.</summary>
    public bool Replayed { get; init; }

    /// <summary>What is not there, or unavailable, or waits for a person, is only logged and counted.</summary>
    public bool Audited => !Replayed && Status is not (404 or 405 or 503) && !IsOfFloods && Code != DeviceErrors.Pending;

    /// <summary>Whether such refusals come in floods: bodies that are too large or of another type, requests that come too often.</summary>
    public bool IsOfFloods => Status is 413 or 415 or 429 || Code == DeviceErrors.TooOften;

    /// <summary>Whether the client is told to send the same again: later, or with a nonce (RFC 9449 §8).</summary>
    public bool IsToBeRepeated => Status is 429 or 503 || Code == DpopErrors.UseNonce;

    /// <summary>RFC 6749 §5.2: a parameter is missing, repeated or malformed.</summary>
    public static OAuthError InvalidRequest(
        string description, string reason, string rule = "RFC 6749 §5.2", string? expected = null, string? got = null) =>
        new() { Code = "invalid_request", Description = description, Rule = rule, Reason = reason, Expected = expected, Got = got };

    /// <summary>RFC 6749 §5.2: client authentication failed. One answer for unknown and wrong.</summary>
    public static OAuthError InvalidClient(string reason, string rule = "RFC 6749 §2.3", string? expected = null, string? got = null) =>
        new()
        {
            Code = "invalid_client",
            Description = "Client authentication failed",
            Status = 401,
            Rule = rule,
            Reason = reason,
            Expected = expected,
            Got = got
        };

    /// <summary>The secret is right, and it has expired.</summary>
    public static OAuthError ExpiredSecret(string reason, string expected) =>
        InvalidClient(reason, "RFC 7591 §3.2.1", expected) with { Description = "The client secret has expired" };

    /// <summary>The secret is right, and the client is disabled.</summary>
    public static OAuthError RevokedClient(string reason) =>
        InvalidClient(reason, "RFC 6749 §5.2", "an enabled client", "a disabled client")
            with
        { Description = "The client has been revoked" };

    /// <summary>RFC 6749 §5.2: dead, unknown or somebody else's code or refresh token.</summary>
    public static OAuthError InvalidGrant(string reason, string rule, string? expected = null, string? got = null) =>
        new()
        {
            Code = "invalid_grant",
            Description = "The code or refresh token is not valid",
            Rule = rule,
            Reason = reason,
            Expected = expected,
            Got = got
        };

    /// <summary>RFC 6749 §5.2: this client may not use this grant.</summary>
    public static OAuthError UnauthorizedClient(string reason, string? expected = null, string? got = null) =>
        new()
        {
            Code = "unauthorized_client",
            Description = "This client may not use this grant type",
            Rule = "RFC 6749 §5.2",
            Reason = reason,
            Expected = expected,
            Got = got
        };

    /// <summary>RFC 6749 §5.2: nobody here knows this grant.</summary>
    public static OAuthError UnsupportedGrantType(string got, string expected) =>
        new()
        {
            Code = "unsupported_grant_type",
            Description = "This grant type is not supported",
            Rule = "RFC 6749 §5.2",
            Reason = "no such grant is registered",
            Expected = expected,
            Got = got
        };

    /// <summary>RFC 6749 §3.3: a scope outside what may be granted.</summary>
    public static OAuthError InvalidScope(string reason, string? expected = null, string? got = null) =>
        new()
        {
            Code = "invalid_scope",
            Description = "The requested scope is not allowed for this client",
            Rule = "RFC 6749 §3.3",
            Reason = reason,
            Expected = expected,
            Got = got
        };

    /// <summary>RFC 8707 §2: a resource nobody registered, or not in the grant.</summary>
    public static OAuthError InvalidTarget(string reason, string? expected = null, string? got = null) =>
        new()
        {
            Code = "invalid_target",
            Description = "The requested resource is not allowed",
            Rule = "RFC 8707 §2",
            Reason = reason,
            Expected = expected,
            Got = got
        };

    /// <summary>RFC 6749 §4.1.2.1: only the code response type exists.</summary>
    public static OAuthError UnsupportedResponseType(string got) =>
        new()
        {
            Code = "unsupported_response_type",
            Description = "response_type must be code",
            Rule = "RFC 6749 §4.1.2.1",
            Reason = "response_type is not code",
            Expected = "code",
            Got = got
        };

    /// <summary>OpenID Connect Core §3.1.2.6: a request object came.</summary>
    public static OAuthError RequestNotSupported() =>
        InvalidRequest("request is not supported", "a request object came", "OIDC Core §3.1.2.6", "plain parameters", "request") with
        { Code = "request_not_supported" };

    /// <summary>OpenID Connect Core §3.1.2.6: the URL of a request object came.</summary>
    public static OAuthError RequestUriNotSupported(string got) =>
        InvalidRequest("request_uri is not supported", "a request object's URL came", "OIDC Core §3.1.2.6", "plain parameters", got) with
        { Code = "request_uri_not_supported" };

    /// <summary>RFC 6749 §4.1.2.1: the person said no.</summary>
    public static OAuthError AccessDenied(string reason) =>
        new() { Code = "access_denied", Description = "The request was denied", Rule = "RFC 6749 §4.1.2.1", Reason = reason };

    /// <summary>OpenID Connect Core §3.1.2.6: prompt=none, and a person would have to be asked.</summary>
    public static OAuthError InteractionRequired(string code, string reason) =>
        new()
        {
            Code = code,
            Description = "The request needs a person, and prompt=none forbids asking",
            Rule = "OIDC Core §3.1.2.6",
            Reason = reason,
            Expected = "no prompt=none, or a session and a remembered consent"
        };

    /// <summary>RFC 6750 §3.1: a bearer token that does not open this.</summary>
    public static OAuthError InvalidToken(string reason) =>
        new()
        {
            Code = "invalid_token",
            Description = "The access token is not valid",
            Status = 401,
            Rule = "RFC 6750 §3.1",
            Reason = reason
        };

    /// <summary>RFC 6750 §3.1: a good token with too little scope.</summary>
    public static OAuthError InsufficientScope(string scope, string got) =>
        new()
        {
            Code = "insufficient_scope",
            Description = "The access token lacks a scope",
            Status = 403,
            Rule = "RFC 6750 §3.1",
            Reason = "scope too small",
            Expected = scope,
            Got = got
        };

    /// <summary>RFC 7591 §3.2.2: a redirect URI that may not be registered.</summary>
    public static OAuthError InvalidRedirectUri(string description, string got) =>
        new()
        {
            Code = "invalid_redirect_uri",
            Description = description,
            Rule = "RFC 7591 §3.2.2",
            Reason = "a redirect URI that may not be registered",
            Expected = "https with a domain name, http on loopback, or a private-use scheme on the list",
            Got = got
        };

    /// <summary>RFC 7591 §3.2.2: a member that cannot be, or does not go with another one.</summary>
    public static OAuthError InvalidClientMetadata(
        string description, string got, string rule = "RFC 7591 §3.2.2", string? expected = null) =>
        new()
        {
            Code = "invalid_client_metadata",
            Description = description,
            Rule = rule,
            Reason = "client metadata that cannot be registered",
            Expected = expected,
            Got = got
        };

    /// <summary>RFC 6585 §4: too often; ask again later.</summary>
    public static OAuthError SlowDown(string reason, int retryAfter) =>
        new()
        {
            Code = "slow_down",
            Description = "Too many requests; wait and try again",
            Status = 429,
            Rule = "RFC 6585 §4",
            Reason = reason,
            RetryAfter = retryAfter
        };

    /// <summary>RFC 9110 §15.6.4: something we need is away or busy.</summary>
    public static OAuthError TemporarilyUnavailable(string reason) =>
        new()
        {
            Code = "temporarily_unavailable",
            Description = "The server cannot answer right now; try again shortly",
            Status = 503,
            Rule = "RFC 9110 §15.6.4",
            Reason = reason,
            RetryAfter = 2
        };

    /// <summary>RFC 9110 §15.6.1: a fault of ours.</summary>
    public static OAuthError ServerError(string reason) =>
        new()
        {
            Code = "server_error",
            Description = "The server met an unexpected condition",
            Status = 500,
            Rule = "RFC 9110 §15.6.1",
            Reason = reason
        };
}
