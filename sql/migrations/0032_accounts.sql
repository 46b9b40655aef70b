-- Account life: one-time links, mail that waits, names nobody gets again, and the administrator who always stays.

create table account_links (
    id          uuid primary key default gen_random_uuid(),
    kind        text not null,
    token_hash  bytea not null unique,
    subject     uuid references users on delete cascade,
    username    text,
    person      text generated always as (coalesce(subject::text, username)) stored,
    role        text,
    provider    text,
    email       text,
    locale      text,
    mailed      boolean not null default false,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    constraint account_links_kind_known check (kind in ('invitation', 'reset', 'mailed_reset', 'address')),
    constraint account_links_of_somebody check (
        case when kind = 'invitation' then subject is null and username is not null and role is not null else subject is not null end),
    constraint account_links_address_named check (kind <> 'address' or email is not null)
);
comment on table account_links is 'One-time links that still work: invitations, new passwords, proofs of an address. Opening one changes nothing; who, role and address are the row''s, never the form''s.';
comment on column account_links.id is 'By which an administrator revokes it.';
comment on column account_links.kind is 'invitation; reset, made by an operator; mailed_reset, asked for by the person; address, which proves a new one.';
comment on column account_links.token_hash is 'SHA-256 of the 256 random bits in the link.';
comment on column account_links.subject is 'Whose it is; null: an invitation, whose person is not here yet.';
comment on column account_links.username is 'An invitation''s: the user name they will have.';
comment on column account_links.person is 'The subject, or the user name of an invitation.';
comment on column account_links.role is 'An invitation''s: user or admin.';
comment on column account_links.provider is 'An invitation''s: the sign-in provider they accept it with; null: they choose a password.';
comment on column account_links.email is 'The address it is about; null: none.';
comment on column account_links.locale is 'An invitation''s: their language (BCP 47); null: not known.';
comment on column account_links.mailed is 'Whether this server sent it to the address, so that whoever opens it has shown the address to be theirs.';
comment on column account_links.created_at is 'When it was made.';
comment on column account_links.expires_at is 'From then on it does not work.';
-- One that works per person and kind: a new one takes its place.
create unique index account_links_one_per_person on account_links (person, kind);
create index account_links_of_subject on account_links (subject);
create index account_links_by_expiry on account_links (expires_at);

create table reserved_names (
    name_hash    bytea primary key,
    reserved_at  timestamptz not null default now()
);
comment on table reserved_names is 'User names of accounts that were deleted: nobody gets one before an operator releases it (oauth-server users release NAME).';
comment on column reserved_names.name_hash is 'SHA-256 of the name, which is known to nobody any more.';
comment on column reserved_names.reserved_at is 'When the account was deleted.';

create table mail_outbox (
    id             uuid primary key default gen_random_uuid(),
    kind           text not null,
    subject        uuid,
    sealed         bytea,
    queued_at      timestamptz not null default now(),
    attempts       int not null default 0,
    attempted_at   timestamptz,
    due_at         timestamptz,
    sending_until  timestamptz,
    finished_at    timestamptz,
    outcome        text,
    answer         text,
    constraint mail_outbox_outcome_known check (outcome in ('sent', 'dropped', 'given_up')),
    constraint mail_outbox_finished_with_outcome check ((finished_at is null) = (outcome is null)),
    constraint mail_outbox_emptied check (finished_at is null or sealed is null)
);
comment on table mail_outbox is 'Mail that waits to be sent, and for a day what became of it.';
comment on column mail_outbox.id is 'One mail, which is tried three times at most.';
comment on column mail_outbox.kind is 'What it is about, such as forgot or new-sign-in.';
comment on column mail_outbox.subject is 'Whom it is about; null: nobody who is here, or not known yet.';
comment on column mail_outbox.sealed is 'Address and content, sealed under the key-encryption key; null once the mail is finished.';
comment on column mail_outbox.queued_at is 'When it was asked for.';
comment on column mail_outbox.attempts is 'How often it was tried; the third time is the last.';
comment on column mail_outbox.attempted_at is 'When it was last tried: thirty a minute are, over all servers.';
comment on column mail_outbox.due_at is 'When it is tried next; null: at once.';
comment on column mail_outbox.sending_until is 'A server is sending it now, and no other does before then; null: none is.';
comment on column mail_outbox.finished_at is 'When it was sent, dropped or given up; null: it waits.';
comment on column mail_outbox.outcome is 'sent; dropped, as it was for nobody; given_up, after three attempts.';
comment on column mail_outbox.answer is 'Why the last attempt failed.';
create index mail_outbox_waiting on mail_outbox (queued_at) where finished_at is null;
create index mail_outbox_by_age on mail_outbox (queued_at);
create index mail_outbox_by_attempt on mail_outbox (attempted_at) where attempted_at is not null;
create index mail_outbox_of_person on mail_outbox (subject, queued_at) where subject is not null;

create function name_is_reserved(username text) returns boolean language sql stable as $$
    select exists (select from reserved_names where name_hash = sha256(convert_to(username, 'UTF8')))
$$;
comment on function name_is_reserved(text) is 'Whether it was the name of an account that was deleted.';

create function account_links_check() returns trigger language plpgsql as $$
begin
    new.email := btrim(new.email);
    new.locale := locale_of(new.locale);
    if new.kind = 'invitation' and (new.username is null or new.username !~ '^[a-z0-9][a-z0-9._@+-]{0,127}$') then
        raise check_violation using message = 'This is no user name', column = 'username',
            hint = 'Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.';
    end if;
    if new.kind = 'invitation' and exists (select from users where users.username = new.username) then
        raise check_violation using message = 'Somebody has this user name already', column = 'username',
            hint = 'For a link to a new password, run: oauth-server users reset-password NAME';
    end if;
    if new.kind = 'invitation' and name_is_reserved(new.username) then
        raise check_violation using message = 'This was the name of an account that was deleted', column = 'username',
            hint = 'Choose another, or run: oauth-server users release NAME';
    end if;
    if new.role not in ('user', 'admin') then
        raise check_violation using message = 'This role does not exist', column = 'role', hint = 'Write user or admin.';
    end if;
    -- What no mail can be written to, such as a..b@example.com, or could be more than one, is none.
    if new.email !~ '^[^\s@[:cntrl:]]+@[^\s@[:cntrl:]]+$' or new.email ~ '[][()<>,;:\\"]' or new.email ~ '(^|[.@])([.@]|$)'
        or length(new.email) > 254 then
        raise check_violation using message = 'This is no e-mail address', column = 'email', hint = 'Write one such as ada@example.com.';
    end if;
    return new;
end $$;
create trigger account_links_check before insert or update on account_links for each row execute function account_links_check();

create function users_check_reserved() returns trigger language plpgsql as $$
begin
    if name_is_reserved(new.username) then
        raise check_violation using message = 'This was the name of an account that was deleted', column = 'username',
            hint = 'Choose another, or run: oauth-server users release NAME';
    end if;
    return new;
end $$;
create trigger users_check_reserved before insert or update of username on users for each row execute function users_check_reserved();

-- Whoever deletes an account and however: of its name only the hash stays, and mail to it is not sent any more.
create function users_forget() returns trigger language plpgsql as $$
declare
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
begin
    insert into reserved_names (name_hash) values (sha256(convert_to(old.username, 'UTF8'))) on conflict do nothing;
    delete from mail_outbox where subject = old.subject;
    insert into audit_events (at, request_id, event, outcome, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'account', 'ok', old.subject::text,
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())), 'deleted');
    return null;
end $$;
comment on function users_forget() is 'Reserves the name of a deleted account, and writes the deletion down by the opaque subject only.';
create trigger users_forget after delete on users for each row execute function users_forget();
-- The row of an edit names whom it is about; that of a deletion does not.
drop trigger users_audit on users;
create trigger users_audit after insert or update on users for each row execute function audit_edit();

-- A new password, or a person disabled: links to the account end, as sessions and grants do.
create function users_end_links() returns trigger language plpgsql as $$
begin
    delete from account_links where subject = new.subject;
    return null;
end $$;
create trigger users_end_links after update of enabled, password_hash on users for each row
    when (not new.enabled or new.password_hash is distinct from old.password_hash) execute function users_end_links();

-- What was mailed to the old address, an operator's links too, works no more once there is another.
create function users_end_mailed_links() returns trigger language plpgsql as $$
begin
    delete from account_links where subject = new.subject and kind in ('reset', 'mailed_reset') and mailed;
    return null;
end $$;
create trigger users_end_mailed_links after update of email on users for each row
    when (new.email is distinct from old.email) execute function users_end_mailed_links();

-- One administrator who can sign in here, without a sign-in provider, always stays.
create function has_local_way_in(subject uuid, password_hash text) returns boolean language sql stable as $$
    select password_hash is not null
$$;
comment on function has_local_way_in(uuid, text) is 'Whether the person can sign in without a sign-in provider.';
create function users_keep_an_administrator() returns trigger language plpgsql as $$
begin
    if not exists (select from before where role = 'admin' and enabled and has_local_way_in(subject, password_hash)) then return null; end if;
    -- Two who demote each other at once: the second waits here, and then sees what the first has done.
    perform pg_advisory_xact_lock(hashtext('administrators'));
    if not exists (select from users where role = 'admin' and enabled and has_local_way_in(subject, password_hash)) then
        raise check_violation using message = 'The last administrator who can sign in here stays one',
            hint = 'Make another one first: oauth-server users role NAME admin, who is enabled and has a password.';
    end if;
    return null;
end $$;
comment on function users_keep_an_administrator() is 'Refuses an edit after which nobody could enter the administration.';
create trigger users_keep_an_administrator after update on users referencing old table as before
    for each statement execute function users_keep_an_administrator();
create trigger users_keep_an_administrator_who_goes after delete on users referencing old table as before
    for each statement execute function users_keep_an_administrator();

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on account_links, mail_outbox, reserved_names to oauth_server;
    end if;
end $$;
