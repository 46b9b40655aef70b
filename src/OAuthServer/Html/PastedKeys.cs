using System.Text.RegularExpressions;

namespace OAuthServer.Html;

/// <summary>
/// Keys that somebody pasted into a form. A private one is refused, and what was pasted is not sent back: neither into the field nor into
/// the page that asks for a password in between.
/// </summary>
public static partial class PastedKeys
{
    /// <summary>The field that takes keys.</summary>
    public const string Field = "jwks";

    /// <summary>In the place of a private key: no JSON, so that nobody saves it.</summary>
    public const string Withheld = "(a private key was here)";

    /// <summary>Said at the field, in English.</summary>
    public const string Problem = "A private or symmetric key was pasted. Make a new pair, and paste its public half.";

    /// <summary>Whether a private or symmetric key is in it, also where it is no JSON (RFC 7518 §6.2.2, §6.3.2, §6.4.1).</summary>
    public static bool ArePrivate(string? text) => text is not null && (text == Withheld || PrivatePart().IsMatch(text));

    /// <summary>What a form shows of a field's value.</summary>
    public static string? Shown(string field, string? value) => field == Field && ArePrivate(value) ? Withheld : value;

    [GeneratedRegex(@"""(d|p|q|dp|dq|qi|oth|k)""\s*:|PRIVATE KEY|""kty""\s*:\s*""oct""",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PrivatePart();
}
