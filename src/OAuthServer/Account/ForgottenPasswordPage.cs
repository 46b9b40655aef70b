using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Account;

/// <summary>Somebody forgot a password.</summary>
public static class ForgottenPasswordPage
{
    public const string Account = "account";

    /// <summary>The form.</summary>
    public static Task ForgottenPasswordAsync(this HttpContext http, Markup antiforgery)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Forgot your password?", $"""
            <h1>{say["Forgot your password?"]}</h1>
            <p class="lead">{say["We send a link to the verified address of your account."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.ForgottenPassword}">
            {antiforgery}
            <label for="{Account}">{say["Username or e-mail address"]}</label>
            <input id="{Account}" name="{Account}" type="text" required maxlength="254" autocomplete="username" autocapitalize="none"
                spellcheck="false" dir="ltr">
            <button class="primary" type="submit">{say["Send the link"]}</button>
            </form>
            <p><a class="way" href="{settings.IssuerPath + Paths.Login}">{say["Sign in"]}</a></p>
            """);
    }

    /// <summary>Said to everybody.</summary>
    public static Task ForgottenPasswordSentAsync(this HttpContext http)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Forgot your password?", $"""
            <h1>{say["Forgot your password?"]}</h1>
            <p class="lead" role="status">{say["If that account has a verified address, a message is on its way"]}.</p>
            <p><a class="way" href="{settings.IssuerPath + Paths.Login}">{say["Sign in"]}</a></p>
            """);
    }

    /// <summary>Where this server sends no mail.</summary>
    public static Task AskAnAdministratorAsync(this HttpContext http)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Forgot your password?", $"""
            <h1>{say["Forgot your password?"]}</h1>
            <p class="lead">{say["Ask your administrator for a link to a new one."]}</p>
            <p><a class="way" href="{settings.IssuerPath + Paths.Login}">{say["Sign in"]}</a></p>
            """);
    }
}
