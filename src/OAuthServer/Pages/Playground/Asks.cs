using OAuthServer.Protocol;

namespace OAuthServer.Pages.Playground;

/// <summary>
/// The requests of the walk, for the clients of the demo world (sql/seed/demo.sql), whose secrets everybody knows. The same
/// method makes the request that is announced, with words in place of tokens, and the one that is sent.
/// </summary>
public sealed class Asks(Settings settings)
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
    public IReadOnlyList<Ask> Plan(string stage, Language say) => stage switch
    {
        Stages.Machine => [MachineToken()],
        Stages.Person => [Authorize(say["a random value the app remembers"], say["the SHA-256 of the verifier"]), Redeem(say["the code that came back"], say["the verifier, random and secret"])],
        Stages.Refresh => [Refresh(say["the refresh token of step 2"])],
        Stages.Replay =>
        [
            GoOn(say["the refresh token of step 3"]), Replay(say["the refresh token of step 2"]),
            AfterTheft(say["the newest refresh token"]), Dead(say["the newest access token"]),
        ],
        _ => [Alive(say["the machine's token of step 1"]), Revoke(say["the machine's token of step 1"]), Dead(say["the machine's token of step 1"])],
    };

    public Ask MachineToken() => new()
    {
        Says = say => say["The machine asks for a token"],
        Means = say => say["The machine has its token. There is no refresh token: with its secret it can ask again whenever it likes."],
        Url = settings.Issuer + Paths.Token,
        Client = (Machine, "nightly-etl-secret"),
        Parameters = [("grant_type", "client_credentials"), ("scope", "notes:read")],
        Shows = "\"access_token\"",
    };

    public Ask Authorize(string state, string challenge) => new()
    {
        Says = say => say["The app sends your browser to this server"],
        Means = say => say["You signed in and allowed it, and your browser brought a code back to the app. The app saw no password, and the code alone opens nothing."],
        Otherwise = say => say["No code came back. The app learns only that it was refused; do this step again and press Allow."],
        Method = "GET",
        Url = settings.Issuer + Paths.Authorize,
        Parameters =
        [
            ("response_type", "code"), ("client_id", App), ("redirect_uri", RedirectUri), ("scope", "notes:read notes:write offline_access"), ("resource", Notes),
            ("state", state), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        ],
        Status = 303,
        Shows = "?code=",
    };

    public Ask Redeem(string code, string verifier) => OfApp(
        say => say["The app exchanges the code for tokens"],
        say => say["The verifier fits the hash from the first request, so the same app asks. It gets an access token for your notes, and a refresh token to stay connected."],
        say => say["No refresh token came: without \"Stay connected while you are away\" there is none. Do this step again and leave it ticked."],
        "authorization_code", ("code", code), ("code_verifier", verifier), ("redirect_uri", RedirectUri));

    public Ask Refresh(string token) => OfApp(
        say => say["The app exchanges its refresh token"],
        say => say["Both tokens are new. The old refresh token is spent; for a moment it would still yield this same answer, for an app whose connection broke."],
        say => say["The server did not take the token. Perhaps the connection was ended meanwhile; begin again at step 2."],
        "refresh_token", ("refresh_token", token));

    public Ask GoOn(string token) => OfApp(
        say => say["The app goes on with its new refresh token"],
        say => say["All is well so far. From now on nobody honest has a use for the old token any more."],
        say => say["The server did not take the token. Perhaps the connection was ended meanwhile; begin again at step 2."],
        "refresh_token", ("refresh_token", token));

    public Ask Replay(string token) => Refused(OfApp(
        say => say["The thief uses the copy of the old token"],
        say => say["Refused. The thief learns nothing but that the token is not valid; the audit log says why."],
        null, "refresh_token", ("refresh_token", token)));

    public Ask AfterTheft(string token) => Refused(OfApp(
        say => say["The app tries its newest refresh token"],
        say => say["Refused too: the whole family is revoked. The app has to send you through step 2 again, and the thief cannot follow."],
        null, "refresh_token", ("refresh_token", token)));

    public Ask Alive(string token) => OfApi(token, "\"active\":true",
        say => say["The API asks about the token"],
        say => say["The token counts. The API learns for whom it is, what it allows and until when."]);

    public Ask Dead(string token) => OfApi(token, "\"active\":false",
        say => say["The API asks whether the access token counts"],
        say => say["It does not, although it has not expired yet. That is all the API is told."]);

    public Ask Revoke(string token) => new()
    {
        Says = say => say["The machine gives its token back"],
        Means = say => say["Done. The answer is empty, and would be the same for a token nobody knows."],
        Url = settings.Issuer + Paths.Revoke,
        Client = (Machine, "nightly-etl-secret"),
        Parameters = [("token", token)],
    };

    private Ask OfApp(Func<Language, string> says, Func<Language, string> means, Func<Language, string>? otherwise, string grant, params (string, string)[] parameters) => new()
    {
        Says = says,
        Means = means,
        Otherwise = otherwise,
        Url = settings.Issuer + Paths.Token,
        Parameters = [("grant_type", grant), ("client_id", App), .. parameters],
        Shows = "\"refresh_token\"",
    };

    private static Ask Refused(Ask ask) => ask with { Status = 400, Shows = "\"invalid_grant\"" };

    private Ask OfApi(string token, string shows, Func<Language, string> says, Func<Language, string> means) => new()
    {
        Says = says,
        Means = means,
        Url = settings.Issuer + Paths.Introspect,
        Client = (Api, "notes-api-secret"),
        Parameters = [("token", token)],
        Shows = shows,
    };
}
