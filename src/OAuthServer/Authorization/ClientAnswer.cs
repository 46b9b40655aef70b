using OAuthServer.Html;

namespace OAuthServer.Authorization;

/// <summary>
/// What the client is told: the parameters of a redirect (OAuth 2.1 §4.1.2), or of a form that the browser posts (OAuth 2.0 Form Post
/// Response Mode §2).
/// </summary>
public sealed record ClientAnswer
{
    // No redirect URI begins so: there is a blank in it.
    private const string PostMark = "post ";

    /// <summary>The redirect URI, exactly as it was requested.</summary>
    public required string Uri { get; init; }

    /// <summary>As in a query: code or error, state and iss.</summary>
    public required string Parameters { get; init; }

    /// <summary>Whether the browser posts it.</summary>
    public required bool IsPosted { get; init; }

    /// <summary>What the app calls itself; for the page with the form.</summary>
    public required string App { get; init; }

    /// <summary>The redirect URI with the parameters in its query.</summary>
    public string Location => Protocol.RedirectUri.With(Uri, Parameters);

    /// <summary>The parameters, decoded.</summary>
    public IEnumerable<(string Name, string Value)> Fields =>
        from pair in Parameters.Split('&')
        let at = pair.IndexOf('=')
        select (pair[..at], Protocol.Parameters.FormDecode(pair[(at + 1)..]));

    /// <summary>All of it in one line.</summary>
    public override string ToString() => IsPosted ? $"{PostMark}{Parameters} {Uri} {App}" : Location;

    /// <summary>What <see cref="ToString"/> wrote.</summary>
    public static ClientAnswer Read(string line)
    {
        if (!line.StartsWith(PostMark, StringComparison.Ordinal))
            return line.Split('?', 2) is [var uri, var query]
                ? new ClientAnswer { Uri = uri, Parameters = query, IsPosted = false, App = "" }
                : throw new FormatException("an answer without parameters");
        var parts = line.Split(' ', 4);
        return new ClientAnswer { Parameters = parts[1], Uri = parts[2], App = parts[3], IsPosted = true };
    }
}

/// <summary>The way back to the client.</summary>
public static class ClientAnswerPage
{
    /// <summary>The id of the button that the script presses.</summary>
    public const string Button = "post";

    /// <summary>Redirects, or shows a page with one button, which a script presses.</summary>
    public static Task AnswerClientAsync(this HttpContext http, ClientAnswer answer)
    {
        if (!answer.IsPosted)
        {
            http.GoToClient(answer.Location);
            return Task.CompletedTask;
        }

        var (say, assets) = (http.Language(), http.RequestServices.GetRequiredService<Assets>());
        var go = say.Put("Continue to {0}", $"<bdi>{say.App(answer.App)}</bdi>");
        return http.PageAsync(200, "Continue", $"""
            <h1>{go}</h1>
            <form method="post" action="{answer.Uri}">
            {answer.Fields.Select(Field)}
            <button class="primary" type="submit" id="{Button}">{go}</button>
            </form>
            """, script: assets.Post);
    }

    private static Markup Field((string Name, string Value) field) =>
        $"""<input type="hidden" name="{field.Name}" value="{field.Value}">""";
}
