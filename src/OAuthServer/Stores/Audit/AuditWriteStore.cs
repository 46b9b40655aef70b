using NpgsqlTypes;
using OAuthServer.Stores.Postgres;
using OAuthServer.Stores.UsedProofs;

namespace OAuthServer.Stores.Audit;

/// <summary>A row to write, and what is spent with it.</summary>
public readonly record struct AuditLine(AuditRow Row, Proofs Proofs);

/// <summary>audit_events, as it is written: added to, never changed.</summary>
public sealed class AuditWriteStore(Database database)
{
    // The id a refused request came with is kept only when a client has it, or when it is a URL: a secret or a token sent in its place
    // is not (see Presented, which writes the same note).
    // What succeeded is written only if each proof it stands on was new; a refusal always, and what proved its client is spent.
    public const string InsertSql = $"""
        with item as materialized (
            select *
              from unnest(@at::timestamptz[], @request_id::text[], @event::text[], @outcome::text[], @client_id::text[],
                @subject::text[], @grant_id::uuid[], @jti::text[], @address::text[], @actor::text[],
                @error::text[], @rule::text[], @reason::text[], @expected::text[], @got::text[], @detail::text[], {ProofSql.Arrays})
                with ordinality as line (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, actor,
                         error, rule, reason, expected, got, detail, {ProofSql.Columns}, place)
        ), shown as (
            {ProofSql.Shown}
        ), {ProofSql.Spent}, written as (
            insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, jti, address, actor,
                                      error, rule, reason, expected, got, detail)
            select at, request_id, event, outcome,
                   case when outcome = 'ok' or client_id is null or client_id like 'https://%'
                             or exists (select from clients where clients.client_id = line.client_id) then client_id
                        else 'unknown (' || length(client_id) || ' characters, sha256 '
                             || left(encode(sha256(convert_to(client_id, 'UTF8')), 'hex'), 8) || '…)' end,
                   subject, grant_id, jti, address, actor, error, rule, reason, expected, got, detail
              from item as line
             where outcome = 'refused' or not exists (select from unproven u where u.place = line.place)
        )
        select place::int, which from unproven
        """;

    private static readonly ArrayStatement<AuditLine> Insert = new(InsertSql, lines =>
    {
        lines.AddTime("at", line => line.Row.At);
        lines.AddText("request_id", line => line.Row.RequestId);
        lines.AddText("event", line => line.Row.Event);
        lines.AddText("outcome", line => line.Row.Outcome);
        lines.AddText("client_id", line => line.Row.ClientId);
        lines.AddText("subject", line => line.Row.Subject);
        lines.Add("grant_id", NpgsqlDbType.Uuid, line => line.Row.GrantId);
        lines.AddText("jti", line => line.Row.Jti);
        lines.AddText("address", line => line.Row.Address);
        lines.AddText("actor", line => line.Row.Actor);
        lines.AddText("error", line => line.Row.Error);
        lines.AddText("rule", line => line.Row.Rule);
        lines.AddText("reason", line => line.Row.Reason);
        lines.AddText("expected", line => line.Row.Expected);
        lines.AddText("got", line => line.Row.Got);
        lines.AddText("detail", line => line.Row.Detail);
        ProofSql.Bind(lines, line => line.Proofs);
    });

    /// <summary>All lines in one statement, durable when it returns; for each, the proof that was used before.</summary>
    public async Task<IReadOnlyList<UsedBefore>> InsertAsync(IReadOnlyList<AuditLine> lines) =>
        await Insert.ReadAsync(database, lines, row => (UsedBefore)row.GetInt32(1));
}
