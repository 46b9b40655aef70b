using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Playground;

/// <summary>
/// The requests of the walkthrough, for the clients of the demo world (sql/seed/demo.sql), whose secrets everybody knows. The same
/// method makes the request that is announced, with words in place of tokens, and the one that is sent.
/// </summary>
public sealed class PlaygroundRequests(Settings settings)
{
    public const string Machine = "nightly-etl";
    public const string App = "claude-desktop";
    public const string Api = "notes-api";
    private const string Notes = "http://localhost:9000/mcp";

    /// <summary>
    /// claude-desktop's own redirect URI, with our port in it (RFC 8252 §7.3): no client and no rule is there for the
    /// playground's sake. A registered client could not point here, an operator's may.
    /// </summary>
    public string RedirectUri => new Uri(settings.Issuer).GetLeftPart(UriPartial.Authority) + Paths.PlaygroundCallback;

    /// <summary>What a stage will send, with words where tokens will be.</summary>
    public IReadOnlyList<PlaygroundRequest> Plan(string stage, Language say) => stage switch
    {
        Stages.Machine => [MachineToken()],
        Stages.Person =>
            [Authorize(say["a random value that the app stores"], say["the SHA-256 of the verifier"]),
                Redeem(say["the code from the redirect"], say["the verifier, random and secret"])],
        Stages.Refresh => [Refresh(say["the refresh token of step 2"])],
        Stages.Replay =>
        [
            GoOn(say["the refresh token of step 3"]), Replay(say["the refresh token of step 2"]),
            AfterTheft(say["the newest refresh token"]), Dead(say["the newest access token"]),
        ],
        _ => [Alive(say["the machine's token of step 1"]), Revoke(say["the machine's token of step 1"]),
            Dead(say["the machine's token of step 1"])],
    };

    public PlaygroundRequest MachineToken() => new()
    {
        Says = say => say["The machine requests a token"],
        Means = say => say["The machine has its token. There is no refresh token: it can request a new token with its secret at any time."],
        Url = settings.Issuer + Paths.Token,
        Client = (Machine, "nightly-etl-secret"),
        Parameters = [("grant_type", "client_credentials"), ("scope", "notes:read")],
        Shows = "\"access_token\"",
    };

    public PlaygroundRequest Authorize(string state, string challenge) => new()
    {
        Says = say => say["The app sends your browser to this server"],
        Means = say =>
            say["You signed in and allowed access, and your browser returned a code to the app. The app never saw your password, and the code alone is useless."],
        Otherwise = say => say["No code was returned. The app learns only that access was denied; repeat this step and press Allow."],
        Method = "GET",
        Url = settings.Issuer + Paths.Authorize,
        Parameters =
        [
            ("response_type", "code"), ("client_id", App), ("redirect_uri", RedirectUri),
                ("scope", "notes:read notes:write offline_access"), ("resource", Notes),
            ("state", state), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ],
        Status = 303,
        Shows = "?code=",
    };

    public PlaygroundRequest Redeem(string code, string verifier) => OfApp(
        say => say["The app exchanges the code for tokens"],
        say =>
            say["The verifier matches the hash from the first request, so this is the same app. It gets an access token for your notes and a refresh token to stay connected."],
        say =>
            say["No refresh token was issued, because \"Stay connected while you are away\" was not ticked. Repeat this step and leave it ticked."],
        "authorization_code", ("code", code), ("code_verifier", verifier), ("redirect_uri", RedirectUri));

    public PlaygroundRequest Refresh(string token) => OfApp(
        say => say["The app uses its refresh token"],
        say =>
            say["Both tokens are new. The old refresh token is used up; for a short time it still returns this same response, in case the app's connection broke."],
        say => say["The server refused the token. Access may have been revoked in the meantime; start again at step 2."],
        "refresh_token", ("refresh_token", token));

    public PlaygroundRequest GoOn(string token) => OfApp(
        say => say["The app uses its new refresh token"],
        say => say["All is well so far. From now on, no legitimate client needs the old token."],
        say => say["The server refused the token. Access may have been revoked in the meantime; start again at step 2."],
        "refresh_token", ("refresh_token", token));

    public PlaygroundRequest Replay(string token) => Refused(OfApp(
        say => say["The thief uses the copy of the old token"],
        say => say["Refused. The thief learns only that the token is not valid; the audit log records why."],
        null, "refresh_token", ("refresh_token", token)));

    public PlaygroundRequest AfterTheft(string token) => Refused(OfApp(
        say => say["The app tries its newest refresh token"],
        say => say["Also refused: all tokens of this grant are revoked. The app has to send you through step 2 again; the thief cannot."],
        null, "refresh_token", ("refresh_token", token)));

    public PlaygroundRequest Alive(string token) => OfApi(token, "\"active\":true",
        say => say["The API checks the token"],
        say => say["The token is valid. The API learns whose it is, what it allows and when it expires."]);

    public PlaygroundRequest Dead(string token) => OfApi(token, "\"active\":false",
        say => say["The API checks the access token"],
        say => say["It is no longer valid, although it has not expired. The response says nothing more."]);

    public PlaygroundRequest Revoke(string token) => new()
    {
        Says = say => say["The machine revokes its token"],
        Means = say => say["Done. The response is empty, and is the same for an unknown token."],
        Url = settings.Issuer + Paths.Revoke,
        Client = (Machine, "nightly-etl-secret"),
        Parameters = [("token", token)],
    };

    private PlaygroundRequest OfApp(Func<Language, string> says, Func<Language, string> means, Func<Language, string>? otherwise,
        string grant, params (string, string)[] parameters) => new()
        {
            Says = says,
            Means = means,
            Otherwise = otherwise,
            Url = settings.Issuer + Paths.Token,
            Parameters = [("grant_type", grant), ("client_id", App), .. parameters],
            Shows = "\"refresh_token\"",
        };

    private static PlaygroundRequest Refused(PlaygroundRequest ask) => ask with { Status = 400, Shows = "\"invalid_grant\"" };

    private PlaygroundRequest OfApi(string token, string shows, Func<Language, string> says, Func<Language, string> means) => new()
    {
        Says = says,
        Means = means,
        Url = settings.Issuer + Paths.Introspect,
        Client = (Api, "notes-api-secret"),
        Parameters = [("token", token)],
        Shows = shows,
    };
}
