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
            <table>
            <caption>{say["Sign-ins that are still open"]}</caption>
            <thead><tr><th scope="col">{say["Browser"]}</th><th scope="col">{say["Address"]}</th><th scope="col">{say["Signed in"]}</th><th scope="col">{say["Last seen"]}</th><th scope="col">{say["End it"]}</th></tr></thead>
            <tbody>
            {view.Sessions.Select(session => Row(session, view, settings, say))}
            </tbody>
            </table>
            <div class="actions">{others}<a class="button danger small" href="{settings.IssuerPath + Paths.Sessions}">{say["Sign out everywhere"]}</a></div>
            </section>
            """;
    }

    /// <summary>Asks before everything ends: following a link changes nothing.</summary>
    public static Task SignOutEverywhereAsync(this HttpContext http, Html antiforgery, Frame frame)
    {
        var (settings, say) = (http.RequestServices.GetRequiredService<Settings>(), http.Language());
        return http.PageAsync(200, "Sign out everywhere", $"""
            <h1>{say["Sign out everywhere?"]}</h1>
            <p class="lead">{say["This ends every session, this one included, and the access of every app: codes, refresh tokens and access tokens, within a second."]}</p>
            <p>{say["Apps you use have to send you here again. What you allowed before is remembered, so most will not ask; revoke an app if it should."]}</p>
            <form method="post" action="{settings.IssuerPath + Paths.Sessions}">
            {antiforgery}
            <p class="actions"><button class="danger" type="submit" name="what" value="everywhere">{say["Sign out everywhere"]}</button> <a class="way" href="{settings.IssuerPath + Paths.ConnectedApps}">{say["Cancel"]}</a></p>
            </form>
            """, frame);
    }

    private static Html Row(OwnSessionRow session, AccountView view, Settings settings, Language say)
    {
        var key = Convert.ToHexStringLower(session.IdHash);
        var browser = Words.Tame(session.UserAgent, say["a browser that gave no name"], 120);
        var isThis = session.IdHash.AsSpan().SequenceEqual(view.Frame.Session.IdHash);
        Html mark = isThis ? $"""<span class="mark yes">{say["This browser"]}</span> """ : Html.None;
        Html end = isThis
            ? $"""<a class="way" href="{settings.IssuerPath + Paths.Logout}">{say["Sign out"]}</a>"""
            : (Html)$"""<form method="post" action="{settings.IssuerPath + Paths.Sessions}">{view.Antiforgery}<button class="small" type="submit" name="session" value="{key}">{say["End"]}<span class="unseen"> <bdi>{browser}</bdi></span></button></form>""";
        return $"""
            <tr><th scope="row">{mark}<span class="agent"><bdi>{browser}</bdi></span></th><td data-label="{say["Address"]}"><bdi>{session.Address}</bdi></td><td data-label="{say["Signed in"]}">{say.Time(session.AuthenticatedAt)}</td><td data-label="{say["Last seen"]}">{say.Time(session.LastSeenAt)}</td><td>{end}</td></tr>
            """;
    }
}
