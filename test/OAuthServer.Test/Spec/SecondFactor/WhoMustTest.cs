using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.SecondFactor;

/// <summary>Administrators need a second factor before the administration, as a server outside of Development has it.</summary>
[Behaviour(91)]
public sealed class WhoMustTest : SecondFactorFixture
{
    protected override Settings Change(Settings settings) => settings with { SecondFactor = "admins" };

    [Test, Case("PK-127")]
    public async Task An_administrator_without_one_sees_nothing_of_the_administration_but_the_page_that_adds_one()
    {
        var (olivia, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        await browser.SignInAsync(olivia);
        (await browser.FollowAsync(Paths.ConnectedApps)).Is(Paths.ConnectedApps).Should().BeTrue("her own pages work");

        var landed = await browser.FollowAsync(Paths.Admin);

        landed.Is(Paths.SecondFactor).Should().BeTrue(landed.ToString());
        landed.Reply.Body.Should().Contain("You need a second factor to go on").And.NotContain("Machine clients");
        var posted = await browser.PostAsync(Paths.AdminUsersAdd, [new("username", "planted"), new("role", "admin")]);
        posted.Location.Should().EndWith($"{Paths.SecondFactor}?page=admin");
        (await Server.ScalarAsync<long>("select count(*) from users where username = 'planted'")).Should().Be(0);

        await EnrolAsync(olivia, browser);
        (await browser.FollowAsync(Paths.Admin)).Is(Paths.Admin).Should().BeTrue("she has proven both now");
    }

    [Test]
    public async Task A_password_may_be_shorter_only_where_every_sign_in_asks_for_more()
    {
        var (olivia, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        await browser.SignInAsync(olivia);
        (await browser.GetAsync(Paths.Password)).Body.Should().Contain("At least 15 characters.", "her own pages ask for a password alone");

        await EnrolAsync(olivia, browser);

        (await browser.GetAsync(Paths.Password)).Body.Should().Contain("At least 8 characters.");
    }

    [Test]
    public async Task An_administrator_with_a_passkey_alone_is_asked_for_it_after_the_password()
    {
        var (olivia, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser());
        await browser.SignInAsync(olivia);
        using var passkey = new Authenticator(Server.Issuer);
        (await AddAsync(browser, passkey)).Status.Should().Be(200);
        (await browser.FollowAsync(Paths.Admin)).Is(Paths.Admin).Should().BeTrue();

        var (again, asked) = await GivePasswordAsync(olivia);

        asked.Reply.Body.Should().Contain("Use your passkey to go on.");
        asked.Reply.Page.QuerySelector("input[name=code]").Should().BeNull("she has no codes");
        (await SignInAsync(again, passkey, asked)).Status.Should().Be(200);
        (await again.FollowAsync(Paths.Admin)).Is(Paths.Admin).Should().BeTrue();
    }

    [Test]
    public async Task A_session_from_before_the_second_factor_does_not_enter_the_administration()
    {
        var (olivia, old, browser) = (await Server.UserAsync("olivia", "admin"), Server.NewBrowser(), Server.NewBrowser());
        await old.SignInAsync(olivia);
        await browser.SignInAsync(olivia);
        var enrolled = await EnrolAsync(olivia, browser);

        var landed = await old.FollowAsync(Paths.Admin);

        landed.Reply.Body.Should().Contain("Sign in again with yours.");
        var asked = await old.SignInAsync(await old.FollowAsync($"{Paths.Login}?switch=1&page=admin"), olivia);
        (await old.FollowAsync(await GiveCodeAsync(old, asked, enrolled.App.Code()), asked.Url)).Is(Paths.Admin).Should().BeTrue();
    }

    [Test]
    public async Task The_password_asked_again_before_a_change_leaves_the_session_as_sure_as_it_was()
    {
        var olivia = await EnrolAsync("admin");
        Server.Clock.Travel(TimeSpan.FromMinutes(16));
        var page = await olivia.Browser.FollowAsync(Paths.AdminKeys);
        var confirm = await olivia.Browser.SubmitToAsync(Paths.AdminKeysRotate, page);
        confirm.Should().BeAPage(401);

        await olivia.Browser.SubmitAsync(new Landing(Paths.AdminKeysRotate, confirm), changes: [("your_password", olivia.Person.Password)]);

        (await olivia.Browser.FollowAsync(Paths.Admin)).Is(Paths.Admin).Should().BeTrue("still two factors");
    }

    [Test]
    public async Task Whose_row_says_so_does_nothing_else_before()
    {
        var (person, browser, client) = (await Server.UserAsync(), Server.NewBrowser(), await Server.PublicClientAsync());
        await Server.ExecuteAsync("update users set second_factor = 'required' where subject = @Subject", person);
        await browser.SignInAsync(person);

        (await browser.FollowAsync(Paths.ConnectedApps)).Is(Paths.SecondFactor).Should().BeTrue();
        (await browser.FollowAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier())}")).Is(Paths.SecondFactor)
            .Should().BeTrue("no app gets anything before");
        var silent = await browser.GetAsync($"{Paths.Authorize}?{client.AuthorizeQuery(TestClient.NewVerifier(), ("prompt", "none"))}");
        silent.Location.Should().Contain("error=interaction_required");
        await EnrolAsync(person, browser);
        (await browser.FollowAsync(Paths.ConnectedApps)).Is(Paths.ConnectedApps).Should().BeTrue();
    }

    [Test]
    public async Task The_app_of_who_must_have_one_is_not_removed()
    {
        var olivia = await EnrolAsync("admin");

        var answer = await olivia.Browser.SubmitAsync(await olivia.Browser.FollowAsync(Paths.SecondFactor), changes: [("what", "remove")]);

        answer.Status.Should().Be(409);
        answer.Body.Should().Contain("add a passkey before you remove the app");
    }

    [Test]
    public async Task The_row_takes_required_or_nothing_and_says_so()
    {
        var person = await Server.UserAsync();
        var refused = async () => await Server.ExecuteAsync("update users set second_factor = 'sms' where subject = @Subject", person);
        (await refused.Should().ThrowAsync<Npgsql.PostgresException>()).Which.Hint.Should().Be("Write required, or null.");
    }
}

/// <summary>Apps that ask for two factors.</summary>
[Behaviour(68)]
public sealed class StepUpTest : SecondFactorFixture
{
    [Test, Case("OIDC-128")]
    public async Task An_app_for_two_factors_is_not_talked_down()
    {
        var alice = await EnrolAsync();
        var client = await OpenIdClientAsync("aal2");
        // As if before the app was added: one factor.
        await Server.ExecuteAsync("update sessions set acr = 'aal1', amr = '{pwd}' where subject = @Subject", alice.Person);
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("resource", null), ("scope", "openid"), ("acr_values", "aal1"));

        var asked = await alice.Browser.FollowAsync($"{Paths.Authorize}?{query}");

        asked.Is(Paths.LoginCode).Should().BeTrue(asked.ToString());
        var landed = await alice.Browser.FollowAsync(await GiveCodeAsync(alice.Browser, asked, alice.App.Code()), asked.Url);
        landed.Is(Paths.Consent).Should().BeTrue(landed.ToString());
        var tokens = await client.TokensAsync(alice.Person, alice.Browser, ("resource", null), ("scope", "openid"), ("acr_values", "aal1"));
        var claims = Jwt.Read(tokens.IdToken!).Payload;
        ((string)claims["acr"]!).Should().Be("aal2");
        claims["amr"]!.ToJsonString().Should().Contain("otp").And.Contain("mfa");
        var silent = Server.NewBrowser();
        (await silent.GetAsync($"{Paths.Authorize}?{query}&prompt=none")).Location.Should().Contain("error=login_required");
    }

    [Test]
    public async Task Who_has_no_second_factor_adds_one_first_and_silently_nobody_gets_in()
    {
        var (person, browser, client) = (await Server.UserAsync(), Server.NewBrowser(), await OpenIdClientAsync("aal2"));
        await browser.SignInAsync(person);
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("resource", null), ("scope", "openid"));

        (await browser.GetAsync($"{Paths.Authorize}?{query}&prompt=none")).Location.Should().Contain("error=interaction_required");
        var landed = await browser.FollowAsync($"{Paths.Authorize}?{query}");

        landed.Is(Paths.SecondFactor).Should().BeTrue(landed.ToString());
        landed.Parameters["request"].Should().NotBeNull("the request waits");
        var begun = await browser.SubmitAsync(landed, changes: [("what", "begin")]);
        var app = new AuthenticatorApp(begun.Page.QuerySelector("code.setup-key")!.TextContent, Server.Clock);
        var codes = await browser.SubmitAsync(new Landing(Paths.SecondFactor, begun), changes: [("code", app.Code())]);
        var onward = codes.Page.QuerySelector("a.button.primary")!.GetAttribute("href")!;
        (await browser.FollowAsync(onward)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test]
    public async Task A_wish_steps_up_whoever_can_and_says_of_the_rest_what_was_reached()
    {
        var (alice, client) = (await EnrolAsync(), await OpenIdClientAsync(null));
        await Server.ExecuteAsync("update sessions set acr = 'aal1', amr = '{pwd}' where subject = @Subject", alice.Person);
        var wish = ("acr_values", (string?)"aal2 aal1");
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("resource", null), ("scope", "openid"), wish);
        (await alice.Browser.FollowAsync($"{Paths.Authorize}?{query}")).Is(Paths.LoginCode).Should().BeTrue();

        var bob = await Server.UserAsync("bob");
        var tokens = await client.TokensAsync(bob, null, ("resource", null), ("scope", "openid"), wish);

        ((string)Jwt.Read(tokens.IdToken!).Payload["acr"]!).Should().Be("aal1");
    }

    [Test]
    public async Task The_code_does_not_make_an_old_password_young()
    {
        var alice = await EnrolAsync();
        var client = await OpenIdClientAsync("aal2");
        await Server.ExecuteAsync("update sessions set acr = 'aal1', amr = '{pwd}' where subject = @Subject", alice.Person);
        Server.Clock.Travel(TimeSpan.FromMinutes(20));
        var query = client.AuthorizeQuery(TestClient.NewVerifier(), ("resource", null), ("scope", "openid"));
        var asked = await alice.Browser.FollowAsync($"{Paths.Authorize}?{query}");
        await GiveCodeAsync(alice.Browser, asked, alice.App.Code());

        var fresh = await alice.Browser.FollowAsync($"{Paths.Authorize}?{query}&max_age=600");

        fresh.Is(Paths.Login).Should().BeTrue("the password is twenty minutes old");
    }

    private async Task<TestClient> OpenIdClientAsync(string? acr)
    {
        var client = await Server.ConfidentialClientAsync(scopes: "openid profile email offline_access");
        await Server.ExecuteAsync("update clients set min_acr = @acr where client_id = @Id", new { acr, client.Id });
        return client;
    }
}
