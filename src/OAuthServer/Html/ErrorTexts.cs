using System.Text.RegularExpressions;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>One error code, for those who meet it.</summary>
public sealed record ErrorText
{
    public required string Code { get; init; }

    /// <summary>For developers: what it means and what to do, in a sentence or two.</summary>
    public required string Means { get; init; }

    /// <summary>For the person in front of the browser: what happened, where the description speaks of parameters.</summary>
    public string Title { get; init; } = "The app sent a request that this server cannot use";

    /// <summary>For the person in front of the browser: what to do now.</summary>
    public string Person { get; init; } =
        "Go back to the app and start again. If it happens again, contact the makers of the app and give them the request id below.";
}

/// <summary>Every error code this server answers with; error_uri points here.</summary>
public static partial class ErrorTexts
{
    private const string AskOperator = "Contact the administrator of this server and give them the request id below.";

    public static IReadOnlyList<ErrorText> All { get; } =
    [
        new() { Code = "invalid_request",
            Means =
                "A parameter is missing, repeated or malformed, or the request does not fit the endpoint. The description names the parameter; correct it. Nothing was consumed." },
        new() { Code = "invalid_client",
            Means =
                "The client is unknown, or its authentication failed. Check the client id, the secret and how it is sent (Basic or body, one of them). If the registration is gone, register again.",
            Person = "Remove the connection in the app, then connect again." },
        new() { Code = "invalid_grant",
            Means =
                "The code, refresh token or assertion is expired, used, revoked, not valid here or another client's. Do not retry: send the user to /authorize again, or bring a new assertion."
        },
        new() { Code = "invalid_dpop_proof",
            Means =
                "The DPoP proof is missing, malformed, for another method or URL, too old, or was used before. Make a new one for every request, with a jti of its own. Nothing was consumed." },
        new() { Code = "use_dpop_nonce",
            Means = "Repeat the request as it was, with a new DPoP proof that has the nonce of the DPoP-Nonce header. Nothing was consumed." },
        new() { Code = "unauthorized_client",
            Means = "This client may not use this grant type, or is disabled. Use a grant it is registered for, or ask the operator.",
            Person = AskOperator },
        new() { Code = "unsupported_grant_type",
            Means = "This server does not offer this grant_type. The metadata document lists grant_types_supported." },
        new() { Code = "unsupported_response_type", Means = "response_type must be code: OAuth 2.1 has no other." },
        new() { Code = "invalid_scope",
            Means =
                "A scope is unknown, malformed, outside what this client may request, or wider than what was granted. Request less, or have the operator allow it.",
            Title = "This app asked for permissions it may not have" },
        new() { Code = "invalid_target",
            Means =
                "The resource is not registered here, not among the client's, or not in the grant. Send the resource's own URL as its metadata spells it; one per token.",
            Title = "This app asked for something this server does not offer",
            Person = "Check the address you gave the app, then start again." },
        new() { Code = "request_not_supported",
            Means = "This server reads no request objects. Send the parameters themselves; the metadata document says so." },
        new() { Code = "request_uri_not_supported",
            Means = "This server fetches no request objects. Send the parameters themselves; the metadata document says so." },
        new() { Code = "access_denied", Means = "The user denied the request. Do not ask again without their action.",
            Person = "Nothing was allowed." },
        new() { Code = "login_required", Means = "prompt=none was sent and nobody is signed in. Send the user to /authorize without it.",
            Title = "Sign in to continue", Person = "Go back to the app and sign in from there." },
        new() { Code = "interaction_required",
            Means = "prompt=none was sent, and the user needs a second factor first. Send them to /authorize without it.",
            Title = "A second factor is needed", Person = "Go back to the app and sign in from there." },
        new() { Code = "consent_required",
            Means = "prompt=none was sent and the user has not allowed this yet. Send them to /authorize without it.",
            Title = "This app needs your permission", Person = "Go back to the app and connect it from there." },
        new() { Code = "invalid_token",
            Means =
                "The token is expired, revoked, used up, malformed or meant for another server. Access token: get a new one with the refresh token. Registration: ask the operator for an invitation." },
        new() { Code = "insufficient_scope",
            Means =
                "The access token is valid, but lacks a scope. Request the scope named in the WWW-Authenticate header, at /authorize." },
        new() { Code = "invalid_redirect_uri",
            Means =
                "A redirect URI cannot be registered. Use https with a domain name, http on 127.0.0.1, [::1] or localhost, or a private-use scheme this server allows; no fragment, wildcard or user information; at most ten." },
        new() { Code = "invalid_client_metadata",
            Means =
                "The registration is not a JSON object, or a member has the wrong type or conflicts with another one. The description names it. A machine (client_credentials) and an app that signs people in are two clients." },
        new() { Code = "authorization_pending",
            Means = "Nobody has entered the device's code and decided yet. Poll again after the interval." },
        new() { Code = "expired_token",
            Means = "Nobody decided in time, or the device polled too late. Request a new device code." },
        new() { Code = "slow_down",
            Means = "Too many requests. Wait the number of seconds in Retry-After; a device that polls waits five seconds longer from now on.",
            Person = "Wait a moment, then try again." },
        new() { Code = "temporarily_unavailable",
            Means = "Something this server needs is unavailable or busy. Nothing was consumed; try again after Retry-After seconds.",
            Person = "Try again in a moment." },
        new() { Code = "server_error", Means = "An error in this server. Give the operator the Request-Id of the response.",
            Person = AskOperator },
    ];

    // What a person can make something of, though the description is written for the app's developer.
    private static readonly Dictionary<string, string> Titles = new(StringComparer.Ordinal)
    {
        ["redirect_uri is not registered for this app"] = "The app's return address is not registered here",
        ["Host must be the issuer's"] = "This server does not answer under this address",
        ["The request body is too large"] = "The form is too large",
        ["This content type is not supported"] = "This form cannot be read",
        ["This method is not allowed here"] = "This page cannot be used in this way",
    };

    /// <summary>The text of a code; that of server_error for one nobody wrote about.</summary>
    public static ErrorText Of(string code) => All.FirstOrDefault(text => text.Code == code) ?? All[^1];

    /// <summary>The heading of an error's page: the public sentence, unless it speaks to developers of parameters.</summary>
    public static string TitleOf(OAuthError error) =>
        Titles.GetValueOrDefault(error.Description)
            ?? (ForDevelopers().IsMatch(error.Description) ? Of(error.Code).Title : error.Description);

    // It begins with the name of a parameter, has one in it, or names one of the protocol's things.
    [GeneratedRegex(@"^[a-z]|[_=]|Content-Type|Authorization|\b(parameter|scope|resource|[Cc]lient|grant|response|redirect URI|token)\b")]
    private static partial Regex ForDevelopers();
}
