using System.Globalization;
using OAuthServer.Users;

namespace OAuthServer.Html;

/// <summary>What pages say of a new password, in the same words wherever one is set.</summary>
public static class PasswordText
{
    /// <summary>What is asked of one, beside its field.</summary>
    public static string Hint(int least, Language say) =>
        string.Format(CultureInfo.InvariantCulture,
            say["At least {0} characters. A few unrelated words are strong and easy to remember."], least);

    /// <summary>What is wrong with one.</summary>
    public static string Of(PasswordFlaw flaw, Language say) => flaw.Problem switch
    {
        PasswordProblem.TooShort => string.Format(CultureInfo.InvariantCulture, say["At least {0} characters."], flaw.Number),
        PasswordProblem.TooLong => string.Format(CultureInfo.InvariantCulture, say["At most 72 bytes; this has {0}."], flaw.Number),
        PasswordProblem.HasNul => say["This password has a character that cannot be typed. Choose another."],
        PasswordProblem.IsAboutThem => say["Your password must not be made of your name, your address or the name of this server."],
        PasswordProblem.IsKnown => say["This password is known from a leak. Choose another."],
        _ => say["Choose a password that differs from your current one."],
    };
}
