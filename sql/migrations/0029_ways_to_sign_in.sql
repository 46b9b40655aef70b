-- People who have no password here, browsers that stay signed in, and what a session and its grants remember of the sign-in.

alter table users alter column password_hash drop not null;
comment on column users.password_hash is 'crypt(''the password'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14. Imported ones may be PBKDF2 or Argon2id. Null: they have none and sign in another way.';

create or replace function users_check() returns trigger language plpgsql as $$
begin
    if new.username is null or new.username !~ '^[a-z0-9][a-z0-9._@+-]{0,127}$' then
        raise check_violation using message = 'This is no user name', column = 'username',
            hint = 'Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.';
    end if;
    if not is_imported_hash(new.password_hash) and new.password_hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
        raise check_violation using message = 'A password is stored as a bcrypt hash, never as it is', column = 'password_hash',
            hint = 'Write crypt(''the password'', gen_salt(''bf'', 12)) after create extension pgcrypto, or run: oauth-server users passwd NAME. What you wrote may stand in PostgreSQL''s log now: choose another password.';
    end if;
    if new.password_hash ~ '^\$2' and new.password_hash !~ '^\$2[aby]\$1[0-4]\$' then
        raise check_violation using message = 'The bcrypt cost of this hash is outside 10 to 14', column = 'password_hash',
            hint = 'Write crypt(''the password'', gen_salt(''bf'', 12)).';
    end if;
    if new.role is null or new.role not in ('user', 'admin') then
        raise check_violation using message = 'This role does not exist', column = 'role', hint = 'Write user or admin.';
    end if;
    return new;
end $$;

create or replace function users_end_access() returns trigger language plpgsql as $$
declare
    why text := case when new.enabled then 'password_changed' else 'user_disabled' end;
begin
    if new.enabled and new.password_hash is not distinct from old.password_hash then return null; end if;
    perform set_config('oauth.session_end', why, true);
    delete from sessions where subject = new.subject;
    perform set_config('oauth.session_end', '', true);
    update grants set ended_at = now(), ended_reason = why where subject = new.subject and ended_at is null;
    return null;
end $$;

alter table sessions
    add column idp         text,
    add column remembered  boolean not null default false;
comment on column sessions.idp is 'The sign-in provider it began at; null: here.';
comment on column sessions.remembered is 'True: the person asked to stay signed in on this device, so it does not idle away. An administrator''s never is.';
create index sessions_of_idp on sessions (idp) where idp is not null;

alter table grants add column idp text;
comment on column grants.idp is 'The sign-in provider of the session it was allowed in; null: none.';
create index grants_of_idp on grants (idp) where idp is not null and ended_at is null;
