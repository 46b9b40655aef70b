-- A scope or resource that is deleted leaves the clients that list it, whoever deletes it: a client that still listed it would go
-- on getting it, and a row that lists what is not there can neither be edited nor disabled.
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

-- A scope somebody deletes at this moment is either seen to be gone, or waits for this row and then leaves it.
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

do $$ begin perform clients_let_go(); exception when check_violation then null; end $$;

-- URIs are ASCII (RFC 3986 §2); in another alphabet 2048 characters do not fit into an index.
create or replace function resources_check() returns trigger language plpgsql as $$
begin
    if new.uri is null or new.uri !~ '^[A-Za-z][A-Za-z0-9+.-]*://[!"$-~]+$' or length(new.uri) > 2048 then
        raise check_violation using message = 'This is no URI of a resource', column = 'uri',
            hint = 'Write an absolute URI without a fragment and without spaces, such as https://api.example.com/, at most 2048 characters.';
    end if;
    if new.name is null or btrim(new.name) = '' then
        raise check_violation using message = 'A resource needs a name people can read', column = 'name', hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $$;
