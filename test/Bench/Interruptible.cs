using System.Runtime.InteropServices;

namespace OAuthServer.Bench;

/// <summary>A run from its start to its exit code, of which Ctrl-C is one way to end.</summary>
internal static class Interruptible
{
    /// <summary>Answers the exit code. What the run disposes of has ended by then, also after Ctrl-C.</summary>
    public static async Task<int> RunAsync(Func<CancellationToken, Task> run)
    {
        using var stop = new CancellationTokenSource();
        using var interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, Stop);
        using var terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, Stop);
        try
        {
            await run(stop.Token);
            return 0;
        }
        // wrk hears Ctrl-C, too, and may be the first to end.
        catch (Exception) when (stop.IsCancellationRequested)
        {
            await Console.Error.WriteLineAsync("bench: stopped");
            return 130;
        }
        catch (BenchException problem)
        {
            await Console.Error.WriteLineAsync($"bench: {problem.Message}");
            return 1;
        }

        void Stop(PosixSignalContext signal)
        {
            signal.Cancel = true;
            stop.Cancel();
        }
    }
}
