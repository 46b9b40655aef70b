using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>Signing out here, and then, if one wants to, at the company.</summary>
[Behaviour(85)]
public sealed class CompanySignOutTest : FederationFixture
{
    [Test]
    public async Task Who_came_by_a_company_is_offered_to_sign_out_there_too()
    {
        var (company, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        await LinkAsync(company, await Server.UserAsync());
        await ComeAsync(browser, company, id);

        var page = await browser.FollowAsync(await browser.SubmitAsync(await browser.FollowAsync(Paths.Logout)), "");

        (await browser.IsSignedInAsync()).Should().BeFalse();
        page.Reply.Should().BeAPage(200);
        page.Reply.Body.Should().Contain("You are signed out");
        var link = page.Reply.Page.QuerySelectorAll("main a").First(one => one.TextContent == $"Also sign out of Acme {id}");
        link.GetAttribute("href").Should().Be(
            $"{company.Issuer}/logout?client_id={Company.ClientId}&post_logout_redirect_uri={Uri.EscapeDataString(Server.Issuer + "/signed-out")}");
        (await browser.GetAsync("/signed-out")).Body.Should().Contain("You are signed out").And.NotContain("Also sign out");
    }

    [Test]
    public async Task Who_has_a_password_here_is_not_and_neither_is_anybody_by_a_made_up_link()
    {
        var (company, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync());

        (await browser.SubmitAsync(await browser.FollowAsync(Paths.Logout))).Location.Should().Be($"{Server.Issuer}/logout");
        foreach (var from in new[] { "nobody", "%22%3E%3Cscript%3E", id.ToUpperInvariant() })
            (await browser.GetAsync($"/signed-out?from={from}")).Body.Should().NotContain("Also sign out").And.NotContain("<script");
        await Server.ExecuteAsync("update identity_providers set enabled = false where id = @id", new { id });
        await HeardAsync(id);
        (await browser.GetAsync($"/signed-out?from={id}")).Body.Should().NotContain("Also sign out");
        company.Should().NotBeNull();
    }

    [Test]
    public async Task A_company_without_a_sign_out_is_not_offered()
    {
        var (company, id) = await CompanyAsync();
        company.Document = document => document.Remove("end_session_endpoint");

        (await Server.NewBrowser().GetAsync($"/signed-out?from={id}")).Body
            .Should().Contain("You are signed out").And.NotContain("Also sign out");
    }
}
