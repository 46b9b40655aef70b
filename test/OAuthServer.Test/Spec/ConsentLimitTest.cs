using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Consent pages do not come endlessly.</summary>
[Behaviour(24)]
public sealed class ConsentLimitTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { ConsentsPerMinute = 5 };

    [Test, Case("UI-040")]
    public async Task A_client_that_asks_again_and_again_is_slowed_down()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(), Server.NewBrowser());
        var statuses = new List<int>();
        for (var i = 0; i < 8; i++)
            statuses.Add((await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Reply.Status);

        statuses.Take(5).Should().OnlyContain(status => status == 200);
        statuses[^1].Should().Be(429);
        var limited = (await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Reply;
        limited.Should().BeAnErrorPage("slow_down", 429, "Wait ");
        limited.Header("Retry-After").Should().NotBeNull();
        (await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier(), ("ui_locales", "ar")), alice)).Reply.Body.Should()
            .Contain("lang=\"ar\"").And.NotContain("Wait");
        (await Server.NewBrowser()
            .ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), await Server.UserAsync("bob"))).Reply.Status.Should()
            .Be(200, "another person is not slowed down");
        (await browser.ReachConsentAsync((await Server.PublicClientAsync()).AuthorizeQuery(TestClient.NewVerifier()),
            alice)).Reply.Status.Should().Be(200, "another client is not slowed down");
    }
}

/// <summary>As many as an operator gets who sets nothing.</summary>
[Behaviour(24)]
public sealed class ConsentDefaultLimitTest : ServerFixture
{
    protected override Settings Change(Settings settings) => settings with { ConsentsPerMinute = new Settings().ConsentsPerMinute };

    [Test, Case("UI-040")]
    public async Task Fifty_in_a_minute_are_shown_and_soon_after_no_more()
    {
        var (alice, client, browser) = (await Server.UserAsync(), await Server.PublicClientAsync(origin: "self-registered", resource: null),
            Server.NewBrowser());
        var (before, statuses) = (TimeProvider.System.GetTimestamp(), new List<int>());
        do statuses.Add((await browser.ReachConsentAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice)).Reply.Status);
        while (statuses[^1] == 200 && statuses.Count < 500);

        statuses[^1].Should().Be(429);
        statuses.Count(status => status == 200).Should()
            .BeInRange(50, 51 + (int)(TimeProvider.System.GetElapsedTime(before).TotalSeconds / 1.2), "one more is due every 1.2 s");
    }
}
