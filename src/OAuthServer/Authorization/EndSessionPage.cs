using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Authorization;

/// <summary>Whether a person wants to sign out, where an app has not proven that it means this very sign-in.</summary>
public static class EndSessionPage
{
    /// <param name="parameters">What was requested: the form says it again, and it is judged again.</param>
    public static Task EndSessionAsync(
        this HttpContext http, Markup antiforgery, SessionRow session, EndSessionRequest request, Parameters parameters)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup afterwards = request.OnwardHost is not { } host ? Markup.None
            : $"<p>{say.Put("Afterwards you go on to {0}.", $"<strong><bdi>{host}</bdi></strong>")}</p>";
        return http.PageAsync(200, "Sign out", $"""
            <h1>{say.Put("Sign out of {0}?", $"<bdi>{settings.DisplayName}</bdi>")}</h1>
            <p>{say.Put("You are signed in as {0}. Apps you allowed stay connected.",
                $"<strong><bdi>{session.Username}</bdi></strong>")}</p>
            {afterwards}
            <form method="post" action="{settings.IssuerPath + Paths.EndSessionConfirm}">
            {antiforgery}{EndSessionChecks.Known.Select(Kept)}
            <div class="actions"><button class="primary" type="submit">{say["Sign out"]}</button>
                <a class="button" href="{settings.IssuerPath + Paths.ConnectedApps}">{say["Stay"]}</a></div>
            </form>
            """);

        Markup Kept(string name) => parameters[name] is not { } value ? Markup.None
            : $"""<input type="hidden" name="{name}" value="{value}">""";
    }
}
