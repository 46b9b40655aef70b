-- Dynamic registration (RFC 7591, RFC 7592): what clients say about themselves, who may register by invitation, and one rule for
-- redirect URIs which the server checks by the same words before it comes here.

-- The form of a redirect URI, and nothing else. Which private-use schemes somebody may have depends on who they are: see
-- clients_schemes below for operators, and the setting RegistrationSchemes for strangers.
create or replace function redirect_uri_problem(uri text) returns text language plpgsql immutable as $$
declare
    scheme    text := lower(substring(uri from '^([A-Za-z][A-Za-z0-9+.-]*):'));
    authority text := lower(substring(uri from '^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)'));
    host      text := substring(authority from '^(\[[^]]*\]|[^:]*)');
    port      text := substr(authority, length(host) + 1);
    octet     constant text := '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
    here      boolean := host in ('localhost', '[::1]') or host ~ ('^127\.' || octet || '\.' || octet || '\.' || octet || '$');
begin
    if uri is null or uri = '' then return 'A redirect URI is empty'; end if;
    if uri !~ '^[\x21-\x7E]+$' then return 'A redirect URI has a space, a control character or a character outside ASCII'; end if;
    if length(uri) > 2048 then return 'A redirect URI is longer than 2048 characters'; end if;
    if scheme is null then return 'A redirect URI is not absolute'; end if;
    if scheme in ('javascript', 'data', 'file', 'vbscript', 'blob', 'about') then return 'A redirect URI has a scheme that can run code'; end if;
    if position('#' in uri) > 0 then return 'A redirect URI has a fragment'; end if;
    if position('*' in uri) > 0 then return 'A redirect URI has a wildcard'; end if;
    if uri ~ '["<>\\^`{|}]' then return 'A redirect URI has a character that must be percent-encoded'; end if;
    if position('@' in authority) > 0 then return 'A redirect URI carries user information'; end if;
    if scheme not in ('http', 'https') then return null; end if;
    if coalesce(host, '') = '' then return 'A redirect URI has no host'; end if;
    if port <> '' and (port !~ '^:[0-9]{1,5}$' or substr(port, 2)::int not between 1 and 65535) then return 'A redirect URI has a malformed port'; end if;
    if scheme = 'http' and not here then return 'An http redirect URI is for this computer only'; end if;
    if scheme = 'https' and host <> 'localhost'
       and (length(host) > 253 or host !~ '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$') then
        return 'An https redirect URI needs a fully qualified domain name';
    end if;
    return null;
end $$;

create function clients_schemes() returns trigger language plpgsql as $$
begin
    if exists (select from unnest(new.redirect_uris) as uri
                where uri !~* '^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:' and uri !~* '^(https?|cursor|vscode|vscode-insiders|windsurf):') then
        raise check_violation using message = 'A private-use scheme needs a dot', column = 'redirect_uris',
            hint = 'Write a domain name of yours backwards, such as com.example.app:/path.';
    end if;
    return new;
end $$;
comment on function clients_schemes() is 'RFC 8252 §7.1, for rows an operator types; a client that registers itself has only the schemes the setting lists.';
-- After clients_check by name, so that a URI no row may have is called by its own name.
create trigger clients_schemes before insert or update of redirect_uris, origin on clients
    for each row when (new.origin <> 'self-registered') execute function clients_schemes();

create table initial_access_tokens (
    id          bigint generated always as identity primary key,
    hash        bytea not null unique,
    kind        text not null default 'any',
    label       text not null default '',
    uses_left   int not null default 1,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    constraint initial_access_tokens_kind_known check (kind in ('machine', 'any')),
    constraint initial_access_tokens_uses check (uses_left >= 0),
    constraint initial_access_tokens_hash_form check (length(hash) = 32)
);
create index initial_access_tokens_by_expiry on initial_access_tokens (expires_at);
comment on table initial_access_tokens is 'Invitations to register (RFC 7591 §3): oauth-server clients invite makes them. Delete a row to take one back.';
comment on column initial_access_tokens.id is 'Names the invitation in the audit log.';
comment on column initial_access_tokens.hash is 'SHA-256 of the 256-bit token, which is shown once.';
comment on column initial_access_tokens.kind is 'machine: for client_credentials only. any: for every client.';
comment on column initial_access_tokens.label is 'For operators.';
comment on column initial_access_tokens.uses_left is 'Registrations it is still good for.';
comment on column initial_access_tokens.created_at is 'When it was made.';
comment on column initial_access_tokens.expires_at is 'Refused from then on.';
create trigger initial_access_tokens_audit after insert or delete or update of kind, label, expires_at on initial_access_tokens
    for each row when (current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();

create table registrations (
    client_id    text primary key references clients on delete cascade on update cascade,
    token_hash   bytea not null unique,
    scope        text[] not null,
    client_uri   text,
    logo_uri     text,
    tos_uri      text,
    policy_uri   text,
    issued_at    timestamptz not null,
    seen_at      timestamptz not null,
    invited_by   bigint,
    deleted_at   timestamptz,
    constraint registrations_token_hash_form check (length(token_hash) = 32)
) with (fillfactor = 80);
create index registrations_by_sight on registrations (seen_at);
comment on table registrations is 'What a client that registered itself said beyond its row in clients (RFC 7591), and the hash that lets it come back (RFC 7592).';
comment on column registrations.client_id is 'The client.';
comment on column registrations.token_hash is 'SHA-256 of the 256-bit registration access token.';
comment on column registrations.scope is 'The open scopes it asked for; empty: it asked for none, and may have any open one.';
comment on column registrations.client_uri is 'Its home page, https. Never fetched.';
comment on column registrations.logo_uri is 'Its logo, https. Never fetched, never shown.';
comment on column registrations.tos_uri is 'Its terms of service, https. Never fetched.';
comment on column registrations.policy_uri is 'Its privacy policy, https. Never fetched.';
comment on column registrations.issued_at is 'client_id_issued_at.';
comment on column registrations.seen_at is 'When it registered, or last came back to its registration.';
comment on column registrations.invited_by is 'The invitation it came with; null: nobody asked for one.';
comment on column registrations.deleted_at is 'Set by its own DELETE. The row stays disabled for a day, until the last access token has expired, so that resource servers hear of it.';

-- One registration, one audit row. The statements that register, update, delete and sweep write their own row of kind registration;
-- the edit triggers keep still for the server's writes to rows that registered themselves, and go on recording everybody else's.
-- Nor is a new client worth a NOTIFY, which takes a lock on the whole database at commit: nobody remembers a row that was not there.
drop trigger clients_audit on clients;
drop trigger clients_notify on clients;
drop trigger client_secrets_audit on client_secrets;
drop trigger client_secrets_notify on client_secrets;

create trigger clients_audit_insert after insert on clients for each row
    when (new.origin <> 'self-registered' or current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();
create trigger clients_audit_delete after delete on clients for each row
    when (old.origin <> 'self-registered' or current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();
create trigger clients_audit after update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row
    when (old.origin <> 'self-registered' or current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();
create trigger clients_notify_insert after insert on clients for each row
    when (new.origin <> 'self-registered' or current_setting('oauth.actor', true) is distinct from 'server') execute function notify_change();
create trigger clients_notify after delete or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row execute function notify_change();

-- The server by itself writes secrets of self-registered clients only.
create trigger client_secrets_audit after insert or delete or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row when (current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();
create trigger client_secrets_notify_insert after insert on client_secrets for each row
    when (current_setting('oauth.actor', true) is distinct from 'server') execute function notify_change();
create trigger client_secrets_notify after delete or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row execute function notify_change();

-- What registers itself gets open scopes only, also when one is closed later on.
create function scopes_close() returns trigger language plpgsql as $$
begin
    update clients set scopes = array_remove(scopes, old.name), default_scopes = array_remove(default_scopes, old.name)
     where origin = 'self-registered' and kind = 'user-facing' and old.name = any (scopes);
    return null;
end $$;
comment on function scopes_close() is 'A scope that is closed leaves the people-facing clients that registered themselves with it.';
create trigger scopes_close after update of open on scopes for each row when (old.open and not new.open) execute function scopes_close();

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on registrations to oauth_server;
        grant select, update, delete on initial_access_tokens to oauth_server;
    end if;
end $$;

-- A client that leaves takes its remembered consents along.
create index consents_of_client on consents (client_id);
