using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Admin;

/// <summary>What a destructive change would take with it, told before it is made.</summary>
public sealed record Confirmation
{
    /// <summary>For the tab, in the page's language.</summary>
    public required string Title { get; init; }

    /// <summary>The question, in the page's language.</summary>
    public required Markup Question { get; init; }

    /// <summary>What will be, in the page's language.</summary>
    public required Markup Consequence { get; init; }

    /// <summary>Its blast radius: what ends, and of how many.</summary>
    public required IReadOnlyList<Markup> Impact { get; init; }

    /// <summary>What an operator would type for the same; null: nothing that could be typed.</summary>
    public string? Sql { get; init; }

    /// <summary>Where the answer goes, below the issuer.</summary>
    public required string Path { get; init; }

    /// <summary>What the form carries.</summary>
    public required IReadOnlyList<(string Name, string Value)> Form { get; init; }

    /// <summary>The button's text, in the page's language.</summary>
    public required string Button { get; init; }

    /// <summary>Where to go instead, below the issuer.</summary>
    public required string Back { get; init; }

    /// <summary>Why it was not done a moment ago, in the page's language; null: it was not tried yet.</summary>
    public string? Problem { get; init; }

    /// <summary>Whom the end of a resource or scope would reach.</summary>
    public static IEnumerable<Markup> Of(Usage holders, Language say)
    {
        yield return say.Put("Live grants: {0}", $"<strong>{say.Number(holders.Grants)}</strong>");
        yield return say.Put("Clients that use it: {0}", $"<strong>{say.Number(holders.Clients)}</strong>");
        foreach (var client in holders.Named) yield return $"<bdi>{Words.Sanitize(client)}</bdi>";
        if (holders.Clients.Rows > holders.Named.Count) yield return $"…";
    }
}

/// <summary>The page before something ends.</summary>
public static class ConfirmationPage
{
    public static Task ConfirmationAsync(this HttpContext http, Markup antiforgery, Navigation frame, Confirmation danger)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup problem = danger.Problem is { } text ? $"""<p class="error" role="alert">{text}</p>""" : Markup.None;
        Markup sql = danger.Sql is { } statement ? $"<p>{say["Equivalent SQL:"]}</p><pre>{statement}</pre>" : Markup.None;
        return http.PageAsync(danger.Problem is null ? 200 : 409,
            danger.Problem is null ? danger.Title : $"{say["Error"]}: {danger.Title}", $"""
            <h1>{danger.Question}</h1>
            {problem}
            <p class="lead">{danger.Consequence}</p>
            <ul class="reach">{danger.Impact.Select(one => (Markup)$"<li>{one}</li>")}</ul>
            {sql}
            <form method="post" action="{settings.IssuerPath + danger.Path}">
            {antiforgery}{danger.Form.Select(field => (Markup)$"""<input type="hidden" name="{field.Name}" value="{field.Value}">""")}
            <div class="actions"><button class="danger" type="submit">{danger.Button}</button>
                <a class="button" href="{settings.IssuerPath + danger.Back}">{say["Cancel"]}</a></div>
            </form>
            """, frame);
    }
}
