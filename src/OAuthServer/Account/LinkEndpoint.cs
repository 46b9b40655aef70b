using OAuthServer.Audit;
using OAuthServer.Factors;
using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Stores.Users;
using OAuthServer.Users;

namespace OAuthServer.Account;

/// <summary>
/// /account/link?t=…: GET shows what a one-time link is for and spends nothing; POST spends it. Whoever is signed in as somebody else
/// signs out first, so that nothing is done to the wrong account.
/// </summary>
public sealed class LinkEndpoint(
    AccountLinks links, PasswordRules rules, SecondFactorRule factors, ProviderDirectory providers, HashQueue hashes, Sessions sessions,
    Cookies cookies, Forms forms, AuditLog audit, Settings settings)
{
    public async Task ShowAsync(HttpContext http)
    {
        var query = Parameters.OfQuery(http.Request.QueryString.Value ?? "");
        if (query.Problem() is { } malformed) await RefuseAsync(http, malformed);
        else if ((await links.FindAsync(query["t"], null, http.Context(), http.RequestAborted)).Refused(out var error, out var link))
            await AnswerAsync(http, error);
        else if (await SomebodyElseAsync(http, link) is { } session)
            await http.SignOutFirstAsync(forms.Field(http, session.IdHash), session);
        else await ShowAsync(http, link, query["t"]!, new());
    }

    public async Task SpendAsync(HttpContext http)
    {
        if ((await forms.ReadAsync(http, cookies.Browser(http))).Refused(out var error, out var form))
        {
            await RefuseAsync(http, error);
            return;
        }

        var (token, kind) = (form["t"], form[LinkPage.Kind] ?? "");
        if ((await links.FindAsync(token, kind, http.Context(), http.RequestAborted)).Refused(out error, out var link))
            await AnswerAsync(http, error);
        else if (await SomebodyElseAsync(http, link) is { } session)
            await http.SignOutFirstAsync(forms.Field(http, session.IdHash), session);
        else if (link.Kind == AccountLinks.Address) await ProveAsync(http, token!);
        // Its person comes by way of the provider.
        else if (link.Provider is not null) await ShowAsync(http, link, token!, new());
        else await SetPasswordAsync(http, link, token!, form);
    }

    private async Task ProveAsync(HttpContext http, string token)
    {
        if (await links.ProveAsync(token, http.Context()) is null) await http.DeadLinkAsync();
        else await http.AddressProvenAsync();
    }

    private async Task SetPasswordAsync(HttpContext http, AccountLinkRow link, string token, Parameters form)
    {
        var (password, again) = (form[PasswordPage.New] ?? "", form[PasswordPage.Again] ?? "");
        var flaw = rules.FlawOf(password, [link.Username, link.Email, link.Name], null, MustHaveTwo(link));
        var problems = PasswordPage.Problems(flaw, password != again, http.Language());
        if (problems.Count > 0)
        {
            await ShowAsync(http, link, token, problems);
            return;
        }

        var hash = await hashes.PasswordAsync(password, http.RequestAborted);
        if (link.Kind == AccountLinks.Invitation)
            await AcceptAsync(http, link, token, hash);
        else if (await links.ResetAsync(token, hash, http.Context()) is null)
            await http.DeadLinkAsync();
        else
        {
            cookies.EndSession(http);
            await http.PasswordSetAsync();
        }
    }

    // Who has just chosen a password here is signed in; a reset signs in nobody.
    private async Task AcceptAsync(HttpContext http, AccountLinkRow link, string token, string hash)
    {
        if (await links.AcceptAsync(token, hash, null, http.Context()) is not { } subject)
        {
            await http.DeadLinkAsync();
            return;
        }

        var person = new Authenticated
        {
            Subject = subject,
            Username = link.Username,
            PasswordHash = hash,
            How = "invitation",
            Amr = ["pwd"],
        };
        var agent = http.Request.Headers.UserAgent.ToString();
        if (await sessions.StartAsync(person, cookies.Session(http), agent, http.Context()) is { } started)
        {
            cookies.SetSession(http, started);
            if (settings.HasMail) cookies.Recognise(http, subject);
        }

        http.GoTo(Paths.Account);
    }

    // An invitation is for nobody who is here already.
    private async Task<SessionRow?> SomebodyElseAsync(HttpContext http, AccountLinkRow link) =>
        await sessions.FindAsync(cookies.Session(http), http.RequestAborted) is { } session && session.Subject != link.Subject
            ? session : null;

    private async Task ShowAsync(HttpContext http, AccountLinkRow link, string token, Dictionary<string, string> problems)
    {
        var company = await providers.FindAsync(link.Provider, http.RequestAborted);
        var antiforgery = forms.Field(http, cookies.KeepBrowser(http));
        await http.LinkAsync(antiforgery, link, token, rules.Least(MustHaveTwo(link)), problems, company?.Label);
    }

    private bool MustHaveTwo(AccountLinkRow link) => factors.GuardsEverySignIn(link.IsFactorRequired);

    // It was written down where it was found.
    private static Task AnswerAsync(HttpContext http, OAuthError error) =>
        error.Status == 404 ? http.DeadLinkAsync() : Refusals.RefuseAsync(http, error);

    private async Task RefuseAsync(HttpContext http, OAuthError error)
    {
        await audit.RefusedAsync(AuditEvents.AccountLink, error, http.Context());
        await Refusals.RefuseAsync(http, error);
    }
}
