namespace OAuthServer.Pages.Playground;

/// <summary>The five steps of the walk, by their keys in URLs and forms, and what is said of each.</summary>
public static class Stages
{
    public const string Machine = "machine";
    public const string Person = "person";
    public const string Refresh = "refresh";
    public const string Replay = "replay";
    public const string Revoke = "revoke";

    /// <summary>In the order they are walked.</summary>
    public static readonly string[] All = [Machine, Person, Refresh, Replay, Revoke];

    /// <summary>1 to 5.</summary>
    public static int Number(string stage) => Array.IndexOf(All, stage) + 1;

    /// <summary>What comes after it; null: that was the last.</summary>
    public static string? After(string stage) => All.ElementAtOrDefault(Number(stage));

    /// <summary>Whether it may be done again without its forerunner.</summary>
    public static bool MayBeRepeated(string stage) => stage is Machine or Person;

    /// <summary>For the list of steps.</summary>
    public static string Short(string stage, Language say) => stage switch
    {
        Machine => say["Machine"],
        Person => say["Person"],
        Refresh => say["Refresh"],
        Replay => say["Theft"],
        _ => say["Revocation"],
    };

    public static string Title(string stage, Language say) => stage switch
    {
        Machine => say["A token for a machine"],
        Person => say["A token for a person"],
        Refresh => say["The next token"],
        Replay => say["A stolen token comes back"],
        _ => say["A token is taken back"],
    };

    /// <summary>What it is about.</summary>
    public static string Lead(string stage, Language say) => stage switch
    {
        Machine => say["A program that works at night has nobody to ask. It proves who it is with a secret of its own, and gets a token that does not live long."],
        Person => say["An app wants to read your notes. It must never see your password, so it sends your browser here: you sign in, you decide, and the app gets a code that is worth nothing without the secret it kept."],
        Refresh => say["The app's access token does not live long. With the refresh token it gets the next one without asking you again, and a new refresh token in place of the old."],
        Replay => say["Somebody has copied the old refresh token. The app goes on with its new one; then the copy is used. The server cannot tell which of the two is the thief, so it ends what both of them hold."],
        _ => say["An API can check a token by itself, or ask whether it still counts. It asks; then the machine of step 1 gives its token back; then the API asks again."],
    };

    /// <summary>The standards it follows; not translated.</summary>
    public static string Rules(string stage) => stage switch
    {
        Machine => "RFC 6749 §4.4, RFC 9068",
        Person => "RFC 6749 §4.1, RFC 7636, RFC 8252, RFC 9207",
        Refresh => "RFC 6749 §6, RFC 9700 §4.14",
        Replay => "RFC 9700 §4.14.2",
        _ => "RFC 7009, RFC 7662",
    };
}
