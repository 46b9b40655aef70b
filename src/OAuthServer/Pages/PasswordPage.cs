using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Pages;

/// <summary>A new password, and what changing it ends.</summary>
public static class PasswordPage
{
    public const string Current = "current";
    public const string New = "password";
    public const string Again = "again";

    /// <summary>The form.</summary>
    /// <param name="changed">Whether it has just been changed.</param>
    /// <param name="flaw">What is wrong with the new one, or null.</param>
    /// <param name="refused">Why the password until now was not taken, or null.</param>
    public static Task PasswordAsync(this HttpContext http, Html antiforgery, Frame frame, bool changed = false, PasswordFlaw? flaw = null, OAuthError? refused = null)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var problems = new Dictionary<string, string>(1);
        if (flaw is { } wrong) problems[wrong is PasswordFlaw.TypedDifferently ? Again : New] = Say(wrong, say);
        if (refused is not null) problems[Current] = refused.RetryAfter is null ? say["This is not your password."] : LoginPage.Say(refused, say);
        var fields = new Fields(say, _ => null, problems);
        Html form = $"""
            {Fields.ForPasswordManagers(frame.Session.Username)}
            {fields.Password(Current, "Current password", "current-password")}
            {fields.Password(New, "New password", "new-password", "At least 12 characters. A few words that only you would put together are easy to keep in mind.")}
            {fields.Password(Again, "New password, once more", "new-password")}
            """;
        Html done = changed
            ? $"""<p class="good" role="status">{say["Your password has been changed. You are signed in here and nowhere else, and every app has to be connected anew."]}</p>"""
            : Html.None;
        return http.PageAsync(refused?.Status ?? (flaw is null ? 200 : 400), problems.Count == 0 ? "Password" : "Error: Password", $"""
            <h1>{say["Change your password"]}</h1>
            {done}
            <p class="lead">{say["A new password ends every other session and the access of every app at once. This browser stays signed in."]}</p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.Password}">
            {antiforgery}
            {form}
            <button class="primary" type="submit">{say["Change password"]}</button>
            </form>
            """, frame);
    }

    private static string Say(PasswordFlaw flaw, Language say) => flaw switch
    {
        PasswordFlaw.TooShort => say["Too short: use at least 12 characters."],
        PasswordFlaw.TooLong => say["Too long: at most 72 plain letters fit, fewer of other alphabets."],
        PasswordFlaw.IsTheName => say["Your user name is no password."],
        PasswordFlaw.IsTheOldOne => say["This is the password you have now."],
        _ => say["The two new passwords differ."],
    };
}
