using OAuthServer.Html;

namespace OAuthServer.Playground;

/// <summary>What the parameters of requests and the members of tokens mean, in words, with the section that says so.</summary>
public static class Glossary
{
    /// <summary>A parameter of /authorize, /token, /introspect or /revoke.</summary>
    public static (string Words, string Rule) Parameter(string name, Language say) => name switch
    {
        "response_type" => (say["Return a code."], "RFC 6749 §3.1.1"),
        "client_id" => (say["The app that sends the request."], "RFC 6749 §2.2"),
        "redirect_uri" => (say["Where the response goes: one of the URIs registered for the app."], "RFC 6749 §3.1.2"),
        "scope" => (say["What the token should allow."], "RFC 6749 §3.3"),
        "resource" => (say["The API that the token is for."], "RFC 8707 §2"),
        "state" => (say["Returned unchanged, so that the app can match the response to its request."], "RFC 6749 §4.1.1"),
        "code_challenge" => (say["A hash of a secret that the app keeps until it redeems the code."], "RFC 7636 §4.3"),
        "code_challenge_method" => (say["The hash method."], "RFC 7636 §4.3"),
        "grant_type" => (say["What the client exchanges for the token."], "RFC 6749 §4"),
        "code" => (say["Can be used once, within a short time."], "RFC 6749 §4.1.3"),
        "code_verifier" => (say["The secret behind the hash. Someone who stole the code does not have it."], "RFC 7636 §4.5"),
        "refresh_token" => (say["Can be used once; the response contains the next one."], "RFC 6749 §6"),
        "token" => (say["The token to check or revoke."], "RFC 7009 §2.1, RFC 7662 §2.1"),
        _ => ("", ""),
    };

    /// <summary>A member of a token's header.</summary>
    public static (string Words, string Rule) Header(string name, Language say) => name switch
    {
        "alg" => (say["The signature algorithm."], "RFC 7515 §4.1.1"),
        "kid" => (say["The id of the public key that verifies the signature."], "RFC 7515 §4.1.4"),
        "typ" => (say["Marks it as an access token; no other kind of token is accepted in its place."], "RFC 9068 §2.1"),
        _ => ("", ""),
    };

    /// <summary>A claim of an access token.</summary>
    public static (string Words, string Rule) Claim(string name, Language say) => name switch
    {
        "iss" => (say["The issuer: this server."], "RFC 7519 §4.1.1"),
        "sub" => (say["The subject: a person's opaque id, or the machine itself."], "RFC 9068 §2.2"),
        "aud" => (say["The API it is for; any other API must refuse it."], "RFC 7519 §4.1.3"),
        "client_id" => (say["The client it was issued to."], "RFC 8693 §4.3"),
        "scope" => (say["What it allows."], "RFC 9068 §2.2.3"),
        "iat" => (say["When it was issued."], "RFC 7519 §4.1.6"),
        "exp" => (say["When it expires."], "RFC 7519 §4.1.4"),
        "jti" => (say["Its unique id, used to revoke it."], "RFC 7519 §4.1.7"),
        "grant" => (say["The grant it belongs to: when the grant is revoked, so is the token. A claim specific to this server."],
            "RFC 7519 §4.3"),
        _ => ("", ""),
    };
}
