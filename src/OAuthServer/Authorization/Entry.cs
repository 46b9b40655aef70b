using OAuthServer.Authorization.SecondFactor;
using OAuthServer.Factors;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Mail;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Authorization;

/// <summary>Lets somebody in who has proven who they are, and on to what waited for the sign-in.</summary>
public sealed class Entry(
    Sessions sessions, PendingSignIns pending, FactorStore factors, SecondFactorRule rule, Cookies cookies, Outbox outbox,
    Settings settings)
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
        // Where no mail is sent, nothing is remembered.
        if (settings.HasMail && !cookies.Recognise(http, person.Subject)) await TellAsync(http, person, agent);
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
