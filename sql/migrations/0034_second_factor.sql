-- Passkeys, one-time codes and recovery codes, and sign-ins that wait for one of them.

alter table users
    add column passkey_handle  bytea unique,
    add column second_factor   text,
    add constraint users_passkey_handle_form check (length(passkey_handle) = 32),
    add constraint users_second_factor_known check (second_factor = 'required');
comment on column users.passkey_handle is '32 random octets by which passkeys name the person; null: never had one.';
comment on column users.second_factor is 'required: they sign in with a second factor, whatever the settings say. Null: the settings decide.';

create function users_check_second_factor() returns trigger language plpgsql as $$
begin
    if new.second_factor <> 'required' then
        raise check_violation using message = 'A second factor is required, or the settings decide', column = 'second_factor',
            hint = 'Write required, or null.';
    end if;
    return new;
end $$;
comment on function users_check_second_factor() is 'Says what users.second_factor may be.';
create trigger users_check_second_factor before insert or update of second_factor on users
    for each row execute function users_check_second_factor();

alter table sessions add column confirmed_at timestamptz;
comment on column sessions.confirmed_at is 'When the password was given again in it, for a change; null: not since the sign-in. Apps are told authenticated_at.';

-- Whoever deletes an account takes its grants along, ended ones too: the index of those that are not would not be used.
drop index grants_of_subject;
create index grants_of_subject on grants (subject);
create index logout_deliveries_of_subject on logout_deliveries (subject);

create table passkeys (
    id            bytea primary key,
    subject       uuid not null references users on delete cascade,
    public_key    bytea not null,
    sign_count    bigint not null,
    name          text not null,
    created_at    timestamptz not null,
    last_used_at  timestamptz,
    constraint passkeys_id_form check (length(id) between 1 and 1023),
    constraint passkeys_name_form check (length(name) between 1 and 64)
);
comment on table passkeys is 'Passkeys (WebAuthn), which sign a person in alone: with one they prove two factors.';
comment on column passkeys.id is 'The credential id, which no two people share.';
comment on column passkeys.subject is 'The person it signs in.';
comment on column passkeys.public_key is 'Its public key, in COSE (RFC 9053): ES256 or RS256.';
comment on column passkeys.sign_count is 'The authenticator''s counter at the last use; 0: it has none. A copy of a passkey is known by a counter that does not rise.';
comment on column passkeys.name is 'What the person calls it.';
comment on column passkeys.created_at is 'When it was added.';
comment on column passkeys.last_used_at is 'When it last signed somebody in; null: never.';
create index passkeys_of_subject on passkeys (subject);

create table totp (
    subject        uuid primary key references users on delete cascade,
    secret_sealed  bytea not null,
    last_step      bigint not null,
    created_at     timestamptz not null
);
comment on table totp is 'Authenticator apps: time-based one-time codes (RFC 6238), SHA-1, six digits, every 30 seconds.';
comment on column totp.subject is 'The person whose app it is.';
comment on column totp.secret_sealed is 'The secret shared with the app, sealed under the key-encryption key.';
comment on column totp.last_step is 'The step of the last code that was taken: a code works once, and none before it.';
comment on column totp.created_at is 'When the first right code was given.';

create table recovery_codes (
    subject    uuid not null references users on delete cascade,
    code_hash  bytea not null,
    primary key (subject, code_hash)
);
comment on table recovery_codes is 'Codes on paper for who lost the rest; each works once and is deleted then.';
comment on column recovery_codes.subject is 'The person who keeps it.';
comment on column recovery_codes.code_hash is 'SHA-256 of 80 random bits.';

create table code_attempts (
    subject       uuid primary key references users on delete cascade,
    failures      int not null,
    since         timestamptz not null,
    paused_until  timestamptz
);
comment on table code_attempts is 'Wrong codes of a person, from anywhere: after twenty in an hour, codes pause.';
comment on column code_attempts.subject is 'The person whose codes were tried.';
comment on column code_attempts.failures is 'How many were tried since then and not found right.';
comment on column code_attempts.since is 'When the hour began.';
comment on column code_attempts.paused_until is 'No code is looked at before; null: it is.';

create table pending_sign_ins (
    id_hash           bytea primary key,
    browser_hash      bytea not null,
    subject           uuid not null references users on delete cascade,
    session_hash      bytea,
    how               text not null,
    amr               text[] not null,
    idp               text,
    remember          boolean not null,
    authenticated_at  timestamptz not null,
    expires_at        timestamptz not null,
    attempts          int not null default 0
);
create trigger check_lists before insert or update of amr on pending_sign_ins for each row execute function check_lists('amr');
create index pending_sign_ins_of_subject on pending_sign_ins (subject);
create index pending_sign_ins_by_expiry on pending_sign_ins (expires_at);
comment on table pending_sign_ins is 'Who has given the first factor and is asked for the second: nobody is signed in yet.';
comment on column pending_sign_ins.id_hash is 'SHA-256 of the ticket in the page.';
comment on column pending_sign_ins.browser_hash is 'SHA-256 of the cookie of the browser it began in: no other may finish it.';
comment on column pending_sign_ins.subject is 'The person who gave the first factor.';
comment on column pending_sign_ins.session_hash is 'The live session that is to become surer, where it is that; null: a sign-in.';
comment on column pending_sign_ins.how is 'The first factor, as the audit log names it.';
comment on column pending_sign_ins.amr is 'The first factor, as apps are told of it (RFC 8176).';
comment on column pending_sign_ins.idp is 'The sign-in provider that proved the first factor; null: here.';
comment on column pending_sign_ins.remember is 'Whether they asked to stay signed in on this device.';
comment on column pending_sign_ins.authenticated_at is 'When the first factor was given.';
comment on column pending_sign_ins.expires_at is 'Five minutes later.';
comment on column pending_sign_ins.attempts is 'Codes tried; after five it starts over.';

create function identities_end_pending_sign_ins() returns trigger language plpgsql as $$
begin
    delete from pending_sign_ins where subject = old.subject and idp is not null;
    return null;
end $$;
comment on function identities_end_pending_sign_ins() is 'Who is unlinked from a company does not finish a sign-in that began there.';
create trigger identities_end_pending_sign_ins after delete on identities
    for each row execute function identities_end_pending_sign_ins();

create table used_proofs (
    hash        bytea primary key,
    expires_at  timestamptz not null
);
comment on table used_proofs is 'Proofs that work once and were used: challenges of passkeys.';
comment on column used_proofs.hash is 'SHA-256 of what kind of proof it was and of the proof.';
comment on column used_proofs.expires_at is 'When it would be refused for its age anyway.';
create index used_proofs_by_expiry on used_proofs (expires_at);

create function users_end_pending_sign_ins() returns trigger language plpgsql as $$
begin
    if not new.enabled or new.password_hash is distinct from old.password_hash then
        delete from pending_sign_ins where subject = new.subject;
    end if;
    return null;
end $$;
comment on function users_end_pending_sign_ins() is 'A person who is disabled, or has another password, starts over.';
create trigger users_end_pending_sign_ins after update of enabled, password_hash on users
    for each row execute function users_end_pending_sign_ins();

create or replace function audit_change(column_name text, before jsonb, after jsonb) returns text
    language plpgsql immutable parallel safe as $$
begin
    return (select case
        -- No change that anybody made: it comes with the first passkey.
        when column_name = 'passkey_handle' then null
        when column_name = 'password_hash' then 'password changed'
        when column_name = 'hash' then 'secret changed'
        when column_name ~ '(hash|sealed|secret|password|public_key)' then column_name || ' changed'
        when 'array' in (jsonb_typeof(before), jsonb_typeof(after)) then
            column_name || ': ' || coalesce(audit_list_change(column_name, before, after), 'in another order')
        when before is null then column_name || ': ' || audit_value(column_name, after)
        when after is null then column_name || ': ' || audit_value(column_name, before)
        else column_name || ': ' || audit_value(column_name, before) || ' → ' || audit_value(column_name, after) end);
end $$;

-- A passkey is a way in, too, and the last one of the last administrator stays.
create or replace function has_local_way_in(subject uuid, password_hash text) returns boolean language sql stable as $$
    select password_hash is not null or exists (select from passkeys p where p.subject = $1)
$$;
create function passkeys_keep_an_administrator() returns trigger language plpgsql as $$
begin
    if not exists (select from gone join users u on u.subject = gone.subject
                    where u.role = 'admin' and u.enabled and u.password_hash is null) then return null; end if;
    perform pg_advisory_xact_lock(hashtext('administrators'));
    if not exists (select from users u where u.role = 'admin' and u.enabled and has_local_way_in(u.subject, u.password_hash)) then
        raise check_violation using message = 'The last administrator who can sign in here stays one',
            hint = 'Set a password first: oauth-server users passwd NAME.';
    end if;
    return null;
end $$;
comment on function passkeys_keep_an_administrator() is 'Refuses to take the last passkey after which nobody could enter the administration.';
create trigger passkeys_keep_an_administrator after delete on passkeys referencing old table as gone
    for each statement execute function passkeys_keep_an_administrator();

alter table clients
    add column min_acr text,
    add constraint clients_min_acr_known check (min_acr in ('aal1', 'aal2'));
comment on column clients.min_acr is 'aal2: people sign in to it with a second factor only. Null or aal1: one is enough.';

create function clients_check_min_acr() returns trigger language plpgsql as $$
begin
    if new.min_acr not in ('aal1', 'aal2') then
        raise check_violation using message = 'This level of sign-in does not exist', column = 'min_acr',
            hint = 'Write aal2 for a second factor, or null.';
    end if;
    if new.min_acr = 'aal2' and new.kind <> 'user-facing' then
        raise check_violation using message = 'Nobody signs in to a client of this kind', column = 'min_acr', hint = 'Leave min_acr empty.';
    end if;
    return new;
end $$;
comment on function clients_check_min_acr() is 'Says what clients.min_acr may be.';
create trigger clients_check_min_acr before insert or update of min_acr, kind on clients
    for each row execute function clients_check_min_acr();
create trigger clients_notify_min_acr after update of min_acr on clients for each row execute function notify_change();

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on
            passkeys, totp, recovery_codes, code_attempts, pending_sign_ins, used_proofs to oauth_server;
    end if;
end $$;
