using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>People who mistype, share a computer, or go back.</summary>
[Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class UserAtBrowserTest
{
    [Test, Case("UI-045")]
    public async Task A_wrong_password_keeps_the_name_and_is_announced()
    {
        await using var alice = await BrowserSession.ArriveAsync(PagesSetUp.PageFixture, PageViewer.Alice, new Look());
        await alice.AskedByAsync(PagesSetUp.PageFixture.App);
        await alice.SignInAsync(password: "not her password");

        var (name, password, alert) =
            (alice.Page.GetByLabel("Username"), alice.Page.GetByLabel("Password"), alice.Page.GetByRole(AriaRole.Alert));
        (await alert.InnerTextAsync()).Should().Contain("Incorrect username or password");
        (await alice.Page.TitleAsync()).Should().StartWith("Error:");
        (await name.InputValueAsync(), await password.InputValueAsync()).Should().Be((alice.Person!.Username, ""));
        foreach (var field in new[] { name, password })
        {
            (await field.GetAttributeAsync("aria-invalid")).Should().Be("true");
            (await field.GetAttributeAsync("aria-describedby")).Should().Be(await alert.GetAttributeAsync("id"));
        }

        // The focus is where the mistake is.
        await alice.Page.Keyboard.TypeAsync(Cast.Password);
        await alice.LeaveAsync(() => alice.Page.Keyboard.PressAsync("Enter"));
        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.Consent);
    }

    [Test, Case("UI-014", "UI-037")]
    public async Task Switching_the_account_keeps_the_request()
    {
        var (world, verifier) = (PagesSetUp.PageFixture, TestClient.NewVerifier());
        var mallory = await world.Server.UserAsync("mallory");
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look());
        await alice.OpenAsync($"{Paths.Authorize}?{world.Stranger.AuthorizeQuery(verifier)}");
        await alice.SignInAsync();
        (await alice.Page.InnerTextAsync("main")).Should().Contain(alice.Person!.Username);

        await alice.LeaveAsync(() => alice.Page.GetByRole(AriaRole.Link, new() { Name = "Switch account" }).ClickAsync());
        await alice.SignInAsync(mallory.Username);
        (await alice.Page.InnerTextAsync("main"))
            .Should().Contain(mallory.Username).And.NotContain(alice.Person.Username).And.Contain(world.Stranger.Id);
        await alice.PressAsync("button[value=allow]");

        var tokens =
            await world.Stranger.RedeemAsync(
                new Code(Parameters.OfQuery(new Uri(alice.Page.Url).Query)["code"]!, verifier, world.Stranger.Redirect));
        Jwt.Read(tokens.AccessToken)["sub"].Should().Be(mallory.Subject.ToString());
    }

    [Test, Case("UI-041", "UI-043")]
    public async Task Going_back_after_signing_out_shows_nothing()
    {
        await using var alice = await BrowserSession.ArriveAsync(PagesSetUp.PageFixture, PageViewer.Alice, new Look { Scripts = true });
        await alice.AskedByAsync(PagesSetUp.PageFixture.App);
        await alice.SignInAsync();
        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.Consent);

        await alice.OpenAsync(Paths.Logout);
        await alice.PressAsync("main button");
        foreach (var _ in new[] { "the question", "the consent" })
        {
            await alice.LeaveAsync(() => alice.Page.EvaluateAsync("() => history.back()"));
            (await alice.Page.InnerTextAsync("main")).Should().NotContain(alice.Person!.Username);
        }

        new Uri(alice.Page.Url).AbsolutePath.Should().Be(Paths.Login);
    }
}
