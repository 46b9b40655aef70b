using OAuthServer.Authorize;
using OAuthServer.Protocol;
using OAuthServer.Stores;
using OAuthServer.Users;

namespace OAuthServer.Pages;

/// <summary>Who are you? Says who is asking, and gives one answer to unknown names and wrong passwords.</summary>
public static class LoginPage
{
    private const string Title = "Sign in";

    /// <summary>The form.</summary>
    /// <param name="request">What waits for the sign-in, or null.</param>
    /// <param name="username">To begin with: a hint, or what was typed before.</param>
    /// <param name="error">Why it is shown again, or null.</param>
    public static Task LoginAsync(this HttpContext http, Html antiforgery, AuthorizationRequest? request, string username, OAuthError? error = null)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        var name = Words.Tame(username, "", SignIn.LongestName);
        Html purpose = request is null
            ? Html.None
            : $"""<p class="lead">to continue to <strong><bdi>{Words.Tame(request.Client.Row.Name)}</bdi></strong></p>""";
        Html ticket = request?.Ticket is { } open ? $"""<input type="hidden" name="request" value="{open.Id}">""" : Html.None;
        Html problem = error is null ? Html.None : $"""<p class="error" id="problem" role="alert">{Say(error)}</p>""";
        Html described = error is null ? Html.None : $"""aria-invalid="true" aria-describedby="problem" """;
        Html focusName = name.Length == 0 ? $"autofocus" : Html.None;
        Html focusPassword = name.Length == 0 ? Html.None : $"autofocus";

        return http.PageAsync(error?.Status ?? 200, error is null ? Title : "Error: " + Title, $"""
            <h1>{Title}</h1>
            {purpose}
            {problem}
            <form method="post" action="{settings.IssuerPath + Paths.Login}">
            {antiforgery}{ticket}
            <label for="username">User name</label>
            <input id="username" name="username" type="text" value="{name}" required maxlength="{SignIn.LongestName}" autocomplete="username" autocapitalize="none" spellcheck="false" {described}{focusName}>
            <label for="password">Password</label>
            <input id="password" name="password" type="password" required autocomplete="current-password" {described}{focusPassword}>
            <button class="primary" type="submit">Sign in</button>
            </form>
            """);
    }

    /// <summary>Nothing waits: only says who is signed in.</summary>
    public static Task SignedInAsync(this HttpContext http, SessionRow session)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        return http.PageAsync(200, "Signed in", $"""
            <h1>You are signed in as <bdi>{session.Username}</bdi></h1>
            <p><a href="{settings.IssuerPath + Paths.Logout}">Sign out</a></p>
            """);
    }

    /// <summary>Asks before signing out: following a link changes nothing.</summary>
    public static Task LogoutAsync(this HttpContext http, Html antiforgery, SessionRow session)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        return http.PageAsync(200, "Sign out", $"""
            <h1>Sign out?</h1>
            <p>You are signed in as <strong><bdi>{session.Username}</bdi></strong>. Apps you have allowed stay connected.</p>
            <form method="post" action="{settings.IssuerPath + Paths.Logout}">
            {antiforgery}
            <button class="primary" type="submit">Sign out</button>
            </form>
            """);
    }

    /// <summary>Nobody is signed in any more.</summary>
    public static Task SignedOutAsync(this HttpContext http)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        return http.PageAsync(200, "Signed out", $"""
            <h1>You are signed out</h1>
            <p><a href="{settings.IssuerPath + Paths.Login}">Sign in</a></p>
            """);
    }

    private static string Say(OAuthError error) =>
        error.RetryAfter is { } seconds ? $"Too many attempts. Wait {Words.Wait(seconds)}, then try again." : error.Description + ".";
}
