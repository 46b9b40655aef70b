using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Federation;

/// <summary>A row of federation_requests: somebody who is sent to a provider.</summary>
public sealed record NewFederationRequest
{
    public required byte[] StateHash { get; init; }

    /// <summary>SHA-256 of the browser's cookie.</summary>
    public required byte[] BrowserHash { get; init; }

    /// <summary>SHA-256 of the session's id; null: nobody is signed in.</summary>
    public required byte[]? SessionHash { get; init; }
    public required string Provider { get; init; }

    /// <summary>sign-in, link or reauth.</summary>
    public required string Purpose { get; init; }
    public required string Nonce { get; init; }

    /// <summary>What only the state opens.</summary>
    public required byte[] Sealed { get; init; }
    public required string? Page { get; init; }
    public required DateTimeOffset? AuthAfter { get; init; }

    /// <summary>SHA-256 of the link of an invitation that this browser opened; null: none.</summary>
    public required byte[]? Invitation { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The same, come back: spent from now on.</summary>
public sealed record FederationRequestRow
{
    public required byte[]? SessionHash { get; init; }
    public required string Purpose { get; init; }
    public required string Nonce { get; init; }
    public required byte[] Sealed { get; init; }
    public required string? Page { get; init; }
    public required DateTimeOffset? AuthAfter { get; init; }
    public required byte[]? Invitation { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>federation_requests: who is under way to a provider and back.</summary>
public sealed class FederationRequestStore(Database database)
{
    /// <summary>So many at once per browser; one more takes the place of the oldest.</summary>
    public const int MostPerBrowser = 5;

    public const string AddSql = """
        with too_many as (
            select state_hash from federation_requests
             where browser_hash = @BrowserHash and spent_at is null order by created_at desc offset @most
        ), gone as (
            delete from federation_requests using too_many where federation_requests.state_hash = too_many.state_hash
        )
        insert into federation_requests (state_hash, browser_hash, session_hash, provider, purpose, nonce, sealed, page, auth_after,
                                         invitation, created_at, expires_at)
        values (@StateHash, @BrowserHash, @SessionHash, @Provider, @Purpose, @Nonce, @Sealed, @Page, @AuthAfter, @Invitation, @CreatedAt,
                @ExpiresAt)
        """;

    /// <summary>Keeps it until they come back.</summary>
    public Task AddAsync(NewFederationRequest request) => database.ExecuteAsync(AddSql, new
    {
        request.StateHash,
        request.BrowserHash,
        request.SessionHash,
        request.Provider,
        request.Purpose,
        request.Nonce,
        request.Sealed,
        request.Page,
        AuthAfter = request.AuthAfter?.UtcDateTime,
        request.Invitation,
        CreatedAt = request.CreatedAt.UtcDateTime,
        ExpiresAt = request.ExpiresAt.UtcDateTime,
        most = MostPerBrowser - 1,
    }, CancellationToken.None);

    public const string SpendSql = """
        update federation_requests set spent_at = @now
         where state_hash = @state and browser_hash = @browser and provider = @provider and spent_at is null and expires_at > @now
        returning session_hash, purpose, nonce, sealed, page, auth_after, invitation, created_at
        """;

    /// <summary>Spends it, once; null: unknown, spent, late, another browser's or another provider's, and nothing was spent.</summary>
    public Task<FederationRequestRow?> SpendAsync(byte[] state, byte[] browser, string provider, DateTimeOffset now) =>
        database.FindAsync<FederationRequestRow>(
            SpendSql, new { state, browser, provider, now = now.UtcDateTime }, CancellationToken.None);

    public const string SweepSql = """
        with gone as materialized (
            select state_hash from federation_requests where expires_at < @now limit 500 for update skip locked
        )
        delete from federation_requests using gone where federation_requests.state_hash = gone.state_hash
        """;

    /// <summary>Removes a small batch that is over; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(
        SweepSql, new { now = now.UtcDateTime }, cancel);
}
