-- The row of an edit says the old and the new value of each column that changed: "update clients nightly-etl: enabled: true → false;
-- scopes: +notes:write -notes:read". An inserted row says what it begins with, a deleted one what it had. Never a secret or its hash.

create function audit_value(column_name text, value jsonb) returns text language plpgsql immutable parallel safe as $$
begin
    return (select case
        when jsonb_typeof(value) is null or jsonb_typeof(value) = 'null' then 'nothing'
        when jsonb_typeof(value) <> 'string' then left(value::text, 100)
        when text ~ '^[A-Za-z0-9_.:/?&=%@+~-]+$' and text not in ('nothing', 'true', 'false') then text
        else to_json(text)::text end
      from (select left(safe, 100) || case when length(safe) > 100 then '…' else '' end as text
              from (select case when column_name in ('name', 'note', 'label', 'text')
                                -- What people write for each other may have a secret pasted into it.
                                then regexp_replace(known, '[A-Za-z0-9_+/=-]{32,}', '(hidden)', 'g') else known end as safe
                      from (select regexp_replace(value #>> '{}',
                                '\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]*|eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*', '(hidden)', 'g') as known
                           ) as one) as two) as three);
end $$;
comment on function audit_value(text, jsonb) is 'A value as the audit log says it: cut, and quoted unless it is one plain word; no secret.';

create function audit_list_change(column_name text, before jsonb, after jsonb) returns text language plpgsql immutable parallel safe as $$
begin
    return (with lists as (
        select case when jsonb_typeof(before) = 'array' then before else '[]' end as old,
               case when jsonb_typeof(after) = 'array' then after else '[]' end as new
    ), moved as (
        select '+' as sign, one, place from lists, jsonb_array_elements_text(new) with ordinality as u (one, place) where not old ? one
        union all
        select '-', one, place from lists, jsonb_array_elements_text(old) with ordinality as u (one, place) where not new ? one
    ), counted as (
        select sign, one, row_number() over (partition by sign order by place) as place from moved
    )
    select string_agg(sign || case when place <= 20 then audit_value(column_name, to_jsonb(one)) else '…' end, ' ' order by sign, place)
      from counted where place <= 21);
end $$;
comment on function audit_list_change(text, jsonb, jsonb) is 'What joined a list and what left it, at most 20 each; null: neither.';

create function audit_change(column_name text, before jsonb, after jsonb) returns text language plpgsql immutable parallel safe as $$
begin
    return (select case
        when column_name = 'password_hash' then 'password changed'
        when column_name = 'hash' then 'secret changed'
        when column_name ~ '(hash|sealed|secret|password|public_key)' then column_name || ' changed'
        when 'array' in (jsonb_typeof(before), jsonb_typeof(after)) then
            column_name || ': ' || coalesce(audit_list_change(column_name, before, after), 'in another order')
        when before is null then column_name || ': ' || audit_value(column_name, after)
        when after is null then column_name || ': ' || audit_value(column_name, before)
        else column_name || ': ' || audit_value(column_name, before) || ' → ' || audit_value(column_name, after) end);
end $$;
comment on function audit_change(text, jsonb, jsonb) is 'One column of an edit: enabled: true → false.';

create or replace function audit_edit() returns trigger language plpgsql set timezone to 'UTC' as $$
declare
    before  jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after   jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    whole   jsonb := before || after;
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
    row_key text := case when tg_table_name = 'clients' then whole ->> 'client_id'
        else coalesce(whole ->> 'id', whole ->> 'uri', whole ->> 'name', whole ->> 'scope', whole ->> 'username', whole ->> 'kid')
             || coalesce(' ' || (whole ->> 'locale'), '') end;
    changed text;
begin
    select string_agg(audit_change(key, before -> key, after -> key), '; ' order by key) into changed
      from jsonb_object_keys(whole) as key
     where before -> key is distinct from after -> key and key not in ('last_used_at', 'redirect_uri')
       -- Of a whole row: neither its key, which stands before it, nor what is empty, nor that there is a secret.
       and (tg_op = 'UPDATE' or not (key in ('client_id', 'subject', 'id', 'uri', 'scope', 'locale', 'username', 'kid', 'created_at')
            or whole -> key in ('null', '[]', '""') or whole ->> key = row_key or key ~ '(hash|sealed|public_key)'));
    if tg_op = 'UPDATE' and changed is null then return null; end if;
    insert into audit_events (at, request_id, event, outcome, client_id, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'edit', 'ok',
            whole ->> 'client_id', whole ->> 'subject',
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())),
            lower(tg_op) || ' ' || tg_table_name || coalesce(' ' || row_key, '') || coalesce(': ' || changed, ''));
    return null;
end $$;
comment on column audit_events.detail is 'Scope and resource; of an edit the row and its old and new values, never a secret or its hash.';
