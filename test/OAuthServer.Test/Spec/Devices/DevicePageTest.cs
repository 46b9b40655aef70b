using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>The page where a person types the code of a device (RFC 8628 §3.3), and what no link and no other site can do there.</summary>
[Behaviour(56)]
public sealed class DevicePageTest : DeviceFixture
{
    [Test, Rfc(8628, "3.3.1"), Rfc(8628, "5.4"), Case("DEV-103", "DEVICE-008")]
    public async Task The_complete_address_shows_the_code_and_still_asks()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), Server.NewBrowser());
        var earlier = await AskAsync(tv);
        await browser.SubmitAsync(await ReachAsync(browser, alice, earlier), "decision", "allow");
        await PollAsync(tv, earlier);
        var asked = await AskAsync(tv);

        var page = await browser.FollowAsync(asked.Complete);

        page.Reply.Should().BeAPage(200);
        page.Reply.Body.Should().Contain($">{asked.UserCode}<").And.Contain($"value=\"{asked.UserCode}\"");
        (await browser.FollowAsync(asked.Complete + "&decision=allow")).Is(Paths.Device).Should().BeTrue();
        (await PollAsync(tv, asked)).Should().BeRefusedWith("authorization_pending");
        (await Server.ScalarAsync<long>("select count(*) from authorization_requests where client_id = @Id and consumed_at is null",
            new { tv.Id })).Should().Be(0, "GET changes nothing");
        var consent = await browser.FollowAsync(await browser.SubmitToAsync(Paths.Device, page), page.Url);
        consent.Is(Paths.Consent).Should().BeTrue("an older consent is no answer");
        (await PollAsync(tv, asked)).Status.Should().Be(400);
    }

    [Test, Rfc(8628, "3.3.1")]
    public async Task The_code_of_the_complete_address_survives_the_sign_in()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), Server.NewBrowser());
        var asked = await AskAsync(tv);

        var page = await browser.SignInAsync(await browser.FollowAsync(asked.Complete), alice);

        page.Is(Paths.Device).Should().BeTrue(page.ToString());
        page.Reply.Body.Should().Contain($"value=\"{asked.UserCode}\"");
    }

    [TestCase("lower")]
    [TestCase("spaced")]
    [TestCase("long dash")]
    public async Task Case_dashes_and_spaces_are_forgiven(string spelling)
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        var asked = await AskAsync(tv);
        var letters = asked.UserCode.Replace("-", "", StringComparison.Ordinal);
        var typed = spelling switch
        {
            "lower" => letters.ToLowerInvariant(),
            "spaced" => " " + string.Join(' ', letters.ToCharArray()),
            _ => asked.UserCode.Replace('-', '\u2014'),
        };

        (await TypeAsync(Server.NewBrowser(), alice, typed)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test, Case("DEV-104")]
    public async Task Another_site_cannot_confirm_and_posted_fields_cannot_change_the_request()
    {
        var (alice, mallory, tv, other) = (await Server.UserAsync(), await Server.UserAsync("mallory"), await TvAsync(), await TvAsync());
        var (browser, his) = (Server.NewBrowser(), Server.NewBrowser());
        var asked = await AskAsync(tv, ("scope", "notes:read"));
        await browser.SignInAsync(alice);
        var form = await browser.FollowAsync(Paths.Device);
        var hisForm = await his.FollowAsync((await his.SignInAsync(mallory)).Url.Replace(Paths.ConnectedApps, Paths.Device,
            StringComparison.Ordinal));
        (string, string?)[] raised = [("decision", "allow"), ("scope", "mcp:admin"), ("client_id", other.Id)];

        (await browser.PostAsync(Paths.Device, [KeyValuePair.Create("user_code", asked.UserCode)])).Status.Should().BeOneOf(400, 403);
        var token = Browser.Form.To(hisForm.Reply.Body, Paths.Device)!.Fields.First(field => field.Key != "user_code");
        (await browser.PostAsync(Paths.Device, [KeyValuePair.Create("user_code", asked.UserCode), token])).Status
            .Should().BeOneOf(400, 403);
        browser.Headers["Sec-Fetch-Site"] = "cross-site";
        (await browser.SubmitToAsync(Paths.Device, form, ("user_code", asked.UserCode))).Status.Should().Be(403);
        browser.Headers["Sec-Fetch-Site"] = "same-origin";
        var consent = await browser.FollowAsync(
            await browser.SubmitToAsync(Paths.Device, form, [("user_code", asked.UserCode), .. raised]), form.Url);
        consent.Is(Paths.Consent).Should().BeTrue(consent.ToString());
        (await PollAsync(tv, asked)).Should().BeRefusedWith("authorization_pending");
        await browser.SubmitAsync(consent, "decision", "allow", ("scope", "notes:write"), ("scope notes:write", "yes"),
            ("client_id", other.Id));

        (await PollAsync(tv, asked)).Should().HaveIssuedTokens("notes:read");
    }

    [TestCase("<script>alert(1)</script>")]
    [TestCase("ten kilobytes")]
    [TestCase("\u202Etxet\u2066 BCDF-GHJK \u2069")]
    [TestCase("BCDF\0GHJK")]
    [Case("DEV-110")]
    public async Task A_hostile_code_is_shown_as_text_or_not_at_all(string code)
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        if (code == "ten kilobytes") code = new string('B', 7_000);
        await browser.SignInAsync(alice);

        var page = await browser.FollowAsync($"{Paths.Device}?user_code={Uri.EscapeDataString(code)}");

        page.Reply.Status.Should().BeOneOf(200, 400);
        page.Reply.Body.Should().NotContain("<script>alert").And.NotContain("\u202E")
            .And.NotContain("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
        var form = await browser.FollowAsync(Paths.Device);
        var again = await browser.SubmitToAsync(Paths.Device, form, ("user_code", code));
        again.Status.Should().Be(400);
        again.Body.Should().NotContain("<script>alert").And.NotContain("\u202E").And.NotContain("BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB");
        (await TypeAsync(browser, alice, "")).Reply.Should().BeAPage(400);
    }

    [Test]
    public async Task The_page_is_in_the_readers_language()
    {
        var (alice, tv, browser) = (await Server.UserAsync(), await TvAsync(), Server.NewBrowser());
        var asked = await AskAsync(tv);
        browser.Headers["Accept-Language"] = "ar";

        var page = await ReachAsync(browser, alice, asked);

        page.Reply.Body.Should().Contain("dir=\"rtl\"").And.NotContain("Continue only if");
        (await browser.FollowAsync(Paths.Device)).Reply.Body.Should().Contain("dir=\"rtl\"").And.NotContain("Connect a device");
    }

    [Test, Rfc(8628, "5.4")]
    public async Task A_device_of_the_operators_own_app_is_asked_for_too()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        await Server.ExecuteAsync("update clients set trusted = true where client_id = @Id", new { tv.Id });

        (await TypeAsync(Server.NewBrowser(), alice, (await AskAsync(tv)).UserCode)).Is(Paths.Consent).Should().BeTrue();
    }

    [Test, Behaviour(66)]
    public async Task A_client_that_demands_a_second_factor_gets_it_here_too()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        await Server.ExecuteAsync("update clients set min_acr = 'aal2' where client_id = @Id", new { tv.Id });

        var page = await TypeAsync(Server.NewBrowser(), alice, (await AskAsync(tv)).UserCode);

        page.Url.Should().StartWith(Server.Issuer + Paths.SecondFactor);
    }

    [Test]
    public async Task A_client_that_lost_the_grant_meanwhile_is_not_asked_for()
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        var asked = await AskAsync(tv);
        await Server.ExecuteAsync("update clients set grant_types = '{refresh_token}' where client_id = @Id", new { tv.Id });
        await Server.HearsOfAsync(tv, row => row.GrantTypes.Length == 1);

        (await TypeAsync(Server.NewBrowser(), alice, asked.UserCode)).Reply.Should().BeAnErrorPage("unauthorized_client", 400);
    }
}
