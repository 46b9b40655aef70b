using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec.Accounts;

/// <summary>Nobody guesses links: ten wrong ones a minute and address, then even a right one has to wait.</summary>
[Behaviour(92)]
public sealed class WrongLinksTest : AccountFixture
{
    [Test]
    public async Task The_eleventh_wrong_link_of_an_address_in_a_minute_has_to_wait()
    {
        var token = await InviteAsync(NewName());
        var browser = Server.NewBrowserFrom("127.0.0.2");

        for (var wrong = 0; wrong < 10; wrong++) (await browser.GetAsync(At($"wrong{wrong}"))).Status.Should().Be(404);

        var late = await browser.GetAsync(At(token));
        late.Should().BeAPage(429);
        late.Header("Retry-After").Should().Be("6");
        (await Server.NewBrowserFrom("127.0.0.3").GetAsync(At(token))).Status.Should().Be(200, "another address");
    }
}
