using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace OAuthServer.Bench;

/// <summary>A program we start, and end.</summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly string program;
    private readonly Process process;
    private readonly string? allocations;
    private readonly long began = Stopwatch.GetTimestamp();

    private Child(string program, ProcessStartInfo start, string? allocations)
    {
        (this.program, this.allocations) = (program, allocations);
        process = StartingThread.Start(start);
        // What it prints is of no interest while it works; a full pipe would stop it.
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, line) => LastError = line.Data ?? LastError;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    private string? LastError { get; set; }

    /// <summary>Starts a server.</summary>
    /// <param name="allocations">The socket on which it says what it has allocated; null: it does not.</param>
    public static Child Start(
        string program, IEnumerable<string> args, IReadOnlyDictionary<string, string> environment, string? allocations)
    {
        var start = new ProcessStartInfo("setpriv", ["--pdeathsig", "TERM", program, .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Prepare(start, environment);
        if (allocations is not null)
        {
            start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(Child).Assembly.Location;
            start.Environment[StartupHook.Variable] = allocations;
        }

        return new Child(program, start, allocations);
    }

    /// <summary>Runs a program to its end and answers what it printed; one that fails is an error.</summary>
    public static async Task<string> RunAsync(
        string program, IEnumerable<string> args, IReadOnlyDictionary<string, string> environment, CancellationToken cancel,
        string? input = null)
    {
        var start = new ProcessStartInfo(program, args)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Prepare(start, environment);
        using var process = Process.Start(start)!;
        try
        {
            var (output, error) = (process.StandardOutput.ReadToEndAsync(cancel), process.StandardError.ReadToEndAsync(cancel));
            await process.StandardInput.WriteAsync(input.AsMemory(), cancel);
            process.StandardInput.Close();
            await process.WaitForExitAsync(cancel);
            if (process.ExitCode != 0) throw new BenchException($"{Path.GetFileName(program)} failed:\n{await error}{await output}");
            return await output;
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw;
        }
    }

    /// <summary>Milliseconds from its start to the first 200. A connection each time, as a probe makes it.</summary>
    /// <param name="request">The whole request, which closes its connection.</param>
    public async Task<double> FirstAnswerAsync(int port, string request, CancellationToken cancel)
    {
        while (Stopwatch.GetElapsedTime(began) < Patience)
        {
            if (process.HasExited) throw new BenchException($"{program} has ended: {LastError}");
            if (await AnswersAsync(port, request, cancel)) return Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            await Task.Delay(2, cancel);
        }

        throw new BenchException($"{program} does not answer: {LastError}");
    }

    /// <summary>Bytes it has allocated since its start.</summary>
    public async Task<long> AllocatedAsync(CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        await socket.ConnectAsync(new UnixDomainSocketEndPoint(allocations!), cancel);
        await using var stream = new NetworkStream(socket);
        using var reader = new StreamReader(stream);
        return long.Parse(await reader.ReadToEndAsync(cancel), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        if (allocations is not null) File.Delete(allocations);
    }

    private static async Task<bool> AnswersAsync(int port, string request, CancellationToken cancel)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            await socket.ConnectAsync(new IPEndPoint(IPAddress.Loopback, port), cancel);
            await socket.SendAsync(Encoding.ASCII.GetBytes(request), cancel);
            var head = new byte[16];
            return await socket.ReceiveAsync(head, cancel) > 12 && Encoding.ASCII.GetString(head, 9, 3) == "200";
        }
        catch (SocketException)
        {
            return false;
        }
    }

    // What is set for the operator's own server is not for ours.
    private static void Prepare(ProcessStartInfo start, IReadOnlyDictionary<string, string> environment)
    {
        foreach (var name in start.Environment.Keys.Where(IsForeign).ToList()) start.Environment.Remove(name);
        foreach (var (name, value) in environment) start.Environment[name] = value;
    }

    private static bool IsForeign(string name) =>
        name.StartsWith("OAuth__", StringComparison.Ordinal) || name.StartsWith("PG", StringComparison.Ordinal)
        || name is "FAST" or "DATABASE_URL" or "ConnectionStrings__OAuth" or "ASPNETCORE_URLS";
}

/// <summary>The run cannot go on; the message says why.</summary>
internal sealed class BenchException(string message) : Exception(message);
