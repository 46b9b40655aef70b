using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Pages;

/// <summary>From an app through sign-in and consent and back to the app, by keyboard alone and with scripts switched off.</summary>
[Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class KeyboardTest
{
    private World world = null!;

    [OneTimeSetUp]
    public async Task MakeWorldAsync() => world = await World.MakeAsync();

    [OneTimeTearDown]
    public async Task EndWorldAsync()
    {
        if (world is not null) await world.DisposeAsync();
    }

    [Test, Rfc(6749, "4.1.2"), Case("UI-007", "UI-045")]
    public async Task Alice_signs_in_leaves_out_a_right_and_allows_the_rest()
    {
        var verifier = TestClient.NewVerifier();
        await using var alice = await ReachConsentAsync(verifier);

        await TabToAsync(alice, "Write and change your notes");
        await alice.Page.Keyboard.PressAsync("Space");
        await TabToAsync(alice, "Allow");
        await alice.LeaveAsync(() => alice.Page.Keyboard.PressAsync("Enter"));

        var answer = Answer(alice);
        (answer["state"], answer["iss"]).Should().Be(("xyz", world.Server.Issuer));
        (await world.Stranger.RedeemAsync(new Code(answer["code"]!, verifier, world.Stranger.Redirect))).Should().HaveIssuedTokens("notes:read");
    }

    [Test, Rfc(6749, "4.1.2.1"), Case("UI-045")]
    public async Task Alice_denies_and_the_app_is_told()
    {
        await using var alice = await ReachConsentAsync(TestClient.NewVerifier());

        await TabToAsync(alice, "Deny");
        await alice.LeaveAsync(() => alice.Page.Keyboard.PressAsync("Space"));

        var answer = Answer(alice);
        (answer["error"], answer["state"], answer["code"]).Should().Be(("access_denied", "xyz", null));
    }

    private async Task<Visitor> ReachConsentAsync(string verifier)
    {
        var alice = await Visitor.ArriveAsync(world, Who.Alice, new Look());
        await alice.OpenAsync($"{Paths.Authorize}?{world.Stranger.AuthorizeQuery(verifier, ("scope", "notes:read notes:write"))}");
        // The page begins in the field for the name.
        await Assertions.Expect(alice.Page.Locator("#username")).ToBeFocusedAsync();
        await alice.Page.Keyboard.TypeAsync(alice.Person!.Username);
        await alice.Page.Keyboard.PressAsync("Tab");
        await alice.Page.Keyboard.TypeAsync(Cast.Password);
        await alice.LeaveAsync(() => alice.Page.Keyboard.PressAsync("Enter"));
        (await alice.Page.Locator("h1").InnerTextAsync()).Should().Contain($"The {world.Stranger.Id} app");
        return alice;
    }

    private static async Task TabToAsync(Visitor visitor, string words)
    {
        for (var presses = 0; presses < 20; presses++)
        {
            await visitor.Page.Keyboard.PressAsync("Tab");
            if ((await visitor.Page.EvaluateAsync<string>("() => (document.activeElement.labels?.[0] ?? document.activeElement).innerText")).Split('\n')[0].Trim().StartsWith(words, StringComparison.Ordinal)) return;
        }

        Assert.Fail($"Tab does not lead to '{words}'");
    }

    private Parameters Answer(Visitor visitor)
    {
        visitor.Page.Url.Should().StartWith(world.Stranger.Redirect + "?", "the app waits on another origin, and our policy lets the browser go there");
        world.Elsewhere.Visits.Should().Contain(visitor.Page.Url);
        return Parameters.OfQuery(new Uri(visitor.Page.Url).Query);
    }
}
