-- Request ids begin with 48 bits of Unix milliseconds, and every row a request writes has that very millisecond: it is found by the
-- index of moments, and the index of request ids goes.
drop index audit_events_by_request;

create function request_time(request_id text) returns timestamptz language sql immutable strict parallel safe as $$
    select timestamptz 'epoch' + interval '1 millisecond' * ('x' || case
               when $1 like 'sql-%' then substr($1, 5, 12)
               else encode(decode(translate(left($1, 8), '-_', '+/'), 'base64'), 'hex') end)::bit(48)::bigint
     where $1 ~ '^([A-Za-z0-9_-]{20}|sql-[0-9a-f]{12}-[0-9]+)$'
$$;
comment on function request_time(text) is 'The millisecond a request id carries; null for an id that carries none.';

-- One row per edit, whoever made it: psql, command or panel. An edit made over the web has the request's id and time, and the address
-- of the person who made it; one in plain SQL has an id made of the transaction's time and number.
create or replace function audit_edit() returns trigger language plpgsql as $$
declare
    before  jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after   jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    whole   jsonb := before || after;
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
    row_key text := coalesce(whole ->> 'id', whole ->> 'uri', whole ->> 'name', whole ->> 'scope', whole ->> 'username', whole ->> 'kid');
    changed text;
begin
    if tg_op = 'UPDATE' then
        select string_agg(key, ' ' order by key) into changed from jsonb_each(after)
         where value is distinct from before -> key and key <> 'last_used_at';
        if changed is null then return null; end if;
    end if;
    insert into audit_events (at, request_id, event, outcome, client_id, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'edit', 'ok',
            whole ->> 'client_id', whole ->> 'subject',
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())),
            lower(tg_op) || ' ' || tg_table_name || coalesce(' ' || row_key, '') || coalesce(': ' || changed, ''));
    return null;
end $$;

comment on column audit_events.at is 'When: for a request, the millisecond its id carries.';
comment on column audit_events.request_id is 'The Request-Id header of the answer; oauth-server why REQUEST_ID explains it.';
