using FluentAssertions;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>The way to the consent page, for the tests of it.</summary>
public abstract class ConsentFixture : ServerFixture
{
    protected static Task<Landing> AskAsync(Browser browser, TestClient client, params (string Name, string? Value)[] changes) =>
        browser.FollowAsync("/authorize?" + client.AuthorizeQuery(TestClient.NewVerifier(), changes));

    protected static async Task<(string Verifier, Landing Page)> OpenAsync(Browser browser, TestClient client, Person person,
        string scope = "notes:read", params (string Name, string? Value)[] changes)
    {
        var verifier = TestClient.NewVerifier();
        var page = await browser.ReachConsentAsync(client.AuthorizeQuery(verifier, [("scope", scope), .. changes]), person);
        page.Is(Paths.Consent).Should().BeTrue(page.ToString());
        return (verifier, page);
    }

    protected static Task<Reply> RedeemAsync(TestClient client, Reply allowed, string verifier) =>
        client.RedeemAsync(new Code(new Landing(allowed.Location!, allowed).Parameters["code"]!, verifier, client.Redirect));
}
