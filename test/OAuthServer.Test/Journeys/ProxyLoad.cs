using System.Collections.Concurrent;
using OAuthServer.Protocol;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Journeys;

/// <summary>What clients do while servers come and go: everything at once, and every answer is looked at.</summary>
internal sealed class ProxyLoad : IAsyncDisposable
{
    public const int Redeemers = 3;

    private readonly CancellationTokenSource end = new();
    private readonly ConcurrentDictionary<string, int> answers = new();
    private Task[] workers = [];

    /// <summary>How many of each kind were answered as they should be.</summary>
    public IReadOnlyDictionary<string, int> Answers => answers;

    /// <summary>What was not, with its kind in front.</summary>
    public ConcurrentBag<string> Faults { get; } = [];

    /// <param name="maker">A server in this process on the same database, which makes the codes that are redeemed.</param>
    public static async Task<ProxyLoad> BeginAsync(TestServer server, TestServer maker)
    {
        var load = new ProxyLoad();
        var (app, machine, api, alice) =
            (await server.PublicClientAsync(), await server.MachineAsync(), await server.ResourceServerAsync(), await server.UserAsync());
        var granted = new string[3];
        for (var i = 0; i < granted.Length; i++) granted[i] = (await maker.TokensAsync(app.At(maker), alice)).RefreshToken!;
        var ended = (await maker.TokensAsync(app.At(maker), alice)).AccessToken;
        // On each server, so that no secret waits for its slow hash.
        for (var i = 0; i < 6; i++)
            foreach (var reply in new[] { await machine.CredentialsAsync(), await api.IntrospectAsync(ended) })
                if (reply.Status != 200) throw new InvalidOperationException($"{reply}");
        load.workers =
        [
            .. Enumerable.Range(0, 3).Select(_ => load.RunAsync("machine", () => machine.CredentialsAsync())),
            .. granted.Select(token => load.RunAsync("rotation", async () =>
            {
                var reply = await app.RefreshAsync(token);
                if (reply.Status == 200) token = reply.RefreshToken!;
                return reply;
            })),
            .. Enumerable.Range(0, Redeemers).Select(_ => load.RunAsync("code", async () =>
                await app.RedeemAsync(await maker.GrantAsync(app, alice)))),
            load.RunAsync("introspection", () => api.IntrospectAsync(ended)),
            load.RunAsync("metadata", () => server.GetAsync(Paths.ServerMetadata)),
            load.RunAsync("sign-in page", () => server.GetAsync(Paths.Login)),
        ];
        return load;
    }

    public async Task StopAsync()
    {
        await end.CancelAsync();
        await Task.WhenAll(workers);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        end.Dispose();
    }

    public override string ToString() => string.Join(", ", answers.OrderBy(one => one.Key).Select(one => $"{one.Value} {one.Key}"))
        + $"; {Faults.Count} without an answer of a server {string.Join(" | ", Faults.Take(5))}";

    private async Task RunAsync(string kind, Func<Task<Reply>> act)
    {
        await Task.Yield();
        while (!end.IsCancellationRequested)
        {
            try
            {
                var reply = await act();
                if (reply.Status == 200) answers.AddOrUpdate(kind, 1, (_, count) => count + 1);
                else Faults.Add($"{kind} {reply.Status} {reply.Body}");
            }
            catch (Exception fault)
            {
                Faults.Add($"{kind} {fault.GetType().Name} {fault.Message}");
            }

            await Task.Delay(5);
        }
    }
}
