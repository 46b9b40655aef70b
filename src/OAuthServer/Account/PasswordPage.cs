using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>A new password, and what changing it ends.</summary>
public static class PasswordPage
{
    public const string Current = "current";
    public const string New = "password";
    public const string Again = "again";

    /// <summary>Why a password was not changed: what is wrong with each field, told at once.</summary>
    /// <param name="Flaw">Of the new one, or null.</param>
    /// <param name="Differs">Whether it was typed differently the second time.</param>
    /// <param name="Current">Why the one until now was not taken; null: it was.</param>
    public sealed record RefusedPassword(PasswordFlaw? Flaw, bool Differs, OAuthError? Current)
    {
        public int Status => Flaw is null && !Differs && Current is not null ? Current.Status : 400;
    }

    /// <summary>The form.</summary>
    /// <param name="changed">Whether it has just been changed.</param>
    /// <param name="wrong">All that is wrong with what was typed, or null.</param>
    public static Task PasswordAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, bool changed = false, RefusedPassword? wrong = null)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var problems = wrong is null ? [] : Problems(wrong, say);
        var fields = new Fields(say, _ => null, problems);
        Markup form = $"""
            {Fields.ForPasswordManagers(frame.Session.Username)}
            {fields.Password(Current, "Current password", "current-password")}
            {fields.Password(New, "New password", "new-password",
                "At least 12 characters. A few unrelated words are strong and easy to remember.")}
            {fields.Password(Again, "Confirm new password", "new-password")}
            """;
        Markup done = changed
            ? $"""
                <p class="good" role="status">
                    {Icons.Done}{say["Your password has been changed. You are now signed in only here, and apps must be connected again."]}
                </p>
                """
            : Markup.None;
        return http.PageAsync(wrong?.Status ?? 200, problems.Count == 0 ? "Password" : "Error: Password", $"""
            <h1>{say["Change your password"]}</h1>
            {done}
            <p class="lead">
                {say["Changing your password signs you out everywhere else and ends every app's access. This browser stays signed in."]}
            </p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.Password}">
            {antiforgery}
            {form}
            <button class="primary" type="submit">{say["Change password"]}</button>
            </form>
            """, frame);
    }

    private static Dictionary<string, string> Problems(RefusedPassword wrong, Language say)
    {
        var problems = new Dictionary<string, string>(3);
        if (wrong.Current is { } refused)
            problems[Current] = refused.RetryAfter is not null ? SignInText.Refusal(refused, say)
                : refused.Status == 401 ? "Incorrect password."
                : "Enter your current password.";
        if (wrong.Flaw is { } flaw) problems[New] = Say(flaw);
        if (wrong.Differs) problems[Again] = "The passwords do not match.";
        return problems;
    }

    private static string Say(PasswordFlaw flaw) => flaw switch
    {
        PasswordFlaw.TooShort => "Too short: use at least 12 characters.",
        PasswordFlaw.TooLong => "Too long: use at most 72 characters; accented and non-Latin letters count as two or more.",
        PasswordFlaw.IsTheName => "Your password must differ from your username.",
        _ => "Choose a password that differs from your current one.",
    };
}
