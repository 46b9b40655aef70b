namespace OAuthServer.Pages;

/// <summary>One error code, for those who meet it.</summary>
public sealed record ErrorText
{
    public required string Code { get; init; }

    /// <summary>For developers: what it means and what to do, in a sentence or two.</summary>
    public required string Means { get; init; }

    /// <summary>For the person in front of the browser: what to do now.</summary>
    public string Person { get; init; } = "Go back to the app and start again. If it happens again, tell the people who make the app, and give them the request id below.";
}

/// <summary>Every error code this server answers with; error_uri points here.</summary>
public static class ErrorTexts
{
    private const string AskOperator = "Ask the people who run this server, and give them the request id below.";

    public static IReadOnlyList<ErrorText> All { get; } =
    [
        new() { Code = "invalid_request", Means = "A parameter is missing, repeated or malformed, or the request does not fit the endpoint. The description names the parameter; correct it. Nothing was used up." },
        new() { Code = "invalid_client", Means = "The client is unknown, or its authentication failed. Check the client id, the secret and how it is sent (Basic or body, one of them). If the registration is gone, register again.", Person = "Remove the connection in the app, then connect again." },
        new() { Code = "invalid_grant", Means = "The code or refresh token is expired, used, revoked or another client's. Do not retry: send the person to /authorize again." },
        new() { Code = "unauthorized_client", Means = "This client may not use this grant type, or is switched off. Use a grant it is registered for, or ask the operator.", Person = AskOperator },
        new() { Code = "unsupported_grant_type", Means = "grant_type is none this server offers. The metadata document lists grant_types_supported." },
        new() { Code = "unsupported_response_type", Means = "response_type must be code: no other exists in OAuth 2.1." },
        new() { Code = "invalid_scope", Means = "A scope is unknown, malformed, outside what this client may ask for, or wider than what was granted. Ask for less, or have the operator allow it." },
        new() { Code = "invalid_target", Means = "The resource is not registered here, not among the client's, or not in the grant. Send the resource's own URL as its metadata spells it; one per token.", Person = "The app asked for something this server does not protect. Check the address you gave the app, then start again." },
        new() { Code = "access_denied", Means = "The person said no. Do not ask again by yourself.", Person = "Nothing was allowed." },
        new() { Code = "login_required", Means = "prompt=none was sent and nobody is signed in. Send the person to /authorize without it.", Person = "Go back to the app and sign in from there." },
        new() { Code = "consent_required", Means = "prompt=none was sent and the person has not allowed this yet. Send them to /authorize without it.", Person = "Go back to the app and connect it from there." },
        new() { Code = "invalid_token", Means = "The token is expired, revoked, used up, malformed or for somebody else. Access token: get a new one with the refresh token. Registration: ask the operator for an invitation." },
        new() { Code = "insufficient_scope", Means = "The access token is good, but lacks a scope. Ask for the scope in the WWW-Authenticate header, at /authorize." },
        new() { Code = "invalid_redirect_uri", Means = "A redirect URI cannot be registered. Use https with a domain name, http on 127.0.0.1, [::1] or localhost, or a private-use scheme this server allows; no fragment, wildcard or user information; at most ten." },
        new() { Code = "invalid_client_metadata", Means = "The registration is no JSON object, or a member has the wrong type or does not go with another one. The description names it. A machine (client_credentials) and an app that signs people in are two clients." },
        new() { Code = "slow_down", Means = "Too many requests. Wait as many seconds as Retry-After says.", Person = "Wait a moment, then try again." },
        new() { Code = "temporarily_unavailable", Means = "Something this server needs is away or busy. Nothing was used up; try again after Retry-After seconds.", Person = "Try again in a moment." },
        new() { Code = "server_error", Means = "A fault of ours. Tell the operator the Request-Id of the answer.", Person = AskOperator },
    ];

    /// <summary>The text of a code; that of server_error for one nobody wrote about.</summary>
    public static ErrorText Of(string code) => All.FirstOrDefault(text => text.Code == code) ?? All[^1];
}
