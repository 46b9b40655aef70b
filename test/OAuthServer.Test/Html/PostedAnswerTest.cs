using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Html;

/// <summary>response_mode=form_post in Chromium: our one script presses the button, and without scripts a person does.</summary>
[Parallelizable(ParallelScope.Fixtures), Behaviour(2)]
public sealed class PostedAnswerTest
{
    private const string State = "\"><script>document.title='ran'</script> +é";

    [TestCase(true), TestCase(false), Case("OIDC-123")]
    public async Task The_answer_is_posted_with_and_without_scripts(bool scripts)
    {
        var (world, verifier, posted) = (PagesSetUp.PageFixture, TestClient.NewVerifier(), new TaskCompletionSource<string>());
        var app = await world.Server.PublicClientAsync("https://posted.example/cb");
        await using var alice = await BrowserSession.ArriveAsync(world, PageViewer.Alice, new Look { Scripts = scripts });
        await alice.Page.RouteAsync(app.Redirect, async route =>
        {
            posted.TrySetResult($"{route.Request.Method} {route.Request.PostData}");
            await route.FulfillAsync(new() { ContentType = "text/plain", Body = "thank you" });
        });

        await alice.OpenAsync($"{Paths.Authorize}?{app.AuthorizeQuery(verifier, ("response_mode", "form_post"), ("state", State))}");
        await alice.SignInAsync();
        await alice.Page.Locator("button[value=allow]").ClickAsync();
        if (!scripts) await alice.Page.Locator("button#post").ClickAsync();

        var request = await posted.Task.WaitAsync(TimeSpan.FromSeconds(20));
        request.Should().StartWith("POST ");
        var form = Parameters.OfQuery(request["POST ".Length..]);
        (Uri.UnescapeDataString(form["state"]!.Replace('+', ' ')), form["iss"]).Should().Be((State, world.Server.Issuer));
        (await app.RedeemAsync(new Code(form["code"]!, verifier, app.Redirect))).Should().HaveIssuedTokens();
        (await alice.Page.TitleAsync()).Should().NotBe("ran");
    }
}
