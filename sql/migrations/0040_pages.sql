-- What pages for people and the administration panel need of the tables.

-- A person may allow something for an hour only: what is remembered of it ends with it, and so does every grant made from it.
alter table consents add column expires_at timestamptz;
comment on column consents.expires_at is 'Until when it was allowed; null: as long as the client''s row says.';

-- An edit made over the web leaves the address of the person who made it, not of the server's own connection.
create or replace function audit_edit() returns trigger language plpgsql as $$
declare
    before  jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after   jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    whole   jsonb := before || after;
    changed text;
begin
    if tg_op = 'UPDATE' then
        select string_agg(key, ' ' order by key) into changed from jsonb_each(after)
         where value is distinct from before -> key and key <> 'last_used_at';
        if changed is null then return null; end if;
    end if;
    insert into audit_events (at, request_id, event, outcome, client_id, subject, actor, address, detail)
    values (clock_timestamp(), coalesce(nullif(current_setting('oauth.request_id', true), ''), 'sql-' || txid_current()), 'edit', 'ok',
            whole ->> 'client_id', whole ->> 'subject',
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())),
            lower(tg_op) || ' ' || tg_table_name || coalesce(' ' || coalesce(whole ->> 'id', whole ->> 'uri', whole ->> 'name', whole ->> 'scope', whole ->> 'username', whole ->> 'kid'), '') || coalesce(': ' || changed, ''));
    return null;
end $$;

insert into scope_texts (scope, locale, text) values ('offline_access', 'ar', 'البقاء متصلًا في أثناء غيابك') on conflict do nothing;
