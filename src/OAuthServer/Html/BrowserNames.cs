namespace OAuthServer.Html;

/// <summary>
/// Browsers as people call them: Firefox on Windows, for what a User-Agent header says (RFC 9110 §10.1.5). Anybody may send
/// anything: it tells one session from another and proves nothing.
/// </summary>
public static class BrowserNames
{
    // In this order: each says the names of later ones, too, to be served what they are.
    private static readonly (string Token, string Name)[] Browsers =
    [
        ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser/", "SamsungBrowser"), ("FxiOS/", "Firefox"), ("Firefox/", "Firefox"),
        ("CriOS/", "Chrome"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
    ];

    private static readonly (string Token, string Name)[] Systems =
    [
        ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Macintosh", "macOS"),
            ("CrOS", "ChromeOS"), ("Linux", "Linux"),
    ];

    /// <summary>Both names; null when one of them is not known.</summary>
    public static (string Browser, string System)? Find(string agent) =>
        Named(Browsers, agent) is { } browser && Named(Systems, agent) is { } system ? (browser, system) : null;

    /// <summary>What people call it, else what it calls itself, tamed.</summary>
    public static Markup Say(string agent, Language say) => Find(agent) is var (browser, system)
        ? say.Put("{0} on {1}", $"<bdi>{browser}</bdi>", $"<bdi>{system}</bdi>")
        : $"<bdi>{Sanitize(agent, say)}</bdi>";

    /// <summary>What it calls itself; nothing where <see cref="Say"/> shows that already.</summary>
    public static Markup Exactly(string agent, Language say) => Find(agent) is null ? Markup.None : $"<bdi>{Sanitize(agent, say)}</bdi>";

    /// <summary>The same, folded.</summary>
    public static Markup Folded(string agent, Language say) => Find(agent) is null
        ? Markup.None
        : $"""<details class="exact"><summary>{say["Browser details"]}</summary>{Exactly(agent, say)}</details>""";

    private static string? Named((string Token, string Name)[] known, string agent) =>
        Array.Find(known, one => agent.Contains(one.Token, StringComparison.Ordinal)) is { Name: { } name } ? name : null;

    // The row keeps no more than 200 characters.
    private static string Sanitize(string agent, Language say) => Words.Sanitize(agent, say["unknown browser"], 200);
}
