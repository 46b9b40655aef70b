-- Resources, scopes, clients and their secrets: the tables an operator types into.
-- Every refusal below says what to write and never repeats the value that was refused.

create table resources (
    uri      text primary key,
    name     text not null,
    enabled  boolean not null default true,
    constraint resources_uri_form check (uri ~ '^[A-Za-z][A-Za-z0-9+.-]*://[^#\s]+$' and length(uri) <= 2048)
);
comment on table resources is 'Protected resources (RFC 8707): what an access token is for. The uri goes into aud as it is spelt here.';
comment on column resources.uri is 'Absolute URI without a fragment.';
comment on column resources.name is 'The name a person reads on the consent page; resource_texts overrides it per locale.';
comment on column resources.enabled is 'False: no new token for this resource.';

create table resource_texts (
    uri     text not null references resources on delete cascade on update cascade,
    locale  text not null,
    name    text not null,
    primary key (uri, locale)
);
comment on table resource_texts is 'Names of resources per locale (BCP 47).';
comment on column resource_texts.uri is 'The resource.';
comment on column resource_texts.locale is 'en, de, ar, …';
comment on column resource_texts.name is 'What a person reads.';

create table scopes (
    name       text primary key,
    resource   text references resources on delete cascade on update cascade,
    access     text not null default 'read',
    open       boolean not null default false,
    sensitive  boolean not null default false,
    optional   boolean not null default true,
    constraint scopes_name_form check (name ~ '^[\x21\x23-\x5B\x5D-\x7E]{1,128}$'),
    constraint scopes_access_known check (access in ('read', 'write'))
);
comment on table scopes is 'Every scope this server knows (RFC 6749 §3.3).';
comment on column scopes.name is 'Printable ASCII without space, quote or backslash.';
comment on column scopes.resource is 'The resource it belongs to; null for a scope of no resource, such as offline_access.';
comment on column scopes.access is 'read or write: the consent page offers to allow only the reading ones.';
comment on column scopes.open is 'True: any user-facing client may ask for it. False: only clients whose scopes list it.';
comment on column scopes.sensitive is 'True: not ticked beforehand on the consent page.';
comment on column scopes.optional is 'True: the person may untick it.';

create table scope_texts (
    scope   text not null references scopes on delete cascade on update cascade,
    locale  text not null,
    text    text not null,
    primary key (scope, locale)
);
comment on table scope_texts is 'What a scope means, in words, per locale (BCP 47).';
comment on column scope_texts.scope is 'The scope.';
comment on column scope_texts.locale is 'en, de, ar, …';
comment on column scope_texts.text is 'Continues the sentence "This app will be able to …".';

create table clients (
    client_id              text primary key,
    kind                   text not null,
    name                   text not null,
    origin                 text not null default 'operator',
    enabled                boolean not null default true,
    redirect_uris          text[] not null default '{}',
    redirect_uri           text generated always as (redirect_uris[1]) stored,
    scopes                 text[] not null default '{}',
    default_scopes         text[] not null default '{}',
    resources              text[] not null default '{}',
    default_resource       text references resources on update cascade,
    grant_types            text[] not null,
    auth_method            text not null,
    access_token_seconds   int not null default 600,
    refresh_token_seconds  int not null default 2592000,
    refresh_idle_seconds   int not null default 1209600,
    created_at             timestamptz not null default now(),
    last_used_at           timestamptz,
    note                   text,
    constraint clients_id_form check (client_id ~ '^[A-Za-z0-9_.~-]{1,255}$' or (client_id ~ '^https://[^\s#@]+/[^\s#]*$' and length(client_id) <= 2048)),
    constraint clients_id_is_no_subject check (client_id !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'),
    constraint clients_kind_known check (kind in ('machine', 'user-facing', 'resource-server')),
    constraint clients_origin_known check (origin in ('operator', 'self-registered', 'document')),
    constraint clients_auth_method_known check (auth_method in ('client_secret_basic', 'client_secret_post', 'none')),
    constraint clients_grant_types_known check (grant_types <@ array['authorization_code', 'refresh_token', 'client_credentials']),
    constraint clients_machine check (kind <> 'machine' or (grant_types = '{client_credentials}' and redirect_uris = '{}' and auth_method <> 'none')),
    constraint clients_user_facing check (kind <> 'user-facing' or not grant_types @> '{client_credentials}'),
    constraint clients_resource_server check (kind <> 'resource-server' or (grant_types = '{}' and redirect_uris = '{}' and auth_method <> 'none')),
    constraint clients_lifetimes check (access_token_seconds between 1 and 3600
        and refresh_token_seconds between 1 and 31536000 and refresh_idle_seconds between 1 and 31536000)
) with (fillfactor = 80);
comment on table clients is 'Everyone who may ask for tokens. An UPDATE here takes effect on every running server within milliseconds.';
comment on column clients.client_id is 'A-Z a-z 0-9 _ . ~ - , or the https URL of a client id document.';
comment on column clients.kind is 'machine (client_credentials), user-facing (authorization_code, refresh_token) or resource-server (introspection).';
comment on column clients.name is 'What a person reads on the consent page.';
comment on column clients.origin is 'operator, self-registered (RFC 7591) or document (client id document).';
comment on column clients.enabled is 'False: every request is refused, its tokens introspect as inactive.';
comment on column clients.redirect_uris is 'Compared octet by octet; the port of an http loopback address is free for native clients (RFC 8252 §7.3).';
comment on column clients.redirect_uri is 'The first of redirect_uris.';
comment on column clients.scopes is 'What it may be granted, beside the open scopes when user-facing.';
comment on column clients.default_scopes is 'What it is granted when it names no scope; empty: scopes.';
comment on column clients.resources is 'What its tokens may be for, beside default_resource.';
comment on column clients.default_resource is 'aud when the client names no resource.';
comment on column clients.grant_types is 'Filled from kind when left out.';
comment on column clients.auth_method is 'client_secret_basic, client_secret_post (either may be used with a secret) or none.';
comment on column clients.access_token_seconds is 'Life of an access token, 1 to 3600.';
comment on column clients.refresh_token_seconds is 'A grant ends this long after consent, however often it is refreshed.';
comment on column clients.refresh_idle_seconds is 'A refresh token unused for this long is dead.';
comment on column clients.created_at is 'When the row was made.';
comment on column clients.last_used_at is 'When it last got a token, to the minute or so.';
comment on column clients.note is 'For operators.';

-- Rows 14 and 20 of the behaviour: null when the URI may be registered, else what is wrong with it.
create function redirect_uri_problem(uri text) returns text language plpgsql immutable as $$
declare
    scheme text := lower(substring(uri from '^([A-Za-z][A-Za-z0-9+.-]*):'));
    host   text := lower(substring(uri from '^[A-Za-z][A-Za-z0-9+.-]*://(\[[^]]*\]|[^/?#:]*)'));
begin
    if uri is null or uri = '' then return 'A redirect URI is empty'; end if;
    if length(uri) > 2048 then return 'A redirect URI is longer than 2048 characters'; end if;
    if uri !~ '^[\x21-\x7E]+$' then return 'A redirect URI has a space, a control character or a character outside ASCII'; end if;
    if scheme is null then return 'A redirect URI is not absolute'; end if;
    if scheme in ('javascript', 'data', 'file', 'vbscript', 'blob', 'about') then return 'A redirect URI has a scheme that can run code'; end if;
    if position('#' in uri) > 0 then return 'A redirect URI has a fragment'; end if;
    if position('*' in uri) > 0 then return 'A redirect URI has a wildcard'; end if;
    if uri ~ '^[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*@' then return 'A redirect URI carries user information'; end if;
    if scheme = 'https' then
        if host = 'localhost' or host ~ '^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$' or host = '[::1]' then return null; end if;
        if host !~ '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$' then
            return 'An https redirect URI needs a fully qualified domain name';
        end if;
    elsif scheme = 'http' then
        if not (host = 'localhost' or host ~ '^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$' or host = '[::1]') then
            return 'An http redirect URI is for this computer only';
        end if;
    elsif scheme !~ '\.' and scheme not in ('cursor', 'vscode', 'vscode-insiders', 'windsurf') then
        return 'A private-use scheme needs a dot';
    end if;
    return null;
end $$;
comment on function redirect_uri_problem(text) is 'What is wrong with a redirect URI, or null.';

alter table clients add constraint clients_redirect_uris_valid
    check (cardinality(redirect_uris) <= 100);

create function clients_check() returns trigger language plpgsql as $$
declare
    problem   text;
    candidate text;
begin
    if new.kind is null or new.kind not in ('machine', 'user-facing', 'resource-server') then
        raise check_violation using message = 'This kind of client does not exist', column = 'kind',
            hint = 'Write machine, user-facing or resource-server.';
    end if;
    if new.client_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
        raise check_violation using message = 'A client id may not look like the subject of a person', column = 'client_id',
            hint = 'Choose a name such as nightly-etl.';
    end if;
    if not (new.client_id ~ '^[A-Za-z0-9_.~-]{1,255}$' or (new.client_id ~ '^https://[^\s#@]+/[^\s#]*$' and length(new.client_id) <= 2048)) then
        raise check_violation using message = 'A client id has characters that HTTP Basic cannot carry unchanged', column = 'client_id',
            hint = 'Write A-Z a-z 0-9 _ . ~ - only, or the https URL of a client id document.';
    end if;
    if num_nulls(new.client_id, new.name, new.origin, new.enabled, new.access_token_seconds, new.refresh_token_seconds, new.refresh_idle_seconds) > 0 then
        raise not_null_violation using message = 'A column of this row that needs a value has none',
            hint = 'Write client_id, kind and name; leave other columns out to get their defaults.';
    end if;
    if new.default_resource is not null and not exists (select from resources where uri = new.default_resource) then
        raise check_violation using message = 'The default resource of this row does not exist', column = 'default_resource',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    new.redirect_uris := coalesce(new.redirect_uris, '{}');
    new.scopes := coalesce(new.scopes, '{}');
    new.default_scopes := coalesce(new.default_scopes, '{}');
    new.resources := coalesce(new.resources, '{}');
    new.grant_types := coalesce(new.grant_types, case new.kind
        when 'machine' then array['client_credentials']
        when 'user-facing' then array['authorization_code', 'refresh_token']
        else '{}' end);
    new.auth_method := coalesce(new.auth_method, case new.kind when 'user-facing' then 'none' else 'client_secret_basic' end);

    if new.auth_method not in ('client_secret_basic', 'client_secret_post', 'none') then
        raise check_violation using message = 'This authentication method does not exist', column = 'auth_method',
            hint = 'Write client_secret_basic, client_secret_post or none.';
    end if;
    if not new.grant_types <@ array['authorization_code', 'refresh_token', 'client_credentials'] then
        raise check_violation using message = 'A grant type in this row does not exist', column = 'grant_types',
            hint = 'Write authorization_code, refresh_token or client_credentials.';
    end if;
    if new.kind = 'machine' and new.redirect_uris <> '{}' then
        raise check_violation using message = 'A machine client has no redirect URIs', column = 'redirect_uris',
            hint = 'Leave redirect_uris out, or make the client user-facing.';
    end if;
    if new.kind = 'machine' and (new.grant_types <> '{client_credentials}' or new.auth_method = 'none') then
        raise check_violation using message = 'A machine client uses client_credentials, with a secret', column = 'grant_types',
            hint = 'Write grant_types ''{client_credentials}'' and auth_method client_secret_basic or client_secret_post.';
    end if;
    if new.kind = 'user-facing' and new.grant_types @> '{client_credentials}' then
        raise check_violation using message = 'A user-facing client cannot use client_credentials', column = 'grant_types',
            hint = 'Make a second client of kind machine.';
    end if;
    if new.kind = 'resource-server' and (new.grant_types <> '{}' or new.redirect_uris <> '{}' or new.auth_method = 'none') then
        raise check_violation using message = 'A resource server only introspects, with a secret', column = 'grant_types',
            hint = 'Leave grant_types and redirect_uris empty; auth_method client_secret_basic or client_secret_post.';
    end if;
    if new.access_token_seconds not between 1 and 3600 then
        raise check_violation using message = 'An access token lives at most an hour', column = 'access_token_seconds',
            hint = 'Write 1 to 3600 (RFC 9068; the default is 600).';
    end if;
    if new.refresh_token_seconds not between 1 and 31536000 or new.refresh_idle_seconds not between 1 and 31536000 then
        raise check_violation using message = 'A refresh token lives at most a year', column = 'refresh_token_seconds',
            hint = 'Write 1 to 31536000 (the defaults are 2592000 and 1209600).';
    end if;
    if cardinality(new.redirect_uris) > 100 then
        raise check_violation using message = 'A client has at most 100 redirect URIs', column = 'redirect_uris', hint = 'Remove some.';
    end if;
    foreach candidate in array new.redirect_uris loop
        problem := redirect_uri_problem(candidate);
        if problem is not null then
            raise check_violation using message = problem, column = 'redirect_uris',
                hint = 'Write https://host.example/path, http://127.0.0.1/path, http://localhost/path, or a private-use scheme with a dot such as com.example.app:/path; no fragment, no wildcard, no user information.';
        end if;
    end loop;
    if exists (select from unnest(new.scopes || new.default_scopes) as wanted where not exists (select from scopes where name = wanted)) then
        raise check_violation using message = 'A scope in this row does not exist', column = 'scopes',
            hint = 'Insert it into scopes first: insert into scopes (name, resource) values (…).';
    end if;
    if not new.default_scopes <@ new.scopes then
        raise check_violation using message = 'A default scope is not among the client''s scopes', column = 'default_scopes',
            hint = 'Add it to scopes too.';
    end if;
    if exists (select from unnest(new.resources) as wanted where not exists (select from resources where uri = wanted)) then
        raise check_violation using message = 'A resource in this row does not exist', column = 'resources',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    return new;
end $$;

-- Everything but last_used_at, which the server writes in passing.
create trigger clients_check before insert or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row execute function clients_check();

create table client_secrets (
    id            bigint generated always as identity primary key,
    client_id     text not null references clients on delete cascade on update cascade,
    hash          text not null,
    label         text not null default '',
    not_before    timestamptz not null default now(),
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    constraint client_secrets_hash_form check (hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$')
) with (fillfactor = 80);
create index client_secrets_of_client on client_secrets (client_id);
comment on table client_secrets is 'bcrypt hashes of client secrets: at most two unrevoked per client, so that one can be rotated while the other works.';
comment on column client_secrets.id is 'Names the secret in commands.';
comment on column client_secrets.client_id is 'Whose it is.';
comment on column client_secrets.hash is 'crypt(''the secret'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14, $2a$ $2b$ or $2y$.';
comment on column client_secrets.label is 'For operators.';
comment on column client_secrets.not_before is 'Refused before.';
comment on column client_secrets.expires_at is 'Refused from then on; null: never.';
comment on column client_secrets.revoked_at is 'Refused from then on, for good.';
comment on column client_secrets.last_used_at is 'When it last proved a client, to the minute or so.';

create function client_secrets_check() returns trigger language plpgsql as $$
begin
    if new.client_id is null or not exists (select from clients where client_id = new.client_id) then
        raise check_violation using message = 'This client does not exist', column = 'client_id', hint = 'Insert it into clients first.';
    end if;
    if new.hash is null or new.hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
        raise check_violation using message = 'A secret is stored as a bcrypt hash, never as it is', column = 'hash',
            hint = 'Write crypt(''the secret'', gen_salt(''bf'', 12)) after create extension pgcrypto, or run: oauth-server clients secret add CLIENT_ID.';
    end if;
    if new.hash !~ '^\$2[aby]\$1[0-4]\$' then
        raise check_violation using message = 'The bcrypt cost of this hash is outside 10 to 14', column = 'hash',
            hint = 'Write crypt(''the secret'', gen_salt(''bf'', 12)).';
    end if;
    if exists (select from clients where client_id = new.client_id and auth_method = 'none') and new.revoked_at is null then
        raise check_violation using message = 'A public client has no secret', column = 'client_id',
            hint = 'Set auth_method of the client to client_secret_basic first.';
    end if;
    if new.revoked_at is null then
        perform from clients where client_id = new.client_id for no key update;
        if (select count(*) from client_secrets where client_id = new.client_id and revoked_at is null and id <> new.id) >= 2 then
            raise check_violation using message = 'A client has at most two secrets that are not revoked', column = 'client_id',
                hint = 'Revoke one first: update client_secrets set revoked_at = now() where id = …;';
        end if;
    end if;
    return new;
end $$;
create trigger client_secrets_check before insert or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row execute function client_secrets_check();

insert into scopes (name, resource, access, open, optional) values ('offline_access', null, 'read', true, true);
insert into scope_texts (scope, locale, text) values ('offline_access', 'en', 'Stay connected while you are away');
