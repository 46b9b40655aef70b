using OAuthServer.Authorization.Federation;
using OAuthServer.Factors;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>What waits for a sign-in: an app's request, or one of our own pages by its key; both null for neither.</summary>
public sealed record Waiting(AuthorizationRequest? Request, string? Page)
{
    /// <summary>Whether somebody else is signed in than the app means.</summary>
    public bool IsForAnother { get; init; }

    /// <summary>The other ways to sign in.</summary>
    public Offers Offers { get; init; } = new();

    /// <summary>Our pages by their keys: a sign-in leads to one of these, never to a URL from the query (CWE-601).</summary>
    public static readonly IReadOnlyDictionary<string, string> Pages = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["apps"] = Paths.ConnectedApps,
        ["account"] = Paths.Account,
        ["passkeys"] = Paths.Passkeys,
        ["second-factor"] = Paths.SecondFactor,
        ["sessions"] = Paths.Sessions,
        ["password"] = Paths.Password,
        ["device"] = Paths.Device,
        ["admin"] = Paths.Admin,
    };

    /// <summary>A key of ours; anything else is as good as none: it chooses among our own pages.</summary>
    public static string? Known(string? page) => page is not null && (Pages.ContainsKey(page) || UserCode.OfPageKey(page) is not null)
        ? page : null;

    /// <summary>The same without a device's code, for what is written down.</summary>
    public static string? Plain(string? page) => UserCode.OfPageKey(page) is not null ? "device" : Known(page);

    private static string PathOf(string page) =>
        UserCode.OfPageKey(page) is { } code ? $"{Paths.Device}?user_code={code.Text}" : Pages[page];

    /// <summary>As hidden fields of a form.</summary>
    public Markup Hidden => (Request?.PendingRequest, Page) switch
    {
        ({ } open, _) => $"""<input type="hidden" name="request" value="{open.Id}">""",
        (_, { } key) => $"""<input type="hidden" name="page" value="{key}">""",
        _ => Markup.None,
    };

    /// <summary>As parameters behind others of a query.</summary>
    public string Query => (Request?.PendingRequest, Page) switch
    {
        ({ } open, _) => $"&request={open.Id}",
        (_, { } key) => $"&page={key}",
        _ => "",
    };

    /// <summary>As a query.</summary>
    public string FirstQuery => Query.Length == 0 ? "" : "?" + Query[1..];

    /// <summary>Where to go once signed in.</summary>
    public string Destination => Request is { PendingRequest: { } pending } ? $"{Paths.Authorize}/{pending.Id}" : PathOf(Page ?? "apps");
}

/// <summary>Who are you? Says who is asking, and gives one answer to unknown names and wrong passwords.</summary>
public static class LoginPage
{
    public const string Username = "username";
    public const string Password = "password";
    public const string Remember = "remember";
    public const string Decision = "decision";
    public const string Cancel = "cancel";

    /// <summary>The form.</summary>
    /// <param name="then">What waits for the sign-in.</param>
    /// <param name="username">To begin with: a hint, or what was typed before.</param>
    /// <param name="error">Why it is shown again, or null.</param>
    /// <param name="missing">The fields left empty; what is wrong is said beside each.</param>
    /// <param name="status">Of the answer; null: as <paramref name="error"/> says.</param>
    public static Task LoginAsync(
        this HttpContext http, Markup antiforgery, Waiting then, string username, OAuthError? error = null,
            IReadOnlyCollection<string>? missing = null, int? status = null)
    {
        missing ??= [];
        http.Speak(then.Request?.UiLocales);
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var assets = http.RequestServices.GetRequiredService<Assets>();
        var name = Words.Sanitize(username, "", SignIn.LongestName);
        var begin = name.Length == 0 ? Username : Password;
        Markup purpose = then.Request is { } asking
            ? $"""<p class="lead">{say.Put("to continue to {0}", $"<strong><bdi>{say.App(asking.Client.Row.Name)}</bdi></strong>")}</p>"""
            : Markup.None;
        // Who is meant is not said: whoever sits here may be anybody.
        Markup another = !then.IsForAnother ? Markup.None
            : $"""<p class="note">{say["The app expects another person than the one who is signed in. Sign in as that person."]}</p>""";
        Markup passkey = http.RequestServices.GetRequiredService<Passkeys>().IsAvailable
            ? PasskeyForm.SignIn(http, antiforgery, then.Hidden, canFillIn: true) : Markup.None;
        // A form of its own: what was typed stays here.
        Markup cancel = then.Request?.PendingRequest is null ? Markup.None : $"""
            <form method="post" action="{settings.IssuerPath + Paths.Login}">
            {antiforgery}{then.Hidden}
            <button type="submit" name="{Decision}" value="{Cancel}">{say["Cancel"]}</button>
            </form>
            """;
        // Never ticked for them: whose computer this is, only they know.
        Markup remember = settings.RememberDays == 0 ? Markup.None : $"""
            <div class="check"><input type="checkbox" id="{Remember}" name="{Remember}" value="yes"><label for="{Remember}">{say[
                "Keep me signed in on this device"]}</label></div>
            """;
        Markup problem = error is null ? Markup.None
            : $"""<p class="error" id="problem" role="alert">{Icons.Wrong}{SignInText.Refusal(error, say)}</p>""";

        Markup hidden = $"{antiforgery}{then.Hidden}";
        Markup password = !then.Offers.HasPassword ? Markup.None : $"""
            <form method="post" action="{settings.IssuerPath + Paths.Login}">
            {hidden}
            <label for="username">{say["Username or e-mail address"]}</label>
            <input id="username" name="username" type="text" value="{name}" required
                maxlength="{SignIn.LongestName}" autocomplete="username webauthn" autocapitalize="none" spellcheck="false" dir="ltr" {Flaw(
                    Username)}>
            {Missing(Username, "Enter your username.")}
            <label for="password">{say["Password"]}</label>
            <input id="password" name="password" type="password" required autocomplete="current-password" dir="ltr" {Flaw(Password)}>
            <button class="small shows" type="button" data-shows="{Password}" aria-pressed="false" hidden>{say["Show password"]}</button>
            {Missing(Password, "Enter your password.")}
            {remember}
            <button class="primary" type="submit">{say["Sign in"]}</button>
            </form>
            """;
        Markup forgotten = then.Offers.HasPassword ? $"""<p class="note">{Forgotten(settings, say)}</p>""" : Markup.None;
        var failed = error is not null || then.Offers.Failed is not null;
        return http.PageAsync(status ?? error?.Status ?? 200, failed ? "Error: Sign in" : "Sign in", $"""
            <h1>{say["Sign in"]}</h1>
            {purpose}
            {another}
            {problem}
            {ProviderButtons.Problem(then.Offers, hidden, settings, say)}
            {password}
            {passkey}
            {ProviderButtons.Section(then.Offers, hidden, settings, say)}
            {cancel}
            {forgotten}
            """, script: assets.Passkey);

        // Where one of the two is wrong, nobody is told which.
        Markup Flaw(string field)
        {
            Markup focus = field == begin ? $" autofocus" : Markup.None;
            if (error is null || (missing.Count > 0 && !missing.Contains(field))) return focus;
            return $"""aria-invalid="true" aria-describedby="{(missing.Count > 0 ? field + "-problem" : "problem")}"{focus}""";
        }

        Markup Missing(string field, string text) => missing.Contains(field) ? $"""<p class="wrong" id="{field}-problem">{say[text]}</p>"""
            : Markup.None;
    }

    /// <summary>The page before signing out: following a link changes nothing.</summary>
    public static Task LogoutAsync(this HttpContext http, Markup antiforgery, SessionRow session)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Sign out", $"""
            <h1>{say["Sign out?"]}</h1>
            <p>{say.Put("You are signed in as {0}. Apps you allowed stay connected.",
                $"<strong><bdi>{session.Username}</bdi></strong>")}</p>
            <form method="post" action="{settings.IssuerPath + Paths.Logout}">
            {antiforgery}
            <button class="primary" type="submit">{say["Sign out"]}</button>
            </form>
            """);
    }

    /// <summary>Nobody is signed in any more.</summary>
    /// <param name="request">An app's, which says where to go on; null: nobody's.</param>
    /// <param name="company">How to sign out of the company, too; nothing where they did not come by one.</param>
    public static Task SignedOutAsync(this HttpContext http, EndSessionRequest? request = null, Markup company = default)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup back = request is not { Onward: { } onward, OnwardHost: { } host } ? Markup.None
            : $"""<p><a rel="noreferrer" href="{onward}">{say.Put("Go back to {0}", $"<bdi>{host}</bdi>")}</a></p>""";
        return http.PageAsync(200, "Signed out", $"""
            <h1>{say["You are signed out"]}</h1>
            {back}
            {company}
            <p><a href="{settings.IssuerPath + Paths.Login}">{say["Sign in"]}</a></p>
            """);
    }

    private static Markup Forgotten(Settings settings, Language say) => settings.HasMail
        ? (Markup)$"""<a href="{settings.IssuerPath + Paths.ForgottenPassword}">{say["Forgot your password?"]}</a>"""
        : settings.SupportUrl.Length == 0
        ? $"{say["Forgot your password? Ask your administrator."]}"
        : say.Put("Forgot your password? {0}", $"""<a href="{settings.SupportUrl}">{say["Ask for help"]}</a>""");
}
