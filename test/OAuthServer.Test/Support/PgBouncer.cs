using System.Diagnostics;
using FluentAssertions;
using Npgsql;

namespace OAuthServer.Test.Support;

/// <summary>A real PgBouncer in front of a test's database, where it is installed.</summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private readonly Process process;
    private readonly string folder;

    private PgBouncer(Process process, string folder, string through) => (this.process, this.folder, Through) = (process, folder, through);

    /// <summary>The database as it is reached through it.</summary>
    public string Through { get; }

    /// <summary>Starts it; skips the test where there is none.</summary>
    /// <param name="mode">Its pool_mode: session, transaction or statement.</param>
    public static async Task<PgBouncer> StartAsync(string database, string mode)
    {
        var program = Tools.Need("pgbouncer");
        var (real, port) = (new NpgsqlConnectionStringBuilder(database), TestServer.FreePort());
        var folder = Directory.CreateTempSubdirectory("oauth-pgbouncer-").FullName;
        var settings = Path.Combine(folder, "pgbouncer.ini");
        await File.WriteAllTextAsync(settings, $"""
            [databases]
            {real.Database} = host={real.Host} port={(real.Port == 0 ? 5432 : real.Port)} user={real.Username} dbname={real.Database}
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = {port}
            unix_socket_dir =
            auth_type = any
            pool_mode = {mode}
            default_pool_size = 60
            """);
        using (var open = Process.Start("chmod", ["755", folder])) await open.WaitForExitAsync();
        // Not as root, but as the one who may open PostgreSQL's socket.
        string[] arguments = Environment.UserName == "root" ? ["-q", "-u", await OwnerAsync(real.Host!), settings] : ["-q", settings];
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += (_, _) => { };
        process.BeginErrorReadLine();
        var through =
            new NpgsqlConnectionStringBuilder(database) { Host = "127.0.0.1", Port = port, SslMode = SslMode.Disable }.ConnectionString;
        var bouncer = new PgBouncer(process, folder, through);
        await Eventually.BecomesTrueAsync(bouncer.AnswersAsync);
        return bouncer;
    }

    public async ValueTask DisposeAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
        process.Dispose();
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<string> OwnerAsync(string folder)
    {
        using var stat = Process.Start(new ProcessStartInfo("stat", ["-c", "%U", folder]) { RedirectStandardOutput = true })!;
        return (await stat.StandardOutput.ReadToEndAsync()).Trim();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await TestDatabase.ExecuteAsync(new NpgsqlConnectionStringBuilder(Through) { Timeout = 3 }.ConnectionString, "select 1");
            return true;
        }
        catch (NpgsqlException)
        {
            process.HasExited.Should().BeFalse();
            return false;
        }
    }
}
