using OAuthServer.Clients;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Tokens;

namespace OAuthServer.Authorization;

/// <summary>An app's request to sign a person out (OpenID Connect RP-Initiated Logout §2), which holds as far as it goes.</summary>
public sealed record EndSessionRequest
{
    /// <summary>The id_token that proves which app it is; null: whoever made the link may have named any.</summary>
    public required IdTokenHint.Good? Hint { get; init; }

    /// <summary>The app, proven or named; null when neither.</summary>
    public required string? ClientId { get; init; }

    /// <summary>Whether an operator vouches for the app.</summary>
    public required bool IsVouchedFor { get; init; }

    /// <summary>Where the browser goes afterwards, state included: an address registered for this app. Null: it stays here.</summary>
    public required string? Onward { get; init; }

    /// <summary>The host of <see cref="Onward"/>, to be read by a person.</summary>
    public string? OnwardHost => Onward is null ? null : RedirectUri.Host(Onward);

    /// <summary>Whether it is proven to be about this very session: then nobody has to be asked.</summary>
    public bool IsAbout(SessionRow session) => Hint is { Sid: { } sid } && sid == session.Sid && Hint.Subject == session.Subject;
}

/// <summary>Reads requests to sign out. Whatever is refused here has ended nothing and leads nowhere.</summary>
public sealed class EndSessionChecks(IdTokenHints hints, ClientDirectory clients)
{
    /// <summary>The parameters that mean something; all others are dropped on the way.</summary>
    public static readonly IReadOnlyList<string> Known =
        ["id_token_hint", "client_id", "post_logout_redirect_uri", "state", "ui_locales"];

    /// <summary>What is requested, or the refusal of all of it.</summary>
    /// <param name="parameters">With state percent-encoded, as <see cref="Parameters.OfQuery"/> leaves it.</param>
    public async Task<Result<EndSessionRequest>> ReadAsync(Parameters parameters, CancellationToken cancel)
    {
        if (parameters.Problem() is { } malformed) return malformed;
        var hint = parameters["id_token_hint"] is { } token ? await hints.ReadAsync(token) : null;
        if (hint is IdTokenHint.Bad bad)
            return OAuthError.InvalidRequest("id_token_hint is not an id_token of this server", bad.Reason, "OIDC RP-Initiated Logout §2",
                "an id_token of this server");
        var proven = hint as IdTokenHint.Good;
        if (proven is not null && parameters["client_id"] is { } named && named != proven.ClientId)
            return OAuthError.InvalidRequest("client_id is not the client that id_token_hint was issued to", "another client_id than aud",
                "OIDC RP-Initiated Logout §2", proven.ClientId, named);

        var id = proven?.ClientId ?? parameters["client_id"];
        var client = id is null ? null : await clients.FindAsync(id, cancel);
        if (client is { Row.Enabled: false })
            return OAuthError.UnauthorizedClient("the client is disabled", "an enabled client", "a disabled client") with
            { Description = "This app has been disabled here" };
        var request = new EndSessionRequest
        {
            // Of an app that is no more it proves nothing.
            Hint = client is null ? null : proven,
            ClientId = client?.Id,
            IsVouchedFor = client is { IsVouchedFor: true },
            Onward = null,
        };
        // Without an app there is no list to look into: the browser stays here.
        if (id is null || parameters["post_logout_redirect_uri"] is not { } uri) return request;
        return client is not null && client.Row.PostLogoutRedirectUris.Contains(uri, StringComparer.Ordinal)
            ? request with { Onward = parameters["state"] is { } state ? RedirectUri.With(uri, $"state={state}") : uri }
            : OAuthError.InvalidRequest("This address is not registered for signing out",
                "post_logout_redirect_uri is none of the client's", "OIDC RP-Initiated Logout §3",
                client is null ? "a registered client" : Scope.Join(client.Row.PostLogoutRedirectUris), uri);
    }

    /// <summary>Which app a request is from that was refused, as far as it says or proves; or null.</summary>
    public async Task<string?> ClientIdAsync(Parameters parameters) =>
        parameters["client_id"]
        ?? (parameters["id_token_hint"] is { } token && await hints.ReadAsync(token) is IdTokenHint.Good hint ? hint.ClientId : null);
}
