using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>A row of pushed_requests to be.</summary>
public sealed record NewPushedRequest
{
    /// <summary>SHA-256 of the reference.</summary>
    public required byte[] ReferenceHash { get; init; }
    public required string ClientId { get; init; }

    /// <summary>Without what authenticated the client.</summary>
    public required string Query { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What the audit log says of it.</summary>
    public required string Detail { get; init; }

    /// <summary>What the client proved itself with, to be spent.</summary>
    public required Proofs Proofs { get; init; }
    public required string RequestId { get; init; }
    public required string Address { get; init; }
}

/// <summary>A row of pushed_requests, used and expired ones too.</summary>
public sealed record PushedRequestRow
{
    public required string ClientId { get; init; }
    public required string Query { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required DateTimeOffset? UsedAt { get; init; }
}

/// <summary>pushed_requests: what clients have pushed (RFC 9126), each for one browser.</summary>
public sealed class PushedRequestStore(Database database)
{
    private readonly WriteBatcher<NewPushedRequest, UsedBefore> pushed = new("pushed_request", rows =>
        Add.ReadAsync(database, rows, row => (UsedBefore)row.GetInt32(1)));

    public const string AddSql = $"""
        with item as materialized (
            select * from unnest(@reference::bytea[], @client::text[], @query::text[], @now::timestamptz[], @expires::timestamptz[],
                @detail::text[], @request_id::text[], @address::text[], {ProofSql.Arrays})
                with ordinality as i (reference, client, query, now, expires, detail, request_id, address, {ProofSql.Columns}, place)
        ), shown as (
            {ProofSql.Shown}
        ), {ProofSql.Spent}, proven as (
            select * from item where not exists (select from unproven u where u.place = item.place)
        ), pushed as (
            insert into pushed_requests (reference_hash, client_id, query, created_at, expires_at)
            select reference, client, query, now, expires from proven
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, address, detail)
            select now, request_id, 'par', 'ok', client, address, detail from proven
        )
        select place::int, which from unproven
        """;

    private static readonly ArrayStatement<NewPushedRequest> Add = new(AddSql, rows =>
    {
        rows.AddBytes("reference", row => row.ReferenceHash);
        rows.AddText("client", row => row.ClientId);
        rows.AddText("query", row => row.Query);
        rows.AddTime("now", row => row.CreatedAt);
        rows.AddTime("expires", row => row.ExpiresAt);
        rows.AddText("detail", row => row.Detail);
        rows.AddText("request_id", row => row.RequestId);
        rows.AddText("address", row => row.Address);
        ProofSql.Bind(rows, row => row.Proofs);
    });

    /// <summary>
    /// Keeps a request until a browser comes with its reference, and says so in the audit log; neither where a proof was used before,
    /// which is the answer.
    /// </summary>
    public Task<UsedBefore> AddAsync(NewPushedRequest request) => pushed.AddAsync(request);

    public const string FindSql = "select client_id, query, expires_at, used_at from pushed_requests where reference_hash = @reference";

    /// <summary>What was pushed under this reference, whether it may still be used or not; null: nothing.</summary>
    public Task<PushedRequestRow?> FindAsync(byte[] reference, CancellationToken cancel) =>
        database.FindAsync<PushedRequestRow>(FindSql, new { reference }, cancel);

    /// <summary>RFC 9126 §7.3: uses the reference up and stores the request for this browser, both or neither.</summary>
    public const string ClaimSql = """
        with claimed as (
            update pushed_requests set used_at = @now
             where reference_hash = @reference and client_id = @client and used_at is null and expires_at > @now
            returning client_id, query
        )
        insert into authorization_requests (id_hash, browser_hash, client_id, query, created_at, expires_at, pushed)
        select @id, @browser, client_id, query, @now, @expires, true from claimed
        """;

    /// <summary>False: it was used before, or is worth nothing any more.</summary>
    /// <param name="request">What it becomes; the query is the pushed one.</param>
    public async Task<bool> ClaimAsync(byte[] reference, NewAuthorizationRequest request) => await database.ExecuteAsync(ClaimSql, new
    {
        reference,
        client = request.ClientId,
        id = request.IdHash,
        browser = request.BrowserHash,
        now = request.CreatedAt.UtcDateTime,
        expires = request.ExpiresAt.UtcDateTime,
    }, CancellationToken.None) == 1;

    /// <summary>One write for all who wait at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => pushed.RunAsync(cancel);

    public const string SweepSql = """
        with gone as materialized (
            select reference_hash from pushed_requests where expires_at < @now::timestamptz - interval '10 minutes' limit 500
               for update skip locked
        )
        delete from pushed_requests using gone where pushed_requests.reference_hash = gone.reference_hash
        """;

    /// <summary>
    /// Removes a small batch of those that expired ten minutes ago, until when a refusal can say why; returns how many.
    /// </summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SweepSql, new { now = now.UtcDateTime }, cancel);
}
