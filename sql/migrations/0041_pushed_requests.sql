-- Authorization requests that clients push before they send anybody here (RFC 9126).

create table pushed_requests (
    reference_hash  bytea primary key,
    client_id       text not null,
    query           text not null,
    created_at      timestamptz not null,
    expires_at      timestamptz not null,
    used_at         timestamptz,
    constraint pushed_requests_reference_form check (length(reference_hash) = 32)
);
comment on table pushed_requests is 'Authorization requests that clients have pushed (RFC 9126) and that wait for a browser.';
comment on column pushed_requests.reference_hash is 'SHA-256 of the reference in request_uri: 256 random bits.';
comment on column pushed_requests.client_id is 'The client that pushed it: no other may use it.';
comment on column pushed_requests.query is 'The request as it came, without what authenticated the client.';
comment on column pushed_requests.created_at is 'When it was pushed.';
comment on column pushed_requests.expires_at is 'When it is worth nothing any more, and then deleted.';
comment on column pushed_requests.used_at is 'When a browser came with it, which happens once; null: none has.';
create index pushed_requests_by_expiry on pushed_requests (expires_at);

alter table authorization_requests add column pushed boolean not null default false;
comment on column authorization_requests.pushed is 'True: the client had pushed it (RFC 9126). False: it came by the browser.';

alter table clients add column par_required boolean not null default false;
comment on column clients.par_required is 'True: it pushes every authorization request (RFC 9126), and no other is taken. False: the settings decide.';

create function clients_check_par() returns trigger language plpgsql as $$
begin
    if new.par_required and new.kind <> 'user-facing' then
        raise check_violation using message = 'A client of this kind has no authorization requests', column = 'par_required',
            hint = 'Leave par_required false.';
    end if;
    return new;
end $$;
comment on function clients_check_par() is 'Says where clients.par_required has a meaning.';
create trigger clients_check_par before insert or update of par_required, kind on clients
    for each row execute function clients_check_par();
create trigger clients_notify_par after update of par_required on clients for each row execute function notify_change();

-- Whatever columns it names by now; min_acr was missing among them. An edit of several columns is one row of the log.
do $$
declare definition text; missing text;
begin
    select pg_get_triggerdef(oid) into strict definition
      from pg_trigger where tgrelid = 'clients'::regclass and tgname = 'clients_audit';
    select string_agg(', ' || name, '') into missing
      from unnest('{min_acr,par_required}'::text[]) as name where definition !~ ('\m' || name || '\M');
    if missing is null then return; end if;
    drop trigger clients_audit on clients;
    execute regexp_replace(definition, ' ON (\S*clients) FOR EACH ROW', missing || ' ON \1 FOR EACH ROW');
end $$;

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on pushed_requests to oauth_server;
    end if;
end $$;
