using System.Text;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Html;

/// <summary>Who sees a page of their own, and which one it is: what the navigation shows.</summary>
public sealed record Navigation
{
    public required SessionRow Session { get; init; }

    /// <summary>The path of the page in the navigation, such as <see cref="Paths.ConnectedApps"/>.</summary>
    public required string Current { get; init; }

    /// <summary>A page of the administration: wide, with its own navigation.</summary>
    public bool IsAdmin => Current.StartsWith(Paths.Admin, StringComparison.Ordinal);
}

/// <summary>The frame around every page, and the headers no page goes without.</summary>
public static class Layout
{
    // No form-action: Chromium applies it to the redirect that follows consent, which would break clients on other origins.
    private const string ContentSecurityPolicy =
        "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

    // Of the pages that load a script, and of no other.
    private const string WithScript = ContentSecurityPolicy + "; script-src 'self'; connect-src 'self'";

    private static readonly (string Path, string Text)[] Administration =
    [
        (Paths.Admin, "Dashboard"),
        (Paths.AdminMachines, "Machine clients"),
        (Paths.AdminApps, "User-facing clients"),
        (Paths.AdminResourceServers, "Resource servers"),
        (Paths.AdminGrants, "Grants"),
        (Paths.AdminResources, "Resources and scopes"),
        (Paths.AdminUsers, "Users"),
        (Paths.AdminProviders, "Company sign-in"),
        (Paths.AdminDelegation, "Delegation"),
        (Paths.AdminTrust, "Trust"),
        (Paths.AdminKeys, "Signing keys"),
        (Paths.AdminAudit, "Audit"),
        (Paths.AdminWhy, "Why refused"),
    ];

    /// <summary>Answers with a page.</summary>
    /// <param name="title">What the tab says, before the server's name; in English, said in the page's language.</param>
    /// <param name="content">Begins with the page's only h1.</param>
    /// <param name="frame">For pages of somebody signed in: their navigation; null: none.</param>
    /// <param name="roomy">For pages of nobody in particular that show more than one decision.</param>
    /// <param name="script">A script of ours that the page loads, which works without it, too; null: none.</param>
    /// <param name="referrers">no-referrer where the page's own address is a secret.</param>
    public static Task PageAsync(
        this HttpContext http, int status, string title, Markup content, Navigation? frame = null, bool roomy = false, Asset? script = null,
        string referrers = "same-origin")
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var assets = http.RequestServices.GetRequiredService<Assets>();
        Markup skip = frame is null && !roomy ? Markup.None : $"""<a class="skip" href="#main">{say["Skip to content"]}</a>""";
        Markup logo = assets.Logo is null ? Markup.None : $"""<img class="logo" src="{assets.Logo.Url(settings)}" alt="">""";
        Markup load = script is null ? Markup.None : $"""<script src="{script.Url(settings)}" defer></script>""";
        // The header of a page of one's own has it.
        Markup apps = frame is null ? Foot(settings.IssuerPath + Paths.ConnectedApps, say["Connected apps"]) : Markup.None;
        Markup page = $"""
            <!DOCTYPE html>
            <html lang="{say.Code}" dir="{say.Direction}">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>{say[title]} · {settings.DisplayName}</title>
            <link rel="icon" href="{assets.TabIcon.Url(settings)}" type="image/svg+xml">
            <link rel="stylesheet" href="{assets.Style.Url(settings)}">{load}
            </head>
            <body{Class(frame, roomy)}>
            {skip}
            <header><div class="brand">{logo}<div><p class="server">{settings.DisplayName}</p>
                <p class="host"><bdi>{settings.IssuerAuthority}</bdi></p></div></div>{Navigation(frame, settings, say)}</header>
            {Tabs(frame, settings, say)}
            <main id="main">
            {content}
            </main>
            <footer><p>{say.Put("Request id {0}", $"<code>{http.TraceIdentifier}</code>")}</p>
                <div class="links">{Foot(settings.PrivacyUrl, say["Privacy"])}{Foot(settings.TermsUrl, say["Terms"])}{Foot(
                    settings.SupportUrl, say["Help"])}{apps}</div></footer>
            </body>
            </html>
            """;

        http.Response.NoStore();
        Protect(http.Response, referrers, script is null ? ContentSecurityPolicy : WithScript);
        http.Response.StatusCode = status;
        http.Response.ContentType = "text/html; charset=utf-8";
        http.Response.Headers.ContentLanguage = say.Code;
        var bytes = Encoding.UTF8.GetBytes(page.ToString());
        http.Response.ContentLength = bytes.Length;
        return http.Response.Body.WriteAsync(bytes, CancellationToken.None).AsTask();
    }

    /// <summary>On to another page of ours. Always 303: a password is never posted twice (RFC 9700 §4.12).</summary>
    /// <param name="path">
    /// Below the issuer, begins with a slash, nothing in it from the request but a ticket, the key of a row, or a query in ASCII.
    /// </param>
    public static void GoTo(this HttpContext http, string path)
    {
        var settings = http.RequestServices.GetRequiredService<Settings>();
        Redirect(http.Response, settings.Issuer + path, "same-origin");
    }

    /// <summary>Back to the client: 303, and no page learns the code from a Referer (RFC 9700 §4.2.4).</summary>
    public static void GoToClient(this HttpContext http, string uri) => Redirect(http.Response, uri, "no-referrer");

    private static Markup Class(Navigation? frame, bool roomy) => frame switch
    {
        null when !roomy => Markup.None,
        { IsAdmin: true } => $" class=\"wide\"",
        _ => $" class=\"roomy\"",
    };

    private static Markup Navigation(Navigation? frame, Settings settings, Language say)
    {
        if (frame is null) return Markup.None;
        Markup administration = frame.Session.Role == "admin" ? Link(Paths.Admin, say["Administration"], frame.IsAdmin, settings)
            : Markup.None;
        return $"""
            <nav aria-label="{say["Account"]}">
            <ul>
            <li class="me"><bdi>{frame.Session.Username}</bdi></li>
            {Link(Paths.Account, say["Account"], frame.Current == Paths.Account, settings)}
            {Link(Paths.ConnectedApps, say["Connected apps"], frame.Current == Paths.ConnectedApps, settings)}
            {Link(Paths.Sessions, say["Security"], frame.Current == Paths.Sessions, settings)}
            {administration}
            {Link(Paths.Logout, say["Sign out"], false, settings)}
            </ul>
            </nav>
            """;
    }

    private static Markup Tabs(Navigation? frame, Settings settings, Language say) => frame is { IsAdmin: true }
        ? $"""
            <nav class="tabs" aria-label="{say["Administration"]}">
            <ul>
            {Administration.Select(entry => Link(entry.Path, say[entry.Text], frame.Current == entry.Path, settings))}
            </ul>
            </nav>
            """
        : Markup.None;

    // Nothing where the operator set nothing.
    private static Markup Foot(string url, string text) => url.Length == 0 ? Markup.None : $"""<a href="{url}">{text}</a>""";

    private static Markup Link(string path, string text, bool current, Settings settings)
    {
        Markup here = current ? $" aria-current=\"page\"" : Markup.None;
        return $"""<li><a href="{settings.IssuerPath + path}"{here}>{text}</a></li>""";
    }

    private static void Redirect(HttpResponse response, string uri, string referrers)
    {
        response.NoStore();
        Protect(response, referrers, ContentSecurityPolicy);
        response.StatusCode = StatusCodes.Status303SeeOther;
        response.Headers.Location = uri;
        response.ContentLength = 0;
    }

    private static void Protect(HttpResponse response, string referrers, string policy)
    {
        response.Headers.ContentSecurityPolicy = policy;
        response.Headers["Referrer-Policy"] = referrers;
        response.Headers.XFrameOptions = "DENY";
        response.Headers.XContentTypeOptions = "nosniff";
    }
}
