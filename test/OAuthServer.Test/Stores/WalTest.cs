using Dapper;
using FluentAssertions;
using Npgsql;
using NUnit.Framework;
using OAuthServer.Stores.Postgres;
using OAuthServer.Test.Support;

namespace OAuthServer.Test.Stores;

/// <summary>
/// What each act writes to the write-ahead log, of which a standby, an archive and a disk get all: by pg_walinspect, sixteen callers at
/// once. docs/scaling.md has the figures.
/// </summary>
[Category("Long"), NonParallelizable]
public sealed class WalTest
{
    private const int Times = 800;

    // Octets without page images, each. A new index, or a rotation that is not HOT, shows here.
    private static readonly Dictionary<string, int> Most = new()
    {
        ["client_credentials"] = 600,
        ["code, allowed"] = 3000,
        ["redemption"] = 1200,
        ["rotation"] = 1300,
        ["revocation"] = 2300,
    };

    private const string WrittenSql = """
        select count(*) as records, coalesce(sum(record_length), 0)::bigint as octets,
               coalesce(sum(fpi_length), 0)::bigint as images_octets, count(*) filter (where fpi_length > 0) as images
          from pg_get_wal_records_info(@from::pg_lsn, @until::pg_lsn)
        """;

    private const string RowSql = """
        select (sum(pg_total_relation_size(inhrelid)) / (select count(*) from audit_events))::bigint
          from pg_inherits where inhparent = 'audit_events'::regclass and pg_relation_size(inhrelid) > 0
        """;

    [Test]
    public async Task Each_act_writes_little()
    {
        await using var cluster = await OwnCluster.StartAsync();
        await using (var database = new OAuthServer.Stores.Postgres.Database(cluster.ConnectionString)) await new Migrations(database)
            .ApplyAsync(CancellationToken.None);
        // No checkpoint but ours, and nobody else writes.
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "alter system set checkpoint_timeout = '1h'");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "alter system set autovacuum = off");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "alter system set wal_compression = lz4");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "select pg_reload_conf()");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "create extension pgcrypto; create extension pg_walinspect");
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, Cast.Sql);
        await using var server = await TestServer.StartAsync(database: cluster.ConnectionString);
        var (app, alice, machine) = (await server.PublicClientAsync(), await server.UserAsync(), await server.MachineAsync());
        await machine.CredentialsAsync();
        await WarmUpAsync(server, app, alice);
        var written = new Dictionary<string, Written>();
        var (codes, tokens) = (new Code[Times], new string[Times]);

        await MeasureAsync("client_credentials", _ => machine.CredentialsAsync());
        await MeasureAsync("code, allowed", async i => codes[i] = await server.GrantAsync(app, alice));
        await MeasureAsync("redemption", async i => tokens[i] = (await app.RedeemAsync(codes[i])).RefreshToken!);
        await MeasureAsync("rotation", async i => tokens[i] = (await app.RefreshAsync(tokens[i])).RefreshToken!);
        await TestDatabase.ExecuteAsync(cluster.ConnectionString, "checkpoint");
        await MeasureAsync("rotation after a checkpoint", async i => tokens[i] = (await app.RefreshAsync(tokens[i])).RefreshToken!);
        await MeasureAsync("revocation", i => app.RevokeAsync(tokens[i]));

        foreach (var (act, one) in written)
            TestContext.Out.WriteLine($"{act}: {one.Each:0} octets without page images in {(double)one.Records / Times:0.0} records; "
                + $"{one.Images} page images of {(one.Images == 0 ? 0 : one.ImagesOctets / one.Images)} octets");
        TestContext.Out.WriteLine($"a row of the audit log with its indexes: {await server.ScalarAsync<long>(RowSql)} octets");
        foreach (var (act, most) in Most) written[act].Each.Should().BeLessThan(most, act);

        async Task MeasureAsync(string act, Func<int, Task> each)
        {
            var from = await server.ScalarAsync<string>("select pg_current_wal_insert_lsn()::text");
            await Parallel.ForAsync(0, Times, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => await each(i));
            await using var connection = new NpgsqlConnection(server.Settings.Database);
            var until = await connection.ExecuteScalarAsync<string>("select pg_current_wal_flush_lsn()::text");
            written[act] = await connection.QuerySingleAsync<Written>(WrittenSql, new { from, until }, commandTimeout: 60);
        }
    }

    // First touches of pages, and of what the server remembers.
    private static async Task WarmUpAsync(TestServer server, TestClient app, Person alice)
    {
        for (var i = 0; i < 20; i++)
        {
            var reply = await app.RefreshAsync((await server.TokensAsync(app, alice)).RefreshToken!);
            await app.RevokeAsync(reply.RefreshToken!);
        }
    }

    private sealed record Written
    {
        public required long Records { get; init; }
        public required long Octets { get; init; }
        public required long ImagesOctets { get; init; }
        public required long Images { get; init; }

        public double Each => (double)(Octets - ImagesOctets) / Times;
    }
}
