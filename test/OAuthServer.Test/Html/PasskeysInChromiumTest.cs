using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>Passkeys in Chromium with its virtual authenticator: our one script, and the pages without it.</summary>
[Parallelizable(ParallelScope.Fixtures), Behaviour(86)]
public sealed class PasskeysInChromiumTest
{
    [Test, Behaviour(88), Behaviour(89)]
    public async Task A_passkey_is_added_and_signs_in_by_the_button()
    {
        var world = PagesSetUp.PageFixture;
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Scripts = true });
        await AuthenticatorAsync(alice, verifiesUser: true);
        await AddAsync(alice);
        (await alice.Page.Locator(".things h3").InnerTextAsync()).Should().Be("My phone");
        await alice.OpenAsync(Paths.Logout);
        await alice.PressAsync("main button");

        // An older browser, which does not offer it in the field.
        await alice.Page.AddInitScriptAsync("delete PublicKeyCredential.isConditionalMediationAvailable");
        await alice.OpenAsync(Paths.Login);
        await alice.Page.Locator("#passkey button").ClickAsync();

        (await alice.Page.Locator("nav .me").InnerTextAsync()).Should().Be(alice.Person!.Username);
        alice.Alarms.Should().BeEmpty();
    }

    [Test, Behaviour(89)]
    public async Task The_field_for_the_username_offers_it_without_a_button()
    {
        var world = PagesSetUp.PageFixture;
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Scripts = true });
        await AuthenticatorAsync(alice, verifiesUser: true);
        await AddAsync(alice);
        await alice.OpenAsync(Paths.Logout);
        await alice.PressAsync("main button");

        // The virtual authenticator presents what a person would pick from the list.
        await alice.OpenAsync(Paths.Login);

        await alice.Page.Locator("nav .me").WaitForAsync();
        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.ConnectedApps);
    }

    [Test, Case("PK-107")]
    public async Task One_that_does_not_verify_its_person_is_not_taken_and_the_page_says_so()
    {
        var world = PagesSetUp.PageFixture;
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Scripts = true });
        await AuthenticatorAsync(alice, verifiesUser: false);
        await alice.OpenAsync(Paths.Login);
        await alice.SignInAsync();
        await alice.OpenAsync(Paths.Passkeys);
        await alice.Page.FillAsync("#name", "Careless");
        await alice.Page.Locator("#passkey button").ClickAsync();

        await alice.Page.Locator("#passkey .error:not([hidden])").WaitForAsync();

        (await world.Server.ScalarAsync<long>("select count(*) from passkeys where subject = @Subject", alice.Person)).Should().Be(0);
    }

    [Test]
    public async Task Without_scripts_there_is_the_password_and_a_line_about_what_is_missing()
    {
        await using var alice = await BrowserSession.ArriveAsync(PagesSetUp.PageFixture, PageViewer.Alice, new Look { Scripts = false });
        await alice.OpenAsync(Paths.Login);

        (await alice.Page.Locator("#passkey").IsVisibleAsync()).Should().BeFalse();
        (await alice.Page.Locator("button[data-shows]").IsVisibleAsync()).Should().BeFalse();
        (await alice.Page.Locator("noscript p").InnerTextAsync()).Should().StartWith("Passkeys need JavaScript");
        await alice.SignInAsync();
        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.ConnectedApps);
    }

    [Test, Behaviour(35)]
    public async Task A_password_is_shown_while_it_is_typed_and_sent_as_one()
    {
        await using var alice = await BrowserSession.ArriveAsync(PagesSetUp.PageFixture, PageViewer.Alice, new Look { Scripts = true });
        await alice.OpenAsync(Paths.Login);
        var (field, button) = (alice.Page.Locator("#password"), alice.Page.Locator("button[data-shows]"));
        await field.FillAsync("seen");

        await button.ClickAsync();
        (await field.GetAttributeAsync("type"), await button.GetAttributeAsync("aria-pressed")).Should().Be(("text", "true"));
        await button.ClickAsync();
        (await field.GetAttributeAsync("type"), await field.InputValueAsync()).Should().Be(("password", "seen"));
        await alice.SignInAsync();
        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.ConnectedApps);
        alice.Alarms.Should().BeEmpty();
    }

    private static async Task AddAsync(BrowserSession alice)
    {
        await alice.OpenAsync(Paths.Login);
        await alice.SignInAsync();
        await alice.OpenAsync(Paths.Passkeys);
        await alice.Page.FillAsync("#name", "My phone");
        await alice.Page.Locator("#passkey button").ClickAsync();
        await alice.Page.Locator(".things h3").WaitForAsync();
    }

    // WebAuthn §11: automated testing.
    private static async Task AuthenticatorAsync(BrowserSession who, bool verifiesUser)
    {
        var session = await who.Page.Context.NewCDPSessionAsync(who.Page);
        await session.SendAsync("WebAuthn.enable");
        await session.SendAsync("WebAuthn.addVirtualAuthenticator", new Dictionary<string, object>
        {
            ["options"] = new Dictionary<string, object>
            {
                ["protocol"] = "ctap2",
                ["transport"] = "internal",
                ["hasResidentKey"] = true,
                ["hasUserVerification"] = verifiesUser,
                ["isUserVerified"] = verifiesUser,
                ["automaticPresenceSimulation"] = true,
            },
        });
    }
}
