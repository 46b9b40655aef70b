using System.Security.Cryptography;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Authorization;
using OAuthServer.Grants;
using OAuthServer.Protocol;
using OAuthServer.Stores.Grants;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>
/// 64 browsers at once with one pushed request, over two servers on one database: one goes on. Without <c>used_at is null</c> all of them
/// did.
/// </summary>
[Behaviour(58)]
public sealed class PushedConcurrencyTest : ServerFixture
{
    private const int Rounds = 4;
    private const int AtOnce = 64;

    private TestServer twin = null!;
    private TestClient client = null!;
    private Person alice = null!;

    [OneTimeSetUp]
    public async Task SetUpCastAsync()
    {
        twin = await Server.StartSecondInstanceAsync();
        (client, alice) = (await Server.PublicClientAsync(), await Server.UserAsync());
    }

    [OneTimeTearDown]
    public async Task StopTwinAsync()
    {
        if (twin is not null) await twin.DisposeAsync();
    }

    // /authorize looks at whose it is first; this is what stands behind that.
    [Test, Rfc(9126, "4"), Case("PAR-101")]
    public async Task The_claim_itself_is_for_the_client_that_pushed()
    {
        var (other, store, now) = (await Server.PublicClientAsync(), Server.Get<PushedRequestStore>(), Server.Clock.GetUtcNow());
        var pushed = await client.PushAsync(TestClient.NewVerifier());
        var reference = OpaqueToken.Hash(pushed.RequestUri()[PushedRequests.Prefix.Length..]);
        NewAuthorizationRequest Of(TestClient one) => new()
        {
            IdHash = RandomNumberGenerator.GetBytes(32),
            BrowserHash = RandomNumberGenerator.GetBytes(32),
            ClientId = one.Id,
            Query = "",
            CreatedAt = now,
            ExpiresAt = now.AddMinutes(10),
        };

        (await store.ClaimAsync(reference, Of(other))).Should().BeFalse();
        (await store.FindAsync(reference, CancellationToken.None))!.UsedAt.Should().BeNull("it is not used up");
        (await store.ClaimAsync(reference, Of(client))).Should().BeTrue();
        (await store.ClaimAsync(reference, Of(client))).Should().BeFalse();
    }

    // Nobody signed in: a pending request and a page. Remembered or trusted: a code at once.
    [TestCase("signed out"), TestCase("remembered"), TestCase("trusted")]
    [Rfc(9126, "7.3")]
    public async Task Of_64_uses_one_wins(string how)
    {
        var browser = Server.NewBrowser();
        if (how == "remembered") await browser.AllowAsync(client.AuthorizeQuery(TestClient.NewVerifier()), alice);
        if (how == "trusted")
        {
            client = await Server.PublicClientAsync();
            await Server.ExecuteAsync("update clients set trusted = true where client_id = @Id", new { client.Id });
            await browser.SignInAsync(alice);
        }

        for (var round = 0; round < Rounds; round++)
        {
            var query = await client.PushedQueryAsync(TestClient.NewVerifier());

            var replies = await AllAtOnceAsync(browser, query);

            var winner = replies.Should().ContainSingle(reply => reply.Status == 303).Subject;
            winner.Location.Should().Contain(how == "signed out" ? Paths.Login : "code=");
            foreach (var loser in replies.Where(reply => reply != winner))
                loser.Should().BeAnErrorPage("invalid_request", 400, "This request is not valid any more");
            (await Server.ScalarAsync<long>("select count(*) from authorization_requests where pushed and query like '%' || @part || '%'",
                new { part = Challenge(await Server.ScalarAsync<string>("select query from pushed_requests order by created_at desc")) }))
                .Should().Be(1);
        }
    }

    private static string Challenge(string query) => Parameters.OfQuery(query)["code_challenge"]!;

    private async Task<List<Reply>> AllAtOnceAsync(Browser signedIn, string query)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var asked = Enumerable.Range(0, AtOnce).Select(async i =>
        {
            var browser = (i % 2 == 0 ? Server : twin).NewBrowser();
            foreach (var (name, value) in signedIn.Cookies) browser.Cookies[name] = value;
            await start.Task;
            return await browser.GetAsync($"{Paths.Authorize}?{query}");
        }).ToList();
        start.SetResult();
        return [.. await Task.WhenAll(asked)];
    }
}
