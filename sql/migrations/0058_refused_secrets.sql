-- A secret or password that was refused as it is may stand in PostgreSQL's own log, whose STATEMENT line repeats what was typed: the hint
-- says so. Nothing else of these two functions has changed.
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

create or replace function users_check() returns trigger language plpgsql as $$
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
