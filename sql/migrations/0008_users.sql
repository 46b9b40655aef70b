-- People, their browser sessions, and the authorization requests they are in the middle of.

create table users (
    subject        uuid primary key default gen_random_uuid(),
    username       text not null unique,
    password_hash  text not null,
    role           text not null default 'user',
    enabled        boolean not null default true,
    created_at     timestamptz not null default now(),
    constraint users_username_form check (username ~ '^[a-z0-9][a-z0-9._@+-]{0,127}$'),
    constraint users_password_form check (password_hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$'),
    constraint users_role_known check (role in ('user', 'admin')),
    constraint users_created_at_plain check (is_plain_date(created_at))
);
comment on table users is 'The people who sign in. Disabling one, or a new password, ends sessions and grants at once.';
comment on column users.subject is 'sub of their tokens: opaque, never reused.';
comment on column users.username is 'Lower case; what they type.';
comment on column users.password_hash is 'crypt(''the password'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14.';
comment on column users.role is 'user or admin.';
comment on column users.enabled is 'False: cannot sign in, and nothing granted works.';
comment on column users.created_at is 'When the row was made.';

create function users_check() returns trigger language plpgsql as $$
begin
    if new.username is null or new.username !~ '^[a-z0-9][a-z0-9._@+-]{0,127}$' then
        raise check_violation using message = 'This is no user name', column = 'username',
            hint = 'Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.';
    end if;
    if new.password_hash is null or new.password_hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
        raise check_violation using message = 'A password is stored as a bcrypt hash, never as it is', column = 'password_hash',
            hint = 'Write crypt(''the password'', gen_salt(''bf'', 12)) after create extension pgcrypto, or run: oauth-server users passwd NAME. What you wrote may stand in PostgreSQL''s log now: choose another password.';
    end if;
    if new.password_hash !~ '^\$2[aby]\$1[0-4]\$' then
        raise check_violation using message = 'The bcrypt cost of this hash is outside 10 to 14', column = 'password_hash',
            hint = 'Write crypt(''the password'', gen_salt(''bf'', 12)).';
    end if;
    if new.role is null or new.role not in ('user', 'admin') then
        raise check_violation using message = 'This role does not exist', column = 'role', hint = 'Write user or admin.';
    end if;
    return new;
end $$;
create trigger check_dates before insert or update of created_at on users for each row execute function check_dates('created_at');
create trigger users_check before insert or update on users for each row execute function users_check();
create trigger users_audit after insert or update or delete on users for each row execute function audit_edit();

create table sessions (
    id_hash           bytea primary key,
    subject           uuid not null references users on delete cascade,
    authenticated_at  timestamptz not null,
    last_seen_at      timestamptz not null,
    expires_at        timestamptz not null,
    address           text not null,
    user_agent        text not null
);
comment on table sessions is 'Browser sessions. The id lives only in the cookie; here is its SHA-256.';
comment on column sessions.id_hash is 'SHA-256 of the 256-bit session id.';
comment on column sessions.subject is 'Who is signed in.';
comment on column sessions.authenticated_at is 'When the password was given (auth_time).';
comment on column sessions.last_seen_at is 'Last page, to the minute; idle sessions end.';
comment on column sessions.expires_at is 'Absolute end.';
comment on column sessions.address is 'Where the sign-in came from.';
comment on column sessions.user_agent is 'The browser, as it named itself, at most 200 characters.';
create index sessions_of_subject on sessions (subject);
create index sessions_by_expiry on sessions (expires_at);

create table authorization_requests (
    id_hash       bytea primary key,
    browser_hash  bytea not null,
    client_id     text not null,
    query         text not null,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    consumed_at   timestamptz,
    answer_sealed bytea
);
comment on table authorization_requests is 'Authorization requests that wait for a person to sign in or consent.';
comment on column authorization_requests.id_hash is 'SHA-256 of the ticket in the page''s URL.';
comment on column authorization_requests.browser_hash is 'SHA-256 of the cookie of the browser that began it: no other may finish it.';
comment on column authorization_requests.client_id is 'Who asks.';
comment on column authorization_requests.query is 'The request as it came; forms posted later cannot change it.';
comment on column authorization_requests.created_at is 'A sign-in after this satisfies prompt=login.';
comment on column authorization_requests.expires_at is 'Ten minutes later.';
comment on column authorization_requests.consumed_at is 'Set once, by Allow or Deny.';
comment on column authorization_requests.answer_sealed is 'Where Allow or Deny sent the browser, code included, sealed with a key that only the same browser, session and decision yield (HKDF, AES-256-GCM).';
create index authorization_requests_by_expiry on authorization_requests (expires_at);
