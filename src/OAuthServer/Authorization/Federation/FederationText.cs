using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Federation;

/// <summary>What people read of a sign-in at a company, with its name; which check it was that failed is in the audit log alone.</summary>
public static class FederationText
{
    /// <summary>The company's name in a sentence.</summary>
    public static Markup Name(Provider provider) => $"<bdi>{Words.Sanitize(provider.Label)}</bdi>";

    /// <summary>Why nobody was let in.</summary>
    public static Markup Say(OAuthError error, Provider provider, Language say)
    {
        var company = Name(provider);
        return error.Description switch
        {
            FederationErrors.CancelledText => say.Put("You cancelled at {0}.", company),
            FederationErrors.InteractionText =>
                say.Put("{0} needs you to do something first. Sign in there, then try again.", company),
            FederationErrors.UnreachableText => $"{say.Put("{0} cannot be reached.", company)} {say["Nothing was changed."]}",
            FederationErrors.UnacceptableText =>
                $"{say.Put("{0} gave an answer we cannot accept.", company)} {say["Nothing was changed."]}",
            FederationErrors.WrongSetUpText =>
                say.Put("The connection to {0} is set up wrongly; its administrator has been told.", company),
            FederationErrors.NotAllowedText => say.Put("Your {0} account may not sign in here. Ask your administrator.", company),
            FederationErrors.NobodyText => $"{say["No account here belongs to that sign-in."]}",
            FederationErrors.ElsewhereText => say.Put("That {0} account is linked to another account here.", company),
            FederationErrors.NotAskedAgainText => say.Put("{0} did not ask you again.", company),
            FederationErrors.NoTimeText =>
                say.Put("{0} does not say when you signed in; add a passkey, or ask your administrator to send auth_time.", company),
            FederationErrors.AnotherText => say.Put("That is not the {0} account linked to yours. Nothing was changed.", company),
            _ => error.RetryAfter is not null ? (Markup)$"{SignInText.Refusal(error, say)}" : $"{say[error.Description]}",
        };
    }
}
