using OAuthServer.Protocol;
using OAuthServer.Stores;

namespace OAuthServer.Pages;

/// <summary>Where a person is signed in, and the ways to end that: what each does is said beside it.</summary>
public static class OwnSessions
{
    /// <summary>The part of the person's page.</summary>
    internal static Html Section(AccountView view, Settings settings, Language say)
    {
        Html others = view.Sessions.Count > 1
            ? $"""<form method="post" action="{settings.IssuerPath + Paths.Sessions}">{view.Antiforgery}<button class="small" type="submit" name="what" value="others">{say["Sign out everywhere else"]}</button></form>"""
            : Html.None;
        return $"""
            <section aria-labelledby="sessions">
            <h2 id="sessions">{say["Where you are signed in"]}</h2>
            <p>{say["Signing out of a browser ends that session only: apps you have allowed stay connected."]}</p>
            <ul class="things">
            {view.Sessions.Select(session => Item(session, view, settings, say))}
            </ul>
            <div class="actions apart">{others}<a class="button danger small" href="{settings.IssuerPath + Paths.Sessions}">{say["Sign out everywhere"]}</a></div>
            </section>
            """;
    }

    /// <summary>Asks before everything ends: following a link changes nothing.</summary>
    public static Task SignOutEverywhereAsync(this HttpContext http, Html antiforgery, Frame frame)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Sign out everywhere", $"""
            <h1>{say["Sign out everywhere?"]}</h1>
            <p class="lead">{say["This signs you out of every browser, this one included, and ends the access of every app at once. Only a service that never asks this server may let an app in a little longer, an hour at most."]}</p>
            <p>{say["Apps you use have to send you here again. What you allowed before is remembered, so most will not ask; revoke an app if it should."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.Sessions}">
            {antiforgery}
            <p class="actions"><button class="danger" type="submit" name="what" value="everywhere">{say["Sign out everywhere"]}</button> <a class="way" href="{settings.IssuerPath + Paths.ConnectedApps}">{say["Cancel"]}</a></p>
            </form>
            """, frame);
    }

    private static Html Item(OwnSessionRow session, AccountView view, Settings settings, Language say)
    {
        var key = Convert.ToHexStringLower(session.IdHash);
        var browser = BrowserNames.Say(session.UserAgent, say);
        var isThis = session.IdHash.AsSpan().SequenceEqual(view.Frame.Session.IdHash);
        Html mark = isThis ? $""" <span class="mark yes">{say["This browser"]}</span>""" : Html.None;
        Html end = isThis
            ? $"""<a class="button small" href="{settings.IssuerPath + Paths.Logout}">{say["Sign out"]}</a>"""
            : (Html)$"""<form method="post" action="{settings.IssuerPath + Paths.Sessions}">{view.Antiforgery}<button class="small" type="submit" name="session" value="{key}">{say["Sign out"]}<span class="unseen"> {browser}</span></button></form>""";
        return $"""
            <li>
            <p class="detail"><span class="agent">{browser}</span>{mark}</p>
            {BrowserNames.Exactly(session.UserAgent, say)}
            <dl class="facts">
            <div><dt>{say["Signed in"]}</dt><dd>{say.Time(session.AuthenticatedAt)}</dd></div>
            <div><dt>{say["Last seen"]}</dt><dd>{say.Time(session.LastSeenAt)}</dd></div>
            <div><dt>{say["Address"]}</dt><dd><bdi>{session.Address}</bdi></dd></div>
            </dl>
            {end}
            </li>
            """;
    }
}
