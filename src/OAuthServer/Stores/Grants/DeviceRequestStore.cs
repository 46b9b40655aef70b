using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Grants;

/// <summary>A row of device_requests to be.</summary>
public sealed record NewDeviceRequest
{
    /// <summary>UUIDv7, the grant's one day.</summary>
    public required Guid Id { get; init; }
    public required string ClientId { get; init; }

    /// <summary>Of the device code's secret.</summary>
    public required byte[] CodeHash { get; init; }

    /// <summary>Of the user code, under each key-encryption key; the first is stored.</summary>
    public required byte[][] UserCodeMacs { get; init; }
    public required string Query { get; init; }

    /// <summary>For the audit row.</summary>
    public required string Detail { get; init; }
    public required string Address { get; init; }

    /// <summary>The address to count by.</summary>
    public required string Subscriber { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required int PollSeconds { get; init; }
    public required string RequestId { get; init; }

    /// <summary>The client's assertion, spent with it.</summary>
    public Proofs Proofs { get; init; } = Proofs.None;
}

/// <summary>What became of it: neither is another one's user code.</summary>
public sealed record OpenedDeviceRequest
{
    public required bool Opened { get; init; }

    /// <summary>This client has as many open from this address as it may.</summary>
    public required bool IsFull { get; init; }

    /// <summary>The assertion was used before; nothing was opened.</summary>
    public required UsedBefore UsedBefore { get; init; }
}

/// <summary>One poll.</summary>
public sealed record DevicePoll
{
    public required Guid Id { get; init; }

    /// <summary>Of the device code's secret.</summary>
    public required byte[] Hash { get; init; }

    /// <summary>Who polls.</summary>
    public required string ClientId { get; init; }

    /// <summary>The client's assertion, which is spent where the request still waits.</summary>
    public Proofs Proofs { get; init; } = Proofs.None;

    /// <summary>The key that was shown (RFC 9449); the first one stays. Null: none.</summary>
    public string? Jkt { get; init; }
    public required DateTimeOffset Now { get; init; }
}

/// <summary>A device's request at the moment of a poll.</summary>
public sealed record PolledDeviceRequest
{
    public required string ClientId { get; init; }
    public required bool IsDenied { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>It came too early; from now on the device waits the longer.</summary>
    public required bool IsEarly { get; init; }

    /// <summary>Least seconds between two polls, after this one.</summary>
    public required int PollSeconds { get; init; }

    /// <summary>The assertion was used before: then this poll is none.</summary>
    public required UsedBefore UsedBefore { get; init; }
}

/// <summary>device_requests, as devices begin and poll them (RFC 8628 §3.1, §3.4).</summary>
public sealed class DeviceRequestStore(Database database)
{
    /// <summary>So many may be open of one client from one address.</summary>
    public const int MostOpen = 100;

    public const string LockSql = "select pg_advisory_xact_lock(hashtextextended(@key, 0))";

    public const string AddSql = $"""
        with shown as (
            select 1 as place, 1 as which, @assertion::bytea as hash, @assertion_until::timestamptz as expires_at
             where @assertion::bytea is not null
        ), {ProofSql.Spent}, number as materialized (
            select count(*) >= @most as is_full from device_requests
             where client_id = @client and subscriber = @subscriber and denied_at is null and expires_at > @now
        ), opened as (
            insert into device_requests
                (id, client_id, code_hash, user_code_mac, query, address, subscriber, created_at, expires_at, poll_seconds)
            select @id, @client, @hash, @mac, @query, @address, @subscriber, @now, @expires, @seconds
              from number
             where not is_full and not exists (select from device_requests where user_code_mac = any (@macs))
               and not exists (select from unproven)
            on conflict (user_code_mac) do nothing
            returning id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, grant_id, address, detail)
            select @now, @request, 'device', 'ok', @client, id, @address, @detail from opened
        )
        select exists (select from opened) as opened, is_full, coalesce((select which from unproven), 0) as used_before from number
        """;

    /// <summary>Opens it, unless too many are open or its user code is in use. Counting and opening are one step an address.</summary>
    public Task<OpenedDeviceRequest> AddAsync(NewDeviceRequest request, DateTimeOffset now) => database.TransactAsync(async edit =>
    {
        await edit.ExecuteAsync(LockSql, new { key = $"device {request.ClientId} {request.Subscriber}" });
        return (await edit.FindAsync<OpenedDeviceRequest>(AddSql, new
        {
            id = request.Id,
            client = request.ClientId,
            hash = request.CodeHash,
            mac = request.UserCodeMacs[0],
            macs = request.UserCodeMacs,
            query = request.Query,
            detail = request.Detail,
            address = request.Address,
            subscriber = request.Subscriber,
            expires = request.ExpiresAt.UtcDateTime,
            seconds = request.PollSeconds,
            most = MostOpen,
            request = request.RequestId,
            assertion = request.Proofs.Assertion?.Hash,
            assertion_until = request.Proofs.Assertion?.ExpiresAt.UtcDateTime,
            now = now.UtcDateTime,
        }))!;
    }, opened => opened.Opened);

    /// <summary>
    /// RFC 8628 §3.5: what a poll of its own client finds, and its mark. One that comes too early leaves the mark, so that a device that
    /// polls steadily is in time again once the interval has passed; another client's changes nothing.
    /// </summary>
    public const string PollSql = $"""
        with locked as materialized (
            select * from device_requests where id = @id and code_hash = @hash for no key update
        ), shown as (
            select 1 as place, 1 as which, @assertion::bytea as hash, @assertion_until::timestamptz as expires_at from locked
             where @assertion::bytea is not null
        ), {ProofSql.Spent}, judged as materialized (
            select id, coalesce(@now < polled_at + make_interval(secs => poll_seconds) - interval '500 milliseconds', false) as is_early
              from locked where client_id = @client and denied_at is null and expires_at > @now and not exists (select from unproven)
        ), marked as (
            update device_requests d
               set polled_at = case when j.is_early then d.polled_at else @now end,
                   jkt = coalesce(d.jkt, @jkt::text),
                   poll_seconds = case when j.is_early then least(60, d.poll_seconds + 5) else d.poll_seconds end
              from judged j where d.id = j.id
            returning d.poll_seconds
        )
        select client_id, denied_at is not null as is_denied, expires_at,
               coalesce((select is_early from judged), false) as is_early,
               coalesce((select poll_seconds from marked), poll_seconds) as poll_seconds,
               coalesce((select which from unproven), 0) as used_before
          from locked
        """;

    /// <summary>One poll; null: no request of this device code waits, and it may be a grant by now.</summary>
    public Task<PolledDeviceRequest?> PollAsync(DevicePoll poll) => database.FindAsync<PolledDeviceRequest>(PollSql, new
    {
        id = poll.Id,
        hash = poll.Hash,
        client = poll.ClientId,
        assertion = poll.Proofs.Assertion?.Hash,
        assertion_until = poll.Proofs.Assertion?.ExpiresAt.UtcDateTime,
        jkt = poll.Jkt,
        now = poll.Now.UtcDateTime,
    }, CancellationToken.None);

    public const string SweepSql = """
        with gone as materialized (
            select id from device_requests where expires_at < @now::timestamptz - interval '1 hour' limit 500 for update skip locked
        )
        delete from device_requests using gone where device_requests.id = gone.id
        """;

    /// <summary>Removes a small batch of those that expired an hour ago: until then a device is told so. Returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
