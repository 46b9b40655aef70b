using System.Collections.Concurrent;
using System.Diagnostics;

namespace OAuthServer.Bench;

/// <summary>
/// Starts programs that are told to end when we die, however that happens. The kernel counts the death of the very thread that started
/// them (prctl(2), PR_SET_PDEATHSIG), and threads of the pool come and go: so it is one thread that lives as long as we do.
/// </summary>
internal static class StartingThread
{
    private static readonly BlockingCollection<Task<Process>> Waiting = [];

    static StartingThread() => new Thread(Work) { IsBackground = true, Name = "starting" }.Start();

    /// <summary>Starts a program.</summary>
    public static Process Start(ProcessStartInfo start)
    {
        var started = new Task<Process>(() => Process.Start(start)!);
        Waiting.Add(started);
        return started.GetAwaiter().GetResult();
    }

    private static void Work()
    {
        foreach (var start in Waiting.GetConsumingEnumerable()) start.RunSynchronously();
    }
}
