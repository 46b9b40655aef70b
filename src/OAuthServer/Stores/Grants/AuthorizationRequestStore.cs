using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>A row of authorization_requests to be.</summary>
public sealed record NewAuthorizationRequest
{
    public required byte[] IdHash { get; init; }

    /// <summary>SHA-256 of the browser's cookie.</summary>
    public required byte[] BrowserHash { get; init; }
    public required string ClientId { get; init; }
    public required string Query { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>The device's request whose code was typed; null: a browser began it.</summary>
    public Guid? Device { get; init; }
}

/// <summary>A row of authorization_requests that still waits for its person.</summary>
public sealed record AuthorizationRequestRow
{
    public required string Query { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What the client itself stated, registering or in its document; null: nothing.</summary>
    public required string? PolicyUri { get; init; }

    /// <inheritdoc cref="PolicyUri"/>
    public required string? TosUri { get; init; }

    /// <summary>The device's request whose code was typed, which waits too; null: a browser began it.</summary>
    public DeviceRequestRow? Device { get; init; }
}

/// <summary>authorization_requests: what a browser is in the middle of.</summary>
public sealed class AuthorizationRequestStore(Database database)
{
    private readonly WriteBatcher<NewAuthorizationRequest, bool> begun = new("authorization_request", rows => InsertAsync(database, rows));

    private readonly SharedRead<Presented, AuthorizationRequestRow> presented = new("pending_request", database, FindSql, keys =>
    {
        keys.AddBytes("id", one => one.Id);
        keys.AddBytes("browser", one => one.Browser);
        keys.AddTime("now", one => one.Now);
    }, row => new AuthorizationRequestRow
    {
        Query = row.GetString(1),
        CreatedAt = new DateTimeOffset(row.GetDateTime(2)),
        PolicyUri = row.IsDBNull(3) ? null : row.GetString(3),
        TosUri = row.IsDBNull(4) ? null : row.GetString(4),
        Device = row.IsDBNull(5) ? null : new DeviceRequestRow
        {
            Id = row.GetGuid(5),
            Query = row.GetString(1),
            Address = row.GetString(6),
            CreatedAt = new DateTimeOffset(row.GetDateTime(7)),
        },
    });

    public const string AddSql = """
        insert into authorization_requests (id_hash, browser_hash, client_id, query, created_at, expires_at, device)
        select * from unnest(@id::bytea[], @browser::bytea[], @client::text[], @query::text[], @now::timestamptz[],
            @expires::timestamptz[], @device::uuid[])
        """;

    private static readonly ArrayStatement<NewAuthorizationRequest> Add = new(AddSql, rows =>
    {
        rows.AddBytes("id", row => row.IdHash);
        rows.AddBytes("browser", row => row.BrowserHash);
        rows.AddText("client", row => row.ClientId);
        rows.AddText("query", row => row.Query);
        rows.AddTime("now", row => row.CreatedAt);
        rows.AddTime("expires", row => row.ExpiresAt);
        rows.Add("device", NpgsqlTypes.NpgsqlDbType.Uuid, row => row.Device);
    });

    /// <summary>Keeps a request while its person signs in and consents.</summary>
    public Task AddAsync(NewAuthorizationRequest request) => begun.AddAsync(request);

    public const string FindSql = """
        select requested.place::int, a.query, a.created_at, coalesce(r.policy_uri, d.policy_uri), coalesce(r.tos_uri, d.tos_uri),
               v.id, v.address, v.created_at
          from unnest(@id::bytea[], @browser::bytea[], @now::timestamptz[]) with ordinality as requested (id, browser, now, place)
          join authorization_requests a on a.id_hash = requested.id and a.browser_hash = requested.browser
           and a.consumed_at is null and a.expires_at > requested.now
          left join device_requests v on v.id = a.device and v.denied_at is null and v.expires_at > requested.now
          left join registrations r on r.client_id = a.client_id
          left join client_documents d on d.client_id = a.client_id
         where a.device is null or v.id is not null
        """;

    /// <summary>The request, if this browser began it and it is neither answered nor expired.</summary>
    public Task<AuthorizationRequestRow?> FindAsync(byte[] id, byte[] browser, DateTimeOffset now) =>
        presented.FindAsync(new Presented(id, browser, now));

    /// <summary>One write for all who wait at the same moment.</summary>
    public Task WriteAsync(CancellationToken cancel) => begun.RunAsync(cancel);

    /// <summary>One read for all who wait at the same moment.</summary>
    public Task ReadAsync(CancellationToken cancel) => presented.RunAsync(cancel);

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

    private static async Task<IReadOnlyList<bool>> InsertAsync(Database database, IReadOnlyList<NewAuthorizationRequest> rows)
    {
        await Add.ExecuteAsync(database, rows);
        return new bool[rows.Count];
    }

    private sealed record Presented(byte[] Id, byte[] Browser, DateTimeOffset Now);
}
