using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;

namespace OAuthServer.Account;

/// <summary>Sessions a person ended from the list.</summary>
public enum EndedSessions
{
    One,
    Others,
}

/// <summary>What the page of a person's sessions and recent activity shows.</summary>
public sealed record OwnSessionsView
{
    public required Navigation Navigation { get; init; }
    public required Markup Antiforgery { get; init; }
    public required IReadOnlyList<OwnSessionRow> Sessions { get; init; }

    /// <summary>What lately happened, newest first.</summary>
    public required IReadOnlyList<AccountEventRow> Events { get; init; }

    /// <summary>Which sessions the person has just ended; null: none.</summary>
    public required EndedSessions? SignedOut { get; init; }
}

/// <summary>
/// Where a person is signed in, what lately happened to the account, and the ways to end a session: what each does is said beside it.
/// </summary>
public static class OwnSessions
{
    public static Task OwnSessionsAsync(this HttpContext http, OwnSessionsView view)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        Markup done = view.SignedOut is { } ended
            ? $"""
                <p class="good" role="status">{Icons.Done}{say[ended == EndedSessions.Others
                    ? "Every other browser has been signed out." : "That browser has been signed out."]}</p>
                """
            : Markup.None;
        Markup others = view.Sessions.Count > 1
            ? $"""
                <form method="post" action="{settings.IssuerPath + Paths.Sessions}">{view.Antiforgery}<button class="small"
                    type="submit" name="what" value="others">{say["Sign out everywhere else"]}</button></form>
                """
            : Markup.None;
        return http.PageAsync(200, "Security", $"""
            <h1>{say["Security"]}</h1>
            {done}
            <section aria-labelledby="sessions">
            <h2 id="sessions">{say["Where you are signed in"]}</h2>
            <p>{say["Signing out a browser ends only that session: apps you allowed stay connected."]}</p>
            <ul class="rows">
            {view.Sessions.Select(session => Item(session, view, settings, say))}
            </ul>
            <div class="actions apart">{others}<a class="button danger small"
                href="{settings.IssuerPath + Paths.SignOutEverywhere}">{say["Sign out everywhere"]}</a></div>
            </section>
            {AccountEvents.Section(view.Events, settings, say)}
            """, view.Navigation);
    }

    /// <summary>The page before everything ends: following a link changes nothing.</summary>
    public static Task SignOutEverywhereAsync(this HttpContext http, Markup antiforgery, Navigation frame)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Sign out everywhere", $"""
            <h1>{say["Sign out everywhere?"]}</h1>
            <p class="lead">
                {say["This signs you out of every browser, including this one, and ends every app's access at once. Services that do not check with this server may still accept an app for up to an hour."]}
            </p>
            <p>
                {say["Apps you use will send you here to sign in again. Your earlier choices are remembered, so most will not ask for permission; to be asked again, revoke the app."]}
            </p>
            <form method="post" action="{settings.IssuerPath + Paths.Sessions}">
            {antiforgery}
            <p class="actions"><button class="danger" type="submit" name="what" value="everywhere">{say["Sign out everywhere"]}</button>
                <a class="way" href="{settings.IssuerPath + Paths.Sessions}">{say["Cancel"]}</a></p>
            </form>
            """, frame);
    }

    private static Markup Item(OwnSessionRow session, OwnSessionsView view, Settings settings, Language say)
    {
        var key = Convert.ToHexStringLower(session.IdHash);
        var browser = BrowserNames.Say(session.UserAgent, say);
        var isThis = session.IdHash.AsSpan().SequenceEqual(view.Navigation.Session.IdHash);
        Markup mark = isThis ? $""" <span class="mark yes">{say["This browser"]}</span>""" : Markup.None;
        Markup details = BrowserNames.Find(session.UserAgent) is null ? Markup.None
            : $"""<div><dt>{say["Browser details"]}</dt><dd>{BrowserNames.Exactly(session.UserAgent, say)}</dd></div>""";
        Markup end = isThis
            ? $"""<p class="end"><a class="button small" href="{settings.IssuerPath + Paths.Logout}">{say["Sign out"]}</a></p>"""
            : (
                Markup)$"""
                    <form method="post" action="{settings.IssuerPath + Paths.Sessions}">{view.Antiforgery}<button class="small"
                        type="submit" name="session" value="{key}">{say["Sign out"]}<span class="unseen"> {browser}</span></button></form>
                    """;
        return $"""
            <li>
            <details>
            <summary>{AppTile.Of(Icons.Computer)}<span class="title"><strong class="agent">{browser}</strong>{mark}<span
                class="detail">{say.Put("Last active: {0}", say.Time(session.LastSeenAt))}</span></span></summary>
            <dl class="facts">
            <div><dt>{say["Signed in"]}</dt><dd>{say.Time(session.AuthenticatedAt)}</dd></div>
            <div><dt>{say["IP address"]}</dt><dd><bdi>{session.Address}</bdi></dd></div>
            {details}
            </dl>
            </details>
            {end}
            </li>
            """;
    }
}
