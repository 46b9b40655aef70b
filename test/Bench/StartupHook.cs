using System.Globalization;
using System.Net.Sockets;
using System.Text;

/// <summary>
/// Loaded by DOTNET_STARTUP_HOOKS into the measured process, which so says how many bytes it has allocated without being changed:
/// whoever connects to the socket gets the number. A thread that sleeps until then is all it costs.
/// </summary>
internal static class StartupHook
{
    /// <summary>The environment variable that names the unix socket.</summary>
    public const string Variable = "OAUTH_BENCH_ALLOCATIONS";

    /// <summary>What the runtime calls before Main.</summary>
    public static void Initialize()
    {
        if (Environment.GetEnvironmentVariable(Variable) is not { } path) return;
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(path));
        listener.Listen(1);
        new Thread(() => Answer(listener)) { IsBackground = true, Name = "allocations" }.Start();
    }

    private static void Answer(Socket listener)
    {
        while (true)
        {
            using var caller = listener.Accept();
            caller.Send(Encoding.ASCII.GetBytes(GC.GetTotalAllocatedBytes(precise: true).ToString(CultureInfo.InvariantCulture)));
        }
    }
}
