using System.Collections.Concurrent;
using System.Diagnostics;
using FluentAssertions;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>
/// Clients of two servers while PostgreSQL fails over. Writes down everything that was acknowledged, and looks afterwards whether it is
/// still so. What got no answer, or 503, is nobody's promise.
/// </summary>
internal sealed class FailoverLoad : IAsyncDisposable
{
    private const int Chains = 6;
    private const int Revokers = 2;
    private const int Redeemers = 2;

    private readonly CancellationTokenSource end = new();
    private readonly ConcurrentBag<string> issued = [];
    private readonly ConcurrentBag<Reply> revoked = [];
    private readonly ConcurrentBag<(Code Code, Reply Reply)> redeemed = [];
    private readonly ConcurrentDictionary<(string Kind, int Server), ConcurrentQueue<long>> successes = new();
    private readonly ConcurrentDictionary<string, int> failures = new();
    private readonly ConcurrentQueue<Code> codes = new();
    private readonly ConcurrentQueue<Reply> grants = new();
    private readonly List<string>[] chains = new List<string>[Chains];
    private readonly TestServer[] servers;
    private readonly TestClient[] app, machine, api;
    private Task[] workers = [];
    private int turn;

    private FailoverLoad(TestServer[] servers, TestClient app, TestClient machine, TestClient api)
    {
        this.servers = servers;
        this.app = [.. servers.Select(app.At)];
        this.machine = [.. servers.Select(machine.At)];
        this.api = [.. servers.Select(api.At)];
    }

    /// <param name="revocations">How many grants there are to end, and codes to redeem.</param>
    public static async Task<FailoverLoad> BeginAsync(TestServer[] servers, int revocations)
    {
        var first = servers[0];
        var (app, alice) = (await first.PublicClientAsync(), await first.UserAsync());
        var load = new FailoverLoad(servers, app, await first.MachineAsync(), await first.ResourceServerAsync());
        // A secret that was verified once costs no slow hash again.
        foreach (var machine in load.machine) (await machine.CredentialsAsync()).Should().HaveIssuedTokens();
        for (var i = 0; i < Chains; i++) load.chains[i] = [(await first.TokensAsync(app, alice)).RefreshToken!];
        await Parallel.ForAsync(0, revocations, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (_, _) =>
        {
            load.grants.Enqueue(await first.TokensAsync(app, alice));
            load.codes.Enqueue(await first.GrantAsync(app, alice, codeLife: TimeSpan.FromMinutes(10)));
        });
        load.workers =
        [
            load.RunAsync("client_credentials", load.CredentialsAsync), load.RunAsync("client_credentials", load.CredentialsAsync),
            .. load.chains.Select(chain => load.RunAsync("rotation", server => load.RotateAsync(chain, server))),
            .. Enumerable.Range(0, Revokers).Select(_ => load.RunAsync("revocation", load.RevokeAsync)),
            .. Enumerable.Range(0, Redeemers).Select(_ => load.RunAsync("redemption", load.RedeemAsync)),
        ];
        return load;
    }

    /// <summary>How many have been acknowledged so far: tokens, rotations, revocations, redemptions.</summary>
    public (int Issued, int Rotated, int Revoked, int Redeemed) Acknowledged =>
        (issued.Count, chains.Sum(chain => chain.Count - 1), revoked.Count, redeemed.Count);

    /// <summary>Waits until every kind was answered by every server after this moment.</summary>
    public async Task AnswersAsync(long after, TimeSpan within)
    {
        while (successes.Count < 8 || successes.Values.Any(times => times.All(at => at <= after)))
        {
            var missing = successes.Where(one => one.Value.All(at => at <= after))
                .Select(one => $"no {one.Key.Kind} at {one.Key.Server + 1}");
            Stopwatch.GetElapsedTime(after).Should().BeLessThan(within, $"{this}; {string.Join(", ", missing)}");
            await Task.Delay(100);
        }
    }

    /// <summary>The longest time without an answer, by kind, in seconds, from the second before a moment on.</summary>
    public IReadOnlyDictionary<string, double> Silence(long around) => successes.ToDictionary(
        one => $"{one.Key.Kind} at server {one.Key.Server + 1}",
        one => one.Value.Where(at => at > around - Stopwatch.Frequency).Order().ToArray() is { Length: > 1 } times
            ? times.Zip(times.Skip(1), (from, to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds).Max() : double.PositiveInfinity);

    public async Task StopAsync()
    {
        await end.CancelAsync();
        await Task.WhenAll(workers);
    }

    /// <summary>Whether all that was acknowledged is so, at each server in turn.</summary>
    public async Task IsAllThereAsync()
    {
        (await servers[0].ScalarAsync<long>("select count(distinct jti) from audit_events where jti = any (@jtis)",
            new { jtis = issued.ToArray() })).Should().Be(issued.Count, "each token that was issued is in the audit log");
        foreach (var reply in revoked)
        {
            (await Next(app).RefreshAsync(reply.RefreshToken!)).Should().BeRefusedWith("invalid_grant");
            (await Next(api).SeesAsActiveAsync(reply.AccessToken)).Should().BeFalse("its grant was ended");
        }

        foreach (var chain in chains)
        {
            (await Next(app).RefreshAsync(chain[^1])).Should().HaveIssuedTokens();
            (await Next(app).RefreshAsync(chain[^3])).Should().BeRefusedWith("invalid_grant");
        }

        foreach (var (code, reply) in redeemed)
        {
            (await Next(app).RefreshAsync(reply.RefreshToken!)).Should().HaveIssuedTokens();
            (await Next(app).RedeemAsync(code)).Should().BeRefusedWith("invalid_grant");
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        end.Dispose();
    }

    public override string ToString()
    {
        var (tokens, rotations, revocations, redemptions) = Acknowledged;
        return $"{tokens} tokens, {rotations} rotations, {revocations} revocations, {redemptions} redemptions; not acknowledged: "
            + string.Join(", ", failures.OrderBy(one => one.Key).Select(one => $"{one.Value} {one.Key}"));
    }

    private TestClient Next(TestClient[] clients) => clients[Interlocked.Increment(ref turn) % clients.Length];

    // Null: there is nothing left to do.
    private async Task<Reply?> CredentialsAsync(int server)
    {
        var reply = await machine[server].CredentialsAsync();
        if (reply.Status == 200) issued.Add(Jwt.Read(reply.AccessToken).Payload["jti"]!.ToString());
        return reply;
    }

    // The same token again after a failure, as clients do: within the retry window it yields what was not acknowledged.
    private async Task<Reply?> RotateAsync(List<string> chain, int server)
    {
        var reply = await app[server].RefreshAsync(chain[^1]);
        if (reply.Status == 200) chain.Add(reply.RefreshToken!);
        return reply;
    }

    private async Task<Reply?> RevokeAsync(int server)
    {
        if (!grants.TryDequeue(out var granted)) return null;
        var reply = await app[server].RevokeAsync(granted.RefreshToken!);
        if (reply.Status == 200) revoked.Add(granted);
        return reply;
    }

    private async Task<Reply?> RedeemAsync(int server)
    {
        if (!codes.TryDequeue(out var code)) return null;
        var reply = await app[server].RedeemAsync(code);
        if (reply.Status == 200) redeemed.Add((code, reply));
        return reply;
    }

    private async Task RunAsync(string kind, Func<int, Task<Reply?>> act)
    {
        await Task.Yield();
        for (var i = 0; ; i++)
        {
            var server = i % servers.Length;
            var reply = await act(server);
            if (reply is null) return;
            if (reply.Status == 200)
            {
                successes.GetOrAdd((kind, server), _ => new()).Enqueue(Stopwatch.GetTimestamp());
                if (end.IsCancellationRequested) return;
            }
            else
            {
                // Only ever "try again": whatever else a client were told would be false.
                failures.AddOrUpdate($"{kind} {reply.Status} {reply.Error}", 1, (_, count) => count + 1);
                if (end.IsCancellationRequested && (kind != "rotation" || reply.Status != 503)) return;
            }

            await Task.Delay(kind is "revocation" or "redemption" ? 200 : 30);
        }
    }

    /// <summary>What was answered other than 200 and 503.</summary>
    public IEnumerable<string> Surprises =>
        failures.Keys.Where(key => !key.EndsWith("503 temporarily_unavailable", StringComparison.Ordinal));
}
