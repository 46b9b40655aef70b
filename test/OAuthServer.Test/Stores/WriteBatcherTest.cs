using System.Collections.Concurrent;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

[Behaviour(25), Parallelizable(ParallelScope.All)]
public sealed class WriteBatcherTest
{
    [Test]
    public async Task Writes_waiting_at_the_same_moment_go_in_one_round_trip_and_each_gets_its_own_answer()
    {
        var batches = new ConcurrentQueue<int[]>();
        var door = new SemaphoreSlim(0);
        var group = new WriteBatcher<int, string>(
            "test",
            async items =>
            {
                batches.Enqueue([.. items]);
                await door.WaitAsync();
                return [.. items.Select(item => $"answer {item}")];
            });
        using var stop = new CancellationTokenSource();
        var writer = group.RunAsync(stop.Token);

        var first = group.AddAsync(99);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(batches.Count == 1));
        var rest = new[] { 3, 1, 2 }.Select(group.AddAsync).ToList();
        first.IsCompleted.Should().BeFalse("nobody is answered before the commit");
        door.Release(2);

        (await first).Should().Be("answer 99");
        (await Task.WhenAll(rest)).Should().Equal("answer 3", "answer 1", "answer 2");
        batches.Should().BeEquivalentTo(new[] { new[] { 99 }, [3, 1, 2] }, options => options.WithStrictOrdering());
        await stop.CancelAsync();
        await writer;
    }

    [Test]
    public async Task Of_items_about_one_row_each_has_a_round_trip_of_its_own_in_the_order_they_came()
    {
        var batches = new ConcurrentQueue<string[]>();
        var group = new WriteBatcher<string, string>("test", items =>
        {
            batches.Enqueue([.. items]);
            return Task.FromResult(items);
        }, item => new Guid(item[0], 0, 0, new byte[8]));
        var queued = new[] { "a1", "a2", "b1", "a3", "b2", "c1" }.Select(group.AddAsync).ToList();

        await group.RunAsync(new CancellationToken(canceled: true));

        string[][] expected = [["a1", "b1", "c1"], ["a2", "b2"], ["a3"]];
        batches.Should().BeEquivalentTo(expected, options => options.WithStrictOrdering());
        (await Task.WhenAll(queued)).Should().Equal("a1", "a2", "b1", "a3", "b2", "c1");
    }

    [Test]
    public async Task A_round_trip_that_fails_fails_all_who_were_in_it_and_nobody_after()
    {
        var failing = true;
        var group = new WriteBatcher<int, int>("test", items => failing ? throw new TimeoutException("away") : Task.FromResult(items));
        using var stop = new CancellationTokenSource();
        var lost = new[] { 1, 2, 3 }.Select(group.AddAsync).ToList();
        var writer = group.RunAsync(stop.Token);

        foreach (var task in lost) await FluentActions.Awaiting(() => task).Should().ThrowAsync<TimeoutException>();
        failing = false;
        (await group.AddAsync(4)).Should().Be(4);
        await stop.CancelAsync();
        await writer;
    }

    [TestCase("ERROR", "40P01", true)]
    [TestCase("ERROR", "40001", true)]
    [TestCase("ERROR", "23505", true)]
    [TestCase("ERROR", "40003", false)]
    [TestCase("FATAL", "40001", false)]
    [TestCase("ERROR", "08P01", false)]
    [TestCase("FATAL", "57P01", false)]
    [TestCase("ERROR", "57014", false)]
    [TestCase("ERROR", "58030", false)]
    [TestCase("ERROR", "XX000", false)]
    [TestCase("ERROR", "55P03", false)]
    public async Task Only_a_group_that_was_certainly_rolled_back_is_written_again_each_alone(string severity, string state, bool again)
    {
        var writes = new ConcurrentQueue<int[]>();
        var group = new WriteBatcher<int, int>("test", items =>
        {
            writes.Enqueue([.. items]);
            return items.Count > 1 || items[0] == 2
                ? throw new PostgresException("refused", severity, severity, state)
                : Task.FromResult(items);
        });
        var waiting = new[] { 1, 2, 3 }.Select(group.AddAsync).ToList();

        await group.RunAsync(new CancellationToken(canceled: true));

        int[][] expected = again ? [[1, 2, 3], [1], [2], [3]] : [[1, 2, 3]];
        writes.Should().BeEquivalentTo(expected, options => options.WithStrictOrdering());
        await FluentActions.Awaiting(() => waiting[1]).Should().ThrowAsync<PostgresException>();
        foreach (var other in new[] { waiting[0], waiting[2] })
            if (again) (await other).Should().BePositive("each has an answer of its own");
            else await FluentActions.Awaiting(() => other).Should().ThrowAsync<PostgresException>();
    }

    [Test]
    public async Task Writes_queued_when_the_server_stops_are_still_written()
    {
        var written = new List<int>();
        var group = new WriteBatcher<int, int>("test", items =>
        {
            written.AddRange(items);
            return Task.FromResult(items);
        });
        var queued = Enumerable.Range(0, 600).Select(group.AddAsync).ToList();

        await group.RunAsync(new CancellationToken(canceled: true));

        (await Task.WhenAll(queued)).Should().Equal(Enumerable.Range(0, 600));
        written.Should().HaveCount(600);
        await FluentActions.Awaiting(() => group.AddAsync(1)).Should().ThrowAsync<TimeoutException>("nobody will write it any more");
    }

    [Test]
    public async Task A_queue_that_is_full_refuses_at_once()
    {
        var group = new WriteBatcher<int, int>("test", items => Task.FromResult(items));
        for (var i = 0; i < 4096; i++) _ = group.AddAsync(i);

        var refused = group.AddAsync(4096);

        refused.IsFaulted.Should().BeTrue();
        await FluentActions.Awaiting(() => refused).Should().ThrowAsync<TimeoutException>();
        await group.RunAsync(new CancellationToken(canceled: true));
    }

    [Test]
    public async Task Nobody_waits_longer_than_three_seconds()
    {
        var group = new WriteBatcher<int, int>("test", _ => new TaskCompletionSource<IReadOnlyList<int>>().Task);
        _ = group.RunAsync(CancellationToken.None);

        await FluentActions.Awaiting(() => group.AddAsync(1)).Should().ThrowAsync<TimeoutException>();
    }

    [Test]
    public async Task A_wait_after_a_quiet_time_ends_too_and_what_was_given_up_is_not_written()
    {
        var written = new ConcurrentQueue<int>();
        var door = new SemaphoreSlim(0);
        var group = new WriteBatcher<int, int>("test", async items =>
        {
            foreach (var item in items) written.Enqueue(item);
            await door.WaitAsync();
            return items;
        });
        door.Release();
        _ = group.RunAsync(CancellationToken.None);
        await group.AddAsync(0);
        await Task.Delay(TimeSpan.FromMilliseconds(500));

        var stuck = group.AddAsync(1);
        await Eventually.BecomesTrueAsync(() => Task.FromResult(written.Contains(1)));
        var behind = group.AddAsync(2);

        await FluentActions.Awaiting(() => stuck).Should().ThrowAsync<TimeoutException>();
        await FluentActions.Awaiting(() => behind).Should().ThrowAsync<TimeoutException>();
        door.Release(10);
        (await group.AddAsync(3)).Should().Be(3);
        written.Should().Equal(0, 1, 3);
    }
}
