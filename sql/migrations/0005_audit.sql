-- The audit log: append-only, one row per decision, partitioned by month.

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
create index audit_events_by_request on audit_events (request_id);
create index audit_events_by_time on audit_events using brin (at);
create table audit_events_default partition of audit_events default;
comment on table audit_events is 'One row per decision. Rows are never changed; whole months are dropped when they are old enough.';
comment on column audit_events.at is 'When.';
comment on column audit_events.request_id is 'The Request-Id header of the answer; oauth-server why REQUEST_ID prints the story.';
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

create function audit_is_append_only() returns trigger language plpgsql as $$
begin
    raise insufficient_privilege using message = 'The audit log is append-only', hint = 'Whole months leave by audit_keep(months).';
end $$;
create trigger audit_is_append_only before update or delete on audit_events for each row execute function audit_is_append_only();
create trigger audit_is_never_truncated before truncate on audit_events for each statement execute function audit_is_append_only();

-- Makes this month's and next month's partition, drops those older than so many months.
create function audit_keep(months int) returns int language plpgsql security definer set search_path from current as $$
declare
    month date;
    part  text;
    dropped int := 0;
begin
    if months < 1 then
        raise check_violation using message = 'At least one month of audit is kept', hint = 'Write 1 or more.';
    end if;
    for i in 0..1 loop
        month := date_trunc('month', now() at time zone 'utc') + make_interval(months => i);
        part := 'audit_events_' || to_char(month, 'YYYY_MM');
        -- Rows already in the default partition would refuse the new one; then that month stays there.
        if to_regclass(part) is null
           and not exists (select from audit_events_default where at >= month::timestamp at time zone 'utc' and at < (month + interval '1 month') at time zone 'utc') then
            execute format('create table %I partition of audit_events for values from (%L) to (%L)',
                part, month::timestamp at time zone 'utc', (month + interval '1 month') at time zone 'utc');
        end if;
    end loop;
    for part in select inhrelid::regclass::text from pg_inherits
                 where inhparent = 'audit_events'::regclass
                   and inhrelid::regclass::text ~ 'audit_events_\d{4}_\d{2}$'
                   and to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')
                       < date_trunc('month', now() at time zone 'utc') - make_interval(months => months) loop
        execute format('drop table %s', part);
        dropped := dropped + 1;
    end loop;
    return dropped;
end $$;
comment on function audit_keep(int) is 'Makes the partitions of this and the next month, drops those older than so many months; answers how many it dropped.';
select audit_keep(120);

-- One row per edit of a table an operator types into, whoever made it: psql, command or panel.
create function audit_edit() returns trigger language plpgsql as $$
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
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user), host(inet_client_addr()),
            lower(tg_op) || ' ' || tg_table_name || coalesce(' ' || coalesce(whole ->> 'id', whole ->> 'uri', whole ->> 'name', whole ->> 'scope', whole ->> 'username', whole ->> 'kid'), '') || coalesce(': ' || changed, ''));
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

create trigger clients_audit after insert or delete or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row execute function audit_edit();
create trigger clients_notify after insert or delete or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row execute function notify_change();
create trigger client_secrets_audit after insert or delete or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row execute function audit_edit();
create trigger client_secrets_notify after insert or delete or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row execute function notify_change();
create trigger resources_audit after insert or update or delete on resources for each row execute function audit_edit();
create trigger resources_notify after insert or update or delete on resources for each row execute function notify_change();
create trigger resource_texts_audit after insert or update or delete on resource_texts for each row execute function audit_edit();
create trigger resource_texts_notify after insert or update or delete on resource_texts for each row execute function notify_change();
create trigger scopes_audit after insert or update or delete on scopes for each row execute function audit_edit();
create trigger scopes_notify after insert or update or delete on scopes for each row execute function notify_change();
create trigger scope_texts_audit after insert or update or delete on scope_texts for each row execute function audit_edit();
create trigger scope_texts_notify after insert or update or delete on scope_texts for each row execute function notify_change();
create trigger users_audit after insert or update or delete on users for each row execute function audit_edit();
create trigger signing_keys_audit after insert or update or delete on signing_keys for each row execute function audit_edit();
create trigger signing_keys_notify after insert or update or delete on signing_keys for each row execute function notify_change();
