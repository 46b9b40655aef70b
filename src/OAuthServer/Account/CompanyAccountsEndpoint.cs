using OAuthServer.Federation;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Stores.Federation;

namespace OAuthServer.Account;

/// <summary>The part of /account about companies, and POST /account/unlink; a link begins at POST /federation/ID.</summary>
public sealed class CompanyAccountsEndpoint(SignedInGate gate, IdentityEdits identities, ProviderStates providers, Settings settings)
{
    /// <summary>In the query: an unlinking was refused.</summary>
    private const string Kept = "kept";

    /// <summary>The part of the page.</summary>
    public async Task<Markup> SectionAsync(PageRequest page) => CompanyAccounts.Section(
        await identities.ListAsync(page.Session.Subject, page.Http.RequestAborted), await providers.OfferedAsync(page.Http.RequestAborted),
        page.Parameters[Kept] is not null, page.Antiforgery, settings, page.Http.Language());

    public Task UnlinkAsync(HttpContext http) => gate.ChangeAccountAsync(http, AccountEndpoint.Page, async page =>
    {
        var key = new IdentityKey
        {
            Issuer = page.Parameters["issuer"] ?? "",
            Tenant = page.Parameters["tenant"] ?? "",
            Sub = page.Parameters["sub"] ?? "",
        };
        switch (await identities.UnlinkOwnAsync(key, page.Session.Subject, page.Session.IdHash, page.Author))
        {
            case UnlinkOutcome.Done:
                await page.Done(Paths.Account);
                break;
            case UnlinkOutcome.LastWayIn:
                await page.Done(PageUrl.Of(Paths.Account, (Kept, "yes")));
                break;
            default:
                await SignedInGate.NotFoundAsync(page);
                break;
        }
    });
}
