-- Signing out of apps: where they may send people afterwards, where they are told of it, and what is still to be told.

create function clients_check_logout() returns trigger language plpgsql as $$
declare
    problem   text;
    candidate text;
begin
    new.post_logout_redirect_uris := coalesce(new.post_logout_redirect_uris, '{}');
    if cardinality(new.post_logout_redirect_uris) > 100 then
        raise check_violation using message = 'A client has at most 100 redirect URIs', column = 'post_logout_redirect_uris',
            hint = 'Remove some.';
    end if;
    foreach candidate in array new.post_logout_redirect_uris loop
        problem := redirect_uri_problem(candidate);
        -- RFC 8252 §7.1, as clients_schemes has it of redirect URIs.
        if problem is null and new.origin <> 'self-registered' and candidate !~* '^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:'
           and candidate !~* '^(https?|cursor|vscode|vscode-insiders|windsurf):' then
            problem := 'A private-use scheme needs a dot';
        end if;
        if problem is not null then
            raise check_violation using message = problem, column = 'post_logout_redirect_uris',
                hint = 'Write https://host.example/path, http://127.0.0.1/path, http://localhost/path, or a private-use scheme with a dot such as com.example.app:/path; no fragment, no wildcard, no user information.';
        end if;
    end loop;
    if redirect_uri_problem(new.backchannel_logout_uri) is not null and new.backchannel_logout_uri is not null
       or new.backchannel_logout_uri !~* '^https?:' then
        raise check_violation using message = 'This is no back-channel logout URI', column = 'backchannel_logout_uri',
            hint = 'Write https://host.example/path; http is for 127.0.0.1, [::1] and localhost only; no fragment, no user information.';
    end if;
    return new;
end $$;
create trigger clients_check_logout before insert or update of origin, post_logout_redirect_uris, backchannel_logout_uri
    on clients for each row execute function clients_check_logout();
create trigger check_lists_logout before insert or update of post_logout_redirect_uris on clients
    for each row execute function check_lists('post_logout_redirect_uris');
alter table clients
    add constraint clients_post_logout_redirect_uris_valid check (cardinality(post_logout_redirect_uris) <= 100),
    add constraint clients_post_logout_redirect_uris_plain check (is_plain_list(post_logout_redirect_uris));

create table logout_deliveries (
    id                uuid primary key default gen_random_uuid(),
    client_id         text not null references clients on delete cascade on update cascade,
    subject           uuid not null,
    sid               uuid not null,
    queued_at         timestamptz not null default now(),
    attempts          int not null default 0,
    due_at            timestamptz,
    attempting_until  timestamptz,
    finished_at       timestamptz,
    outcome           text,
    answer            text,
    constraint logout_deliveries_outcome_known check (outcome in ('delivered', 'refused', 'given_up')),
    constraint logout_deliveries_finished_with_outcome check ((finished_at is null) = (outcome is null))
);
comment on table logout_deliveries is 'Which app is still to be told that a sign-in has ended (OpenID Connect Back-Channel Logout 1.0), and which was, for a week.';
comment on column logout_deliveries.id is 'One app and one sign-in; each attempt sends a logout token of its own.';
comment on column logout_deliveries.client_id is 'The app: it is told at its backchannel_logout_uri.';
comment on column logout_deliveries.subject is 'Who was signed in; they may be gone.';
comment on column logout_deliveries.sid is 'The sign-in, as the app''s id_tokens name it.';
comment on column logout_deliveries.queued_at is 'When the sign-in ended.';
comment on column logout_deliveries.attempts is 'How often the app was called; the fourth time is the last.';
comment on column logout_deliveries.due_at is 'When it is called next; null: at once.';
comment on column logout_deliveries.attempting_until is 'A server is calling it now, and no other does before then; null: none is.';
comment on column logout_deliveries.finished_at is 'When it was told, or refused, or given up; null: it is still to be told.';
comment on column logout_deliveries.outcome is 'delivered; refused, by the app itself; given_up, after four attempts.';
comment on column logout_deliveries.answer is 'What became of the last attempt: a status, or why there was none.';
create index logout_deliveries_waiting on logout_deliveries (queued_at) where finished_at is null;
create index logout_deliveries_of_client on logout_deliveries (client_id, queued_at);
create index logout_deliveries_by_end on logout_deliveries (finished_at) where finished_at is not null;

-- A sign-in ends with the last session of its sid, whoever deletes that and however: in the same statement its apps are put on the list
-- of who is to be told, and grants that were for this sign-in only end. Where a session ends by age, oauth.session_end says so.
create function sessions_end() returns trigger language plpgsql as $$
declare
    why     text := coalesce(nullif(current_setting('oauth.session_end', true), ''), 'signed_out');
    actor   text := coalesce(current_setting('oauth.actor', true), '');
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
begin
    -- The same person has signed in again.
    if exists (select from sessions where sid = old.sid) then return null; end if;
    if why <> 'aged' then
        insert into logout_deliveries (client_id, subject, sid)
        select client_id, session_clients.subject, old.sid
          from session_clients join clients using (client_id)
         where session_clients.sid = old.sid and backchannel_logout_uri is not null and clients.enabled
           -- One that is deleted at this moment is left out, not waited for and then missed.
           for key share of clients;
        if found then perform pg_notify('oauth_changes', 'logout_deliveries'); end if;
    end if;
    -- Those of a person who is deleted are deleted, too.
    if why in ('aged', 'user_deleted') then
        delete from session_clients where sid = old.sid;
        return null;
    end if;
    -- Grants first, as whoever deletes a client or a person has them.
    with ended as (
        update grants set ended_at = now(), ended_reason = why
         where sid = old.sid and ended_at is null and not offline and 'openid' = any (scope)
        returning id, client_id, subject
    )
    insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, actor, address, detail)
    select coalesce(request_time(request), clock_timestamp()), request, 'revocation', 'ok', client_id, subject::text, id,
           nullif(actor, 'server'), nullif(current_setting('oauth.address', true), ''), 'signed out: the grant and its tokens'
      from ended
     -- In SQL grants_audit writes it; of a new password, or a person disabled, the edit's row tells.
     where actor <> '' and why = 'signed_out';
    delete from session_clients where sid = old.sid;
    return null;
end $$;
comment on function sessions_end() is 'Tells the apps of a sign-in that it ended, and ends what they got for it alone.';
create trigger sessions_end after delete on sessions for each row execute function sessions_end();

create or replace function users_end_access() returns trigger language plpgsql as $$
declare
    why text := case when new.enabled then 'password_changed' else 'user_disabled' end;
begin
    if new.enabled and new.password_hash = old.password_hash then return null; end if;
    perform set_config('oauth.session_end', why, true);
    delete from sessions where subject = new.subject;
    perform set_config('oauth.session_end', '', true);
    update grants set ended_at = now(), ended_reason = why where subject = new.subject and ended_at is null;
    return null;
end $$;

-- Before the cascades, of which nobody knows which comes first: what they take along is needed here.
create function users_end_sessions() returns trigger language plpgsql as $$
begin
    perform set_config('oauth.session_end', 'user_deleted', true);
    delete from sessions where subject = old.subject;
    perform set_config('oauth.session_end', '', true);
    return old;
end $$;
comment on function users_end_sessions() is 'A person who is deleted is signed out first.';
create trigger users_end_sessions before delete on users for each row execute function users_end_sessions();

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on logout_deliveries to oauth_server;
    end if;
end $$;
