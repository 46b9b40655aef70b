using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>Lets somebody in who has proven who they are, and on to what waited for the sign-in.</summary>
public sealed class Entry(Sessions sessions, Cookies cookies, Outbox outbox, Settings settings)
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
        // Where no mail is sent, nothing is remembered.
        if (settings.HasMail && !cookies.Recognise(http, person.Subject)) await TellAsync(http, person, agent);
        http.GoTo(then.Destination);
        return true;
    }

    private Task TellAsync(HttpContext http, Authenticated person, string agent) => outbox.AddAsync(new Letter
    {
        Kind = LetterKind.NewSignIn,
        Subject = person.Subject,
        Browser = BrowserNames.Find(agent) is var (browser, system) ? $"{browser}, {system}" : Words.Sanitize(agent, "?"),
        NetworkAddress = http.Context().Address,
        At = http.Context().At,
        Locale = http.Language().Code,
    }, http.Context().At);
}
