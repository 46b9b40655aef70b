using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace OAuthServer.Bench;

/// <summary>The published server on its own PostgreSQL, as an operator runs it, with the demo world in it.</summary>
internal sealed class PublishedServer : IAsyncDisposable
{
    private readonly string program;
    private readonly Dictionary<string, string> environment;
    private int sockets;

    private PublishedServer(string server, string folder, Cluster cluster, string key)
    {
        (Folder, Cluster) = (folder, cluster);
        program = Path.Combine(server, "oauth-server");
        Port = FreePort();
        environment = new(Settings, StringComparer.Ordinal)
        {
            ["ASPNETCORE_ENVIRONMENT"] = "Production",
            ["ConnectionStrings__OAuth"] = cluster.Connection,
            ["OAuth__Issuer"] = $"http://{Host}",
            ["OAuth__KeyEncryptionKey"] = key,
        };
    }

    /// <summary>What differs from the defaults, beside issuer, database and key: one address makes all the requests.</summary>
    public static IReadOnlyDictionary<string, string> Settings { get; } = new SortedDictionary<string, string>(StringComparer.Ordinal)
    {
        ["OAuth__ClientRequestsPerSecond"] = "10000000",
        ["OAuth__ClientBurst"] = "10000000",
        ["OAuth__AuthorizationsPerMinute"] = "1000000",
        ["OAuth__ConsentsPerMinute"] = "1000000",
    };

    public string Folder { get; }
    public Cluster Cluster { get; }

    /// <summary>The issuer's port.</summary>
    public int Port { get; }

    /// <summary>The issuer's host and port, which every request must name.</summary>
    public string Host => $"localhost:{Port}";

    /// <summary>Makes the database and what is in it.</summary>
    /// <param name="settings">Of PostgreSQL, beside those of sql/cluster.sh.</param>
    /// <param name="kept">The folder of a database that outlives the run; null: one that is deleted.</param>
    public static async Task<PublishedServer> MakeAsync(
        string server, CancellationToken cancel, string settings = "", string? kept = null)
    {
        var folder = Directory.CreateTempSubdirectory("oauth-bench-").FullName;
        Cluster? cluster = null;
        try
        {
            // Beside the published server: /tmp may be memory, where durability costs nothing.
            cluster = await Cluster.StartAsync(
                kept ?? Path.GetFullPath(Path.Combine(server, $"../cluster-{Environment.ProcessId}")), cancel, settings, kept is not null);
            var published = new PublishedServer(server, folder, cluster, await KeyAsync(kept, cancel));
            const string durability = "select current_setting('fsync') || current_setting('synchronous_commit')";
            if (await cluster.SqlAsync(durability, cancel) is not ["onon"]) throw new BenchException("PostgreSQL is not durable");
            await Child.RunAsync(published.program, ["migrate"], published.environment, cancel);
            // The demo world is for Development, whose other habits are not measured.
            var development = new Dictionary<string, string>(published.environment) { ["ASPNETCORE_ENVIRONMENT"] = "Development" };
            await Child.RunAsync(published.program, ["seed", "demo"], development, cancel);
            return published;
        }
        catch
        {
            if (cluster is not null) await cluster.DisposeAsync();
            Directory.Delete(folder, recursive: true);
            throw;
        }
    }

    // What the database has sealed is opened by the key it was sealed with.
    private static async Task<string> KeyAsync(string? kept, CancellationToken cancel)
    {
        var key = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        if (kept is null) return key;
        var file = Path.Combine(kept, "key");
        if (File.Exists(file)) return await File.ReadAllTextAsync(file, cancel);
        await File.WriteAllTextAsync(file, key, cancel);
        return key;
    }

    /// <summary>Starts a server of the same issuer.</summary>
    /// <param name="measured">Whether it says what it allocates.</param>
    public Child Serve(int port, bool measured) => Child.Start(program, ["serve"],
        new Dictionary<string, string>(environment) { ["OAuth__Listen"] = $"http://127.0.0.1:{port}" }, measured ? Socket() : null);

    /// <summary>Starts the limits.</summary>
    public Child ServeLimits(int port, bool measured) =>
        Child.Start(Path.Combine(AppContext.BaseDirectory, "OAuthServer.Bench"), ["limits", "--urls", $"http://127.0.0.1:{port}"],
            new Dictionary<string, string>(), measured ? Socket() : null);

    /// <summary>Waits until a server is ready for anything.</summary>
    public async Task ReadyAsync(Child server, int port, CancellationToken cancel) =>
        await server.FirstAnswerAsync(port, Get("/readyz"), cancel);

    /// <summary>A request as a probe sends it.</summary>
    public string Get(string path) => $"GET {path} HTTP/1.1\r\nHost: {Host}\r\nConnection: close\r\n\r\n";

    /// <summary>The request that the limits answer.</summary>
    public string PostBare() =>
        $"POST {Limits.BarePath} HTTP/1.1\r\nHost: {Host}\r\nConnection: close\r\n"
        + "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\na=b";

    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        Directory.Delete(Folder, recursive: true);
    }

    private string Socket() => Path.Combine(Folder, $"allocations-{++sockets}");
}
