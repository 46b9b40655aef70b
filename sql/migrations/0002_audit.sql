-- The audit log: append-only, one row per decision, partitioned by month. Triggers are its only writer for edits of the tables an
-- operator types into.

create table audit_events (
    at          timestamptz not null,
    request_id  text not null,
    event       text not null,
    outcome     text not null,
    client_id   text,
    subject     text,
    grant_id    uuid,
    jti         text,
    address     text,
    actor       text,
    error       text,
    rule        text,
    reason      text,
    expected    text,
    got         text,
    detail      text,
    constraint audit_events_outcome_known check (outcome in ('ok', 'refused'))
) partition by range (at);
comment on table audit_events is 'One row per decision. Rows are never changed; whole months are dropped when they are old enough.';
comment on column audit_events.at is 'When: for a request, the millisecond its id carries.';
comment on column audit_events.request_id is 'The Request-Id header of the answer; oauth-server why REQUEST_ID explains it.';
comment on column audit_events.event is 'token, code, sign-in, consent, revocation, edit, …';
comment on column audit_events.outcome is 'ok or refused.';
comment on column audit_events.client_id is 'The client, as far as it was known.';
comment on column audit_events.subject is 'The person, or the client itself.';
comment on column audit_events.grant_id is 'The grant.';
comment on column audit_events.jti is 'The access token''s jti: never the token.';
comment on column audit_events.address is 'Where the request came from.';
comment on column audit_events.actor is 'Who made an edit.';
comment on column audit_events.error is 'The public error code.';
comment on column audit_events.rule is 'The rule that refused, by its RFC section.';
comment on column audit_events.reason is 'The private reason.';
comment on column audit_events.expected is 'What the rule expected.';
comment on column audit_events.got is 'What came, never a secret.';
comment on column audit_events.detail is 'Scope, resource, columns edited.';
create table audit_events_default partition of audit_events default;

-- The log is read newest first, by moment, client, person or kind; a page of it must not read a month. A row of a machine's token,
-- which is most of them, goes into the first indexes only. The index by moment answers the dashboard by itself, without the rows.
create index audit_events_by_moment on audit_events (at) include (event, outcome);
create index audit_events_of_client on audit_events (client_id, at);
create index audit_events_of_person on audit_events (subject, at) where subject is distinct from client_id;
create index audit_events_of_kind on audit_events (event, at) where event <> 'token';
create index audit_events_of_refusals on audit_events (at) where outcome = 'refused';
create index audit_events_of_reuse on audit_events (at) where detail in ('code_replayed', 'refresh_reused');

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'The audit log is append-only', hint = 'Whole months leave by audit_keep(months).';
end $$;
create trigger audit_is_append_only before update or delete on audit_events for each row execute function audit_is_append_only();
create trigger audit_is_never_truncated before truncate on audit_events for each statement execute function audit_is_append_only();

-- Months are made two ahead, standalone and then attached, which locks out nobody who writes to the log; whatever needs a lock that
-- somebody holds (pg_dump, a long transaction) waits 100 ms and is left for the next minute.
create function audit_keep(months int, out waits boolean, out strays boolean) language plpgsql security definer
    set search_path from current set lock_timeout = '100ms' as $$
declare
    month date;
    part  text;
begin
    if months < 1 then
        raise check_violation using message = 'At least one month of audit is kept', hint = 'Write 1 or more.';
    end if;
    waits := false;
    -- Several servers keep the same log: one at a time.
    if pg_try_advisory_xact_lock(7305914) then
        begin
            for i in 0..2 loop
                month := date_trunc('month', now() at time zone 'utc') + make_interval(months => i);
                part := 'audit_events_' || to_char(month, 'YYYY_MM');
                -- Rows already in the default partition would refuse the new one; then that month stays there.
                continue when to_regclass(part) is not null
                    or exists (select from audit_events_default
                                where at >= month::timestamp at time zone 'utc' and at < (month + interval '1 month') at time zone 'utc');
                execute format('create table %I (like audit_events including all)', part);
                execute format('alter table audit_events attach partition %I for values from (%L) to (%L)',
                    part, month::timestamp at time zone 'utc', (month + interval '1 month') at time zone 'utc');
            end loop;
        exception when lock_not_available then
            waits := true;
        end;
        begin
            for part in select inhrelid::regclass::text from pg_inherits
                         where not waits and inhparent = 'audit_events'::regclass
                           and inhrelid::regclass::text ~ 'audit_events_\d{4}_\d{2}$'
                           and to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')
                               < date_trunc('month', now() at time zone 'utc') - make_interval(months => months) loop
                execute format('drop table %s', part);
            end loop;
        exception when lock_not_available then
            waits := true;
        end;
    end if;
    strays := exists (select from audit_events_default);
end $$;
comment on function audit_keep(int) is 'Makes the partitions of this and the next two months, drops those older than so many months; answers whether something waits for a lock, and whether the default partition has rows.';

-- Before the first row is written: a month that has begun in the default partition stays there.
do $$
begin
    perform audit_keep(1200);
end $$;

create function request_time(request_id text) returns timestamptz language sql immutable strict parallel safe as $$
    select timestamptz 'epoch' + interval '1 millisecond' * ('x' || case
               when $1 like 'sql-%' then substr($1, 5, 12)
               else encode(decode(translate(left($1, 8), '-_', '+/'), 'base64'), 'hex') end)::bit(48)::bigint
     where $1 ~ '^([A-Za-z0-9_-]{20}|sql-[0-9a-f]{12}-[0-9]+)$'
$$;
comment on function request_time(text) is 'The millisecond a request id carries; null for an id that carries none.';

-- One row per edit, whoever made it: psql, command or panel. An edit made over the web has the request's id and time, and the address
-- of the person who made it; one in plain SQL has an id made of the transaction's time and number.
create function audit_edit() returns trigger language plpgsql as $$
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

-- Running servers drop what they remember of the row.
create function notify_change() returns trigger language plpgsql as $$
begin
    if tg_table_name in ('clients', 'client_secrets') then
        if tg_op <> 'INSERT' then perform pg_notify('oauth_changes', 'clients:' || old.client_id); end if;
        if tg_op <> 'DELETE' then perform pg_notify('oauth_changes', 'clients:' || new.client_id); end if;
    else
        perform pg_notify('oauth_changes', tg_table_name);
    end if;
    return null;
end $$;
