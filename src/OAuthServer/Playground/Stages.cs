using OAuthServer.Html;

namespace OAuthServer.Playground;

/// <summary>The five steps of the walkthrough, by their keys in URLs and forms, and what is said of each.</summary>
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
        Refresh => say["Refresh the token"],
        Replay => say["A stolen token is used"],
        _ => say["Revoke a token"],
    };

    /// <summary>What it is about.</summary>
    public static string Lead(string stage, Language say) => stage switch
    {
        Machine =>
            say["A program that runs unattended has no person to ask for consent. It authenticates with its own secret and gets a short-lived token."],
        Person =>
            say["An app requests access to your notes. It must not see your password, so it sends your browser here: you sign in and decide, and the app receives a code that is useless without the secret it kept."],
        Refresh =>
            say["The app's access token is short-lived. With its refresh token the app gets a new access token without asking you again, and a new refresh token that replaces the old one."],
        Replay =>
            say["Someone has copied the old refresh token. The app uses its new one; then the copy is used. The server cannot tell which of the two is the thief, so it revokes the tokens of both."],
        _ =>
            say["An API can check a token locally, or ask this server whether it is still valid. The API asks; the machine of step 1 revokes its token; the API asks again."],
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
