using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Html;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Cookies are read by their exact names: a sibling host can set __host-…, never __Host-… (RFC 6265bis §4.1.3.2).</summary>
[Behaviour(35), Rfc(6265, "5.4")]
public sealed class CookieNameTest : ServerFixture
{
    private string Session => Cookies.Name("s", Server.Settings);

    [Test]
    public async Task A_session_cookie_in_another_case_signs_nobody_in()
    {
        var browser = await SignedInAsync();
        var id = browser.Cookies[Session];
        browser.Cookies.Remove(Session);

        foreach (var name in Variants(Session))
        {
            browser.Cookies[name] = id;
            (await browser.FollowAsync(Paths.ConnectedApps)).Is(Paths.Login).Should().BeTrue(name);
            browser.Cookies.Remove(name);
        }
    }

    [Test]
    public async Task A_planted_cookie_in_another_case_hides_nothing()
    {
        var (alice, mallory) = (await SignedInAsync(), await SignedInAsync("mallory"));
        foreach (var name in Variants(Session))
        {
            var own = $"{Session}={alice.Cookies[Session]}";
            var planted = $"{name}={mallory.Cookies[Session]}";
            foreach (var cookies in new[] { $"{own}; {planted}", $"{planted}; {own}" })
                (await Server.GetAsync(Paths.ConnectedApps, ("Cookie", cookies))).Body
                    .Should().Contain("alice-").And.NotContain("mallory-");
        }
    }

    [TestCase("b"), TestCase("f"), Rfc(9700, "4.7")]
    public async Task A_form_is_refused_when_its_cookie_has_another_case(string purpose)
    {
        var (alice, browser) = (await Server.UserAsync(), Server.NewBrowser());
        var login = await browser.FollowAsync(Paths.Login);
        var name = Cookies.Name(purpose, Server.Settings);
        browser.Cookies[name.ToUpperInvariant()] = browser.Cookies[name];
        browser.Cookies.Remove(name);

        (await browser.SignInAsync(login, alice)).Reply.Status.Should().Be(400);
    }

    private static string[] Variants(string name) => [name.ToLowerInvariant(), name.ToUpperInvariant(), name.Replace("__Host-", "__HOST-")];

    private async Task<Browser> SignedInAsync(string name = "alice")
    {
        var browser = Server.NewBrowser();
        await browser.SignInAsync(await Server.UserAsync(name));
        return browser;
    }
}
