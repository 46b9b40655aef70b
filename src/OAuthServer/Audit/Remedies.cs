using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Audit;

/// <summary>What to do about a refusal, for the operator who reads its audit row.</summary>
public static class Remedies
{
    private const string SeeProvider = "Compare clock, issuer and client_id with the provider's (docs/guide-company-sign-in.md); if they are "
        + "right, somebody has tampered with an answer";

    private const string SeeFilter = "Correct allowed_claims of the provider, or what it puts into its id_tokens";
    private const string TryAssertion = "oauth-server trust test FILE tries one, and spends nothing";
    private const string TestProvider = "Try the provider: oauth-server providers test ID";

    // The first that fits: an error, a part of its rule and private reason (empty: any), and what to do. {0} is the client.
    private static readonly (string Error, string Reason, string Remedy)[] All =
    [
        ("invalid_client", "unknown client", "Correct client_id in the client's settings, or add it: oauth-server clients add --help"),
        ("invalid_client", "disabled", "If it may work again: oauth-server clients enable {0}"),
        ("invalid_client", "expired", "Give the client a new secret: oauth-server clients secret add {0}"),
        ("invalid_client", "not valid before", "Let the client use its other secret until then: oauth-server clients show {0}"),
        ("invalid_client", "document", "The owner of the document corrects it; an operator's row wins over it (docs/access.md)"),
        ("invalid_client", "", "Compare method and secret of the client with its row (oauth-server clients show {0}); a secret that is lost "
            + "is replaced: oauth-server clients secret add {0}"),
        ("invalid_grant", "nobody here is linked", "If you know who it is: oauth-server trust link ISSUER SUB USER"),
        ("invalid_grant", "RFC 7521 §5.2", "Correct the rule, or what the platform puts into its tokens: oauth-server trust show ISSUER; "
            + TryAssertion),
        ("invalid_grant", "RFC 7523 §3", "Correct the assertion, or the row of its issuer: oauth-server trust show ISSUER; " + TryAssertion),
        ("invalid_grant", "ID-JAG §", "Correct the assertion, or the row of its issuer: oauth-server trust show ISSUER; " + TryAssertion),
        ("invalid_grant", "EMA §", "The app gets another assertion for every token"),
        ("invalid_grant", "verifier", "The client sends the code_verifier of the code_challenge it began with"),
        ("invalid_grant", "another key", "The client proves the key it began with, or sends the user to /authorize again"),
        ("invalid_grant", "redirect_uri", "The client sends the redirect_uri of its authorization request, or none"),
        ("invalid_grant", "device code", "The device stops polling: its code works once and for its own client; it requests a new one when the "
            + "person wants to"),
        ("invalid_grant", "", "The client sends the user to /authorize again. When this repeats: something uses its codes or refresh tokens "
            + "twice, such as two processes that share one token"),
        ("invalid_dpop_proof", "iat", "Set the clock of the client, or of this server; OAuth__DpopSeconds says how far they may differ"),
        ("invalid_dpop_proof", "htu", "The client signs the URL as the metadata names it; behind a proxy, compare OAuth__Issuer"),
        ("invalid_dpop_proof", "dpop_required", "The client sends a DPoP proof, or may do without: oauth-server clients edit {0} "
            + "--dpop-required false"),
        ("invalid_dpop_proof", "", "The client makes a new proof for every request, by one key, as expected says"),
        ("use_dpop_nonce", "", "Nothing, if the next request succeeds: the client repeats it with the nonce; when this repeats, it does not "
            + "read DPoP-Nonce"),
        ("unauthorized_client", "disabled", "If it may work again: oauth-server clients enable {0}"),
        ("unauthorized_client", "", "Use a client of the kind this grant type is for; see oauth-server clients show {0}"),
        ("unsupported_grant_type", "", "Use a grant type that the metadata lists"),
        ("unsupported_response_type", "", "The client sends response_type=code"),
        ("invalid_scope", "", "The client requests less, or its row gets the scope: administration, Scopes of {0}"),
        ("invalid_target", "disabled", "Add or enable the resource in the administration, or correct resource in the client's settings"),
        ("invalid_target", "", "The client names the resource as it is registered, or its row gets the resource: administration, {0}"),
        ("invalid_redirect_uri", "", "The client registers a redirect URI of a permitted form; schemes: OAuth__RegistrationSchemes"),
        ("invalid_client_metadata", "", "The client corrects its registration as expected says"),
        ("access_denied", "id_token,", SeeProvider), ("access_denied", "iss is", SeeProvider),
            ("access_denied", "the token endpoint", SeeProvider),
        ("access_denied", "userinfo", SeeProvider), ("access_denied", "neither code nor error", SeeProvider),
        ("access_denied", "allowed value", SeeFilter), ("access_denied", "is missing, or neither", SeeFilter),
        ("access_denied", "too many values", SeeFilter),
        ("access_denied", "provisioning is", "Link the person (oauth-server users link --help), or let the provider admit more: provisioning"),
        ("access_denied", "linked to another person", "If it is to move: oauth-server users unlink, then users link"),
        ("access_denied", "auth_time", "Have the provider heed prompt=login and send auth_time (docs/guide-company-sign-in.md)"),
        ("access_denied", "no such provider", "If people may sign in by it again: oauth-server providers enable ID"),
        ("access_denied", "the provider", "See at the provider whether the person may use this app there"),
        ("access_denied", "passkey_counter", "A copy of this passkey may be in use: remove it on the account page, or all second factors of the "
            + "person: oauth-server users reset-factors NAME"),
        ("access_denied", "code", "The person waits for the next code, sets the phone's clock, or uses a recovery code; who lost all of it: "
            + "oauth-server users reset-factors NAME"),
        ("access_denied", "", "Nothing: the person decided so"),
        ("login_required", "", "The client sends the user to /authorize without prompt=none"),
        ("interaction_required", "", "The client sends the user to /authorize without prompt=none"),
        ("consent_required", "", "The client sends the user to /authorize without prompt=none"),
        ("invalid_token", "", "The caller gets a new token; a registration access token that is lost cannot be had again: register anew"),
        ("insufficient_scope", "", "The caller requests a token with the scope that is expected"),
        ("invalid_request", "post_logout_redirect_uri",
            "Add this address to the client's row: oauth-server clients edit {0} --add-post-logout URI"),
        ("invalid_request", "redirect_uri", "Add this redirect URI to the client's row, or correct the client's settings: oauth-server clients "
            + "show {0}"),
        ("invalid_request", "another Host", "Let the proxy pass the Host header, or call the server by its issuer (docs/operating.md)"),
        ("invalid_request", "", "The caller sends what is expected"),
        ("slow_down", "polled", "The device waits as long as interval says, and five seconds longer after each slow_down"),
        ("expired_token", "", "The device requests a new code when the person wants one; how long one works: OAuth__DeviceSeconds"),
        ("slow_down", "", "The caller waits for Retry-After; where many share an address, raise the limit (docs/settings.md)"),
        ("server_error", "credentials", TestProvider), ("server_error", "secret", TestProvider),
            ("temporarily_unavailable", "", TestProvider),
        ("server_error", "", "Look into the server's log for this request id"),
    ];

    /// <summary>Null for what was not refused.</summary>
    public static string? Of(AuditRow row) => row.Outcome != "refused" ? null
        : All.Where(one => one.Error == row.Error && $"{row.Rule} {row.Reason}".Contains(one.Reason, StringComparison.Ordinal))
            .Select(one => string.Format(
                System.Globalization.CultureInfo.InvariantCulture, one.Remedy, ShellText.Quote(row.ClientId ?? "CLIENT_ID")))
            .FirstOrDefault();
}
