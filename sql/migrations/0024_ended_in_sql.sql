-- Grants and sessions that an operator ends in SQL are on record as those ended by command or on a page are. What the server does has
-- its own rows, and sets oauth.actor.

create function audit_end() returns trigger language plpgsql as $$
declare
    request text := 'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current();
begin
    insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request,
            case tg_table_name when 'grants' then 'revocation' else 'sign-out' end, 'ok',
            to_jsonb(old) ->> 'client_id', old.subject::text, (to_jsonb(old) ->> 'id')::uuid,
            'sql:' || session_user, host(inet_client_addr()),
            case tg_table_name when 'grants' then 'in SQL: the grant and its tokens' else 'in SQL: one session' end);
    return null;
end $$;

create trigger grants_audit after update of ended_at on grants for each row
    when (old.ended_at is null and new.ended_at is not null
          -- Those of a person who was disabled or got a password have that edit's row.
          and coalesce(new.ended_reason, '') not in ('user_disabled', 'password_changed')
          and coalesce(current_setting('oauth.actor', true), '') = '')
    execute function audit_end();
create trigger sessions_audit after delete on sessions for each row
    when (coalesce(current_setting('oauth.actor', true), '') = '')
    execute function audit_end();
comment on function audit_end() is 'Writes who ended a grant or a session in SQL, as audit_edit does of other rows.';
