using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The run's own PostgreSQL (sql/cluster.sh): durable, on a unix socket, deleted at the end.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>();

    private readonly string folder;
    private readonly string socket;
    private readonly string programs;
    private readonly bool kept;

    private Cluster(string folder, string connection, bool kept)
    {
        this.kept = kept;
        this.folder = folder;
        Connection = connection;
        socket = connection.Split(';')[0]["Host=".Length..];
        Postmaster = int.Parse(File.ReadLines(Path.Combine(socket, ".s.PGSQL.5432.lock")).First(), CultureInfo.InvariantCulture);
        programs = Path.GetDirectoryName(new FileInfo($"/proc/{Postmaster}/exe").ResolveLinkTarget(returnFinalTarget: true)!.FullName)!;
    }

    /// <summary>The connection string for the server.</summary>
    public string Connection { get; }

    public int Postmaster { get; }

    /// <summary>Makes and starts it.</summary>
    /// <param name="settings">Of PostgreSQL, beside those of sql/cluster.sh: name=value, separated by spaces.</param>
    /// <param name="kept">It was there before, or is for a later run: stopped at the end, not deleted.</param>
    public static async Task<Cluster> StartAsync(string folder, CancellationToken cancel, string settings = "", bool kept = false)
    {
        try
        {
            var environment = new Dictionary<string, string> { ["POSTGRES_SETTINGS"] = settings };
            return new(folder, (await Child.RunAsync("sql/cluster.sh", ["start", folder], environment, cancel)).Trim(), kept);
        }
        catch
        {
            if (!kept) await DestroyAsync(folder);
            throw;
        }
    }

    /// <summary>Runs SQL, in psql's own dialect; answers a line a row.</summary>
    public async Task<string[]> SqlAsync(string sql, CancellationToken cancel, params IEnumerable<(string Name, object Value)> variables)
    {
        var output = await Child.RunAsync(Path.Combine(programs, "psql"),
            [
                "-XqAt", "-v", "ON_ERROR_STOP=1", "-h", socket, "-U", "oauth", "-d", "oauth",
                .. variables.SelectMany(variable => (string[])["-v", $"{variable.Name}={variable.Value}"]),
            ], Nothing, cancel, sql);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    /// <summary>Runs pgbench with prepared statements; answers what it printed.</summary>
    public Task<string> PgbenchAsync(IEnumerable<string> args, CancellationToken cancel) =>
        Child.RunAsync(Path.Combine(programs, "pgbench"),
            ["-n", "-M", "prepared", .. args, "-h", socket, "-U", "oauth", "oauth"], Nothing, cancel);

    public async ValueTask DisposeAsync()
    {
        if (kept) await Child.RunAsync("sql/cluster.sh", ["stop", folder], Nothing, CancellationToken.None);
        else await DestroyAsync(folder);
    }

    /// <summary>Deletes one, running or not.</summary>
    public static async Task DestroyAsync(string folder)
    {
        await Child.RunAsync("sql/cluster.sh", ["destroy", folder], Nothing, CancellationToken.None);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
