using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A row of authorization_requests that still waits for its person.</summary>
public sealed record AuthorizationRequestRow
{
    public required byte[] IdHash { get; init; }
    public required string ClientId { get; init; }
    public required string Query { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>authorization_requests: what a browser is in the middle of.</summary>
public sealed class AuthorizationRequestStore(Database database)
{
    public const string AddSql = """
        insert into authorization_requests (id_hash, browser_hash, client_id, query, created_at, expires_at)
        values (@id, @browser, @client, @query, @now, @expires)
        """;

    /// <summary>Keeps a request while its person signs in and consents.</summary>
    public Task AddAsync(
        byte[] id, byte[] browser, string client, string query, DateTimeOffset expires, DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(AddSql, new { id, browser, client, query, expires = expires.UtcDateTime, now = now.UtcDateTime }, cancel);

    public const string FindSql = """
        select id_hash, client_id, query, created_at from authorization_requests
         where id_hash = @id and browser_hash = @browser and consumed_at is null and expires_at > @now
        """;

    /// <summary>The request, if this browser began it and it is neither answered nor expired.</summary>
    public Task<AuthorizationRequestRow?> FindAsync(byte[] id, byte[] browser, DateTimeOffset now, CancellationToken cancel) =>
        database.FindAsync<AuthorizationRequestRow>(FindSql, new { id, browser, now = now.UtcDateTime }, cancel);

    public const string ConsumeSql = """
        update authorization_requests set consumed_at = @now, answer_sealed = @answer
         where id_hash = @id and browser_hash = @browser and consumed_at is null and expires_at > @now
        """;

    /// <summary>Answers it without a grant (Deny). False when it was answered before.</summary>
    /// <param name="answer">Where the browser is sent, sealed.</param>
    public async Task<bool> ConsumeAsync(byte[] id, byte[] browser, byte[] answer, DateTimeOffset now) =>
        await database.ExecuteAsync(ConsumeSql, new { id, browser, answer, now = now.UtcDateTime }, CancellationToken.None) == 1;

    public const string AnswerSql = """
        select answer_sealed from authorization_requests
         where id_hash = @id and browser_hash = @browser and consumed_at > @since and answer_sealed is not null
        """;

    /// <summary>The sealed answer this browser got after <paramref name="since"/>, or null.</summary>
    public Task<byte[]?> AnswerAsync(byte[] id, byte[] browser, DateTimeOffset since, CancellationToken cancel) =>
        database.FindAsync<byte[]>(AnswerSql, new { id, browser, since = since.UtcDateTime }, cancel);

    public const string SweepSql = """
        with gone as materialized (
            select id_hash from authorization_requests where expires_at < @now limit 500 for update skip locked
        )
        delete from authorization_requests using gone where authorization_requests.id_hash = gone.id_hash
        """;

    /// <summary>Removes a small batch of expired requests; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SweepSql, new { now = now.UtcDateTime }, cancel);
}
