-- What a million clients, five million grants and ten million audit rows need so that every page and every sweep reads little.
-- No index here names a column that a token's path changes.

create table audit_hours (
    hour     timestamptz primary key,
    issued   int not null,
    refused  int not null
);
comment on table audit_hours is 'What the audit log says of each hour that is over, added up once: the dashboard reads these. Filled and emptied by the server.';
comment on column audit_hours.hour is 'The hour''s first moment.';
comment on column audit_hours.issued is 'Access tokens issued.';
comment on column audit_hours.refused is 'Everything that was refused.';

-- A page of clients of a kind, of an origin, or disabled, in the order of their ids.
create index clients_of_kind on clients (kind, client_id);
create index clients_of_origin on clients (kind, origin, client_id);
create index clients_disabled on clients (kind, client_id) where not enabled;

-- Secrets that expire soon.
create index client_secrets_by_expiry on client_secrets (expires_at, id) where revoked_at is null and expires_at is not null;

-- Who holds a resource or scope. Also read when one is deleted.
create index clients_by_holding on clients using gin (resources, scopes, default_scopes);
create index clients_of_default_resource on clients (default_resource);

-- Part of a name or an id, anywhere in it: but not of a name without end, which would keep every search waiting. An index of pg_trgm would
-- do the same, where that extension may be installed.
create function trigrams(text) returns text[] language sql immutable strict parallel safe as $$
    select array(select substr(low, i, 3) from (select lower(left($1, 2400)) as low offset 0) as cut, generate_series(1, length(low) - 2) i)
$$;
comment on function trigrams(text) is 'Every three characters that follow each other, in lower case, of its first 2400: a text that has another one in it has all of its trigrams.';
create index clients_by_text on clients using gin (trigrams(left(name, 256) || ' ' || client_id));
create index users_by_text on users using gin (trigrams(username));

-- What a client did beside getting tokens, and what was refused to it or of a kind: a few rows among millions. A token that was issued
-- goes into none of these.
create index audit_events_of_client_and_kind on audit_events (client_id, event, at) where event <> 'token';
create index audit_events_of_client_refused on audit_events (client_id, at) where outcome = 'refused';
create index audit_events_of_kind_refused on audit_events (event, at) where outcome = 'refused';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, delete on audit_hours to oauth_server;
    end if;
end $$;

-- Registrations are looked at in turn, not by when they were seen: a visit changes no index any more. Last, since nobody reads the table
-- from here to the commit.
drop index registrations_by_sight;
