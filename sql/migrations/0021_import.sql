-- What another server issued before this one took its place: its keys verify, its sessions are exchanged, its hashes are read.

create table imported_keys (
    kid             text primary key,
    alg             text not null,
    public_key      bytea not null,
    issuer          text not null,
    verifies_until  timestamptz not null,
    constraint imported_keys_alg_known check (alg in ('ES256', 'RS256')),
    constraint imported_keys_verifies_until_plain check (is_plain_date(verifies_until))
);
comment on table imported_keys is 'Public keys of another server: access tokens it signed are accepted until a date, and none is signed with them. Written by oauth-server import; deleting a row refuses its tokens at once.';
comment on column imported_keys.kid is 'As the headers of its tokens name it.';
comment on column imported_keys.alg is 'ES256 or RS256.';
comment on column imported_keys.public_key is 'SubjectPublicKeyInfo, DER.';
comment on column imported_keys.issuer is 'The iss its tokens have.';
comment on column imported_keys.verifies_until is 'Its tokens are refused from then on, and the key leaves the JWKS.';
create trigger check_dates before insert or update of verifies_until on imported_keys for each row execute function check_dates('verifies_until');
create trigger imported_keys_audit after insert or update or delete on imported_keys for each row execute function audit_edit();
create trigger imported_keys_notify after insert or update or delete on imported_keys for each row execute function notify_change();

create table imported_marks (
    hash        bytea primary key,
    expires_at  timestamptz not null
);
comment on table imported_marks is 'What was imported once: a second run brings nothing back that was used or ended since. Written by oauth-server import.';
comment on column imported_marks.hash is 'SHA-256 of a refresh token or cookie, or of a public key.';
comment on column imported_marks.expires_at is 'When the row goes: it would be refused by then.';

alter table sessions add column imported boolean not null default false;
comment on column sessions.imported is 'Of another server: its cookie is taken once, for a session id of ours.';

-- Other slow hashes than bcrypt come with imported rows: nobody types them.
create function is_imported_hash(hash text) returns boolean language sql immutable strict parallel safe as $$
    select hash ~ '^AQAAAA[A-Za-z0-9+/]{60,240}={0,2}$'
        or hash ~ '^\$pbkdf2-sha(1|256|512)\$i=\d{4,7}\$[A-Za-z0-9+/]{8,172}\$[A-Za-z0-9+/]{22,172}$'
        or hash ~ '^\$argon2id\$v=19\$m=\d{1,6},t=\d{1,2},p=\d{1,2}\$[A-Za-z0-9+/]{11,172}\$[A-Za-z0-9+/]{22,172}$'
$$;
comment on function is_imported_hash(text) is 'PBKDF2 as ASP.NET Core Identity v3 writes it (base64 that begins with 1) or as $pbkdf2-sha256$i=…$salt$hash, and Argon2id as $argon2id$v=19$m=…,t=…,p=…$salt$hash.';

alter table users drop constraint users_password_form;
alter table users add constraint users_password_form
    check (password_hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$' or is_imported_hash(password_hash));
create index users_with_imported_hash on users (subject) where password_hash !~ '^\$2';

alter table client_secrets drop constraint client_secrets_hash_form;
alter table client_secrets add constraint client_secrets_hash_form
    check (hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$' or hash ~ '^sha256:[0-9a-f]{64}$' or is_imported_hash(hash));
comment on column client_secrets.hash is 'crypt(''the secret'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14, $2a$ $2b$ or $2y$. Imported ones may be sha256: and 64 hexadecimal digits, for secrets with 128 random bits or more, PBKDF2 or Argon2id.';
comment on column users.password_hash is 'crypt(''the password'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14. Imported ones may be PBKDF2 or Argon2id.';
create index client_secrets_with_imported_hash on client_secrets (id) where is_imported_hash(hash) and revoked_at is null;

create or replace function users_check() returns trigger language plpgsql as $$
begin
    if new.username is null or new.username !~ '^[a-z0-9][a-z0-9._@+-]{0,127}$' then
        raise check_violation using message = 'This is no user name', column = 'username',
            hint = 'Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.';
    end if;
    if new.password_hash is null or not is_imported_hash(new.password_hash)
        and new.password_hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
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

create or replace function client_secrets_check() returns trigger language plpgsql as $$
begin
    if new.client_id is null or not exists (select from clients where client_id = new.client_id) then
        raise check_violation using message = 'This client does not exist', column = 'client_id', hint = 'Insert it into clients first.';
    end if;
    if new.hash is null or not (is_imported_hash(new.hash) or new.hash ~ '^sha256:[0-9a-f]{64}$')
        and new.hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
        raise check_violation using message = 'A secret is stored as a bcrypt hash, never as it is', column = 'hash',
            hint = 'Write crypt(''the secret'', gen_salt(''bf'', 12)) after create extension pgcrypto, or run: oauth-server clients secret add CLIENT_ID. What you wrote may stand in PostgreSQL''s log now: choose another secret.';
    end if;
    if new.hash ~ '^\$2' and new.hash !~ '^\$2[aby]\$1[0-4]\$' then
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

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, delete on imported_keys, imported_marks to oauth_server;
    end if;
end $$;
