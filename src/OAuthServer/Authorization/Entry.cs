using OAuthServer.Authorization.SecondFactor;
using OAuthServer.Factors;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>Lets somebody in who has proven who they are, and on to what waited for the sign-in.</summary>
public sealed class Entry(Sessions sessions, PendingSignIns pending, FactorStore factors, SecondFactorRule rule, Cookies cookies)
{
    /// <summary>
    /// Who has a second factor is asked for it first; else a session begins. False, and nothing was answered: the person was disabled, or
    /// got another password, a moment ago.
    /// </summary>
    public async Task<bool> LetInAsync(HttpContext http, Authenticated person, Waiting then)
    {
        if (person.Acr != "aal2" && await factors.FindAsync(person.Subject, http.RequestAborted) is { } has && rule.Asks(has))
        {
            if (await pending.OpenAsync(person, cookies.KeepBrowser(http), null, http.Context()) is not { } ticket) return false;
            http.GoTo($"{Paths.LoginCode}?pending={ticket}{then.Query}");
            return true;
        }

        if (!await StartAsync(http, person)) return false;
        http.GoTo(then.Destination);
        return true;
    }

    /// <summary>
    /// A new session under a new id; the browser's previous one ends. False: the person was disabled, or got another password, a moment
    /// ago.
    /// </summary>
    public async Task<bool> StartAsync(HttpContext http, Authenticated person)
    {
        var agent = http.Request.Headers.UserAgent.ToString();
        if (await sessions.StartAsync(person, cookies.Session(http), agent, http.Context()) is not { } started) return false;
        cookies.SetSession(http, started);
        return true;
    }
}
