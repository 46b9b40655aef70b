using OAuthServer.Html;
using OAuthServer.Protocol;

namespace OAuthServer.Account;

/// <summary>/account: who one is here, and how one gets in.</summary>
public sealed class AccountEndpoint(SignedInGate gate, CompanyAccountsEndpoint companies)
{
    /// <summary>The key by which a sign-in leads back here.</summary>
    public const string Page = "account";

    public Task ShowAsync(HttpContext http) => gate.ShowAsync(http, Page, async page =>
        await http.AccountAsync(page.NavigationOf(Paths.Account), await companies.SectionAsync(page)));
}
