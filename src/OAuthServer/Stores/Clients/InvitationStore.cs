using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Clients;

/// <summary>An invitation that is still good.</summary>
public sealed record InvitationRow
{
    public required long Id { get; init; }

    /// <summary>machine or any.</summary>
    public required string Kind { get; init; }
}

/// <summary>initial_access_tokens: invitations to register (RFC 7591 §3). <see cref="RegistrationStore"/> spends them.</summary>
public sealed class InvitationStore(Database database)
{
    public const string AddSql = """
        insert into initial_access_tokens (hash, kind, label, uses_left, created_at, expires_at)
            values (@hash, @kind, @label, @uses, @now, @expires)
        returning id
        """;

    /// <summary>A new invitation; returns its number.</summary>
    public Task<long> AddAsync(byte[] hash, string kind, string label, int uses, DateTimeOffset expires, Author author, DateTimeOffset now,
        CancellationToken cancel) =>
        Edit.ByAsync(database, author, edit =>
            edit.FindAsync<long>(AddSql, new { hash, kind, label, uses, expires = expires.UtcDateTime, now = now.UtcDateTime }), cancel);

    public const string FindSql = "select id, kind from initial_access_tokens where hash = @hash and uses_left > 0 and expires_at > @now";

    /// <summary>The invitation, if it may still be used: a look before slow work is done for it, not the decision.</summary>
    public Task<InvitationRow?> FindAsync(byte[] hash, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<InvitationRow>(FindSql, new { hash, now = now.UtcDateTime }, cancel);

    public const string SweepSql = """
        with gone as materialized (
            select id from initial_access_tokens where expires_at < @now::timestamptz - interval '30 days' limit 500 for update skip locked
        )
        delete from initial_access_tokens using gone where initial_access_tokens.id = gone.id
        """;

    /// <summary>Removes a small batch of invitations long expired; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SweepSql, new { now = now.UtcDateTime }, cancel);
}
