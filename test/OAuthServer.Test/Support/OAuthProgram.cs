using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using OAuthServer.Protocol;

namespace OAuthServer.Test.Support;

/// <summary>The program as operators run it: a process of its own, with settings from the environment and words on its output.</summary>
public sealed class OAuthProgram : IAsyncDisposable
{
    private readonly Process process;
    private readonly StringBuilder said = new();

    private OAuthProgram(Process process)
    {
        this.process = process;
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    public int Id => process.Id;

    public bool HasExited => process.HasExited;

    /// <summary>All it has said so far, on both outputs.</summary>
    public string Said
    {
        get { lock (said) return said.ToString(); }
    }

    /// <summary>Starts <c>serve</c> and waits until it is ready.</summary>
    /// <param name="log">How talkative it is about everything that is ours.</param>
    /// <param name="more">Variables of the environment on top.</param>
    /// <param name="library">Another build of it than the tests': the path of its oauth-server.dll.</param>
    public static async Task<OAuthProgram> ServeAsync(
        TestServer elsewhere, LogLevel log = LogLevel.Trace, IReadOnlyDictionary<string, string>? more = null, string? library = null)
    {
        var program = new OAuthProgram(Start(elsewhere.Settings, ["serve"], log, more, library));
        while (true)
        {
            try
            {
                await elsewhere.WaitUntilReadyAsync();
                return program;
            }
            catch (HttpRequestException) when (!program.process.HasExited)
            {
                // Not listening yet.
                await Task.Delay(50);
            }
            catch (Exception fault)
            {
                await program.DisposeAsync();
                throw new InvalidOperationException(program.Said, fault);
            }
        }
    }

    /// <summary>Starts <c>serve</c>, ready or not.</summary>
    public static OAuthProgram Begin(TestServer elsewhere) => new(Start(elsewhere.Settings, ["serve"], LogLevel.Information));

    /// <summary>Runs one verb to its end.</summary>
    public static async Task<(int Exit, string Said)> RunAsync(Settings settings, params string[] arguments)
    {
        await using var program = new OAuthProgram(Start(settings, arguments, LogLevel.Trace));
        await program.process.WaitForExitAsync();
        return (program.process.ExitCode, program.Said);
    }

    /// <summary>SIGTERM, as service managers send it; its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await Tools.SignalAsync("TERM", process.Id);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    /// <summary>Waits until it ends by itself; its exit code.</summary>
    public async Task<int> EndAsync()
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        await process.WaitForExitAsync(patience.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
    }

    private static Process Start(
        Settings settings, string[] arguments, LogLevel log, IReadOnlyDictionary<string, string>? more = null, string? library = null)
    {
        var start = new ProcessStartInfo("dotnet", [library ?? Path.Combine(AppContext.BaseDirectory, "oauth-server.dll"), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetTempPath(),
        };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Development",
            ["ConnectionStrings__OAuth"] = settings.Database,
            ["ConnectionStrings__OAuthReplica"] = settings.ReplicaDatabase,
            ["OAuth__Issuer"] = settings.Issuer,
            ["OAuth__KeyEncryptionKey"] = settings.KeyEncryptionKey,
            ["OAuth__SecondKeyEncryptionKey"] = settings.SecondKeyEncryptionKey,
            ["OAuth__BcryptCost"] = settings.BcryptCost.ToString(),
            ["OAuth__AccessLogFile"] = settings.AccessLogFile,
            ["OAuth__Listen"] = settings.Listen,
            ["OAuth__ShutdownGraceSeconds"] = settings.ShutdownGraceSeconds.ToString(),
            ["OAuth__AuthorizationsPerMinute"] = settings.AuthorizationsPerMinute.ToString(),
            ["Logging__LogLevel__Default"] = log.ToString(),
        })
            start.Environment[name] = value;
        if (!settings.OpenId) start.Environment["OAuth__OpenId"] = "false";
        foreach (var (name, value) in more ?? new Dictionary<string, string>()) start.Environment[name] = value;
        return Process.Start(start)!;
    }

    private void Note(string? line)
    {
        if (line is null) return;
        lock (said) said.AppendLine(line);
    }
}
