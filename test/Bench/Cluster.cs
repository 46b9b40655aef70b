using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>The run's own PostgreSQL (sql/cluster.sh): durable, on a unix socket, deleted at the end.</summary>
internal sealed class Cluster : IAsyncDisposable
{
    private static readonly IReadOnlyDictionary<string, string> Nothing = new Dictionary<string, string>();

    private readonly string folder;
    private readonly string socket;
    private readonly string programs;

    private Cluster(string folder, string connection)
    {
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
    public static async Task<Cluster> StartAsync(string folder, CancellationToken cancel)
    {
        try
        {
            return new(folder, (await Child.RunAsync("sql/cluster.sh", ["start", folder], Nothing, cancel)).Trim());
        }
        catch
        {
            await DestroyAsync(folder);
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

    public async ValueTask DisposeAsync() => await DestroyAsync(folder);

    private static async Task DestroyAsync(string folder)
    {
        await Child.RunAsync("sql/cluster.sh", ["destroy", folder], Nothing, CancellationToken.None);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
    }
}
