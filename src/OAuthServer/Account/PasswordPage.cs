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

    /// <summary>What the page of a new password shows.</summary>
    public sealed record View
    {
        public required Markup Antiforgery { get; init; }
        public required Navigation Navigation { get; init; }

        /// <summary>The least characters.</summary>
        public required int Least { get; init; }

        /// <summary>Whether it has just been changed.</summary>
        public bool Changed { get; init; }

        /// <summary>All that is wrong with what was typed, or null.</summary>
        public RefusedPassword? Wrong { get; init; }
    }

    /// <summary>The form; who has no password yet is not asked for it.</summary>
    public static Task PasswordAsync(this HttpContext http, View view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var (wrong, session) = (view.Wrong, view.Navigation.Session);
        var problems = wrong is null ? [] : Problems(wrong, say);
        var fields = new Fields(say, _ => null, problems);
        Markup current = session.HasPassword ? fields.Password(Current, "Current password", "current-password") : Markup.None;
        Markup form = $"""
            {Fields.ForPasswordManagers(session.Username)}
            {current}
            {fields.Password(New, "New password", "new-password", PasswordText.Hint(view.Least, say))}
            {fields.Password(Again, "Confirm new password", "new-password")}
            """;
        Markup done = view.Changed
            ? $"""
                <p class="good" role="status">
                    {Icons.Done}{say["Your password has been changed. You are now signed in only here, and apps must be connected again."]}
                </p>
                """
            : Markup.None;
        var (title, lead, button) = session.HasPassword
            ? ("Change your password",
                "Changing your password signs you out everywhere else and ends every app's access. This browser stays signed in.",
                "Change password")
            : ("Set a password",
                "With a password you can sign in here, too. Setting it signs you out everywhere else and ends every app's access.",
                "Set the password");
        return http.PageAsync(wrong?.Status ?? 200, problems.Count == 0 ? "Password" : "Error: Password", $"""
            <h1>{say[title]}</h1>
            {done}
            <p class="lead">
                {say[lead]}
            </p>
            {fields.Summary()}
            <form method="post" action="{settings.IssuerPath + Paths.Password}">
            {view.Antiforgery}
            {form}
            <button class="primary" type="submit">{say[button]}</button>
            </form>
            """, view.Navigation);
    }

    private static Dictionary<string, string> Problems(RefusedPassword wrong, Language say)
    {
        var problems = Problems(wrong.Flaw, wrong.Differs, say);
        if (wrong.Current is { } refused)
            problems[Current] = refused.RetryAfter is not null ? SignInText.Refusal(refused, say)
                : refused.Status == 401 ? "Incorrect password."
                : "Enter your current password.";
        return problems;
    }

    /// <summary>What is wrong with a new password, beside its fields and in the page's language.</summary>
    /// <param name="differs">Whether it was typed differently the second time.</param>
    internal static Dictionary<string, string> Problems(PasswordFlaw? flaw, bool differs, Language say)
    {
        var problems = new Dictionary<string, string>(3);
        if (flaw is not null) problems[New] = PasswordText.Of(flaw, say);
        if (differs) problems[Again] = "The passwords do not match.";
        return problems;
    }
}
