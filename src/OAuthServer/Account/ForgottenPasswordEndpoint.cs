using OAuthServer.Audit;
using OAuthServer.Html;
using OAuthServer.Http;
using OAuthServer.Mail;
using OAuthServer.Protocol;

namespace OAuthServer.Account;

/// <summary>
/// /password/forgot: one answer, in one time, whosever account it is and whether there is one; the mail goes later. Without a mail server
/// there is none: an administrator makes a link.
/// </summary>
public sealed class ForgottenPasswordEndpoint(Outbox outbox, Cookies cookies, Forms forms, AuditLog audit, Settings settings)
{
    public Task ShowAsync(HttpContext http) => settings.HasMail
        ? http.ForgottenPasswordAsync(forms.Field(http, cookies.KeepBrowser(http))) : http.AskAnAdministratorAsync();

    public async Task AskAsync(HttpContext http)
    {
        if ((await forms.ReadAsync(http, cookies.Browser(http))).Refused(out var error, out var form))
        {
            await audit.RefusedAsync(AuditEvents.AccountLink, error, http.Context());
            await Refusals.RefuseAsync(http, error);
        }
        else if (!settings.HasMail)
            await http.AskAnAdministratorAsync();
        else
        {
            await outbox.ForgottenAsync(form[ForgottenPasswordPage.Account] ?? "", http.Language().Code, http.Context());
            await http.ForgottenPasswordSentAsync();
        }
    }
}
