-- What grant types and client authentication methods there are: one row each, written by migrate from the records of the server
-- (GrantType and AuthMethod in Protocol). The triggers of clients read them; no list stands in a CHECK or a function any more.
create table grant_types (
    name                 text primary key,
    kinds                text[] not null,
    default_for          text[] not null,
    continues            boolean not null,
    needs_redirect_uris  boolean not null,
    position             int not null
);
comment on table grant_types is 'What clients may use at /token. Only oauth-server migrate writes here.';
comment on column grant_types.name is 'The value of grant_type.';
comment on column grant_types.kinds is 'The kinds of client that may use it.';
comment on column grant_types.default_for is 'The kinds of client that get it when they name none.';
comment on column grant_types.continues is 'True: it only continues what another grant type began.';
comment on column grant_types.needs_redirect_uris is 'True: a client that registers for it needs redirect URIs.';
comment on column grant_types.position is 'Its place in metadata and hints.';

create table auth_methods (
    name          text primary key,
    kinds         text[] not null,
    default_for   text[] not null,
    needs_secret  boolean not null,
    position      int not null
);
comment on table auth_methods is 'How clients may authenticate. Only oauth-server migrate writes here.';
comment on column auth_methods.name is 'The value of token_endpoint_auth_method.';
comment on column auth_methods.kinds is 'The kinds of client that may use it.';
comment on column auth_methods.default_for is 'The kinds of client that get it when they name none.';
comment on column auth_methods.needs_secret is 'False: a client that uses it has no secret.';
comment on column auth_methods.position is 'Its place in metadata and hints.';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select on grant_types, auth_methods to oauth_server;
    end if;
end $$;

create function one_of(names text[]) returns text language sql immutable parallel safe as $$
    select case when cardinality(names) < 2 then coalesce(names[1], 'nothing')
        else array_to_string(trim_array(names, 1), ', ') || ' or ' || names[cardinality(names)] end
$$;
comment on function one_of(text[]) is 'In a sentence: a, b or c.';

alter table clients
    drop constraint clients_auth_method_known,
    drop constraint clients_grant_types_known,
    drop constraint clients_machine,
    drop constraint clients_user_facing,
    drop constraint clients_resource_server,
    add constraint clients_machine check (kind <> 'machine' or (grant_types <> '{}' and redirect_uris = '{}')),
    add constraint clients_resource_server check (kind <> 'resource-server' or (grant_types = '{}' and redirect_uris = '{}'));
comment on column clients.kind is 'machine, user-facing or resource-server (introspection).';
comment on column clients.grant_types is 'Names of grant_types; filled from kind when left out.';
comment on column clients.auth_method is 'A name of auth_methods; filled from kind when left out. Any that needs a secret may be used with one.';

create or replace function clients_check() returns trigger language plpgsql as $$
declare
    problem   text;
    candidate text;
    allowed   text[];
    methods   text;
    fits      boolean;
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
    new.grant_types := coalesce(new.grant_types, array(select name from grant_types where new.kind = any (default_for) order by position));
    new.auth_method := coalesce(new.auth_method, (select name from auth_methods where new.kind = any (default_for) order by position limit 1));

    if not exists (select from auth_methods where name = new.auth_method) then
        raise check_violation using message = 'This authentication method does not exist', column = 'auth_method',
            hint = format('Write %s.', one_of(array(select name from auth_methods order by position)));
    end if;
    if exists (select from unnest(new.grant_types) as wanted where not exists (select from grant_types where name = wanted)) then
        raise check_violation using message = 'A grant type in this row does not exist', column = 'grant_types',
            hint = format('Write %s.', one_of(array(select name from grant_types order by position)));
    end if;
    allowed := array(select name from grant_types where new.kind = any (kinds) order by position);
    methods := one_of(array(select name from auth_methods where new.kind = any (kinds) order by position));
    fits := new.grant_types <@ allowed and exists (select from auth_methods where name = new.auth_method and new.kind = any (kinds));
    if new.kind = 'machine' and new.redirect_uris <> '{}' then
        raise check_violation using message = 'A machine client has no redirect URIs', column = 'redirect_uris',
            hint = 'Leave redirect_uris out, or make the client user-facing.';
    end if;
    if new.kind = 'machine' and (not fits or new.grant_types = '{}') then
        raise check_violation using message = format('A machine client uses %s, with a secret', one_of(allowed)), column = 'grant_types',
            hint = format('Write grant_types ''{%s}'' and auth_method %s.', array_to_string(allowed, ','), methods);
    end if;
    if new.kind = 'resource-server' and (not fits or new.redirect_uris <> '{}') then
        raise check_violation using message = 'A resource server only introspects, with a secret', column = 'grant_types',
            hint = format('Leave grant_types and redirect_uris empty; auth_method %s.', methods);
    end if;
    if new.kind = 'user-facing' and not fits then
        select one into candidate from unnest(new.grant_types) as one where one <> all (allowed) limit 1;
        raise check_violation using message = format('A user-facing client cannot use %s', coalesce(candidate, new.auth_method)),
            column = case when candidate is null then 'auth_method' else 'grant_types' end,
            hint = 'Make a second client of kind machine.';
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

create or replace function client_secrets_check() returns trigger language plpgsql as $$
begin
    if new.client_id is null or not exists (select from clients where client_id = new.client_id) then
        raise check_violation using message = 'This client does not exist', column = 'client_id', hint = 'Insert it into clients first.';
    end if;
    if new.hash is null or new.hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
        raise check_violation using message = 'A secret is stored as a bcrypt hash, never as it is', column = 'hash',
            hint = 'Write crypt(''the secret'', gen_salt(''bf'', 12)) after create extension pgcrypto, or run: oauth-server clients secret add CLIENT_ID. What you wrote may stand in PostgreSQL''s log now: choose another secret.';
    end if;
    if new.hash !~ '^\$2[aby]\$1[0-4]\$' then
        raise check_violation using message = 'The bcrypt cost of this hash is outside 10 to 14', column = 'hash',
            hint = 'Write crypt(''the secret'', gen_salt(''bf'', 12)).';
    end if;
    if exists (select from clients c join auth_methods m on m.name = c.auth_method where c.client_id = new.client_id and not m.needs_secret)
       and new.revoked_at is null then
        raise check_violation using message = 'A public client has no secret', column = 'client_id',
            hint = format('Set auth_method of the client to %s first.', (select name from auth_methods where needs_secret order by position limit 1));
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
