using System.Globalization;

namespace OAuthServer.Bench;

/// <summary>
/// The published server's own statement that deletes expired grants, without a pause, beside a load. The server by itself runs it
/// twenty times a minute.
/// </summary>
internal sealed class GrownCleanUp(PublishedServer published, GrownOptions options)
{
    private const string MakeSql = """
        set session_replication_role = replica;
        insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at,
                            activated_at, family_hash, refresh_hash, idle_until)
        select md5('expired ' || i || clock_timestamp())::uuid, bench.client_id(i % 16), bench.subject(i % people),
               'http://127.0.0.1/callback', '', '{}', '{}', true, began - interval '99 days', began - interval '9 days',
               began - interval '99 days', '', '', began - interval '9 days'
          from bench.world, generate_series(1, :count - (select count(*) from grants where expires_at < now() - interval '1 day')) i;
        checkpoint;
        """;

    private const string LeftSql = "select count(*) from grants where expires_at < now() - interval '1 day'";

    private readonly string sql = ProductStatement.Read(options.Server, "GrantSweepStore", "ExpiredSql");

    /// <summary>Half a million expired grants, or as many as the scale says.</summary>
    public Task SupplyAsync(CancellationToken cancel) =>
        published.Cluster.SqlAsync(MakeSql, cancel, ("count", (long)(500_000 * options.Scale)));

    /// <summary>Runs it for as long as a measurement; answers that, and how many grants it deleted.</summary>
    public async Task<(Sample Sample, long Gone)> DuringAsync(Func<Task<Sample>> measure, CancellationToken cancel)
    {
        var script = Path.Combine(published.Folder, "clean-up.sql");
        await File.WriteAllTextAsync(script, sql.Replace("@now", "now()", StringComparison.Ordinal) + ";\n", cancel);
        var before = await LeftAsync(cancel);
        var cleaning = published.Cluster.PgbenchAsync(["-c", "1", "-T", $"{options.Seconds + 1}", "-f", script], cancel);
        var sample = await measure();
        await cleaning;
        return (sample, before - await LeftAsync(cancel));
    }

    private async Task<long> LeftAsync(CancellationToken cancel) =>
        long.Parse((await published.Cluster.SqlAsync(LeftSql, cancel))[0], CultureInfo.InvariantCulture);
}
