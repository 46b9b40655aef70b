using System.Diagnostics;
using System.Text;
using Npgsql;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Test.Support;

/// <summary>
/// Three PostgreSQL under Patroni with deploy/patroni.yml, and one etcd, all on loopback; skips the test where they are not installed.
/// </summary>
public sealed class PatroniCluster : IAsyncDisposable
{
    public const int Nodes = 3;

    private readonly string folder = Directory.CreateTempSubdirectory("oauth-patroni-").FullName;
    private readonly string user = Environment.UserName == "root" ? PostgresPrograms.User : Environment.UserName;
    private readonly int etcdPort = TestServer.FreePort();
    private readonly int[] ports = [.. Enumerable.Range(0, Nodes).Select(_ => TestServer.FreePort())];
    private readonly int[] rest = [.. Enumerable.Range(0, Nodes).Select(_ => TestServer.FreePort())];
    private readonly Process?[] patroni = new Process?[Nodes];
    private readonly HttpClient http = new() { Timeout = TimeSpan.FromSeconds(2) };
    private readonly StringBuilder said = new();
    private Process? etcd;

    private PatroniCluster()
    {
    }

    /// <summary>All nodes, the primary wanted: as an operator writes it.</summary>
    public string ConnectionString => Read($"Host={string.Join(',', ports.Select(port => $"127.0.0.1:{port}"))}");

    /// <summary>What Patroni and etcd said.</summary>
    public string Said
    {
        get { lock (said) return said.ToString(); }
    }

    /// <summary>By one address, behind HAProxy.</summary>
    public static string At(int port) => Read($"Host=127.0.0.1;Port={port}");

    public int Port(int node) => ports[node];

    public int RestPort(int node) => rest[node];

    public static async Task<PatroniCluster> StartAsync()
    {
        Tools.Need("patroni");
        Tools.Need("etcd");
        var cluster = new PatroniCluster();
        try
        {
            await Command.MustAsync("/", "chown", cluster.user, cluster.folder);
            var (at, peer) = ($"http://127.0.0.1:{cluster.etcdPort}", $"http://127.0.0.1:{TestServer.FreePort()}");
            cluster.etcd = cluster.Start("etcd", Tools.Need("etcd"), "--data-dir", $"{cluster.folder}/etcd", "--log-level", "error",
                "--listen-client-urls", at, "--advertise-client-urls", at, "--listen-peer-urls", peer,
                "--initial-advertise-peer-urls", peer, "--initial-cluster", $"default={peer}");
            await cluster.StartAgainAsync(0);
            await cluster.BecomesAsync(0, "primary");
            for (var node = 1; node < Nodes; node++) await cluster.StartAgainAsync(node);
            for (var node = 1; node < Nodes; node++) await cluster.BecomesAsync(node, "replica");
            await Eventually.BecomesTrueAsync(async () => await cluster.FindAsync("synchronous") is not null, TimeSpan.FromSeconds(60));
            await TestDatabase.ExecuteAsync(new NpgsqlConnectionStringBuilder(cluster.ConnectionString) { Database = "postgres" }
                .ConnectionString, "create database oauth");
            return cluster;
        }
        catch (Exception fault)
        {
            var words = cluster.Said;
            await cluster.DisposeAsync();
            throw new InvalidOperationException(words[Math.Max(0, words.Length - 4000)..], fault);
        }
    }

    /// <summary>The node that says so of itself; null: none.</summary>
    /// <param name="role">primary, replica or synchronous.</param>
    public async Task<int?> FindAsync(string role)
    {
        for (var node = 0; node < Nodes; node++)
            if (await IsAsync(node, role)) return node;
        return null;
    }

    public Task BecomesAsync(int node, string role) =>
        Eventually.BecomesTrueAsync(() => IsAsync(node, role), TimeSpan.FromSeconds(90), $"node {node} becomes {role}");

    /// <summary>kill -9 of a node's Patroni, and of its PostgreSQL with all children: the machine is gone.</summary>
    public async Task KillAsync(int node)
    {
        var postgres = (await File.ReadAllLinesAsync($"{folder}/{node}/data/postmaster.pid"))[0];
        patroni[node]!.Kill();
        await ProcessTree.SignalAsync("KILL", postgres);
        await patroni[node]!.WaitForExitAsync();
    }

    /// <summary>A node's Patroni and PostgreSQL stop in their tracks, or go on.</summary>
    public async Task SignalAsync(int node, string signal)
    {
        var postgres = (await File.ReadAllLinesAsync($"{folder}/{node}/data/postmaster.pid"))[0];
        await ProcessTree.SignalAsync(signal, postgres);
        await Tools.SignalAsync(signal, patroni[node]!.Id);
    }

    /// <summary>A node's Patroni, which starts its PostgreSQL.</summary>
    public async Task StartAgainAsync(int node)
    {
        var (own, shipped) = ($"{folder}/{node}",
            await File.ReadAllTextAsync(Path.Combine(TestDatabase.Root, "deploy/patroni.yml")));
        string[] make = [.. PostgresPrograms.As(user), "mkdir", "-p", own];
        await Command.MustAsync("/", make[0], make[1..]);
        var text = Changed(shipped,
            ("name: db1", $"name: db{node + 1}"), ("10.0.0.11:8008", $"127.0.0.1:{rest[node]}"),
            ("10.0.0.11:5432", $"127.0.0.1:{ports[node]}"),
            ("10.0.0.11:2379,10.0.0.12:2379,10.0.0.13:2379", $"127.0.0.1:{etcdPort}"), ("/var/lib/postgresql/15/oauth", $"{own}/data"),
            ("/usr/lib/postgresql/15/bin", PostgresPrograms.Folder), ("/var/lib/postgresql/.pgpass-oauth", $"{own}/pgpass"),
            ("unix_socket_directories: /var/run/postgresql", $"unix_socket_directories: {own}"),
            ("local all all peer", "local all all trust"),
            ("auth-local: peer", "auth-local: trust"), ("hostssl all all 10.0.0.0/24", "host all all 127.0.0.1/32"),
            ("hostssl replication replicator 10.0.0.0/24", "host replication replicator 127.0.0.1/32"), ("    ssl: \"on\"\n", ""),
            ("    ssl_cert_file: /etc/ssl/postgresql/db1.crt\n", ""), ("    ssl_key_file: /etc/ssl/postgresql/db1.key\n", ""),
            // No machine of a test is to be reset.
            ("mode: automatic", "mode: \"off\""));
        await File.WriteAllTextAsync($"{own}/patroni.yml", text);
        patroni[node] = Start($"db{node + 1}", Tools.Need("patroni"), $"{own}/patroni.yml");
    }

    public async ValueTask DisposeAsync()
    {
        for (var node = 0; node < Nodes; node++)
        {
            if (patroni[node] is { HasExited: false } running) running.Kill();
            var pid = $"{folder}/{node}/data/postmaster.pid";
            if (File.Exists(pid)) await ProcessTree.SignalAsync("KILL", (await File.ReadAllLinesAsync(pid))[0]);
        }

        // Children of one that hung have lost their parent, and are stopped still.
        foreach (var left in ProcessTree.In(folder)) left.Kill();

        if (etcd is { HasExited: false }) etcd.Kill();
        if (etcd is not null) await etcd.WaitForExitAsync();
        http.Dispose();
        await Task.Delay(500);
        Directory.Delete(folder, recursive: true);
    }

    private static string Read(string hosts) => ConnectionText.Read(
        $"{hosts};Username=postgres;Password=change-me;Database=oauth;Maximum Pool Size=20", out _)!;

    private static string Changed(string text, params (string Shipped, string Here)[] changes)
    {
        foreach (var (shipped, here) in changes)
            text = text.Contains(shipped, StringComparison.Ordinal) ? text.Replace(shipped, here, StringComparison.Ordinal)
                : throw new InvalidOperationException($"patroni.yml does not say {shipped}");
        return text;
    }

    private async Task<bool> IsAsync(int node, string role)
    {
        try
        {
            using var answer = await http.GetAsync($"http://127.0.0.1:{rest[node]}/{role}");
            return answer.IsSuccessStatusCode;
        }
        catch (Exception fault) when (fault is HttpRequestException or TaskCanceledException)
        {
            return false;
        }
    }

    private Process Start(string name, string program, params string[] arguments)
    {
        string[] words = [.. PostgresPrograms.As(user), program, .. arguments];
        var process = Process.Start(new ProcessStartInfo(words[0], words[1..])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["LC_ALL"] = "C.UTF-8" },
        })!;
        process.OutputDataReceived += (_, line) => Note(name, line.Data);
        process.ErrorDataReceived += (_, line) => Note(name, line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Note(string name, string? line)
    {
        if (line is null) return;
        lock (said) said.AppendLine($"{name}: {line}");
    }
}
