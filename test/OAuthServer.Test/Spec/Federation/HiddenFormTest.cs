using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Federation;

/// <summary>LocalSignIn=hidden: only companies, and with one of them an app's request goes straight there.</summary>
[Behaviour(82)]
public sealed class HiddenFormTest : FederationFixture
{
    protected override Settings Change(Settings settings) => settings with { LocalSignIn = "hidden" };

    private async Task<Landing> AskAsync(Browser browser, params (string Name, string? Value)[] more) => await browser.FollowAsync(
        "/authorize?" + (await Server.ConfidentialClientAsync()).AuthorizeQuery(TestClient.NewVerifier(), more));

    private static bool HasForm(Reply page) => page.Page.QuerySelector("input[name=password]") is not null;

    [Test]
    public async Task With_one_company_a_request_goes_straight_there_and_comes_back()
    {
        var (company, id) = await CompanyAsync();
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await LinkAsync(company, alice);
        await OfferedAsync(id);

        var landed = await AskAsync(browser, ("login_hint", "alice@up.example"));

        landed.Url.Should().StartWith(company.Issuer + "/authorize?");
        (await browser.FollowAsync(await browser.GetAsync(company.SignIn(landed.Url)), "")).Is(Paths.Consent).Should().BeTrue();
        company.LastAsked["login_hint"].Should().Be("alice@up.example");
    }

    [Test]
    public async Task Not_after_an_error_not_after_a_sign_out_not_to_choose_and_not_for_HEAD()
    {
        var (company, id) = await CompanyAsync();
        var browser = Server.NewBrowser();
        await OfferedAsync(id);

        var refused = await browser.GetAsync(company.Refuse((await AskAsync(browser)).Url, "access_denied"));
        refused.Should().BeAPage(400);
        HasForm(refused).Should().BeFalse();
        (await AskAsync(browser, ("prompt", "select_account"))).Is(Paths.Login).Should().BeTrue();
        (await browser.FollowAsync(Paths.Login)).Is(Paths.Login).Should().BeTrue("no app waits");
        using var http = Server.NewHttp();
        (await http.ReplyAsync(HttpMethod.Head, Paths.Login)).Status.Should().Be(200);
    }

    [Test]
    public async Task With_several_there_are_buttons_and_local_1_always_has_the_form()
    {
        var ((_, one), (_, other)) = (await CompanyAsync(), await CompanyAsync());
        await OfferedAsync(one);
        await OfferedAsync(other);
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());

        var login = await AskAsync(browser);
        login.Is(Paths.Login).Should().BeTrue();
        HasForm(login.Reply).Should().BeFalse();
        login.Reply.Page.QuerySelectorAll("form[action*=federation] button").Should().HaveCount(2);

        var local = await browser.FollowAsync($"{login.Url}&local=1");
        HasForm(local.Reply).Should().BeTrue();
        var wrong = await browser.SignInAsync(local, alice, "wrong");
        HasForm(wrong.Reply).Should().BeTrue("typing it wrong leaves it there");
        (await browser.SignInAsync(wrong, alice)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test]
    public async Task Without_a_company_at_hand_the_form_is_there() =>
        HasForm((await Server.NewBrowser().FollowAsync(Paths.Login)).Reply).Should().BeTrue();

    [Test]
    public async Task Somebody_else_than_the_app_means_is_not_sent_round_in_circles()
    {
        var (alice, bob, browser) = (await Server.UserAsync(), await Server.UserAsync("bob"), Server.NewBrowser());
        var client = await Server.ConfidentialClientAsync();
        string? idToken = (await client.TokensAsync(alice, changes: ("scope", "openid notes:read"))).IdToken;
        idToken.Should().NotBeNull();
        var (company, id) = await CompanyAsync();
        await OfferedAsync(id);
        await LinkAsync(company, bob);
        company.SignedInAt = () => DateTimeOffset.UtcNow.AddHours(-1);

        var landed = await browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(),
            ("scope", "openid notes:read"), ("id_token_hint", idToken)));
        landed = await browser.FollowAsync(await browser.GetAsync(company.SignIn(landed.Url)), "");

        landed.Url.Should().StartWith(client.Redirect + "?error=login_required", "the app hears that it is another person");
    }
}
