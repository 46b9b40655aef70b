using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>What people and administrators see of companies that people sign in at.</summary>
public static class CompanyPageTour
{
    private const string Id = "walk";

    public static IReadOnlyList<PageCase> Cases { get; } =
    [
        new("sign in, or at a company", PageViewer.Nobody, Paths.Login, async one =>
        {
            await OfferAsync(one);
            await one.AskedByAsync(one.PageFixture.App);
        }),
        new("sign in, cancelled at a company", PageViewer.Nobody, $"{Paths.Federation}/{Id}{Paths.FederationCallback}", async one =>
        {
            var company = await OfferAsync(one);
            await one.AskedByAsync(one.PageFixture.App);
            await one.PressAsync($"form[action$='{Paths.Federation}/{Id}'] button");
            await one.OpenAsync(new Uri(company.Refuse(one.Page.Url, "access_denied")).PathAndQuery);
        }, 400),
        new("account, with a company to link", PageViewer.Alice, Paths.Account, async one =>
        {
            await OfferAsync(one);
            await one.OpenAsync(Paths.Account);
        }),
        new("signed out, and perhaps of a company", PageViewer.Nobody, Paths.SignedOut, async one =>
        {
            await OfferAsync(one);
            await one.OpenAsync($"{Paths.SignedOut}?from={Id}");
        }),
        At("companies", Paths.AdminProviders),
        At("a company", $"{Paths.AdminProvider}?id={Id}"),
        At("a company, disable", $"{Paths.AdminProviderState}?id={Id}&ends=access"),
        At("a company, delete", $"{Paths.AdminProviderDelete}?id={Id}"),
        At("add a company", Paths.AdminProvider),
        new("a company, tested", PageViewer.Olivia, Paths.AdminProviderTest, async one =>
        {
            await OfferAsync(one);
            await one.OpenAsync($"{Paths.AdminProvider}?id={Id}");
            await one.PressAsync($"form[action$='{Paths.AdminProviderTest}'] button");
        }),
        new("add a company, wrongly", PageViewer.Olivia, Paths.AdminProvider, async one =>
        {
            await one.OpenAsync(Paths.AdminProvider);
            await one.TypeAsync("main [name=id]", "A company!");
            await one.TypeAsync("main [name=label]", "x");
            await one.PressAsync("main button.primary");
        }, 400),
    ];

    private static PageCase At(string name, string path) => new(name, PageViewer.Olivia, path.Split('?')[0], async one =>
    {
        await OfferAsync(one);
        await one.OpenAsync(path);
    });

    // One for all walks, whichever comes first.
    private static async Task<Company> OfferAsync(BrowserSession one)
    {
        var (fixture, client) = (one.PageFixture, Company.ClientId);
        var label = fixture.Words[..Math.Min(60, fixture.Words.Length)];
        await fixture.Server.ExecuteAsync(
            """
            insert into identity_providers (id, label, issuer, client_id, auth_method) values (@Id, @label, @Issuer, @client, 'none')
            on conflict do nothing
            """, new { Id, label, fixture.Company.Issuer, client });
        await Eventually.BecomesTrueAsync(async () =>
            (await fixture.Server.NewBrowser().GetAsync(Paths.Login)).Body.Contains($"{Paths.Federation}/{Id}"));
        return fixture.Company;
    }
}
