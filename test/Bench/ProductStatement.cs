using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;

namespace OAuthServer.Bench;

/// <summary>
/// P: a statement of the published server itself, run by pgbench's 16 clients, prepared, 16 rows at a time. Every row is checked
/// afterwards: a statement that found nothing to do would be a fast one.
/// </summary>
internal sealed partial class ProductStatement(Cluster cluster, string server, bool rotation)
{
    private const int Clients = 16;
    private const int Rows = 16;

    // A batch is what one statement is about; rotation takes the same one again, redemption never.
    private const string MakeSql = """
        create table if not exists bench_batch (run text, client int, step int, ids uuid[], primary key (run, client, step));
        insert into bench_batch
        select :'run', c, s, array(select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
                                           || substr(h, 1, 3) || '8' || substr(h, 4, 15))::uuid
                                     from (select md5(:'run' || c || '-' || s || '-' || r) as h from generate_series(1, :rows) r) as named
                                    order by 1)
          from generate_series(0, :steps - 1) s, generate_series(0, :clients - 1) c;
        insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at,
                            code_hash, code_expires_at, activated_at, family_hash, refresh_hash, idle_until)
        select unnest(ids), 'claude-desktop', (select subject from users where username = 'alice'), 'http://127.0.0.1/callback',
               'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', '{notes:read}', '{http://localhost:9000/mcp}', true, now(),
               now() + interval '30 days', case when not :rotation then sha256('code') end, now() + interval '1 day',
               case when :rotation then now() end, case when :rotation then sha256('family') end,
               case when :rotation then sha256('0') end, case when :rotation then now() + interval '14 days' end
          from bench_batch where run = :'run';
        vacuum analyze grants;
        vacuum analyze bench_batch;
        checkpoint;
        """;

    // How many rows the statements of a run have changed.
    private const string ChangedSql = """
        select sum(case when :rotation then g.generation else (g.activated_at is not null)::int end)
          from bench_batch b, unnest(b.ids) i join grants g on g.id = i where b.run = :'run'
        """;

    private readonly string sql = Read(server, rotation);
    private int runs;
    private int stepsPerSecond = 100;

    public string Title => $"P: pgbench, {Clients} clients, {Rows} rows a statement: {(rotation ? "rotation" : "redemption")}";

    /// <summary>Rows a second, and their CPU.</summary>
    /// <param name="script">A file to write.</param>
    public async Task<Sample> MeasureAsync(string script, int seconds, CancellationToken cancel)
    {
        while (true)
        {
            var (sample, ranOut) = await RunAsync(script, seconds, cancel);
            if (!ranOut) return sample;
            if (rotation || stepsPerSecond > 5000) throw new BenchException($"{Title}: statements had nothing to do");
            stepsPerSecond *= 2;
        }
    }

    private async Task<(Sample Sample, bool RanOut)> RunAsync(string script, int seconds, CancellationToken cancel)
    {
        var run = $"{(rotation ? "rotation" : "redemption")}-{++runs}";
        // Rotation goes through one batch a client; redemption must not run out of them.
        var steps = rotation ? 1 : seconds * stepsPerSecond;
        await cluster.SqlAsync(MakeSql, cancel,
            ("run", run), ("rows", Rows), ("steps", steps), ("clients", Clients), ("rotation", rotation));
        await File.WriteAllTextAsync(script, $"\\set step :step + 1\n\\set next :step + 1\n{Script(sql, rotation, run)};\n", cancel);

        var before = CpuTimes.Now(server: null, cluster.Postmaster);
        var output = await cluster.PgbenchAsync(
            [
                "-c", $"{Clients}", "-j", "1", "-T", $"{seconds}", "-D", "step=-1", "-D", "scope=notes:read", "-D",
                "resource=http://localhost:9000/mcp", "-f", script,
            ], cancel);
        var spent = CpuTimes.Now(server: null, cluster.Postmaster).Since(before);

        var statements = long.Parse(Processed().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);
        var changed = (await cluster.SqlAsync(ChangedSql, cancel, ("run", run), ("rotation", rotation)))[0];
        var perSecond = double.Parse(PerSecond().Match(output).Groups[1].Value, CultureInfo.InvariantCulture) * Rows;
        var factor = 1e6 / (statements * Rows);
        // For the next run: a client may be faster than the others.
        stepsPerSecond = Math.Max(20, (int)(perSecond / Rows / Clients * 2));
        var sample = new Sample
        {
            PerSecond = perSecond,
            Server = 0,
            Postgres = spent.Postgres * factor,
            Generator = spent.Generator * factor,
            Others = spent.Others,
        };
        return (sample, changed != (statements * Rows).ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>That the published server still has the statement, and no parameter that is not known here.</summary>
    public static void Check(string server)
    {
        foreach (var rotation in (bool[])[true, false]) _ = Script(Read(server, rotation), rotation, "check");
    }

    // Every parameter in the server's own text becomes an array of 16; all but the ids are the same in each row.
    private static string Script(string sql, bool rotation, string run) => Parameter().Replace(sql, match => match.Groups[1].Value switch
    {
        "id" => $"(select ids from bench_batch where run = '{run}' and client = :client_id and step = {(rotation ? "0" : ":step")})",
        "hash" => Same(rotation ? "sha256((:step::int)::text::bytea)" : "sha256('code')"),
        "next" => Same("sha256((:next::int)::text::bytea)"),
        "family" or "next_family" => Same("sha256('family')"),
        "refresh" => Same("sha256('refresh')"),
        "sealed" => Same("decode(repeat('ab', 76), 'hex')"),
        "client" => Same("'claude-desktop'::text"),
        "redirect" => Same("'http' || chr(58) || '//127.0.0.1/callback'"),
        "challenge" => Same("'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM'::text"),
        "scope" => Same(":scope::text"),
        "resource" => Same(":resource::text"),
        "idle_until" => Same("now() + interval '14 days'"),
        "now" => Same("now()"),
        "jti" => Same("'0123456789abcdefghijkl'::text"),
        "kind" => Same("'code'::text"),
        "proven_by" or "jkt" => Same("null::text"),
        "key_stays" => Same("true"),
        "note" => Same("''::text"),
        "assertion" or "dpop" => Same("null::bytea"),
        "assertion_until" or "dpop_until" => Same("null::timestamptz"),
        "request_id" => Same("'0123456789abcdefghijkl'::text"),
        "address" => Same("'127.0.0.1'::text"),
        var other => throw new BenchException($"the server's statement has a new parameter, @{other}: {nameof(ProductStatement)} lacks it"),
    });

    private static string Same(string value) => $"array_fill({value}, array[{Rows}])";

    private static string Read(string server, bool rotation) =>
        rotation ? Read(server, "RotationStore", "RotateSql") : Read(server, "RedemptionStore", "RedeemSql");

    /// <summary>
    /// A statement of the published server: what is measured is what was built, and this program depends on nothing of it.
    /// </summary>
    /// <param name="type">In Stores/Grants.</param>
    public static string Read(string server, string type, string name) =>
        Assembly.LoadFrom(Path.Combine(server, "oauth-server.dll")).GetType($"OAuthServer.Stores.Grants.{type}")
            ?.GetField(name, BindingFlags.Public | BindingFlags.Static)?.GetRawConstantValue() as string
            ?? throw new BenchException($"the server has no {type}.{name} any more");

    [GeneratedRegex(@"@(\w+)")]
    private static partial Regex Parameter();

    [GeneratedRegex(@"transactions actually processed: (\d+)")]
    private static partial Regex Processed();

    [GeneratedRegex(@"^tps = ([\d.]+)", RegexOptions.Multiline)]
    private static partial Regex PerSecond();
}
