using System.Security.Cryptography;
using Npgsql;
using OAuthServer.Protocol;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Keys;

/// <summary>
/// All signing keys, in memory: for each algorithm one that signs (<see cref="KeyLine"/>), those before and after it, and the public
/// halves of keys that are gone, which verify hints (decisions/0040-a-key-per-algorithm.md).
/// </summary>
public sealed class KeyRing(
    SigningKeyStore store, KeyEncryption encryption, UnreadableRows unreadable, Settings settings, TimeProvider time, ILogger<KeyRing> log)
{
    // Beyond the longest session: people who come back after it, and are to be recognized by what their client kept.
    private static readonly TimeSpan HintsBeyondSessions = TimeSpan.FromDays(30);
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);

    // The longest a statement may take: a key is made before it is committed, and seen by other servers after that.
    private static readonly TimeSpan LongestCommit = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim reading = new(1);
    private readonly LoopPause pause = new();
    private volatile KeySnapshot? keys;
    private volatile string? problem;
    private volatile bool madeFirst;

    /// <summary>
    /// How long before it signs a key is published: the notice that is set, at least a JWKS max-age, and on top of either what passes
    /// until every server publishes it.
    /// </summary>
    public static TimeSpan NoticeOf(Settings settings) =>
        TimeSpan.FromSeconds(Math.Max(settings.KeyNoticeSeconds, settings.JwksMaxAgeSeconds)) + Refresh + LongestCommit;

    /// <summary>
    /// Whether access tokens can be signed; false while the database has been away since the start, and until the very first keys were
    /// made: a server that starts beside another has one algorithm's before the other's.
    /// </summary>
    public bool Ready => madeFirst && Active is not null;

    /// <summary>Why it is not <see cref="Ready"/>, and what to do.</summary>
    public string Problem => problem ?? "no signing key has been read yet";

    /// <summary>The key that signs access tokens now; null only before <see cref="Ready"/>.</summary>
    public SigningKey? Active => ActiveOf(settings.Algorithm);

    /// <summary>The key of an algorithm that signs now; null: there is none yet, or this server makes none.</summary>
    public SigningKey? ActiveOf(string alg)
    {
        foreach (var key in keys?.At(time.GetUtcNow()).Active ?? [])
            if (key.Row.Alg == alg)
                return key;
        return null;
    }

    /// <summary>
    /// Whether there are id_tokens: OpenID Connect is on and has a key for RS256, which every app may expect (OpenID Connect Core §15.1).
    /// Before any key was read: whether there will be.
    /// </summary>
    public bool SignsIdTokens => settings.OpenId && (keys is null || ActiveOf("RS256") is not null);

    /// <summary>
    /// Every key a verifier may meet: pending, active, retired, those that sign access tokens first. Null before any was read.
    /// </summary>
    public IReadOnlyList<SigningKey>? Published => keys?.At(time.GetUtcNow()).Published;

    /// <summary>A published key by its kid; null for all others.</summary>
    public SigningKey? Find(string kid)
    {
        foreach (var key in Published ?? [])
            if (key.Kid == kid)
                return key;
        return null;
    }

    /// <summary>
    /// A key by its kid that may have signed an id_token somebody kept: published or gone, but never one that was revoked. A key that
    /// is gone has its public half only. Null for all others.
    /// </summary>
    public SigningKey? FindForHint(string kid) => keys is not { } known ? null
        : Array.Find(known.Opened, key => key.Kid == kid) ?? Array.Find(known.ForHints, key => key.Kid == kid);

    /// <summary>Whether this key was retired as compromised, a short while ago.</summary>
    public bool IsRevoked(string kid) => keys is { } known && known.Rows.Any(row => row.Kid == kid && row.RetiredAt is not null);

    /// <summary>The kids of rows that cannot be read, which neither sign nor are published.</summary>
    public IReadOnlyList<string> Unreadable => keys?.Unreadable ?? [];

    /// <summary>
    /// Makes the next key that signs access tokens: it does so once every verifier has had time to learn it (<see cref="NoticeOf"/>), at
    /// once when there is no other key. Null when another one is on its way already.
    /// </summary>
    public Task<SigningKeyRow?> RotateAsync(CancellationToken cancel) => RotateAsync(settings.Algorithm, null, cancel);

    /// <summary>Makes the next key of an algorithm.</summary>
    /// <inheritdoc cref="RotateAsync(CancellationToken)"/>
    /// <param name="alg">One of <see cref="Settings.SigningAlgorithms"/>.</param>
    /// <param name="author">Who asked for it; null: whom the database's connection names.</param>
    public async Task<SigningKeyRow?> RotateAsync(string alg, Author? author, CancellationToken cancel)
    {
        await ReadAsync(cancel);
        var added = await AddAsync(alg, author);
        await ReadAsync(cancel);
        return added;
    }

    /// <summary>
    /// For a compromised key: out of the JWKS at once, its tokens dead; a new one signs at once if it was the last of its algorithm.
    /// False: no such key.
    /// </summary>
    public Task<bool> RetireNowAsync(string kid, CancellationToken cancel) => RetireNowAsync(kid, null, cancel);

    /// <inheritdoc cref="RetireNowAsync(string, CancellationToken)"/>
    /// <param name="author">Who asked for it; null: whom the database's connection names.</param>
    public async Task<bool> RetireNowAsync(string kid, Author? author, CancellationToken cancel)
    {
        if (!await store.RetireAsync(kid, time.GetUtcNow(), author)) return false;
        await ReadAndMakeFirstAsync(author, cancel);
        return true;
    }

    /// <summary>Reads the keys; makes the very first one of each algorithm.</summary>
    public Task StartAsync(CancellationToken cancel) => ReadAndMakeFirstAsync(null, cancel);

    /// <summary>Reads again soon: somebody changed the table.</summary>
    public void Wake() => pause.End();

    /// <summary>Keeps up with the table, rotates on schedule, clears away what nothing needs.</summary>
    public async Task RunAsync(CancellationToken cancel)
    {
        while (!cancel.IsCancellationRequested)
        {
            try
            {
                await StartAsync(cancel);
                await RotateWhenDueAsync(cancel);
            }
            catch (OperationCanceledException) when (cancel.IsCancellationRequested) { return; }
            catch (PostgresException fault) when (fault.SqlState == PostgresErrorCodes.UndefinedTable)
            {
                log.LogDebug("Signing keys wait for the schema to be migrated");
            }
            catch (Exception fault) when (fault is NpgsqlException or TimeoutException or CryptographicException)
            {
                log.LogWarning("Signing keys could not be read, trying again: {Reason}", fault.Message);
            }

            try { await pause.WaitAsync(keys is null ? TimeSpan.FromSeconds(1) : Refresh, cancel); }
            catch (OperationCanceledException) { return; }
        }
    }

    private async Task RotateWhenDueAsync(CancellationToken cancel)
    {
        var now = time.GetUtcNow();
        foreach (var alg in settings.SigningAlgorithms)
            if (settings.KeyRotationDays > 0 && KeyLine.Newest(alg, keys!.Rows) + TimeSpan.FromDays(settings.KeyRotationDays) <= now)
                await RotateAsync(alg, null, cancel);

        var rows = keys!.Rows;
        var gone = rows.Where(row => row is { RetiredAt: null, IsForHints: false } && KeyLine.StateOf(row, rows, now) is null);
        if (gone.Select(row => row.Kid).ToArray() is { Length: > 0 } over) await store.KeepForHintsAsync(over, cancel);
        var hints = TimeSpan.FromSeconds(settings.SessionSeconds) + HintsBeyondSessions;
        var useless = rows.Where(row => row.RetiredAt + KeyLine.LongestToken < now
            || (row.IsForHints && KeyLine.GoneAt(row, rows) + hints < now));
        if (useless.Select(row => row.Kid).ToArray() is { Length: > 0 } kids) await store.RemoveAsync(kids, cancel);
    }

    private async Task ReadAndMakeFirstAsync(Author? author, CancellationToken cancel)
    {
        await ReadAsync(cancel);
        string[] missing = [.. settings.SigningAlgorithms
            .Where(alg => !keys!.Lost.Contains(alg) && KeyLine.Newest(alg, keys.Rows) is null)];
        try
        {
            foreach (var alg in missing) await AddAsync(alg, author);
            if (missing.Length > 0) await ReadAsync(cancel);
        }
        finally
        {
            // Or in vain: what there is signs.
            madeFirst = true;
        }
    }

    private async Task<SigningKeyRow?> AddAsync(string alg, Author? author)
    {
        var (now, rows) = (time.GetUtcNow(), keys!.Rows);
        var first = KeyLine.Newest(alg, rows) is null;
        // The first of its line signs at once, whatever its row says. An algorithm's very first beside others says later: a server of an
        // earlier version, which knows one line only, publishes it meanwhile and goes on signing with its own.
        var joins = rows.Count > 0 && rows.All(other => other.Alg != alg);
        var row = SigningKey.Make(alg, encryption, now, first && !joins ? now : now + NoticeOf(settings));
        return await store.AddAsync(row, first ? DateTimeOffset.UnixEpoch : now, Unreadable, author) ? row : null;
    }

    // One reading at a time: an older one must not end after a newer one and bring a retired key back.
    private async Task ReadAsync(CancellationToken cancel)
    {
        await reading.WaitAsync(cancel);
        try
        {
            var rows = await store.ListAsync(cancel);
            var known = keys is { } before ? before.Opened.Concat(before.ForHints).ToDictionary(key => key.Kid) : [];
            var current = rows.FindAll(row => row is { RetiredAt: null, IsForHints: false });
            var opened = Open(current);
            string[] closed = [.. current.Select(row => row.Kid).Except(opened.Select(key => key.Kid))];
            unreadable.Report("signing_keys", closed);
            // Not one: rather another key-encryption key than bad rows, and then nothing may be made or changed.
            string[] lost = [.. current.Select(row => row.Alg).Except(opened.Select(key => key.Row.Alg))];
            if (lost.Contains(settings.Algorithm))
                problem = $"OAuth__KeyEncryptionKey opens none of the {settings.Algorithm} signing keys: set the one they were sealed with";
            if (opened.Length == 0 && closed.Length > 0)
            {
                problem = "OAuth__KeyEncryptionKey opens none of the signing keys: set the one they were sealed with";
                throw new CryptographicException(problem);
            }

            // As if it were not there: the key before it goes on signing, on every server. With none left, it does so from memory.
            opened = [.. opened, .. keys?.Opened.Where(key => lost.Contains(key.Row.Alg) && closed.Contains(key.Kid)) ?? []];
            keys = new KeySnapshot
            {
                Rows = [.. rows.Where(row => !current.Contains(row)), .. opened.Select(key => key.Row)],
                Opened = [.. opened.OrderBy(key => key.Row.Alg != settings.Algorithm)],
                ForHints = Open(rows.FindAll(row => row is { RetiredAt: null, IsForHints: true })),
                Unreadable = closed,
                Lost = lost,
            };

            SigningKey[] Open(List<SigningKeyRow> some) => [.. some
                .Select(row => known.GetValueOrDefault(row.Kid) is { } same && same.IsOf(row) ? same : SigningKey.TryOpen(row, encryption))
                .OfType<SigningKey>()];
        }
        finally
        {
            reading.Release();
        }
    }
}
