using System.Diagnostics;
using FluentAssertions;
using Microsoft.Extensions.Logging;
using NUnit.Framework;
using OAuthServer.Keys;
using OAuthServer.Limits;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Spec;

/// <summary>Wrong secrets and passwords from many addresses, more than the cores can hash.</summary>
[Behaviour(24), NonParallelizable]
public sealed class HashFloodTest : ServerFixture
{
    private const int Addresses = 40;

    protected override Settings Change(Settings settings) =>
        settings with { HashQueueLength = 64, FailuresPerSecond = 10, LoginsPerMinute = 10 };

    [Test, Rfc(9700, "4.3"), Case("CAUTH-028")]
    public async Task Wrong_secrets_from_forty_addresses_starve_neither_people_nor_clients()
    {
        var people = await RowsAsync(5, () => Server.UserAsync());
        var machines = await RowsAsync(5, () => Server.MachineAsync());
        var victim = await Server.MachineAsync();
        using var stop = new CancellationTokenSource();
        var guessed = 0;
        var flood = Enumerable.Range(1, Addresses).Select(i => GuessAsync($"127.0.7.{i}")).ToArray();
        await Eventually.BecomesTrueAsync(() => Task.FromResult(Volatile.Read(ref guessed) > Addresses / 2), TimeSpan.FromMinutes(1));

        var (signedIn, before) = (0, Volatile.Read(ref guessed));
        foreach (var person in people)
            if ((await Server.NewBrowser().SignInAsync(person)).Is(Paths.ConnectedApps)) signedIn++;
        var meanwhile = Volatile.Read(ref guessed) - before;
        (var authenticated, before) = (0, Volatile.Read(ref guessed));
        foreach (var machine in machines)
            if ((await machine.CredentialsAsync()).Status == 200) authenticated++;
        var later = Volatile.Read(ref guessed) - before;
        await stop.CancelAsync();
        await Task.WhenAll(flood);

        signedIn.Should().Be(people.Length);
        authenticated.Should().Be(machines.Length);
        // First come, first served, each would wait for about forty guesses.
        (meanwhile / (double)people.Length).Should().BeLessThan(8, "people have a lane of their own");
        (later / (double)machines.Length).Should().BeLessThan(16, "who guessed wrong stands behind who did not");

        async Task GuessAsync(string address)
        {
            using var http = Server.NewHttpFrom(address);
            while (!stop.IsCancellationRequested)
            {
                (await http.ReplyAsync(HttpMethod.Post, Paths.Token, Requests.Form("grant_type=client_credentials"),
                    ("Authorization", Requests.BasicOf($"{victim.Id}:wrong {Guid.NewGuid()}")))).Status.Should().BeOneOf(401, 429);
                Interlocked.Increment(ref guessed);
            }
        }
    }

    /// <summary>
    /// A process of its own with the limits as they come, timed by those who wait. What takes a place just before its time is up is
    /// still hashed: an answer longer. Twice that is the margin, and twice what two hundred requests that cost no hash take here, and a
    /// second. Without the limit 66 of them would wait for each other: sixteen answers of two cores.
    /// </summary>
    [Test, Rfc(9110, "10.2.3")]
    public async Task Of_two_hundred_wrong_secrets_at_once_none_waits_longer_than_the_queue_allows()
    {
        const int guesses = 200;
        await using var server = TestServer.ExternalServer(new Settings
        {
            Issuer = $"http://localhost:{TestServer.FreePort()}",
            Database = await TestDatabase.CloneAsync(),
            KeyEncryptionKey = Convert.ToBase64String(new byte[32]),
        });
        await using var program = await OAuthProgram.ServeAsync(server, LogLevel.Warning);
        var victim = await server.MachineAsync();
        await AloneAsync();
        var before = await AloneAsync();
        var unhashed = (await AtOnceAsync("127.0.12", "nothing")).Max(one => one.Took);

        var answers = await AtOnceAsync("127.0.11", "client_credentials");

        var after = await AloneAsync();
        var limit = TimeSpan.FromMilliseconds(server.Settings.HashQueueMilliseconds)
            + (2 * (before > after ? before : after)) + (2 * unhashed) + Eventually.Second;
        var slowest = answers.Max(one => one.Took);
        await TestContext.Out.WriteLineAsync($"alone {before.TotalSeconds:F1} and {after.TotalSeconds:F1} s, without a hash "
            + $"{unhashed.TotalSeconds:F1} s; the slowest {slowest.TotalSeconds:F1} s of {limit.TotalSeconds:F1} s");
        slowest.Should().BeLessThan(limit);
        answers.Select(one => one.Reply.Status).Should().OnlyContain(status => status == 401 || status == 429 || status == 503)
            .And.Contain(401).And.Contain(503, "else it was no flood");
        answers.Where(one => one.Reply.Status != 401).Should().OnlyContain(one => int.Parse(one.Reply.Header("Retry-After")!) > 0);

        async Task<TimeSpan> AloneAsync()
        {
            var (reply, took) = await GuessAsync("127.0.10.1", "client_credentials");
            reply.Status.Should().Be(401);
            return took;
        }

        Task<(Reply Reply, TimeSpan Took)[]> AtOnceAsync(string network, string grant) =>
            Task.WhenAll(Enumerable.Range(1, guesses).Select(i => GuessAsync($"{network}.{i}", grant)));

        async Task<(Reply Reply, TimeSpan Took)> GuessAsync(string address, string grant)
        {
            using var http = server.NewHttpFrom(address);
            var began = Stopwatch.GetTimestamp();
            var reply = await http.ReplyAsync(HttpMethod.Post, Paths.Token, Requests.Form($"grant_type={grant}"),
                ("Authorization", Requests.BasicOf($"{victim.Id}:wrong {Guid.NewGuid()}")));
            return (reply, Stopwatch.GetElapsedTime(began));
        }
    }

    [Test]
    public async Task A_failure_refused_in_the_queue_is_counted()
    {
        var narrow =
            await Server.StartSecondInstanceAsync(settings =>
            settings with { HashQueueLength = 1, HashQueueMilliseconds = 1, FailuresPerSecond = 1, LoginsPerMinute = 1 });
        await using var _ = narrow;
        using var stop = new CancellationTokenSource();
        var busy = Enumerable.Range(0, 2 * Environment.ProcessorCount).Select(i => BusyAsync()).ToArray();
        using var http = narrow.NewHttpFrom("127.0.8.1");

        var replies = new List<Reply>();
        for (var i = 0; i < 20; i++)
            replies.Add(await http.ReplyAsync(HttpMethod.Post, Paths.Token, Requests.Form("grant_type=client_credentials"),
                ("Authorization", Requests.BasicOf($"nobody:{i}"))));
        var person = await narrow.UserAsync();
        var browser = narrow.NewBrowser();
        var signIns = new List<int>();
        for (var i = 0; i < 5; i++) signIns.Add((await browser.SignInAsync(person with { Username = "nobody" })).Reply.Status);
        await stop.CancelAsync();
        await Task.WhenAll(busy);

        replies.Should().Contain(reply => reply.Status == 503).And.Contain(reply => reply.Status == 429);
        signIns.Should().Contain(503).And.Contain(429);

        async Task BusyAsync()
        {
            while (!stop.IsCancellationRequested)
                try { await narrow.Get<HashQueue>().PasswordAsync("a password", CancellationToken.None); }
                catch (HashQueueFullException) { await Task.Delay(1); }
        }
    }

    [Test]
    public async Task The_hashes_of_one_attempt_share_the_time_they_may_wait()
    {
        var patience = TimeSpan.FromMilliseconds(300);
        await using var twin =
            await Server.StartSecondInstanceAsync(settings => settings with { HashQueueMilliseconds = (int)patience.TotalMilliseconds });
        var hashes = twin.Get<HashQueue>();
        var attempt = hashes.Begin(HashLane.Clients, "127.0.9.1");
        await Task.Delay(patience);
        var holders = Enumerable.Range(0, Environment.ProcessorCount)
            .Select(i => hashes.PasswordAsync("a password", CancellationToken.None)).ToArray();

        var late = attempt.VerifyAsync("a secret", Cast.SecretHashed, CancellationToken.None);

        late.IsFaulted.Should().BeTrue("its time was up before this hash");
        await FluentActions.Awaiting(() => late).Should().ThrowAsync<HashQueueFullException>();
        await Task.WhenAll(holders);
    }

    [Test]
    public async Task One_secret_presented_many_times_at_once_to_a_cold_server_costs_one_hash()
    {
        await using var cold = await Server.StartSecondInstanceAsync(settings => settings with { HashQueueLength = 1 });
        var machine = (await Server.MachineAsync()).At(cold);

        var replies = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => machine.CredentialsAsync()));

        replies.Should().AllSatisfy(reply => reply.Should().HaveIssuedTokens());
    }

    [Test]
    public async Task After_a_restart_under_load_every_client_costs_one_hash()
    {
        await using var cold =
            await Server.StartSecondInstanceAsync(settings => settings with { HashQueueLength = 20, FailuresPerSecond = 20 });
        var machines = await RowsAsync(10, async () => (await Server.MachineAsync()).At(cold));

        var replies = await Task.WhenAll(machines.SelectMany(machine => Enumerable.Range(0, 8).Select(_ => machine.CredentialsAsync())));

        replies.Should().AllSatisfy(reply => reply.Should().HaveIssuedTokens());
    }

    [Test]
    public async Task One_wrong_secret_presented_many_times_at_once_is_refused_to_each_and_audited_for_each()
    {
        await using var cold = await Server.StartSecondInstanceAsync();
        var machine = (await Server.MachineAsync()).At(cold).With("wrong");

        var wrong = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => machine.CredentialsAsync()));

        wrong.Should().OnlyContain(reply => reply.Status == 401 || reply.Status == 429).And.Contain(reply => reply.Status == 401);
        (await Server.ScalarAsync<long>("select count(*) from audit_events where client_id = @Id and outcome = 'refused'",
            new { machine.Id }))
            .Should().Be(wrong.Count(reply => reply.Status == 401));
    }

    private static async Task<T[]> RowsAsync<T>(int count, Func<Task<T>> add)
    {
        var rows = new List<T>();
        for (var i = 0; i < count; i++) rows.Add(await add());
        return [.. rows];
    }
}
