-- Clients and their secrets. An UPDATE here takes effect on every running server within milliseconds.

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
    constraint clients_machine check (kind <> 'machine' or (grant_types <> '{}' and redirect_uris = '{}')),
    constraint clients_resource_server check (kind <> 'resource-server' or (grant_types = '{}' and redirect_uris = '{}')),
    constraint clients_lifetimes check (access_token_seconds between 1 and 3600
        and refresh_token_seconds between 1 and 31536000 and refresh_idle_seconds between 1 and 31536000),
    constraint clients_redirect_uris_valid check (cardinality(redirect_uris) <= 100),
    constraint clients_redirect_uris_plain check (is_plain_list(redirect_uris)),
    constraint clients_scopes_plain check (is_plain_list(scopes)),
    constraint clients_default_scopes_plain check (is_plain_list(default_scopes)),
    constraint clients_resources_plain check (is_plain_list(resources)),
    constraint clients_grant_types_plain check (is_plain_list(grant_types)),
    constraint clients_created_at_plain check (is_plain_date(created_at)),
    constraint clients_last_used_at_plain check (is_plain_date(last_used_at))
) with (fillfactor = 80);
comment on table clients is 'Everyone who may ask for tokens. An UPDATE here takes effect on every running server within milliseconds.';
comment on column clients.client_id is 'A-Z a-z 0-9 _ . ~ - , or the https URL of a client id document.';
comment on column clients.kind is 'machine, user-facing or resource-server (introspection).';
comment on column clients.name is 'What a person reads on the consent page.';
comment on column clients.origin is 'operator, self-registered (RFC 7591) or document (client id document).';
comment on column clients.enabled is 'False: every request is refused, its tokens introspect as inactive.';
comment on column clients.redirect_uris is 'Compared octet by octet; the port of an http loopback address is free for native clients (RFC 8252 §7.3).';
comment on column clients.redirect_uri is 'The first of redirect_uris.';
comment on column clients.scopes is 'What it may be granted, beside the open scopes when user-facing.';
comment on column clients.default_scopes is 'What it is granted when it names no scope, as far as it belongs to the resource; empty: scopes.';
comment on column clients.resources is 'What its tokens may be for, beside default_resource. Taken out of here, also what it was granted there ends.';
comment on column clients.default_resource is 'aud when the client names no resource.';
comment on column clients.grant_types is 'Names of grant_types; filled from kind when left out.';
comment on column clients.auth_method is 'A name of auth_methods; filled from kind when left out. Any that needs a secret may be used with one.';
comment on column clients.access_token_seconds is 'Life of an access token, 1 to 3600.';
comment on column clients.refresh_token_seconds is 'A grant ends this long after consent, however often it is refreshed.';
comment on column clients.refresh_idle_seconds is 'A refresh token unused for this long is dead.';
comment on column clients.created_at is 'When the row was made.';
comment on column clients.last_used_at is 'When it last got a token or, a resource server, introspected one or read the revocation feed, to the minute or so.';
comment on column clients.note is 'For operators.';

create function clients_check() returns trigger language plpgsql as $$
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
-- Everything but last_used_at, which the server writes in passing. The names of check_lists and check_dates sort first: a list that
-- cannot be read is refused before anything looks into it.
create trigger check_lists before insert or update of redirect_uris, scopes, default_scopes, resources, grant_types on clients
    for each row execute function check_lists('redirect_uris', 'scopes', 'default_scopes', 'resources', 'grant_types');
create trigger check_dates before insert or update of created_at on clients for each row execute function check_dates('created_at');
create trigger check_names before insert or update of name on clients for each row execute function check_names();
create trigger clients_check before insert or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row execute function clients_check();

-- RFC 8252 §7.1. After clients_check by name, so that a URI no row may have is called by its own name.
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
create trigger clients_schemes before insert or update of redirect_uris, origin on clients
    for each row when (new.origin <> 'self-registered') execute function clients_schemes();

-- Fetched and compared octet by octet: a host in capitals would be a second client with the same document.
create function clients_one_spelling() returns trigger language plpgsql as $$
begin
    if new.client_id ~* '^https:' and substring(new.client_id from '^[^/]*//[^/]*') <> lower(substring(new.client_id from '^[^/]*//[^/]*')) then
        raise check_violation using message = 'The host of a client id document is written in lower case', column = 'client_id',
            hint = 'Write https://client.example/path, as the document itself does.';
    end if;
    return new;
end $$;
create trigger clients_one_spelling before insert or update of client_id on clients for each row execute function clients_one_spelling();

-- A scope that is deleted at this moment is either seen to be gone, or waits for this row and is then removed from it.
create function clients_hold_scopes() returns trigger language plpgsql as $$
begin
    perform from scopes where name = any (new.scopes) for key share;
    if exists (select from unnest(new.scopes) as wanted where not exists (select from scopes where name = wanted)) then
        raise check_violation using message = 'A scope in this row does not exist', column = 'scopes',
            hint = 'Insert it into scopes first: insert into scopes (name, resource) values (…).';
    end if;
    return new;
end $$;
create trigger clients_hold_scopes before insert or update of scopes on clients for each row
    when (new.origin = 'operator') execute function clients_hold_scopes();

-- The server by itself writes rows that registered themselves or that a document made. Their statements write one
-- audit row of their own, so the edit triggers keep still for them and record everybody else's edits. Nor is a new client worth a
-- NOTIFY, which takes a lock on the whole database at commit: no server remembers a row that was not there.
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
    when (new.origin = 'operator' or current_setting('oauth.actor', true) is distinct from 'server') execute function notify_change();
create trigger clients_notify after delete or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note
    on clients for each row execute function notify_change();

-- A scope or resource that is deleted is removed from the clients that list it, whoever deletes it: a client that still listed it
-- would go on getting it, and a row that lists what does not exist can neither be edited nor disabled.
create function clients_let_go() returns void language plpgsql set search_path from current as $$
begin
    if exists (
        select from clients
         where default_scopes <> '{}' and not exists (select from scopes where name = any (default_scopes))
           and exists (select from scopes where name = any (clients.scopes))
    ) then
        raise check_violation using message = 'A client would be left without a default scope, and get all it has when it names none', column = 'name',
            hint = 'Give it another default first: update clients set default_scopes = … where client_id = …';
    end if;
    update clients set
        scopes = array(select one from unnest(scopes) with ordinality as u (one, place) where exists (select from scopes s where s.name = one) order by place),
        default_scopes = array(select one from unnest(default_scopes) with ordinality as u (one, place) where exists (select from scopes s where s.name = one) order by place),
        resources = array(select one from unnest(resources) with ordinality as u (one, place) where exists (select from resources r where r.uri = one) order by place)
     where exists (select from unnest(scopes || default_scopes) as one where not exists (select from scopes s where s.name = one))
        or exists (select from unnest(resources) as one where not exists (select from resources r where r.uri = one));
end $$;
comment on function clients_let_go() is 'Takes scopes and resources that are gone from every client; refuses when that would widen what a client gets by default.';

create function clients_let_go_of_deleted() returns trigger language plpgsql as $$
begin
    perform clients_let_go();
    return null;
end $$;
create trigger scopes_leave_clients after delete on scopes for each statement execute function clients_let_go_of_deleted();
create trigger resources_leave_clients after delete on resources for each statement execute function clients_let_go_of_deleted();

create function scopes_renamed() returns trigger language plpgsql as $$
begin
    update clients set scopes = array_replace(scopes, old.name, new.name), default_scopes = array_replace(default_scopes, old.name, new.name)
     where old.name = any (scopes || default_scopes);
    return null;
end $$;
create trigger scopes_renamed after update of name on scopes for each row when (old.name <> new.name) execute function scopes_renamed();

-- What registers itself gets open scopes only, also when one is closed later on.
create function scopes_close() returns trigger language plpgsql as $$
begin
    update clients set scopes = array_remove(scopes, old.name), default_scopes = array_remove(default_scopes, old.name)
     where origin = 'self-registered' and kind = 'user-facing' and old.name = any (scopes);
    return null;
end $$;
comment on function scopes_close() is 'A scope that is closed leaves the people-facing clients that registered themselves with it.';
create trigger scopes_close after update of open on scopes for each row when (old.open and not new.open) execute function scopes_close();
