using FluentAssertions;
using Microsoft.Playwright;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>What people and administrators come for, by keyboard alone and with scripts switched off.</summary>
[Parallelizable(ParallelScope.Fixtures), Behaviour(4)]
public sealed class KeyboardTest
{
    private PageFixture world = null!;

    [OneTimeSetUp]
    public async Task MakeWorldAsync() => world = await PageFixture.MakeAsync();

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
        (await world.Stranger.RedeemAsync(new Code(answer["code"]!, verifier, world.Stranger.Redirect)))
            .Should().HaveIssuedTokens("notes:read");
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

    [Test, Case("UI-045")]
    public async Task Enter_in_a_checkbox_or_a_radio_button_of_the_consent_page_answers_nothing()
    {
        await using var alice = await ReachConsentAsync(TestClient.NewVerifier());
        var consent = alice.Page.Url;

        foreach (var field in new[] { "Write and change your notes", "30 days" })
        {
            await TabToAsync(alice, field);
            await alice.Page.Keyboard.PressAsync("Enter");
            // A form that is sent leaves within milliseconds.
            await Task.Delay(500);
            alice.Page.Url.Should().Be(consent, field);
        }

        (await alice.Page.EvaluateAsync<string>("() => document.activeElement.type")).Should().Be("radio");
        (await world.Server.ScalarAsync<long>("select count(*) from grants where subject = @Subject", alice.Person)).Should().Be(0);
        (await alice.Page.Locator("main input:checked").CountAsync()).Should().BeGreaterThan(2, "nothing was unticked either");
    }

    [Test, Case("UI-045"), Behaviour(31)]
    public async Task Alice_takes_back_what_she_allowed()
    {
        var verifier = TestClient.NewVerifier();
        await using var alice = await ReachConsentAsync(verifier);
        await TabToAsync(alice, "Allow");
        await alice.LeaveAsync(() => alice.Page.Keyboard.PressAsync("Enter"));
        var tokens = await world.Stranger.RedeemAsync(new Code(Answer(alice)["code"]!, verifier, world.Stranger.Redirect));
        var api = await world.Server.ResourceServerAsync();

        await alice.OpenAsync(Paths.ConnectedApps);
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeTrue();
        await FollowAsync(alice, "Revoke");

        (await alice.Page.GetByRole(AriaRole.Status).First.InnerTextAsync())
            .Should().Contain("Access has ended").And.Contain(world.Stranger.Id);
        (await api.SeesAsActiveAsync(tokens.AccessToken)).Should().BeFalse();
    }

    [Test, Case("UI-045"), Behaviour(34)]
    public async Task Olivia_disables_a_client_and_is_asked_first()
    {
        var machine = await world.Server.MachineAsync();
        await using var olivia = await BrowserSession.ArriveAsync(world, PageViewer.Olivia, new Look());
        await olivia.OpenAsync(Paths.Admin);
        await SignInAsync(olivia);

        await FollowAsync(olivia, "Machine clients");
        await FollowAsync(olivia, $"The {machine.Id} app");
        await FollowAsync(olivia, "Disable");
        new Uri(olivia.Page.Url).AbsolutePath.Should().Be(Paths.AdminClientDisable);
        (await IsEnabledAsync()).Should().BeTrue("she is only asked");
        await FollowAsync(olivia, "Cancel");
        (await IsEnabledAsync()).Should().BeTrue();
        await FollowAsync(olivia, "Disable");
        await FollowAsync(olivia, "Disable");

        (olivia.Status, await IsEnabledAsync()).Should().Be((200, false));
        (await machine.CredentialsAsync()).Status.Should().Be(401);

        Task<bool> IsEnabledAsync() => world.Server.ScalarAsync<bool>("select enabled from clients where client_id = @Id", machine);
    }

    private async Task<BrowserSession> ReachConsentAsync(string verifier)
    {
        var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look());
        await alice.OpenAsync($"{Paths.Authorize}?{world.Stranger.AuthorizeQuery(verifier, ("scope", "notes:read notes:write"))}");
        await SignInAsync(alice);
        (await alice.Page.Locator("h1").InnerTextAsync()).Should().Contain($"The {world.Stranger.Id} app");
        return alice;
    }

    private static async Task SignInAsync(BrowserSession visitor)
    {
        // The page begins in the field for the name.
        await Assertions.Expect(visitor.Page.Locator("#username")).ToBeFocusedAsync();
        await visitor.Page.Keyboard.TypeAsync(visitor.Person!.Username);
        await visitor.Page.Keyboard.PressAsync("Tab");
        await visitor.Page.Keyboard.TypeAsync(Cast.Password);
        await visitor.LeaveAsync(() => visitor.Page.Keyboard.PressAsync("Enter"));
    }

    private static async Task FollowAsync(BrowserSession visitor, string words)
    {
        await TabToAsync(visitor, words);
        await visitor.LeaveAsync(() => visitor.Page.Keyboard.PressAsync("Enter"));
    }

    private static async Task TabToAsync(BrowserSession visitor, string words)
    {
        for (var presses = 0; presses < 40; presses++)
        {
            await visitor.Page.Keyboard.PressAsync("Tab");
            if ((await visitor.Page.EvaluateAsync<string>("() => (document.activeElement.labels?.[0] ?? document.activeElement).innerText"))
                .Split('\n')[0].Trim().StartsWith(words, StringComparison.Ordinal)) return;
        }

        Assert.Fail($"Tab does not lead to '{words}'");
    }

    private Parameters Answer(BrowserSession visitor)
    {
        visitor.Page.Url.Should().StartWith(world.Stranger.Redirect + "?",
            "the app waits on another origin, and our policy lets the browser go there");
        world.ExternalServer.Visits.Should().Contain(visitor.Page.Url);
        return Parameters.OfQuery(new Uri(visitor.Page.Url).Query);
    }
}
