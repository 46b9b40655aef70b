using OAuthServer.Stores.Postgres;

namespace OAuthServer.Stores.Grants;

/// <summary>grants, ended by the client that holds a refresh token of theirs.</summary>
public sealed class GrantRevocationStore(Database database)
{
    public const string RevokeSql = """
        with ended as (
            update grants set ended_at = @now, ended_reason = 'revoked_by_client'
             where id = @grant and client_id = @client and ended_at is null
            returning id, subject
        ), audit as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, address, detail)
            select @now, @request, 'revocation', 'ok', @client, subject::text, id, @address, 'refresh token: the grant and its tokens'
              from ended
        )
        select exists (select from ended)
        """;

    /// <summary>RFC 7009 §2.1. True when the grant was ended; false when it is another client's, or over already.</summary>
    public Task<bool> RevokeAsync(Guid grant, string client, string request, string address, DateTimeOffset now) =>
        database.FindAsync<bool>(RevokeSql, new { grant, client, request, address, now = now.UtcDateTime }, CancellationToken.None);
}
