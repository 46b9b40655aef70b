using System.Security.Cryptography;
using Npgsql;
using OAuthServer.Protocol;
using OAuthServer.Stores.Keys;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Keys;

/// <summary>
/// All signing keys, in memory. A key's state follows from its times alone, so every server agrees: pending until it signs,
/// active until the next one signs, retired until the last token it signed has expired, then gone. With none that signs yet,
/// the first that is to sign does so at once: the one before it was taken out, or a server whose clock is ahead made it.
/// </summary>
public sealed class KeyRing(
    SigningKeyStore store, KeyEncryption encryption, UnreadableRows unreadable, Settings settings, TimeProvider time, ILogger<KeyRing> log)
{
    /// <summary>The longest life an access token can have.</summary>
    public static readonly TimeSpan LongestToken = TimeSpan.FromHours(1);

    // Beyond the longest token: clocks that differ, and requests in flight while the next key takes over.
    private static readonly TimeSpan Slack = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(30);

    // The longest a statement may take: a key is made before it is committed, and seen by other servers after that.
    private static readonly TimeSpan LongestCommit = TimeSpan.FromSeconds(30);

    private readonly SemaphoreSlim reading = new(1);
    private readonly LoopPause pause = new();
    private volatile Snapshot? keys;
    private volatile string? problem;

    /// <summary>
    /// How long before it signs a key is published: the notice that is set, at least a JWKS max-age, and on top of either what passes
    /// until every server publishes it.
    /// </summary>
    public static TimeSpan NoticeOf(Settings settings) =>
        TimeSpan.FromSeconds(Math.Max(settings.KeyNoticeSeconds, settings.JwksMaxAgeSeconds)) + Refresh + LongestCommit;

    /// <summary>Whether keys have been read at all; false while the database has been away since the start.</summary>
    public bool Ready => keys is { Opened.Length: > 0 };

    /// <summary>Why it is not <see cref="Ready"/>, and what to do.</summary>
    public string Problem => problem ?? "no signing key has been read yet";

    /// <summary>The key that signs now; null only before <see cref="Ready"/>.</summary>
    public SigningKey? Active => keys?.At(time.GetUtcNow()).Active;

    /// <summary>Every key a verifier may meet: pending, active, retired. Null before <see cref="Ready"/>.</summary>
    public IReadOnlyList<SigningKey>? Published => keys?.At(time.GetUtcNow()).Published;

    /// <summary>A published key by its kid; null for all others.</summary>
    public SigningKey? Find(string kid)
    {
        foreach (var key in Published ?? [])
            if (key.Kid == kid)
                return key;
        return null;
    }

    /// <summary>The kids of rows that cannot be read, which neither sign nor are published.</summary>
    public IReadOnlyList<string> Unreadable => keys?.Unreadable ?? [];

    /// <summary>What a key is doing at a moment; null: no longer published.</summary>
    public static SigningKeyState? StateOf(SigningKeyRow key, IReadOnlyList<SigningKeyRow> all, DateTimeOffset now)
    {
        if (key.RetiredAt is not null) return null;
        if (key.SignsFrom > now)
            return all.Any(other => other.RetiredAt is null && Order(other).CompareTo(Order(key)) < 0) ? SigningKeyState.Pending
                : SigningKeyState.Active;
        // The next one that took over.
        var next = all.Where(other => other.RetiredAt is null && other.Kid != key.Kid && other.SignsFrom <= now
                && Order(other).CompareTo(Order(key)) > 0)
            .Select(other => (DateTimeOffset?)other.SignsFrom).Min();
        return next is null ? SigningKeyState.Active
            : now < next + LongestToken + Slack ? SigningKeyState.Retired
            : null;
    }

    /// <summary>When a key leaves the JWKS, as far as is known: once another one took over and its last token has expired.</summary>
    public static DateTimeOffset? GoneAt(SigningKeyRow key, IReadOnlyList<SigningKeyRow> all) =>
        all.Where(other => other.RetiredAt is null && Order(other).CompareTo(Order(key)) > 0)
            .Select(other => (DateTimeOffset?)other.SignsFrom).Min() + LongestToken + Slack;

    // As long as one is left, one signs.
    private static bool NoneIsLeft(IReadOnlyList<SigningKeyRow> all) => all.All(row => row.RetiredAt is not null);

    private static (DateTimeOffset, string) Order(SigningKeyRow key) => (key.SignsFrom, key.Kid);

    /// <summary>
    /// Makes the next key: it signs once every verifier has had time to learn it (<see cref="NoticeOf"/>), at once when there is no
    /// other key. Null when another one is on its way already.
    /// </summary>
    public Task<SigningKeyRow?> RotateAsync(CancellationToken cancel) => RotateAsync(null, cancel);

    /// <inheritdoc cref="RotateAsync(CancellationToken)"/>
    /// <param name="author">Who asked for it; null: whom the database's connection names.</param>
    public async Task<SigningKeyRow?> RotateAsync(Author? author, CancellationToken cancel)
    {
        await ReadAsync(cancel);
        var added = await AddAsync(NoneIsLeft(keys!.Rows), author);
        await ReadAsync(cancel);
        return added;
    }

    /// <summary>
    /// For a compromised key: out of the JWKS at once, its tokens dead; a new one signs at once if it was the last. False: no such
    /// key.
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

    /// <summary>Reads the keys; makes the very first one.</summary>
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
        var rows = keys!.Rows;
        var newest = rows.Where(row => row.RetiredAt is null).Max(row => (DateTimeOffset?)row.SignsFrom);
        if (settings.KeyRotationDays > 0 && newest + TimeSpan.FromDays(settings.KeyRotationDays) <= now)
            await RotateAsync(cancel);
        var gone = rows.Where(row => StateOf(row, rows, now) is null && (row.RetiredAt is null || row.RetiredAt + LongestToken < now))
            .Select(row => row.Kid).ToArray();
        if (gone.Length > 0) await store.RemoveAsync(gone, cancel);
    }

    private async Task ReadAndMakeFirstAsync(Author? author, CancellationToken cancel)
    {
        await ReadAsync(cancel);
        if (!NoneIsLeft(keys!.Rows)) return;
        await AddAsync(first: true, author);
        await ReadAsync(cancel);
    }

    private async Task<SigningKeyRow?> AddAsync(bool first, Author? author)
    {
        var now = time.GetUtcNow();
        var row = SigningKey.Make(settings.Algorithm, encryption, now, first ? now : now + NoticeOf(settings));
        return await store.AddAsync(row, first ? DateTimeOffset.UnixEpoch : now, keys?.Unreadable ?? [], author) ? row : null;
    }

    // One reading at a time: an older one must not end after a newer one and bring a retired key back.
    private async Task ReadAsync(CancellationToken cancel)
    {
        await reading.WaitAsync(cancel);
        try
        {
            var rows = await store.ListAsync(cancel);
            var known = keys?.Opened.ToDictionary(key => key.Kid) ?? [];
            var current = rows.FindAll(row => row.RetiredAt is null);
            SigningKey[] opened = [.. current
                .Select(row => known.GetValueOrDefault(row.Kid) is { } same && same.IsOf(row) ? same : SigningKey.TryOpen(row, encryption))
                .OfType<SigningKey>()];
            string[] closed = [.. current.Select(row => row.Kid).Except(opened.Select(key => key.Kid))];
            unreadable.Report("signing_keys", closed);
            // Not one: rather another key-encryption key than bad rows, and then nothing may be made or changed.
            if (opened.Length == 0 && closed.Length > 0)
            {
                problem = "OAuth__KeyEncryptionKey opens none of the signing keys: set the one they were sealed with";
                throw new CryptographicException(problem);
            }

            // As if it were not there: the key before it goes on signing, on every server.
            keys = new Snapshot([.. rows.Where(row => !closed.Contains(row.Kid))], opened, closed);
        }
        finally
        {
            reading.Release();
        }
    }

    private sealed record Snapshot(List<SigningKeyRow> Rows, SigningKey[] Opened, string[] Unreadable)
    {
        private volatile Moment? last;

        // Every token asks, and states change a few times a year: they are those of the last time until a key begins or ends.
        public Moment At(DateTimeOffset now)
        {
            if (last is { } known && known.From <= now && now < known.Until) return known;
            var changes = Rows.SelectMany(row => new[] { row.SignsFrom, row.SignsFrom + LongestToken + Slack });
            return last = new Moment
            {
                From = now,
                Until = changes.Where(change => change > now).DefaultIfEmpty(DateTimeOffset.MaxValue).Min(),
                Active = Opened.LastOrDefault(key => StateOf(key.Row, Rows, now) == SigningKeyState.Active),
                Published = [.. Opened.Where(key => StateOf(key.Row, Rows, now) is not null)],
            };
        }
    }

    // What the keys do from one moment until another.
    private sealed record Moment
    {
        public required DateTimeOffset From { get; init; }
        public required DateTimeOffset Until { get; init; }
        public required SigningKey? Active { get; init; }
        public required SigningKey[] Published { get; init; }
    }
}
