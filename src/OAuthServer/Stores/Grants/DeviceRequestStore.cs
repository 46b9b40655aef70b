using OAuthServer.Stores.Postgres;

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
}

/// <summary>What became of it: neither is another one's user code.</summary>
public sealed record OpenedDeviceRequest
{
    public required bool Opened { get; init; }

    /// <summary>This client has as many open from this address as it may.</summary>
    public required bool IsFull { get; init; }
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
}

/// <summary>device_requests, as devices begin and poll them (RFC 8628 §3.1, §3.4).</summary>
public sealed class DeviceRequestStore(Database database)
{
    /// <summary>So many may be open of one client from one address.</summary>
    public const int MostOpen = 100;

    public const string LockSql = "select pg_advisory_xact_lock(hashtextextended(@key, 0))";

    public const string AddSql = """
        with number as materialized (
            select count(*) >= @most as is_full from device_requests
             where client_id = @client and subscriber = @subscriber and denied_at is null and expires_at > @now
        ), opened as (
            insert into device_requests
                (id, client_id, code_hash, user_code_mac, query, address, subscriber, created_at, expires_at, poll_seconds)
            select @id, @client, @hash, @mac, @query, @address, @subscriber, @now, @expires, @seconds
              from number
             where not is_full and not exists (select from device_requests where user_code_mac = any (@macs))
            on conflict (user_code_mac) do nothing
            returning id
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, grant_id, address, detail)
            select @now, @request, 'device', 'ok', @client, id, @address, @detail from opened
        )
        select exists (select from opened) as opened, is_full from number
        """;

    /// <summary>Opens it, unless too many are open or its user code is in use. Counting and opening are one step for each address.</summary>
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
            now = now.UtcDateTime,
        }))!;
    }, opened => opened.Opened);

    /// <summary>
    /// RFC 8628 §3.5: what a poll of its own client finds, and its mark. One that comes too early leaves the mark, so that a device that
    /// polls steadily is in time again once the interval has passed; another client's changes nothing.
    /// </summary>
    public const string PollSql = """
        with locked as materialized (
            select * from device_requests where id = @id and code_hash = @hash for no key update
        ), judged as materialized (
            select id, coalesce(@now < polled_at + make_interval(secs => poll_seconds) - interval '500 milliseconds', false) as is_early
              from locked where client_id = @client and denied_at is null and expires_at > @now
        ), marked as (
            update device_requests d
               set polled_at = case when j.is_early then d.polled_at else @now end,
                   poll_seconds = case when j.is_early then least(60, d.poll_seconds + 5) else d.poll_seconds end
              from judged j where d.id = j.id
            returning d.poll_seconds
        )
        select client_id, denied_at is not null as is_denied, expires_at,
               coalesce((select is_early from judged), false) as is_early,
               coalesce((select poll_seconds from marked), poll_seconds) as poll_seconds
          from locked
        """;

    /// <summary>One poll; null: no request of this device code waits, and it may be a grant by now.</summary>
    /// <param name="hash">Of the device code's secret.</param>
    /// <param name="client">Who polls.</param>
    public Task<PolledDeviceRequest?> PollAsync(Guid id, byte[] hash, string client, DateTimeOffset now) =>
        database.FindAsync<PolledDeviceRequest>(PollSql, new { id, hash, client, now = now.UtcDateTime }, CancellationToken.None);

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
