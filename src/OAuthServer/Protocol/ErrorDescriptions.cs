namespace OAuthServer.Protocol;

/// <summary>
/// Every error_description this server answers with, by its code: the sentences that stand where refusals are made. The page of error
/// codes shows them, so that whoever searches it for what they received finds the code and what to do. … stands for what differs.
/// </summary>
public static class ErrorDescriptions
{
    private static readonly Dictionary<string, string[]> ByCode = new(StringComparer.Ordinal)
    {
        ["invalid_request"] =
        [
            "A document could not be fetched", "A parameter is malformed", "A parameter is repeated",
            "after is not a cursor of this server; leave it out to begin anew", "assertion is required",
            "Authorization is repeated", "Choose a step",
            "Choose Allow or Deny", "Choose one of the times offered", "client_assertion is required",
            "client_assertion_type is not supported", "client_id differs from the assertion",
            "client_id differs from the authenticated client",
            "client_id is not the client that id_token_hint was issued to", "client_id is repeated", "client_id is required",
            "code is required", "code_challenge is required", "code_challenge must be 43 base64url characters",
            "code_challenge_method must be S256", "code_verifier is required", "Content-Type must be application/json",
            "Content-Type must be application/x-www-form-urlencoded", "Enter the code that your device shows",
            "Enter your current password",
            "dpop_jkt is another key than that of the DPoP proof", "dpop_jkt must be 43 base64url characters",
            "Enter your username and password", "grant_type is required", "Host must be the issuer's",
            "id_token_hint is not an id_token of this server", "device_code is required",
            "id_token_hint was issued to another client", "max_age must be a whole number of seconds",
            "nonce may have at most … characters",
            "Page not found",
            "prompt=none goes with no other value", "redirect_uri is not registered for this app", "redirect_uri is repeated",
            "redirect_uri is required", "refresh_token is required", "request and request_uri are not supported",
            "response_mode must be query for this redirect_uri", "response_mode must be query or form_post", "response_type is required",
            "subject_token is required", "subject_token_type is required", "The actor token type is not supported",
            "The requested token type is not supported", "The subject token cannot be exchanged",
            "The subject token type is not supported",
            "Passkeys need a server with a name",
            "the parameters of a POST stand in its body alone", "The form is too large or malformed",
            "The passkey's answer is malformed",
            "The request body is malformed", "The request body is too large", "This link no longer works",
            "The request body must be one JSON object, no member twice, at most 32 levels deep", "The request is malformed",
            "This address is not registered for signing out", "This code does not work", "This content type is not supported",
            "This form was sent from another website", "This method is not allowed here", "This page has expired; open it again",
            "This passkey cannot be used here", "This took too long",
            "This request was already answered, has expired, or was started in another browser",
            "This client must push its requests", "This request is not valid any more; start again from the app",
            "This response does not match a request from this browser",
            "This sign-in was not started in this browser, or took too long. Start again.", "token is required",
            "Use one way to authenticate",
            "wait is a whole number of seconds up to …",
        ],
        ["invalid_client"] =
        [
            "Client authentication failed", "The client assertion has expired", "The client assertion is for another audience",
            "The client assertion is not valid yet", "The client assertion lacks a claim", "The client assertion lives too long",
            "The client assertion was used before", "The client has been revoked",
            "The client secret has expired",
            "The document that describes this app at … could not be used", "This app is not registered here",
        ],
        ["invalid_dpop_proof"] = ["A DPoP proof is required", "The DPoP proof is not valid"],
        ["use_dpop_nonce"] = ["The DPoP proof needs the nonce of this answer"],
        ["invalid_grant"] = ["The assertion is not valid here", "The code or refresh token is not valid"],
        ["unauthorized_client"] =
            ["This app cannot sign people in", "This app has been disabled here", "This client may not use this grant type"],
        ["unsupported_grant_type"] = ["This grant type is not supported"],
        ["unsupported_response_type"] = ["response_type must be code"],
        ["invalid_scope"] =
        [
            "No scope is left that belongs to the requested resource", "scope is malformed",
            "The requested scope is not allowed for this client",
        ],
        ["invalid_target"] = ["The requested resource is not allowed"],
        ["request_not_supported"] = ["request is not supported"],
        ["request_uri_not_supported"] = ["request_uri is not supported"],
        ["access_denied"] =
        [
            "Incorrect username or password", "No account here belongs to that sign-in", "Sign in again first",
            "That account at the company is linked to another account here",
            "That code is not right",
            "That is another account at the company than the one linked to yours", "The company did not ask you again",
            "The company does not say when you signed in", "The company gave an answer that cannot be accepted",
            "The company needs you to do something first", "The request was denied", "This passkey cannot be used here",
            "This way to sign in is not offered any more",
            "You cancelled at the company", "Your account at the company may not sign in here",
        ],
        ["login_required"] = ["Another person is signed in", "The request needs a person, and prompt=none forbids asking"],
        ["interaction_required"] = ["The request needs a person, and prompt=none forbids asking"],
        ["consent_required"] = ["The request needs a person, and prompt=none forbids asking"],
        ["invalid_token"] =
        [
            "The access token is not valid", "The registration access token is not valid",
            "This registration needs a valid initial access token",
        ],
        ["insufficient_scope"] = ["The access token lacks a scope"],
        ["invalid_redirect_uri"] =
        [
            "A client has at most … redirect URIs", "A redirect URI carries user information",
            "A redirect URI has a character that must be percent-encoded", "A redirect URI has a fragment",
            "A redirect URI has a malformed port", "A redirect URI has a scheme that can run code",
            "A redirect URI has a space, a control character or a character outside ASCII", "A redirect URI has a wildcard",
            "A redirect URI has no host", "A redirect URI is empty", "A redirect URI is longer than 2048 characters",
            "A redirect URI is not absolute", "A redirect URI points at this server itself",
            "An http redirect URI is for this computer only", "An https redirect URI needs a fully qualified domain name",
            "redirect_uris is required", "This private-use scheme is not on the list of this server",
            "This server registers loopback redirect URIs only",
        ],
        ["invalid_client_metadata"] =
        [
            "… and … are two clients", "… must be a list of strings", "… must be a string",
            "backchannel_logout_uri must be https with a domain name", "client_id must be the one of this registration",
            "client_name is longer than 256 characters", "… must be true or false",
            "default_max_age must be a whole number of seconds, at most a year",
            "Encrypted id_tokens and signed or encrypted userinfo do not exist here", "grant_types must hold …",
            "id_token_signed_response_alg must be RS256 or ES256", "jwks and jwks_uri exclude each other",
            "jwks must hold public keys that verify ES256, PS256 or RS256, ten at most", "jwks or jwks_uri is required",
            "jwks_uri must be https with a domain name", "post_logout_redirect_uris must be a list of strings",
            "Register again to become another kind of client, or to gain or lose a secret",
            "scope has a character that no scope has", "subject_type must be public",
            "The implicit and password grants do not exist here",
            "The only response type is code", "The request body must be a JSON object", "token_endpoint_auth_method must be …",
            "token_endpoint_auth_signing_alg must be ES256, PS256 or RS256",
        ],
        ["authorization_pending"] = ["Nobody has entered the code and decided yet"],
        ["expired_token"] = ["The device code has expired"],
        ["slow_down"] = ["Poll less often", "Too many wrong codes", "Too many requests; wait and try again"],
        ["temporarily_unavailable"] =
            ["The company cannot be reached", "The server cannot answer right now; try again shortly"],
        ["server_error"] = ["The connection to the company is set up wrongly", "The server met an unexpected condition"],
    };

    /// <summary>Every sentence with its code.</summary>
    public static IEnumerable<(string Code, string Description)> All =>
        ByCode.SelectMany(one => one.Value, (one, description) => (one.Key, description));

    /// <summary>The sentences of a code.</summary>
    public static IReadOnlyList<string> Of(string code) => ByCode.GetValueOrDefault(code) ?? [];
}
