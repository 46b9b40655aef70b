using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Keys;

/// <summary>A row of signing_keys.</summary>
public sealed record SigningKeyRow
{
    public required string Kid { get; init; }
    public required string Alg { get; init; }
    public required byte[] PublicKey { get; init; }

    /// <summary>The private half; empty once <see cref="IsForHints"/>.</summary>
    public required byte[] Sealed { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset SignsFrom { get; init; }
    public required DateTimeOffset? RetiredAt { get; init; }

    /// <summary>Whether only its public half is left, which verifies hints and nothing else.</summary>
    public bool IsForHints => Sealed.Length == 0;
}

/// <summary>signing_keys: a key's state follows from its times, so all servers agree on it.</summary>
public sealed class SigningKeyStore(Database database)
{
    public const string ListSql = "select * from signing_keys order by signs_from, kid";

    /// <summary>All keys, the oldest first.</summary>
    public Task<List<SigningKeyRow>> ListAsync(CancellationToken cancel) => database.ListAsync<SigningKeyRow>(ListSql, null, cancel);

    // Taken by a statement of its own: one statement sees nothing that was committed while it waited.
    public const string TurnSql = "select pg_advisory_xact_lock(7305913)";

    // Of several servers that start or rotate at once, one adds, whatever their clocks say: for each algorithm.
    public const string AddSql = """
        insert into signing_keys (kid, alg, public_key, sealed, created_at, signs_from)
        select @Kid, @Alg, @PublicKey, @Sealed, @CreatedAt, @SignsFrom
         where not exists (
                select from signing_keys
                 where alg = @Alg and retired_at is null and sealed <> '' and signs_from > @after and kid <> all (@unreadable))
        """;

    /// <summary>Adds a key unless another one of its algorithm begins to sign after <paramref name="after"/>. True when added.</summary>
    /// <param name="author">Who asked for it; null: whom the connection names.</param>
    /// <param name="unreadable">Keys that will never sign, whatever their rows say.</param>
    public async Task<bool> AddAsync(SigningKeyRow key, DateTimeOffset after, IReadOnlyList<string> unreadable, Author? author) =>
        await ByAsync(author, TurnSql + ";" + AddSql, new
        {
            key.Kid,
            key.Alg,
            key.PublicKey,
            key.Sealed,
            CreatedAt = key.CreatedAt.UtcDateTime,
            SignsFrom = key.SignsFrom.UtcDateTime,
            after = after.UtcDateTime,
            unreadable = unreadable.ToArray(),
        }) == 1;

    public const string RetireSql = "update signing_keys set retired_at = @now where kid = @kid and retired_at is null";

    /// <summary>Takes a compromised key out at once. False when there is no such key.</summary>
    /// <inheritdoc cref="AddAsync" path="/param"/>
    public async Task<bool> RetireAsync(string kid, DateTimeOffset now, Author? author) =>
        await ByAsync(author, RetireSql, new { kid, now = now.UtcDateTime }) == 1;

    /// <summary>What an operator would type to take a key out.</summary>
    public static string RetireText(string kid) => $"update signing_keys set retired_at = now() where kid = {SqlText.Quote(kid)};";

    public const string ResealSql = "update signing_keys set sealed = @after where kid = @kid and sealed = @before";

    /// <summary>The same key, sealed anew; false when it is gone or another has done it.</summary>
    public async Task<bool> ResealAsync(string kid, byte[] before, byte[] after, CancellationToken cancel) =>
        await database.ExecuteAsync(ResealSql, new { kid, before, after }, cancel) == 1;

    public const string KeepForHintsSql =
        "update signing_keys set sealed = '' where kid = any (@kids) and retired_at is null and sealed <> ''";

    /// <summary>Removes the private halves of keys that are gone: the public ones go on verifying hints.</summary>
    public Task<int> KeepForHintsAsync(string[] kids, CancellationToken cancel) =>
        database.ExecuteAsync(KeepForHintsSql, new { kids }, cancel);

    public const string SweepSql = "delete from signing_keys where kid = any (@kids)";

    /// <summary>Removes keys nothing needs any more.</summary>
    public Task<int> RemoveAsync(string[] kids, CancellationToken cancel) => database.ExecuteAsync(SweepSql, new { kids }, cancel);

    private Task<int> ByAsync(Author? author, string sql, object parameters) => author is null
        ? database.ExecuteAsync(sql, parameters, CancellationToken.None)
        : Edit.ByAsync(database, author, sql, parameters, CancellationToken.None);
}
