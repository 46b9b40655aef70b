using NpgsqlTypes;
using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>An access token as the database knows it.</summary>
/// <param name="Now">When it is asked.</param>
public sealed record TokenQuestion(string Jti, Guid? Grant, string Client, DateTimeOffset IssuedAt, DateTimeOffset Now)
{
    /// <summary>The delegations it stands on.</summary>
    public IReadOnlyList<Guid> Via { get; init; } = [];
}

/// <summary>What the database knows against an access token.</summary>
public sealed record TokenState
{
    /// <summary>The jti is on the list.</summary>
    public required bool Revoked { get; init; }

    /// <summary>The grant it points at exists and is not over; true for tokens without a grant.</summary>
    public required bool GrantLives { get; init; }

    /// <summary>Its client exists, is enabled, and is the one it was issued to: not one added later under the same id.</summary>
    public required bool ClientLives { get; init; }

    /// <summary>No delegation it stands on has ended; true for tokens without any.</summary>
    public required bool ChainLives { get; init; }
}

/// <summary>revoked_tokens: access tokens revoked one by one.</summary>
public sealed class RevokedTokenStore(Database database)
{
    private readonly SharedRead<TokenQuestion, TokenState> states = new("token_state", database, StateSql, questions =>
    {
        questions.AddText("jti", question => question.Jti);
        questions.Add("grant", NpgsqlDbType.Uuid, question => question.Grant);
        questions.AddText("client", question => question.Client);
        questions.AddTime("issued", question => question.IssuedAt);
        questions.AddTime("now", question => question.Now);
        questions.AddText("via", question => question.Via.Count == 0 ? null : string.Join(' ', question.Via));
    }, row => new TokenState
    {
        Revoked = row.GetBoolean(1),
        GrantLives = row.GetBoolean(2),
        ClientLives = row.GetBoolean(3),
        ChainLives = row.GetBoolean(4),
    });

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

    /// <summary>
    /// Puts one access token on the list until it would have expired, and says so in the audit log. False: it was there already.
    /// </summary>
    public Task<bool> RevokeAsync(
        string jti, string client, string audience, Guid? grant, DateTimeOffset expires, string request, string address,
            DateTimeOffset now) =>
        database.FindAsync<bool>(RevokeSql, new
        {
            jti,
            client,
            audience,
            grant,
            expires = expires.UtcDateTime,
            request,
            address,
            now = now.UtcDateTime,
        }, CancellationToken.None);

    // One index look each: a list of any length stays as quick. The clocks of PostgreSQL and of the servers may differ by seconds.
    public const string StateSql = """
        select place::int, exists (select from revoked_tokens where jti = question.jti),
               question.grant_id is null
                   or exists (select from grants where id = question.grant_id and ended_at is null and expires_at > question.now),
               exists (select from clients where client_id = question.client_id and enabled
                   and created_at < question.issued_at + interval '5 seconds'),
               not exists (
                   select from unnest(string_to_array(question.via, ' ')::uuid[]) as step
                    where not exists (select from delegations where id = step and ended_at is null))
          from unnest(@jti::text[], @grant::uuid[], @client::text[], @issued::timestamptz[], @now::timestamptz[], @via::text[])
            with ordinality as question (jti, grant_id, client_id, issued_at, now, via, place)
        """;

    /// <summary>One look at all that could have ended a token, shared with those who ask at the same moment.</summary>
    public Task<TokenState> StateAsync(TokenQuestion question) => states.FindAsync(question)!;

    /// <summary>One read for all who wait at the same moment.</summary>
    public Task RunAsync(CancellationToken cancel) => states.RunAsync(cancel);

    public const string SweepSql = """
        with gone as materialized (
            select jti from revoked_tokens where expires_at < @now limit 500 for update skip locked
        )
        delete from revoked_tokens using gone where revoked_tokens.jti = gone.jti
        """;

    /// <summary>Removes a small batch of entries whose token has expired; returns how many.</summary>
    public Task<int> SweepAsync(DateTimeOffset now, CancellationToken cancel) =>
        database.ExecuteAsync(SweepSql, new { now = now.UtcDateTime }, cancel);
}
