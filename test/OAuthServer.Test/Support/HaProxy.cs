using System.Diagnostics;
using System.Text;

namespace OAuthServer.Test.Support;

/// <summary>A real HAProxy with a configuration of deploy/, where it is installed.</summary>
public sealed class HaProxy : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;
    private readonly StringBuilder said = new();

    private HaProxy(Process process, string folder)
    {
        (this.process, this.folder) = (process, folder);
        process.OutputDataReceived += (_, line) => Note(line.Data);
        process.ErrorDataReceived += (_, line) => Note(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>What it logged.</summary>
    public string Said
    {
        get { lock (said) return said.ToString(); }
    }

    /// <summary>Starts it; skips the test where there is none.</summary>
    /// <param name="file">The file of deploy/.</param>
    /// <param name="changes">Its addresses, certificate and names, and what the test has in their place; each must be there.</param>
    public static async Task<HaProxy> StartAsync(string file, params (string Shipped, string Here)[] changes)
    {
        var program = Tools.Need("haproxy");
        var text = await File.ReadAllTextAsync(Path.Combine(TestDatabase.Root, "deploy", file));
        // Only root can become another user.
        if (Environment.UserName != "root") changes = [.. changes, ("    user haproxy\n", ""), ("    group haproxy\n", "")];
        foreach (var (shipped, here) in changes)
            text = text.Contains(shipped, StringComparison.Ordinal) ? text.Replace(shipped, here, StringComparison.Ordinal)
                : throw new InvalidOperationException($"{file} does not say {shipped}");
        var folder = Directory.CreateTempSubdirectory("oauth-haproxy-").FullName;
        var configuration = Path.Combine(folder, file);
        await File.WriteAllTextAsync(configuration, text);
        await Command.MustAsync(folder, program, "-c", "-q", "-f", configuration);
        var start = new ProcessStartInfo(program, ["-db", "-f", configuration])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var proxy = new HaProxy(Process.Start(start)!, folder);
        await Task.Delay(300);
        return proxy.process.HasExited ? throw new InvalidOperationException(proxy.Said) : proxy;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited) process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private void Note(string? line)
    {
        if (line is null) return;
        lock (said) said.AppendLine(line);
    }
}
