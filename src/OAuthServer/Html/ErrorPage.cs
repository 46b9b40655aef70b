using System.Globalization;
using OAuthServer.Protocol;

namespace OAuthServer.Html;

/// <summary>
/// What went wrong, in plain words, with the code, the request id and what to do next; and the page that explains all codes.
/// </summary>
public static class ErrorPage
{
    /// <summary>A way on from an error.</summary>
    public sealed record Link(string Url, string Text)
    {
        /// <summary>What is posted there; null: it is a link.</summary>
        public IEnumerable<(string Name, string Value)>? Fields { get; init; }
    }

    /// <param name="link">Where to go from here, or null when only the app can start again.</param>
    public static Task ErrorAsync(this HttpContext http, OAuthError error, Link? link = null)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var next = error.RetryAfter is { } seconds
            ? string.Format(CultureInfo.InvariantCulture, say["Wait {0}, then try again."], say.Wait(seconds))
            : error.Status == 404 ? say["Check the address."]
            : say[ErrorTexts.Of(error.Code).Person];
        // Whoever has to wait or to correct the address stays here.
        var close = error.RetryAfter is null && error.Status != 404 ? $" {say["You can close this page."]}" : "";
        Markup advice = link switch
        {
            null => $"""<p class="lead">{next}{close}</p>""",
            { Fields: { } fields } => $"""
                <form method="post" action="{link.Url}">
                {fields.Select(Field)}
                <button type="submit">{link.Text}</button>
                </form>
                """,
            _ => $"""<p class="lead"><a class="way" rel="noreferrer" href="{link.Url}">{link.Text}</a></p>""",
        };
        var title = ErrorTexts.TitleOf(error);
        Markup forDevelopers = title == error.Description ? Markup.None : $" – {say[error.Description]}";
        return http.PageAsync(error.Status, title, $"""
            <h1>{say[title]}</h1>
            {advice}
            <p class="detail">{say["Error code"]}
                <a href="{settings.IssuerPath}{Paths.Errors}#{error.Code}"><code>{error.Code}</code></a>{forDevelopers}</p>
            """);
    }

    /// <summary>Every code under its own anchor, with the descriptions that come with it.</summary>
    public static Task ErrorsAsync(this HttpContext http)
    {
        var say = http.Language();
        return http.PageAsync(200, "Error codes", $"""
            <h1>{say["Error codes"]}</h1>
            <p class="lead">
                {say["What each error means and what to do about it. Every response carries a Request-Id, which lets the operator find the exact reason."]}
            </p>
            <dl class="codes">
            {ErrorTexts.All.Select(text => Entry(text, say))}
            </dl>
            """);
    }

    private static Markup Field((string Name, string Value) field) =>
        $"""<input type="hidden" name="{field.Name}" value="{field.Value}">""";

    // The descriptions as they are sent, in English whatever the page's language.
    private static Markup Entry(ErrorText text, Language say) =>
        $"""
        <dt id="{text.Code}"><code>{text.Code}</code></dt>
        <dd>{say[text.Means]}
            <ul lang="en" dir="ltr">{ErrorDescriptions.Of(text.Code).Select(Sentence)}</ul></dd>
        """;

    private static Markup Sentence(string description) => $"<li>{description}</li>";
}
