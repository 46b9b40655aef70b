using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>Lets somebody in who has proven who they are, and on to what waited for the sign-in.</summary>
public sealed class Entry(Sessions sessions, Cookies cookies)
{
    /// <summary>
    /// A new session under a new id; the browser's previous one ends. False, and nothing was answered: the person was disabled, or got
    /// another password, a moment ago.
    /// </summary>
    public async Task<bool> LetInAsync(HttpContext http, Authenticated person, Waiting then)
    {
        var agent = http.Request.Headers.UserAgent.ToString();
        if (await sessions.StartAsync(person, cookies.Session(http), agent, http.Context()) is not { } started) return false;
        cookies.SetSession(http, started);
        http.GoTo(then.Destination);
        return true;
    }
}
