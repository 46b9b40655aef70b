using OAuthServer.Protocol;

namespace OAuthServer.Pages;

/// <summary>What went wrong, in plain words, with the code, the request id and what to do next; and the page that explains all codes.</summary>
public static class ErrorPage
{
    /// <summary>A way on from an error.</summary>
    public sealed record Link(string Url, string Text);

    /// <param name="link">Where to go from here, or null when only the app can start again.</param>
    public static Task ErrorAsync(this HttpContext http, OAuthError error, Link? link = null)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        var next = error.RetryAfter is { } seconds ? $"Wait {Words.Wait(seconds)}, then try again." : error.Status == 404 ? "Check the address." : ErrorTexts.Of(error.Code).Person;
        Html way = link is null ? Html.None : $"""<p><a class="way" rel="noreferrer" href="{link.Url}">{link.Text}</a></p>""";
        Html advice = link is null ? $"<p>{next}</p>" : way;
        return http.PageAsync(error.Status, "This did not work", $"""
            <h1>This did not work</h1>
            <p class="lead">{error.Description}.</p>
            {advice}
            <p class="detail">Code <a href="{settings.IssuerPath}{Paths.Errors}#{error.Code}"><code>{error.Code}</code></a></p>
            """);
    }

    /// <summary>Every code, each under its own anchor.</summary>
    public static Task ErrorsAsync(this HttpContext http) => http.PageAsync(200, "Error codes", $"""
        <h1>Error codes</h1>
        <p class="lead">What this server answers when it refuses, and what to do. Every answer carries a Request-Id, by which its operator finds the exact reason.</p>
        <dl class="codes">
        {ErrorTexts.All.Select(Entry)}
        </dl>
        """);

    private static Html Entry(ErrorText text) => $"""<dt id="{text.Code}"><code>{text.Code}</code></dt><dd>{text.Means}</dd>""";
}
