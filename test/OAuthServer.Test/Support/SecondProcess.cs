using Microsoft.Extensions.Logging;

namespace OAuthServer.Test.Support;

/// <summary>
/// A second server on the database of a test's server, in a process of its own: what two of them know together they know by rows alone.
/// </summary>
public sealed class SecondProcess : IAsyncDisposable
{
    /// <summary>How many requests <see cref="AtOnceAsync"/> sends: half to each process.</summary>
    public const int Many = 64;

    private readonly TestServer first;
    private OAuthProgram program = null!;

    private SecondProcess(TestServer first) => this.first = first;

    /// <summary>Its rows and replies.</summary>
    public TestServer Server { get; private set; } = null!;

    public static async Task<SecondProcess> StartAsync(TestServer first)
    {
        var second = new SecondProcess(first)
        {
            Server = TestServer.ExternalServer(first.Settings with { Listen = $"http://localhost:{TestServer.FreePort()}" }),
        };
        await second.ServeAsync();
        return second;
    }

    /// <summary>The replies to 64 requests that begin at one moment.</summary>
    /// <param name="send">The server and the number of the request.</param>
    public async Task<Reply[]> AtOnceAsync(Func<TestServer, int, Task<Reply>> send)
    {
        var start = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = Enumerable.Range(0, Many).Select(async i =>
        {
            await start.Task;
            return await send(i % 2 == 0 ? first : Server, i);
        }).ToList();
        start.SetResult();
        return await Task.WhenAll(sent);
    }

    /// <summary>kill -9.</summary>
    public ValueTask KillAsync() => program.DisposeAsync();

    /// <summary>Starts it again after that.</summary>
    public async Task ServeAsync() => program = await OAuthProgram.ServeAsync(Server, LogLevel.Warning, new Dictionary<string, string>
    {
        // As wide as the first server's: the losers are refused for what they sent.
        ["OAuth__FailuresPerSecond"] = $"{first.Settings.FailuresPerSecond}",
        ["OAuth__ClientRequestsPerSecond"] = $"{first.Settings.ClientRequestsPerSecond}",
        ["OAuth__ClientBurst"] = $"{first.Settings.ClientBurst}",
    });

    public async ValueTask DisposeAsync()
    {
        if (program is not null) await program.DisposeAsync();
        await Server.DisposeAsync();
    }
}
