-- What the administration needs of the tables.

-- The audit log is read newest first, by moment, client, person or kind; a page of it must not read a month. A row of a machine's
-- token, which is most of them, goes into the first two only. The first answers the dashboard by itself, without the rows.
drop index audit_events_by_time;
create index audit_events_by_moment on audit_events (at) include (event, outcome);
create index audit_events_of_client on audit_events (client_id, at);
create index audit_events_of_person on audit_events (subject, at) where subject is distinct from client_id;
create index audit_events_of_kind on audit_events (event, at) where event <> 'token';
create index audit_events_of_refusals on audit_events (at) where outcome = 'refused';
create index audit_events_of_reuse on audit_events (at) where detail in ('code_replayed', 'refresh_reused');

-- Resources and scopes are refused with words too, whoever writes them.
create function resources_check() returns trigger language plpgsql as $$
begin
    if new.uri is null or new.uri !~ '^[A-Za-z][A-Za-z0-9+.-]*://[^#\s]+$' or length(new.uri) > 2048 then
        raise check_violation using message = 'This is no URI of a resource', column = 'uri',
            hint = 'Write an absolute URI without a fragment and without spaces, such as https://api.example.com/, at most 2048 characters.';
    end if;
    if new.name is null or btrim(new.name) = '' then
        raise check_violation using message = 'A resource needs a name people can read', column = 'name', hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $$;
create trigger resources_check before insert or update on resources for each row execute function resources_check();

create function scopes_check() returns trigger language plpgsql as $$
begin
    if new.name is null or new.name !~ '^[\x21\x23-\x5B\x5D-\x7E]{1,128}$' then
        raise check_violation using message = 'This is no name of a scope', column = 'name',
            hint = 'Write 1 to 128 printable ASCII characters without space, quote or backslash, such as notes:read.';
    end if;
    if new.access is null or new.access not in ('read', 'write') then
        raise check_violation using message = 'A scope reads or writes', column = 'access', hint = 'Write read or write.';
    end if;
    return new;
end $$;
create trigger scopes_check before insert or update on scopes for each row execute function scopes_check();
