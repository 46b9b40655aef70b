using OAuthServer.Clients;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Clients;
using OAuthServer.Stores.Grants;

namespace OAuthServer.Account;

/// <summary>What one app was granted, the last used first, with the app's own row.</summary>
public sealed record ConnectedApp(IReadOnlyList<OwnGrantRow> Grants, ClientRow Client);

/// <summary>What the page of a person's connected apps shows.</summary>
public sealed record ConnectedAppsView
{
    public required Navigation Navigation { get; init; }
    public required Markup Antiforgery { get; init; }
    public required IReadOnlyList<ConnectedApp> Apps { get; init; }
    public required ResourceDirectory.Snapshot Known { get; init; }

    /// <summary>Agents that act with a grant.</summary>
    public required ILookup<Guid, DelegationRow> Delegations { get; init; }

    /// <summary>Agents that may act with a grant and do not.</summary>
    public required ILookup<Guid, IdleAgent> Idle { get; init; }

    /// <summary>Agents whose part the person has just cut, by name.</summary>
    public required IReadOnlyList<string> Cut { get; init; }

    /// <summary>What the person has just ended.</summary>
    public required IReadOnlyList<EndedGrantRow> Ended { get; init; }
    public required DateTimeOffset Now { get; init; }
}

/// <summary>Which apps may act for the person, one row each, and how to end that.</summary>
public static class ConnectedAppsPage
{
    public static Task ConnectedAppsAsync(this HttpContext http, ConnectedAppsView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup all = view.Apps.Count > 1
            ? $"""
                <p class="actions apart"><a class="button danger small"
                    href="{settings.IssuerPath + Paths.RevokeAll}">{say["Revoke all"]}</a></p>
                """
            : Markup.None;
        Markup apps = view.Apps.Count == 0
            ? $"""
                <p class="empty">
                    {say["No apps have access to your account. Apps you allow are listed here, and you can revoke their access."]}
                </p>
                """
            : (Markup)$"""
                <p class="lead">{say["These apps can access your account. Revoke those you no longer use."]}</p>
                <ul class="rows">
                {view.Apps.Select(app => App(app, view, settings, say))}
                </ul>
                {all}
                """;
        return http.PageAsync(200, "Connected apps", $"""
            <h1>{say["Connected apps"]}</h1>
            {Done(view, say)}
            {apps}
            """, view.Navigation);
    }

    /// <summary>The page before everything is taken back: following a link changes nothing.</summary>
    public static Task RevokeAllAsync(this HttpContext http, Markup antiforgery, Navigation frame, int apps)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Revoke all", $"""
            <h1>{say["Revoke all access?"]}</h1>
            <p class="lead">{say.Put("Apps losing access: {0}. Each must ask you again before it can do anything.", $"{apps}")}</p>
            <form method="post" action="{settings.IssuerPath + Paths.RevokeAll}">
            {antiforgery}
            <p class="actions"><button class="danger" type="submit">{say["Revoke all"]}</button>
                <a class="way" href="{settings.IssuerPath + Paths.ConnectedApps}">{say["Cancel"]}</a></p>
            </form>
            """, frame);
    }

    private static Markup App(ConnectedApp app, ConnectedAppsView view, Settings settings, Language say)
    {
        var (grants, client) = app;
        // Wherever it is not https the answer went to a program on the person's own computer.
        var landsHere = grants.Any(grant => grant.RedirectUri?.StartsWith("https:", StringComparison.Ordinal) is false);
        Markup off = client.Enabled ? Markup.None : $"""<span class="mark no">{say["Disabled by the administrator"]}</span>""";
        Markup unverified = client.Origin == "self-registered" ? $"""<span class="mark soon">{say["Unverified"]}</span>""" : Markup.None;
        var (name, newest) = (say.App(client.Name), grants[0]);
        var several = newest.OfApp > 1;
        Markup times = several ? $"""<span class="detail">{say.Put("Times allowed: {0}", $"{newest.OfApp}")}</span>""" : Markup.None;
        var what = several ? Names("app", client.ClientId) : Names("grant", newest.Id.ToString());
        return $"""
            <li>
            <details>
            <summary>{AppTile.Of(client.Name, say)}<span class="title"><strong><bdi>{name}</bdi></strong>
                {off}{unverified}<span class="detail">{LastUsed(grants, say)}</span>{times}</span></summary>
            <p class="identity">{AppText.Identity(client, landsHere, view.Now, settings, say)}</p>
            {(several ? Each(app, view, settings, say) : Facts(newest, view, settings, say))}
            </details>
            <form method="post" action="{settings.IssuerPath + Paths.ConnectedApps}">
            {view.Antiforgery}
            <button class="danger small" type="submit" {what}>{say["Revoke"]}<span class="unseen">
                <bdi>{name}</bdi></span></button>
            </form>
            </li>
            """;
    }

    // The newest may have been allowed and not been used yet.
    private static Markup LastUsed(IReadOnlyList<OwnGrantRow> grants, Language say)
    {
        var last = grants.Max(grant => grant.LastUsedAt);
        return last is null ? $"{say["Not used yet"]}" : say.Put("Last used: {0}", say.Time(last));
    }

    private static Markup Each(ConnectedApp app, ConnectedAppsView view, Settings settings, Language say)
    {
        var (grants, client) = app;
        Markup more = grants[0].OfApp == grants.Count ? Markup.None : $"""
            <p class="note">{say.Put("The {0} used last are listed here; revoking the app ends all of them.", $"{grants.Count}")}</p>
            """;
        return $"""
            {more}
            <ul class="things">
            {grants.Select(One)}
            </ul>
            """;

        Markup One(OwnGrantRow grant) => $"""
            <li>
            {Facts(grant, view, settings, say)}
            <form method="post" action="{settings.IssuerPath + Paths.ConnectedApps}">
            {view.Antiforgery}
            <button class="danger small" type="submit" {Names("grant", grant.Id.ToString())}>{say["Revoke only this"]}<span class="unseen">
                <bdi>{say.App(client.Name)}</bdi>, {say.Time(grant.CreatedAt)}</span></button>
            </form>
            </li>
            """;
    }

    private static Markup Names(string name, string value) => $"name=\"{name}\" value=\"{value}\"";

    private static Markup Facts(OwnGrantRow grant, ConnectedAppsView view, Settings settings, Language say)
    {
        Markup last = grant.LastUsedAt is null ? $"{say["Not used yet"]}" : say.Time(grant.LastUsedAt);
        Markup used = grant.OfApp > 1 ? $"""<div><dt>{say["Last used"]}</dt><dd>{last}</dd></div>""" : Markup.None;
        var apis = view.Known.ApisOf(grant.Resources, grant.Scope);
        Markup access = apis.Count == 0 ? Markup.None
            : $"""<div><dt>{say["Can access"]}</dt>{apis.Select(uri => ResourceOf(uri, view.Known, say))}</div>""";
        return $"""
            {Managed(grant, say)}
            <dl class="facts">
            {access}
            {Began(grant, say)}
            <div><dt>{say["This app is able to"]}</dt>{grant.Scope.Select(scope => ScopeOf(scope, view.Known, say))}</div>
            <div><dt>{say["Allowed on"]}</dt><dd>{say.Time(grant.CreatedAt)}</dd></div>
            {used}
            <div><dt>{say["Until"]}</dt><dd>{say.Time(grant.ExpiresAt)}</dd></div>
            <div><dt>{say["While you are away"]}</dt>
                <dd>{say[grant.Offline ? "Stays connected" : "Access ends on its own within an hour"]}</dd></div>
            </dl>
            {Agents(grant, view, settings, say)}
            """;
    }

    private static Markup Agents(OwnGrantRow grant, ConnectedAppsView view, Settings settings, Language say)
    {
        DelegationRow[] agents = [.. view.Delegations[grant.Id]];
        IdleAgent[] idle = [.. view.Idle[grant.Id]];
        return agents.Length + idle.Length == 0 ? Markup.None : $"""
            <p class="note">{say["Agents that act for you with it"]}</p>
            {DelegationTree.Of(agents, view.Known, say, Cut)}
            {(idle.Length == 0 ? Markup.None : DelegationTree.Of(idle, view.Known, say))}
            """;

        Markup Cut(DelegationRow row) => $"""
            <form method="post" action="{settings.IssuerPath + Paths.ConnectedApps}">{view.Antiforgery}<button
                class="danger small" type="submit" {Names("edge", row.Id.ToString())}>{say["Cut"]}<span class="unseen">
                <bdi>{Words.Sanitize(row.ActorName)}</bdi></span></button></form>
            """;
    }

    private static Markup Began(OwnGrantRow grant, Language say) => grant.Kind != "device" ? Markup.None
        : $"""<div><dt>{say["Used on"]}</dt><dd>{say["A device whose code you entered"]}</dd></div>""";

    // Revoking it ends what there is; the company may say so again.
    private static Markup Managed(OwnGrantRow grant, Language say) => grant.ManagedBy is not { } company ? Markup.None
        : $"""<p class="note">{say.Put("Managed by {0}; it may open this again.", $"<bdi>{Words.Sanitize(company)}</bdi>")}</p>""";

    private static Markup ResourceOf(string uri, ResourceDirectory.Snapshot known, Language say) =>
        $"""<dd><bdi>{Words.Sanitize(known.NameOf(uri, say.Code))}</bdi> <span class="url"><bdi>{uri}</bdi></span></dd>""";

    private static Markup ScopeOf(string scope, ResourceDirectory.Snapshot known, Language say) =>
        $"<dd><bdi>{AppText.Scope(scope, known, say)}</bdi></dd>";

    private static Markup Done(ConnectedAppsView view, Language say)
    {
        if (view.Cut.Count > 0) return $"""
            <div class="good" role="status"><p>{Icons.Done}<strong>{say.Put("No longer acts for you: {0}",
                $"{view.Cut.Select(name => (Markup)$"<bdi>{Words.Sanitize(name)}</bdi> ")}")}</strong></p></div>
            """;
        if (view.Ended.Count == 0) return Markup.None;
        var names = view.Ended.Select(one => say.App(one.ClientName)).Distinct()
            .Select((name, index) => (Markup)$"{(index == 0 ? "" : ", ")}<bdi>{name}</bdi>");
        Markup who = $"{names}";
        return $"""
            <div class="good" role="status">
            <p>{Icons.Done}<strong>{say.Put("Access has ended: {0}", who)}</strong></p>
            <p>{say["Nothing new is issued, and services that check with this server refuse the old access from now on."]}</p>
            <p>{say.Put("Services that do not check may still accept it until {0} at the latest.",
                say.Time(Up(view.Ended.Max(one => one.TokensUntil))))}</p>
            </div>
            """;
    }

    // Shown to the minute: never earlier than it is.
    private static DateTimeOffset Up(DateTimeOffset time)
    {
        var late = time.UtcTicks + TimeSpan.TicksPerMinute - 1;
        return new(late - (late % TimeSpan.TicksPerMinute), TimeSpan.Zero);
    }
}
