namespace OAuthServer.Stores;

/// <summary>What the database knows against an access token.</summary>
public sealed record TokenState
{
    /// <summary>The jti is on the list.</summary>
    public required bool Revoked { get; init; }

    /// <summary>The grant it points at exists and has not ended; true for tokens without a grant.</summary>
    public required bool GrantLives { get; init; }

    /// <summary>Its client exists and is enabled.</summary>
    public required bool ClientLives { get; init; }
}

/// <summary>revoked_tokens: access tokens revoked one by one.</summary>
public sealed class RevokedTokenStore(Database database)
{
    public const string RevokeSql = """
        with revoked as (
            insert into revoked_tokens (jti, client_id, audience, revoked_at, expires_at) values (@jti, @client, @audience, @now, @expires)
            on conflict (jti) do nothing
            returning jti
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, grant_id, jti, address, detail)
            select @now, @request, 'revocation', 'ok', @client, @grant, jti, @address, 'access token' from revoked
        )
        select exists (select from revoked)
        """;

    /// <summary>Puts one access token on the list until it would have expired, and says so in the audit log.</summary>
    public Task RevokeAsync(string jti, string client, string audience, Guid? grant, DateTimeOffset expires, string request, string address, DateTimeOffset now) =>
        database.FindAsync<bool>(RevokeSql, new { jti, client, audience, grant, expires = expires.UtcDateTime, request, address, now = now.UtcDateTime }, CancellationToken.None);

    public const string StateSql = """
        select exists (select from revoked_tokens where jti = @jti) as revoked,
               @grant::uuid is null or exists (select from grants where id = @grant and ended_at is null) as grant_lives,
               exists (select from clients where client_id = @client and enabled) as client_lives
        """;

    /// <summary>One look at all that could have ended a token.</summary>
    public async Task<TokenState> StateAsync(string jti, Guid? grant, string client, CancellationToken cancel) =>
        (await database.FindAsync<TokenState>(StateSql, new { jti, grant, client }, cancel))!;

    public const string SweepSql = "delete from revoked_tokens where jti in (select jti from revoked_tokens where expires_at < @now limit 500)";

    /// <summary>Removes a small batch of entries whose token has expired; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) => database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
