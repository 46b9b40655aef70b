using OAuthServer.Protocol;

namespace OAuthServer.Federation;

/// <summary>
/// Why nobody was let in by a provider. The public half is one of few sentences, which pages say with the company's name; which check it
/// was, and what came, is the private half.
/// </summary>
public static class FederationErrors
{
    /// <summary>Of what came no more than this is kept.</summary>
    private const int LongestGot = 64;

    public const string NotStartedText = "This sign-in was not started in this browser, or took too long. Start again.";
    public const string CancelledText = "You cancelled at the company";
    public const string InteractionText = "The company needs you to do something first";
    public const string UnreachableText = "The company cannot be reached";
    public const string UnacceptableText = "The company gave an answer that cannot be accepted";
    public const string WrongSetUpText = "The connection to the company is set up wrongly";
    public const string NotAllowedText = "Your account at the company may not sign in here";
    public const string NobodyText = "No account here belongs to that sign-in";
    public const string ElsewhereText = "That account at the company is linked to another account here";
    public const string NotAskedAgainText = "The company did not ask you again";
    public const string NoTimeText = "The company does not say when you signed in";
    public const string AnotherText = "That is another account at the company than the one linked to yours";
    public const string DisabledText = "This way to sign in is not offered any more";

    /// <summary>The private rule of refused client authentication, by which the dashboard finds it.</summary>
    public const string WrongSetUpRule = "RFC 6749 §5.2 at the provider";

    /// <summary>One answer for unknown, spent, late and foreign.</summary>
    public static OAuthError NotStarted(string reason) => Make("invalid_request", NotStartedText, 400, "RFC 9700 §4.7", reason);

    public static OAuthError Cancelled() => Make("access_denied", CancelledText, 400, "RFC 6749 §4.1.2.1",
        "the provider said access_denied");

    public static OAuthError Interaction(string said) =>
        Make("access_denied", InteractionText, 400, "OIDC Core §3.1.2.6", "the provider wants the person to do something", null, said);

    /// <summary>No answer, a server's fault, or none that may be listened to.</summary>
    public static OAuthError Unreachable(string reason, string? got = null) =>
        Make("temporarily_unavailable", UnreachableText, 502, "OIDC Discovery §4", reason, null, got);

    /// <summary>A check that failed.</summary>
    public static OAuthError Unacceptable(string rule, string reason, string? expected = null, string? got = null) =>
        Make("access_denied", UnacceptableText, 400, rule, reason, expected, got);

    public static OAuthError WrongSetUp(string reason, string? got = null) =>
        Make("server_error", WrongSetUpText, 502, WrongSetUpRule, reason, "client_id and secret as the provider knows them", got);

    public static OAuthError NotAllowed(string reason, string? expected = null, string? got = null) =>
        Make("access_denied", NotAllowedText, 403, "identity_providers.allowed_claims", reason, expected, got);

    public static OAuthError Nobody(string reason) =>
        Make("access_denied", NobodyText, 403, "identity_providers.provisioning", reason);

    public static OAuthError Elsewhere() =>
        Make("access_denied", ElsewhereText, 409, "identities", "the identity is linked to another person");

    public static OAuthError NotAskedAgain(string expected, string got) =>
        Make("access_denied", NotAskedAgainText, 400, "OIDC Core §3.1.2.1", "auth_time is older than what was asked", expected, got);

    public static OAuthError NoTime() =>
        Make("access_denied", NoTimeText, 400, "OIDC Core §3.1.2.1", "the id_token has no auth_time, and the person no factor here",
            "auth_time");

    public static OAuthError Another() =>
        Make("access_denied", AnotherText, 403, "identities", "another identity came back than one of the person's");

    public static OAuthError Disabled() =>
        Make("access_denied", DisabledText, 403, "identity_providers.enabled", "there is no such provider, or it is disabled");

    /// <summary>As much of a value as the audit log keeps of it.</summary>
    public static string? Shorten(string? got) => got is { Length: > LongestGot } ? got[..LongestGot] + "…" : got;

    private static OAuthError Make(
        string code, string description, int status, string rule, string reason, string? expected = null, string? got = null) => new()
        {
            Code = code,
            Description = description,
            Status = status,
            Rule = rule,
            Reason = reason,
            Expected = expected,
            Got = Shorten(got),
        };
}
