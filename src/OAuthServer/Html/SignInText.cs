using System.Globalization;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>What sign-in and the change of a password say in the same words.</summary>
public static class SignInText
{
    /// <summary>Why a name and password were not taken, and how long to wait when it is that.</summary>
    public static string Refusal(OAuthError error, Language say) =>
        error.RetryAfter is { } seconds
            ? $"{say["Too many attempts."]} {string.Format(CultureInfo.InvariantCulture,
                say["Wait {0}, then try again."], say.Wait(seconds))}"
            : say[error.Description] + ".";
}
