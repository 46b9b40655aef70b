using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;

namespace OAuthServer.Authorization.Device;

/// <summary>What the page for a device's code shows.</summary>
public sealed record DeviceView
{
    public required PageRequest Page { get; init; }

    /// <summary>The code that came with the link; null: none came, or what cannot be one.</summary>
    public UserCode? Given { get; init; }

    /// <summary>What was typed, when it is shown again.</summary>
    public string Typed { get; init; } = "";

    /// <summary>Why it is shown again, or null.</summary>
    public OAuthError? Error { get; init; }
}

/// <summary>Where a person types the code that a device shows.</summary>
public static class DevicePage
{
    /// <summary>Of the form, and of verification_uri_complete (RFC 8628 §3.3.1).</summary>
    public const string UserCodeField = "user_code";

    private const int LongestShown = 32;

    public static Task DeviceAsync(this HttpContext http, DeviceView view)
    {
        var (settings, say, error) = (http.RequestServices.GetRequiredService<Settings>(), http.Language(), view.Error);
        if (error is not null) http.Response.SetErrorHeaders(error);
        Markup problem = error is null ? Markup.None
            : $"""<p class="error" id="problem" role="alert">{Icons.Wrong}{Problem(error, say)}</p>""";
        Markup flaw = error is null ? Markup.None : $" aria-invalid=\"true\" aria-describedby=\"problem\"";
        var shown = view.Given?.Text ?? Words.Sanitize(view.Typed, "", LongestShown);
        Markup lead = view.Given is { } given
            ? $"""
                <p class="lead">{say.Put("Your device shows a code. Continue only if it is exactly this one: {0}",
                    $"""<strong class="code"><bdi dir="ltr">{given.Text}</bdi></strong>""")}</p>
                """
            : (Markup)$"""<p class="lead">{say["Enter the code that your device shows. The next page says what it wants to do."]}</p>""";
        return http.PageAsync(error?.Status ?? 200, error is null ? "Connect a device" : "Error: Connect a device", $"""
            <h1>{say["Connect a device"]}</h1>
            <p class="who">{say.Put("Signed in as {0}.", $"<strong><bdi>{view.Page.Session.Username}</bdi></strong>")}</p>
            {lead}
            {problem}
            <form method="post" action="{settings.IssuerPath + Paths.Device}">
            {view.Page.Antiforgery}
            <label for="{UserCodeField}">{say["Code"]}</label>
            <input id="{UserCodeField}" name="{UserCodeField}" type="text" value="{shown}" required maxlength="{LongestShown}"
                autocomplete="off" autocapitalize="characters" spellcheck="false" dir="ltr" autofocus{flaw}>
            <button class="primary" type="submit">{say["Continue"]}</button>
            </form>
            """, view.Page.NavigationOf(Paths.Device));
    }

    /// <summary>The end of it: the rest happens on the device.</summary>
    public static Task DeviceDoneAsync(this HttpContext http, bool isAllowed)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var (title, text) = isAllowed
            ? ("Device allowed", "Go back to your device: it goes on by itself within a minute. You can close this page.")
            : ("Device not allowed", "The device was told no. You can close this page.");
        return http.PageAsync(200, title, $"""
            <h1>{say[title]}</h1>
            <p class="lead">{say[text]}</p>
            <p><a class="way" href="{settings.IssuerPath + Paths.ConnectedApps}">{say["Connected apps"]}</a></p>
            """);
    }

    private static string Problem(OAuthError error, Language say) => error.RetryAfter is not null ? SignInText.Refusal(error, say)
        : say[error.Description == "This code does not work"
            ? "This code does not work. Compare it with the one your device shows; if it is the same, start again there."
            : "Enter the code that your device shows."];
}
