using System.Collections.Concurrent;
using System.Security.Cryptography;
using FluentAssertions;
using NUnit.Framework;
using OAuthServer.Grants;
using OAuthServer.Html;
using OAuthServer.Keys;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;
using OAuthServer.Users;

namespace OAuthServer.Test.Spec.Devices;

/// <summary>
/// Guesses at 10,000 open user codes (RFC 8628 §5.1) by 50 people at 200 addresses, five from each session: each limit holds, and nobody
/// else feels one.
/// </summary>
[Behaviour(56)]
public sealed class GuessedUserCodesTest : DeviceFixture
{
    private const int Open = 10_000, Guesses = 5, People = 50, Addresses = 200;

    [TestCase(400), TestCase(2_000, Category = "Long"), Rfc(8628, "5.1"), Rfc(8628, "6.1"), Case("DEV-101")]
    public async Task Guesses_are_looked_up_ten_times_a_person_and_none_fits(int sessions)
    {
        var (alice, tv) = (await Server.UserAsync(), await TvAsync());
        await OpenManyAsync(await TvAsync());
        var mallories = await Task.WhenAll(Enumerable.Range(0, People).Select(_ => Server.UserAsync("mallory")));
        var addresses = Enumerable.Range(0, Addresses).Select(i => Server.NewHttpFrom($"127.0.8.{i + 1}")).ToArray();
        var replies = new ConcurrentBag<(Guid Person, int Status)>();
        var asked = await AskAsync(tv);

        var flood = Parallel.ForEachAsync(Enumerable.Range(0, sessions), new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            var person = mallories[i % People];
            var browser = new Browser(Server, addresses[i % Addresses]);
            await SignInAsync(browser, person);
            var form = await browser.FollowAsync(Paths.Device);
            for (var guess = 0; guess < Guesses; guess++)
            {
                var reply = await browser.SubmitToAsync(Paths.Device, form, ("user_code", UserCode.Mint().Text));
                replies.Add((person.Subject, reply.Status));
            }
        });
        await Eventually.BecomesTrueAsync(() => Task.FromResult(replies.Count > 1_000), TimeSpan.FromMinutes(1));
        (await TypeAsync(Server.NewBrowserFrom("127.0.9.1"), alice, asked.UserCode)).Is(Paths.Consent).Should().BeTrue("it is hers");
        await flood;

        replies.Should().HaveCount(sessions * Guesses);
        replies.GroupBy(reply => reply.Status).Select(status => status.Key).Should().BeSubsetOf([400, 429, 503]);
        replies.Count(reply => reply.Status == 503).Should().BeLessThan(replies.Count / 100, "a busy machine looks nothing up");
        foreach (var person in replies.GroupBy(reply => reply.Person)) person.Count(reply => reply.Status == 400).Should().Be(10);
        (await TypeAsync(Server.NewBrowserFrom("127.0.9.2"), await Server.UserAsync(), (await AskAsync(tv)).UserCode)).Is(Paths.Consent)
            .Should().BeTrue("nobody shares a limit with them");
    }

    [Test, Rfc(8628, "5.1"), Case("DEV-101")]
    public async Task An_address_is_looked_up_ten_times_a_minute_whoever_sits_there()
    {
        var address = Server.NewHttpFrom("127.0.9.3");
        var statuses = new List<int>();
        Server.Clock.Travel(TimeSpan.FromHours(2));
        for (var minute = 1; minute <= 2; minute++)
        {
            foreach (var _ in Enumerable.Range(0, 20))
            {
                var browser = new Browser(Server, address);
                await SignInAsync(browser, await Server.UserAsync("mallory"));
                var form = await browser.FollowAsync(Paths.Device);
                for (var guess = 0; guess < Guesses; guess++)
                    statuses.Add((await browser.SubmitToAsync(Paths.Device, form, ("user_code", UserCode.Mint().Text))).Status);
            }

            statuses.Count(status => status == 400).Should().Be(10 * minute);
            Server.Clock.Travel(TimeSpan.FromSeconds(61));
        }
    }

    // As /device_authorization would, which has a limit of its own.
    private async Task OpenManyAsync(TestClient tv)
    {
        var keys = Server.Get<KeyEncryption>();
        await Server.ExecuteAsync(
            """
            insert into device_requests
                (id, client_id, code_hash, user_code_mac, query, address, subscriber, created_at, expires_at, poll_seconds)
            select gen_random_uuid(), @Id, hash, mac, '', '127.0.0.1', '127.0.0.1', @now, @now + interval '10 minutes', 5
              from unnest(@hashes, @macs) as one (hash, mac)
            on conflict do nothing
            """,
            new
            {
                tv.Id,
                now = Server.Clock.GetUtcNow().UtcDateTime,
                hashes = Enumerable.Range(0, Open).Select(_ => RandomNumberGenerator.GetBytes(32)).ToArray(),
                macs = Enumerable.Range(0, Open).Select(_ => UserCode.Mint().Macs(keys)[0]).ToArray(),
            });
    }

    // Without the hash of a password, of which each sign-in would be one.
    private async Task SignInAsync(Browser browser, Person person)
    {
        var started = await Server.Get<Sessions>().StartAsync(
            new Authenticated { Subject = person.Subject, Username = person.Username, How = "by a test", Amr = ["pwd"] }, null, "a test",
            new RequestContext { RequestId = "started-by-a-test", At = Server.Clock.GetUtcNow(), Address = "127.0.0.1" });
        browser.Cookies[Cookies.Name("s", Server.Settings)] = started!.Id;
    }
}
