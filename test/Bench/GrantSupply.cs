namespace OAuthServer.Bench;

/// <summary>
/// Grants of the demo's Alice and claude-desktop, as consent leaves them, written set by set: a code is good for one request, a family
/// of refresh tokens for one run of wrk. Each set is on disk before anything is measured.
/// </summary>
internal sealed class GrantSupply(Cluster cluster, string name = "")
{
    /// <summary>How many connections share the families of a run.</summary>
    public const int Families = 300;

    private const int CodesAtOnce = 40_000;

    // Ids begin with the time, as the server's do, so that neighbours in time are neighbours in the index.
    private const string MakeSql = """
        create temp table fresh as
        select (lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7' || substr(h, 1, 3) || '8'
                || substr(h, 4, 15))::uuid as id,
               sha256(('secret' || h)::bytea) as secret, substr(sha256(('family' || h)::bytea), 1, 16) as family
          from (select md5(:'set' || '-' || i) as h from generate_series(1, :count) i) as named;
        insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at,
                            code_hash, code_expires_at, activated_at, family_hash, refresh_hash, idle_until)
        select id, 'claude-desktop', (select subject from users where username = 'alice'), 'http://127.0.0.1/callback',
               'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', '{notes:read}', '{http://localhost:9000/mcp}', true, now(),
               now() + interval '30 days', case when not :family then sha256('\x01' || secret) end, now() + interval '1 day',
               case when :family then now() end, case when :family then sha256(family) end,
               case when :family then sha256('\x02' || secret) end, case when :family then now() + interval '14 days' end
          from fresh;
        vacuum analyze grants;
        checkpoint;
        select translate(encode(case when :family then '\x02' || uuid_send(id) || int4send(0) || family || secret
                                     else '\x01' || uuid_send(id) || secret end, 'base64'), E'+/=\n', '-_')
          from fresh;
        """;

    private readonly Queue<string> codes = [];
    private int sets;

    /// <summary>Writes at least so many codes to a file.</summary>
    public async Task CodesAsync(string file, int count, CancellationToken cancel)
    {
        while (codes.Count < count)
            foreach (var code in await MakeAsync(family: false, CodesAtOnce, cancel))
                codes.Enqueue(code);
        await File.WriteAllLinesAsync(file, codes.Take(count), cancel);
    }

    /// <summary>Forgets codes that were used.</summary>
    public void Used(long count)
    {
        while (count-- > 0 && codes.TryDequeue(out _)) { }
    }

    /// <summary>Writes new families to a file.</summary>
    public async Task FamiliesAsync(string file, CancellationToken cancel) =>
        await File.WriteAllLinesAsync(file, await MakeAsync(family: true, Families, cancel), cancel);

    private Task<string[]> MakeAsync(bool family, int count, CancellationToken cancel) =>
        cluster.SqlAsync(MakeSql, cancel, ("set", $"{name}{++sets}"), ("count", count), ("family", family));
}
