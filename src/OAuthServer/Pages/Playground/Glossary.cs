namespace OAuthServer.Pages.Playground;

/// <summary>What the parameters of requests and the members of tokens mean, in words, with the section that says so.</summary>
public static class Glossary
{
    /// <summary>A parameter of /authorize, /token, /introspect or /revoke.</summary>
    public static (string Words, string Rule) Parameter(string name, Language say) => name switch
    {
        "response_type" => (say["Send back a code, nothing else."], "RFC 6749 §3.1.1"),
        "client_id" => (say["Which app asks."], "RFC 6749 §2.2"),
        "redirect_uri" => (say["Where the answer goes: one of the addresses registered for the app."], "RFC 6749 §3.1.2"),
        "scope" => (say["What the token shall allow."], "RFC 6749 §3.3"),
        "resource" => (say["Which API the token shall be for."], "RFC 8707 §2"),
        "state" => (say["Comes back as it is: the app sees that the answer belongs to its own question."], "RFC 6749 §4.1.1"),
        "code_challenge" => (say["A hash of a secret that the app keeps until it has the code."], "RFC 7636 §4.3"),
        "code_challenge_method" => (say["How the hash was made."], "RFC 7636 §4.3"),
        "grant_type" => (say["What the token is asked for with."], "RFC 6749 §4"),
        "code" => (say["Good once, and not for long."], "RFC 6749 §4.1.3"),
        "code_verifier" => (say["The secret itself: whoever stole the code does not have it."], "RFC 7636 §4.5"),
        "refresh_token" => (say["Good once; the answer has the next one."], "RFC 6749 §6"),
        "token" => (say["The token in question."], "RFC 7009 §2.1, RFC 7662 §2.1"),
        _ => ("", ""),
    };

    /// <summary>A member of a token's header.</summary>
    public static (string Words, string Rule) Header(string name, Language say) => name switch
    {
        "alg" => (say["How it is signed."], "RFC 7515 §4.1.1"),
        "kid" => (say["Which of the published keys checks the signature."], "RFC 7515 §4.1.4"),
        "typ" => (say["This is an access token, and nothing else will be taken for one."], "RFC 9068 §2.1"),
        _ => ("", ""),
    };

    /// <summary>A claim of an access token.</summary>
    public static (string Words, string Rule) Claim(string name, Language say) => name switch
    {
        "iss" => (say["Who issued it: this server."], "RFC 7519 §4.1.1"),
        "sub" => (say["Whom it stands for: a person by an opaque id, or the machine itself."], "RFC 9068 §2.2"),
        "aud" => (say["Which API it is for; every other one must refuse it."], "RFC 7519 §4.1.3"),
        "client_id" => (say["Which client got it."], "RFC 8693 §4.3"),
        "scope" => (say["What it allows."], "RFC 9068 §2.2.3"),
        "iat" => (say["When it was issued."], "RFC 7519 §4.1.6"),
        "exp" => (say["When it ends."], "RFC 7519 §4.1.4"),
        "jti" => (say["Its own name, by which it can be revoked."], "RFC 7519 §4.1.7"),
        "grant" => (say["The consent it stands on: when that ends, so does the token. A claim of this server's own."], "RFC 7519 §4.3"),
        _ => ("", ""),
    };
}
