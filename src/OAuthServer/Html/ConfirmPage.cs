using OAuthServer.Federation;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>
/// Who changes something here proves again who they are when their sign-in is old. What they had typed waits in the form and is
/// sent on with the password.
/// </summary>
public static class ConfirmPage
{
    /// <summary>The name of the password's field, which no other form has.</summary>
    public const string Password = "your_password";

    /// <param name="form">What was posted and waits.</param>
    /// <param name="key">The key by which a sign-in leads back: for who has no password.</param>
    /// <param name="error">Why it is shown again, or null.</param>
    /// <param name="provider">The company the session began at; null: none.</param>
    public static Task ConfirmAsync(
        this HttpContext http, Markup antiforgery, Navigation frame, Parameters form, string key, OAuthError? error, Provider? provider)
    {
        if (!frame.Session.HasPassword) return http.SignInAgainAsync(antiforgery, frame, key, provider);
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var fields = new Fields(say, _ => null, error is null ? [] : new Dictionary<string, string> { [Password] = error.Description });
        return http.PageAsync(error?.Status ?? 401, error is null ? "Confirm that it is you" : "Error: Confirm that it is you", $"""
            <h1>{say["Confirm that it is you"]}</h1>
            <p class="lead">
                {say["You signed in a while ago, and this changes something. Enter your password to go on; nothing you typed is lost."]}
            </p>
            <form method="post" action="{http.Request.PathBase + http.Request.Path + http.Request.QueryString}">
            {antiforgery}{form.All.Where(pair => pair.Key is not (Password or Forms.FieldName)).Select(Kept)}
            {Fields.ForPasswordManagers(frame.Session.Username)}
            {fields.Password(Password, "Password", "current-password")}
            <div class="actions"><button class="primary" type="submit">{say["Continue"]}</button>
                <a class="button" href="{settings.IssuerPath
                    + Back(http.Request.Path.Value![settings.IssuerPath.Length..], form)}">{say["Cancel"]}</a></div>
            </form>
            {AtCompany(antiforgery, key, provider, settings, say)}
            """, frame);
    }

    // Who came by a company proves it there, where that asks them; what they had typed is typed again.
    private static Markup AtCompany(Markup antiforgery, string key, Provider? provider, Settings settings, Language say) =>
        provider is not { Row.Reauth: "upstream" } ? Markup.None : $"""
            <form method="post" action="{settings.IssuerPath}{Paths.Federation}/{provider.Id}">
            {antiforgery}<input type="hidden" name="purpose" value="reauth"><input type="hidden" name="page" value="{key}">
            <button type="submit">{say.Put("Sign in again at {0}", $"<bdi>{Words.Sanitize(provider.Label)}</bdi>")}</button>
            </form>
            """;

    private static Task SignInAgainAsync(this HttpContext http, Markup antiforgery, Navigation frame, string key, Provider? provider)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        if (provider is not null)
            return http.PageAsync(401, "Confirm that it is you", $"""
                <h1>{say["Confirm that it is you"]}</h1>
                <p class="lead">{say[provider.Row.Reauth == "upstream"
                    ? "You signed in a while ago, and this changes something. Sign in again, then repeat it."
                    : "You signed in a while ago, and this server has nothing to ask you by. Add a passkey, or ask your administrator."]}</p>
                {AtCompany(antiforgery, key, provider, settings, say)}
                <p class="note"><a href="{settings.IssuerPath}{Paths.Login}?page={key}&amp;switch=1&amp;local=1">{say[
                    "Sign in with a passkey"]}</a></p>
                """, frame);
        return http.PageAsync(401, "Confirm that it is you", $"""
            <h1>{say["Confirm that it is you"]}</h1>
            <p class="lead">{say["You signed in a while ago, and this changes something. Sign in again, then repeat it."]}</p>
            <div class="actions"><a class="button primary" href="{settings.IssuerPath}{Paths.Login}?page={key}&amp;switch=1">{say[
                "Sign in again"]}</a></div>
            """, frame);
    }

    // The page of the row the form is about where it names one, else the list the row is in.
    private static string Back(string path, Parameters form) => (form["id"], form["subject"]) switch
    {
        ({ } id, _) when path.StartsWith(Paths.AdminClient, StringComparison.Ordinal) => PageUrl.Of(Paths.AdminClient, ("id", id)),
        (_, { } subject) when path.StartsWith(Paths.AdminUser, StringComparison.Ordinal) =>
            PageUrl.Of(Paths.AdminUser, ("subject", subject)),
        _ when path.StartsWith(Paths.AdminClientNew, StringComparison.Ordinal) => ClientKind.Of(form["kind"])?.Path ?? Paths.Admin,
        _ when path.StartsWith(Paths.AdminUsers, StringComparison.Ordinal) => Paths.AdminUsers,
        _ when path.StartsWith(Paths.AdminResource, StringComparison.Ordinal)
            || path.StartsWith(Paths.AdminScope, StringComparison.Ordinal) => Paths.AdminResources,
        _ when path.StartsWith(Paths.AdminProvider, StringComparison.Ordinal) => Paths.AdminProviders,
        _ when path.StartsWith(Paths.AdminDelegation, StringComparison.Ordinal) => Paths.AdminDelegation,
        _ when path.StartsWith(Paths.AdminTrust, StringComparison.Ordinal) => Paths.AdminTrust,
        _ when path.StartsWith(Paths.AdminKeys, StringComparison.Ordinal) => Paths.AdminKeys,
        _ when path.StartsWith(Paths.Account, StringComparison.Ordinal) || path == Paths.Password => Paths.Account,
        _ => Paths.Admin,
    };

    private static Markup Kept(KeyValuePair<string, string> pair) =>
        $"""<input type="hidden" name="{pair.Key}" value="{PastedKeys.Shown(pair.Key, pair.Value)}">""";
}
