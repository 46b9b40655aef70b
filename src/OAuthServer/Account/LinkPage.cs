using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>What a one-time link is for, with the form that spends it. Its address is a secret: no page learns it from a Referer.</summary>
public static class LinkPage
{
    /// <summary>The hidden field that says what the form is for: a token of another kind is refused.</summary>
    public const string Kind = "kind";

    private const string NoReferrer = "no-referrer";

    /// <param name="least">The least characters of a password.</param>
    /// <param name="problems">What is wrong with what was posted.</param>
    /// <param name="company">What people call the sign-in provider of an invitation; null: it is gone, or none is named.</param>
    public static Task LinkAsync(
        this HttpContext http, Markup antiforgery, AccountLinkRow link, string token, int least, Dictionary<string, string> problems,
        string? company)
    {
        http.Speak(http.Request.Query["ui_locales"].ToString() is { Length: > 0 } wished ? wished : link.Locale);
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var (title, lead, button) = link.Kind switch
        {
            AccountLinks.Invitation => ("Welcome", say.Put("You are invited to {0} as {1}.", $"<bdi>{settings.DisplayName}</bdi>",
                $"<strong><bdi>{link.Username}</bdi></strong>"), "Create my account"),
            AccountLinks.Address => ("Confirm your address", say.Put("Is {0} your address, for the account {1}?",
                $"<strong><bdi dir=\"ltr\">{link.Email}</bdi></strong>", $"<strong><bdi>{link.Username}</bdi></strong>"),
                "Yes, confirm it"),
            _ => ("New password", say.Put("Choose a new password for {0}. It signs you out everywhere and ends every app's access.",
                $"<strong><bdi>{link.Username}</bdi></strong>"), "Set the password"),
        };
        var fields = new Fields(say, _ => null, problems);
        Markup inputs = link.Kind == AccountLinks.Address ? Markup.None : $"""
            {Fields.ForPasswordManagers(link.Username)}
            {fields.Password(PasswordPage.New, "New password", "new-password", PasswordText.Hint(least, say))}
            {fields.Password(PasswordPage.Again, "Confirm new password", "new-password")}
            """;
        Markup form = link.Provider is not null
            ? $"""
                <form method="post" action="{settings.IssuerPath}{Paths.Federation}/{link.Provider}">
                {antiforgery}<input type="hidden" name="invitation" value="{token}">
                <p>{say.Put("Sign in with {0} to accept it.", $"<bdi>{Words.Sanitize(company ?? link.Provider)}</bdi>")}</p>
                <button class="primary" type="submit">{say.Put("Continue with {0}",
                    $"<bdi>{Words.Sanitize(company ?? link.Provider)}</bdi>")}</button>
                </form>
                """
            : (Markup)$"""
                {fields.Summary()}
                <form method="post" action="{settings.IssuerPath + Paths.AccountLink}">
                {antiforgery}<input type="hidden" name="t" value="{token}">
                <input type="hidden" name="{Kind}" value="{(link.Kind == AccountLinks.MailedReset ? AccountLinks.Reset : link.Kind)}">
                {inputs}
                <button class="primary" type="submit">{say[button]}</button>
                </form>
                """;
        return http.PageAsync(problems.Count == 0 ? 200 : 400, problems.Count == 0 ? title
            : link.Kind == AccountLinks.Invitation ? "Error: Welcome" : "Error: New password", $"""
            <h1>{say[title]}</h1>
            <p class="lead">{lead}</p>
            {form}
            <p class="note">{say.Put("This link works once, until {0}.", say.Time(link.ExpiresAt))}</p>
            """, referrers: NoReferrer);
    }

    /// <summary>Wrong, spent, expired, revoked or overtaken: nobody learns which, nor whose it was.</summary>
    public static Task DeadLinkAsync(this HttpContext http)
    {
        var say = http.Language();
        return http.PageAsync(404, "This link no longer works", $"""
            <h1>{say["This link no longer works"]}</h1>
            <p class="lead">{say["This link no longer works. Ask for a new one."]}</p>
            """, referrers: NoReferrer);
    }

    /// <summary>Somebody is signed in for whom the link is not.</summary>
    public static Task SignOutFirstAsync(this HttpContext http, Markup antiforgery, SessionRow session)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Sign out first", $"""
            <h1>{say["Sign out first"]}</h1>
            <p class="lead">
                {say.Put("You are signed in as {0}, and this link is for somebody else. Sign out, then open the link again.",
                $"<strong><bdi>{session.Username}</bdi></strong>")}
            </p>
            <form method="post" action="{settings.IssuerPath + Paths.Logout}">
            {antiforgery}
            <button class="primary" type="submit">{say["Sign out"]}</button>
            </form>
            """, referrers: NoReferrer);
    }

    /// <summary>A new password was set, and nobody is signed in by it.</summary>
    public static Task PasswordSetAsync(this HttpContext http)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Your password has been set", $"""
            <h1>{say["Your password has been set"]}</h1>
            <p class="lead">{say["You are signed out everywhere. Sign in with the new password."]}</p>
            <p><a class="button primary" href="{settings.IssuerPath + Paths.Login}">{say["Sign in"]}</a></p>
            """, referrers: NoReferrer);
    }

    /// <summary>The address is theirs.</summary>
    public static Task AddressProvenAsync(this HttpContext http)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Your address is confirmed", $"""
            <h1>{say["Your address is confirmed"]}</h1>
            <p><a class="button" href="{settings.IssuerPath + Paths.Account}">{say["Your account"]}</a></p>
            """, referrers: NoReferrer);
    }
}
