-- Device authorization (RFC 8628): what devices wait for, and wrong codes that people typed.

create table device_requests (
    id             uuid primary key,
    client_id      text not null references clients on delete cascade on update cascade,
    code_hash      bytea not null,
    user_code_mac  bytea not null unique,
    query          text not null,
    address        text not null,
    subscriber     text not null,
    created_at     timestamptz not null,
    expires_at     timestamptz not null,
    poll_seconds   int not null,
    polled_at      timestamptz,
    denied_at      timestamptz,
    jkt            text,
    constraint device_requests_poll_seconds_range check (poll_seconds between 1 and 60)
) with (fillfactor = 60);
comment on table device_requests is 'Requests of devices that wait for a person (RFC 8628). Allow turns one into a grant.';
comment on column device_requests.id is 'UUIDv7. The device code begins with it, and the grant it becomes has it.';
comment on column device_requests.client_id is 'The client that sent the request.';
comment on column device_requests.code_hash is 'SHA-256 of the device code''s first octet and secret.';
comment on column device_requests.user_code_mac is 'HMAC-SHA-256 of the user code, under a key that the key-encryption key yields (HKDF): the code itself is nowhere.';
comment on column device_requests.query is 'What was requested: client, scope and resources. Read and checked anew at every step.';
comment on column device_requests.address is 'Where it came from; the person reads it.';
comment on column device_requests.subscriber is 'The address by which open requests are counted: IPv6 by its /64.';
comment on column device_requests.created_at is 'When the device asked.';
comment on column device_requests.expires_at is 'No code of it works from then on.';
comment on column device_requests.poll_seconds is 'Least seconds between two polls: five more after each that came too early.';
comment on column device_requests.polled_at is 'The last poll that did not come too early; null: none.';
comment on column device_requests.denied_at is 'When a person said no; null: nobody did.';
comment on column device_requests.jkt is 'The key that a poll showed first, to which its grant is bound (RFC 9449); null: none.';
create index device_requests_of_client on device_requests (client_id, subscriber);
create index device_requests_by_expiry on device_requests (expires_at);

create table device_attempts (
    key         bytea primary key,
    failed_at   timestamptz[] not null,
    expires_at  timestamptz not null
) with (fillfactor = 60);
comment on table device_attempts is 'Wrong user codes, counted by session, person and address: who typed too many waits.';
comment on column device_attempts.key is 'SHA-256 of what is counted by: a session, a person or an address.';
comment on column device_attempts.failed_at is 'When a wrong code was typed, in the last hour.';
comment on column device_attempts.expires_at is 'When none of them counts any more.';
create index device_attempts_by_expiry on device_attempts (expires_at);

alter table authorization_requests add column device uuid;
comment on column authorization_requests.device is 'The request of a device whose code was typed here; null: a browser began it.';

-- Extensions have URNs for names (RFC 6749 §4.5); what stands behind the last colon says enough in SQL.
create function clients_name_grant_types() returns trigger language plpgsql as $$
declare
    prefix constant text := 'urn:ietf:params:oauth:grant-type:';
begin
    if exists (select from unnest(new.grant_types) as one join grant_types g on g.name = prefix || one) then
        new.grant_types := array(
            select coalesce((select name from grant_types where name = prefix || one), one)
              from unnest(new.grant_types) with ordinality as u (one, place) order by place);
    end if;
    return new;
end $$;
comment on function clients_name_grant_types() is 'Writes the URN of a grant type for its short name: device_code, jwt-bearer, token-exchange.';
-- Its name sorts behind check_lists, which refuses lists that cannot be read, and before clients_check.
create trigger check_short_grant_types before insert or update of grant_types on clients
    for each row execute function clients_name_grant_types();

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on device_requests, device_attempts to oauth_server;
    end if;
end $$;
