using System.Globalization;
using OAuthServer.Admin.Audit;
using OAuthServer.Admin.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Audit;

namespace OAuthServer.Admin;

/// <summary>A signing key that leaves soon.</summary>
public sealed record LeavingKey(string Kid, DateTimeOffset GoneAt);

/// <summary>What the dashboard shows.</summary>
public sealed record DashboardView
{
    public required DateTimeOffset Now { get; init; }

    /// <summary>Administrators who have a password and nothing else.</summary>
    public required IReadOnlyList<string> WithoutSecondFactor { get; init; }
    public required DashboardFigures Figures { get; init; }

    /// <summary>The last 24 hours of the clock, the oldest first.</summary>
    public required IReadOnlyList<ChartColumn> Hours { get; init; }

    /// <summary>The last 30 days (UTC), the oldest first.</summary>
    public required IReadOnlyList<ChartColumn> Days { get; init; }
    public required IReadOnlyList<ExpiringSecret> Secrets { get; init; }
    public required IReadOnlyList<LeavingKey> Keys { get; init; }

    /// <summary>When the next key is made by itself; null: never, or not soon.</summary>
    public required DateTimeOffset? NextKey { get; init; }
    public required AuditView Reuses { get; init; }

    /// <summary>About companies nobody can sign in at; nothing where all is well.</summary>
    public Markup Troubles { get; init; }
}

/// <summary>How the server is doing, on one page.</summary>
public static class DashboardPage
{
    public static Task DashboardAsync(this HttpContext http, Navigation frame, DashboardView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        var (figures, audit) = (view.Figures, settings.IssuerPath + Paths.AdminAudit);
        Markup reuses = view.Reuses.Rows.Count == 0
            ? $"""<p class="empty">{say["No authorization code or refresh token was reused."]}</p>"""
            : AuditRows.Table(view.Reuses, Ended(settings, say), settings, say);
        Markup alone = view.WithoutSecondFactor.Count == 0 ? Markup.None : $"""
            <p class="caution">{say["Administrators whose password alone opens the administration:"]} {string.Join(", ",
                view.WithoutSecondFactor.Take(10))}{(view.WithoutSecondFactor.Count > 10 ? "…" : "")}. {say[
                "Ask each to add a passkey or an authenticator app on the account page."]}</p>
            """;
        Markup legend =
            $"""
                <p class="legend"><span class="key" aria-hidden="true"></span> {say["Tokens issued"]}
                    <span class="key bad" aria-hidden="true"></span> {say["Refused"]}</p>
                """;
        return http.PageAsync(200, "Dashboard", $"""
            <h1>{say["Dashboard"]}</h1>
            {alone}
            {view.Troubles}
            <ul class="tiles" aria-label="{say["Activity"]}">
            {Tile($"{view.Hours.Sum(hour => hour.Issued)}", audit + "?event=token&outcome=ok", say["Tokens issued, 24 hours"])}
            {Tile($"{view.Hours.Sum(hour => hour.Refused)}", audit + "?outcome=refused", say["Refusals, 24 hours"])}
            {Tile(say.Number(figures.Reuses), "#reuse", say["Codes and refresh tokens reused, 7 days"])}
            {Tile(say.Number(figures.Registrations), audit + "?event=registration&outcome=ok", say["Registrations, 7 days"])}
            </ul>
            <ul class="tiles" aria-label="{say["Totals"]}">
            {Tile(say.Number(figures.LiveGrants), settings.IssuerPath + Paths.AdminUsers, say["Live grants"])}
            {Tile(say.Number(figures.People), settings.IssuerPath + Paths.AdminUsers, say["Users"])}
            {Tile(say.Number(figures.Machines), settings.IssuerPath + Paths.AdminMachines, say["Machine clients"])}
            {Tile(say.Number(figures.Apps), settings.IssuerPath + Paths.AdminApps, say["User-facing clients"])}
            {Tile(say.Number(figures.ResourceServers), settings.IssuerPath + Paths.AdminResourceServers, say["Resource servers"])}
            </ul>
            <div class="columns">
            <section>
            <div class="titled"><h2>{say["Last 24 hours"]}</h2>{legend}</div>
            {Chart.Draw(view.Hours, Sum(say["In the last 24 hours, tokens issued: {0}, requests refused: {1}."], view.Hours),
                say["Per hour, UTC"], say)}
            </section>
            <section>
            <div class="titled"><h2>{say["Last 30 days"]}</h2>{legend}</div>
            {Chart.Draw(view.Days, Sum(say["In the last 30 days, tokens issued: {0}, requests refused: {1}."], view.Days),
                say["Per day, UTC"], say)}
            </section>
            </div>
            <h2>{say["Expiring soon"]}</h2>
            {Expiring(view, settings, say)}
            <h2 id="reuse">{say["Reused codes and refresh tokens"]}</h2>
            <p class="note">{say["A code or refresh token that is used twice may have been stolen."]}</p>
            {reuses}
            """, frame);
    }

    private static string Ended(Settings settings, Language say) => settings.StrictReuse
        ? say["Each was refused and its grant was revoked"]
        : say["Each was refused and its grant was revoked, except for refresh tokens of clients with a secret, which were only refused"];

    private static Markup Tile(Markup figure, string href, string text) =>
        $"""<li><span class="figure">{figure}</span> <a href="{href}">{text}</a></li>""";

    private static string Sum(string sentence, IReadOnlyList<ChartColumn> spans) =>
        string.Format(CultureInfo.InvariantCulture, sentence, spans.Sum(span => span.Issued), spans.Sum(span => span.Refused));

    private static Markup Expiring(DashboardView view, Settings settings, Language say)
    {
        Markup next = view.NextKey is { } moment ? $"<p>{say.Put("The next signing key is created on {0}.", say.Time(moment))}</p>"
            : Markup.None;
        if (view.Secrets.Count + view.Keys.Count == 0)
            return $"""<p class="empty">{say["No secret expires and no key is removed within 30 days."]}</p>{next}""";
        return $"""
            <table>
            <caption>{say["Within the next 30 days, or expired in the last 30 days"]}</caption>
            <thead><tr><th scope="col">{say["Item"]}</th><th scope="col">{say["Belongs to"]}</th>
                <th scope="col">{say["When"]}</th><th scope="col">{say["State"]}</th></tr></thead>
            <tbody>
            {view.Secrets.Select(Secret)}
            {view.Keys.Select(Key)}
            </tbody>
            </table>
            {next}
            """;

        Markup Secret(ExpiringSecret secret)
        {
            Markup label = secret.Label.Length > 0 ? $" <bdi>{Words.Sanitize(secret.Label)}</bdi>" : Markup.None;
            Markup state = secret.ExpiresAt <= view.Now ? (Markup)$"""<span class="mark no">{say["Expired"]}</span>"""
                : $"""<span class="mark soon">{say["Expires soon"]}</span>""";
            Markup replaced = secret.Replaced ? $"""<span class="mark yes">{say["Another secret is in use"]}</span>""" : Markup.None;
            return $"""
                <tr>
                <th scope="row">{say["Client secret"]}{label}</th>
                <td data-label="{say["Belongs to"]}"><a href="{settings.IssuerPath
                    + ClientText.At(secret.ClientId)}"><bdi>{say.App(secret.Name)}</bdi></a></td>
                <td data-label="{say["When"]}">{say.Time(secret.ExpiresAt)}</td>
                <td data-label="{say["State"]}">{state}{replaced}</td>
                </tr>
                """;
        }

        Markup Key(LeavingKey key) => $"""
            <tr>
            <th scope="row">{say["Signing key"]}</th>
            <td data-label="{say["Belongs to"]}"><a href="{settings.IssuerPath + Paths.AdminKeys}"><code>{key.Kid}</code></a></td>
            <td data-label="{say["When"]}">{say.Time(key.GoneAt)}</td>
            <td data-label="{say["State"]}"><span class="mark">{say["Removed automatically"]}</span></td>
            </tr>
            """;
    }
}
