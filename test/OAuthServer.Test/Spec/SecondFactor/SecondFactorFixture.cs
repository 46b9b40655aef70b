using System.Text.Json.Nodes;
using FluentAssertions;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.SecondFactor;

/// <summary>People with authenticator apps and passkeys.</summary>
public abstract class SecondFactorFixture : ServerFixture
{
    /// <summary>Somebody who signed in and added an authenticator app.</summary>
    protected async Task<Enrolled> EnrolAsync(string role = "user")
    {
        var (person, browser) = (await Server.UserAsync(role: role), Server.NewBrowser());
        await browser.SignInAsync(person);
        return await EnrolAsync(person, browser);
    }

    /// <summary>Adds an authenticator app in a browser where the person signed in a moment ago.</summary>
    protected async Task<Enrolled> EnrolAsync(Person person, Browser browser)
    {
        var begun = await browser.SubmitAsync(await browser.FollowAsync(Paths.SecondFactor), changes: [("what", "begin")]);
        begun.Should().BeAPage(200, drawn: true);
        var app = new AuthenticatorApp(begun.Page.QuerySelector("code.setup-key")!.TextContent, Server.Clock);
        var shown = await browser.SubmitAsync(new Landing(Paths.SecondFactor, begun), changes: [("code", app.Code())]);
        shown.Should().BeAPage(200);
        var codes = shown.Page.QuerySelectorAll("ul.codes code").Select(code => code.TextContent).ToArray();
        codes.Should().HaveCount(10).And.OnlyHaveUniqueItems();
        // The next code: each works once.
        Server.Clock.Travel(TimeSpan.FromSeconds(30));
        return new Enrolled(person, browser, app, codes, shown);
    }

    /// <summary>A browser that gave the password and is asked for the code.</summary>
    protected async Task<(Browser Browser, Landing Asked)> GivePasswordAsync(Person person)
    {
        var browser = Server.NewBrowser();
        var asked = await browser.SignInAsync(person);
        asked.Is(Paths.LoginCode).Should().BeTrue(asked.ToString());
        (await browser.IsSignedInAsync()).Should().BeFalse("the code comes first");
        return (browser, asked);
    }

    /// <summary>Posts a code to the page that asks for it.</summary>
    protected static Task<Reply> GiveCodeAsync(Browser browser, Landing asked, string code) =>
        browser.SubmitToAsync(Paths.LoginCode, asked, ("code", code));

    /// <summary>Somebody who signed in and added a passkey.</summary>
    protected async Task<(Person Person, Browser Browser, Authenticator Passkey)> WithPasskeyAsync()
    {
        var (person, browser) = (await Server.UserAsync(), Server.NewBrowser());
        await browser.SignInAsync(person);
        var passkey = new Authenticator(Server.Issuer);
        (await AddAsync(browser, passkey)).Status.Should().Be(200);
        return (person, browser, passkey);
    }

    /// <summary>Adds a passkey as the page's script does.</summary>
    protected async Task<Reply> AddAsync(Browser browser, Authenticator passkey)
    {
        var page = await browser.FollowAsync(Paths.Passkeys);
        var options = await JsonAsync(browser, Paths.PasskeyOptions, page, []);
        options.Status.Should().Be(200, options.Body);
        return await JsonAsync(browser, Paths.Passkeys, page, new JsonObject
        {
            ["passkey"] = passkey.Create(options.JsonObject()),
            ["name"] = "A phone",
        });
    }

    /// <summary>Signs in with a passkey as the page's script does.</summary>
    protected async Task<Reply> SignInAsync(Browser browser, Authenticator passkey, Landing? login = null)
    {
        login ??= await browser.FollowAsync(Paths.Login);
        var options = await JsonAsync(browser, Paths.LoginPasskeyOptions, login, []);
        options.Status.Should().Be(200, options.Body);
        return await JsonAsync(browser, Paths.LoginPasskey, login, new JsonObject { ["passkey"] = passkey.Get(options.JsonObject()) });
    }

    /// <summary>Posts JSON with the antiforgery token of a page.</summary>
    protected static async Task<Reply> JsonAsync(Browser browser, string path, Landing page, JsonObject body, string? token = null)
    {
        token ??= page.Reply.Page.QuerySelector("#passkey input[name=antiforgery]")?.GetAttribute("value") ?? "";
        return await browser.PostJsonAsync(path, body.ToJsonString(), token);
    }
}

/// <summary>Somebody with an authenticator app.</summary>
public sealed record Enrolled(Person Person, Browser Browser, AuthenticatorApp App, string[] RecoveryCodes, Reply Shown);
