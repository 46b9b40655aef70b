-- Clients that prove themselves by a key of their own (RFC 7523): the server holds the public half and no secret.

alter table auth_methods add column needs_keys boolean not null default false;
comment on column auth_methods.needs_keys is 'Whether it stands on public keys of the client.';

alter table clients
    add column jwks          jsonb,
    add column jwks_uri      text,
    add column assertion_alg text,
    add column public_too    boolean not null default false,
    add constraint clients_keys_once check (jwks is null or jwks_uri is null),
    add constraint clients_assertion_alg_known check (assertion_alg in ('ES256', 'PS256', 'RS256'));
comment on column clients.jwks is 'Its public keys, a JWK set (RFC 7517) of at most ten; for auth_method private_key_jwt. Null: none, or jwks_uri has them.';
comment on column clients.jwks_uri is 'Where its public keys are, an https URL; in place of jwks.';
comment on column clients.assertion_alg is 'The one algorithm its assertions may have: ES256, PS256 or RS256. Null: any that fits its keys.';
comment on column clients.public_too is 'True: its document offers none beside private_key_jwt, so that it may come without an assertion. Of documents only.';

create function jwks_problem(keys jsonb) returns text language plpgsql immutable strict parallel safe as $$
declare
    usable int := 0;
    jwk    jsonb;
begin
    if jsonb_typeof(keys) <> 'object' or jsonb_typeof(keys -> 'keys') is distinct from 'array' then
        return 'A JWK set is an object with a list of keys';
    end if;
    if jsonb_array_length(keys -> 'keys') > 10 then return 'A client has at most ten keys'; end if;
    for jwk in select * from jsonb_array_elements(keys -> 'keys') loop
        if jsonb_typeof(jwk) <> 'object' then return 'A JWK set is an object with a list of keys'; end if;
        if jwk ?| array['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'] or jwk ->> 'kty' = 'oct' then
            return 'A private or symmetric key is in this set';
        end if;
        if coalesce(jwk ->> 'use', 'sig') = 'sig' and (
            (jwk ->> 'kty' = 'EC' and jwk ->> 'crv' = 'P-256' and length(jwk ->> 'x') = 43 and length(jwk ->> 'y') = 43
             and coalesce(jwk ->> 'alg', 'ES256') = 'ES256')
            or (jwk ->> 'kty' = 'RSA' and length(jwk ->> 'n') between 342 and 684 and length(jwk ->> 'e') > 0
             and coalesce(jwk ->> 'alg', 'RS256') in ('RS256', 'PS256'))) then
            usable := usable + 1;
        end if;
    end loop;
    return case when usable = 0 then 'No key of this set verifies ES256, PS256 or RS256' end;
end $$;
comment on function jwks_problem(jsonb) is 'Why a set cannot be a client''s public keys; null: it can.';

create function clients_check_keys() returns trigger language plpgsql as $$
declare
    with_keys text[] := array(select name from auth_methods where needs_keys order by position);
    problem   text;
begin
    new.public_too := coalesce(new.public_too, false);
    problem := jwks_problem(new.jwks);
    if problem is not null then
        raise check_violation using message = problem, column = 'jwks',
            hint = 'Write {"keys": […]} with public keys only: RSA of 2048 to 4096 bits or EC P-256. Where a private one was among them, PostgreSQL''s log may have it now: make another.';
    end if;
    if new.jwks is not null and new.jwks_uri is not null then
        raise check_violation using message = 'A client has jwks or jwks_uri, not both', column = 'jwks_uri',
            hint = 'Set one of them to null.';
    end if;
    if new.jwks_uri is not null and (length(new.jwks_uri) > 2048 or new.jwks_uri !~ '^https://[^\s/?#@\\]+(/[^\s#@\\]*)?$')
       and not new.jwks_uri ~ '^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s#@\\]*)?$' then
        raise check_violation using message = 'Keys are fetched by https', column = 'jwks_uri',
            hint = 'Write https://host.example/path: no fragment, no user information, at most 2048 characters.';
    end if;
    if new.assertion_alg not in ('ES256', 'PS256', 'RS256') then
        raise check_violation using message = 'This algorithm signs no assertion', column = 'assertion_alg',
            hint = 'Write ES256, PS256 or RS256, or leave it empty.';
    end if;
    if new.auth_method = any (with_keys) and num_nonnulls(new.jwks, new.jwks_uri) = 0 then
        raise check_violation using message = 'A client that proves itself by key needs its public keys', column = 'jwks',
            hint = 'Write jwks or jwks_uri in the same statement.';
    end if;
    if new.auth_method <> all (with_keys) and num_nonnulls(new.jwks, new.jwks_uri, new.assertion_alg) > 0 then
        raise check_violation using message = 'Keys are for clients that prove themselves by key', column = 'auth_method',
            hint = format('Write auth_method %s, or leave jwks, jwks_uri and assertion_alg empty.', one_of(with_keys));
    end if;
    if new.public_too and (new.origin <> 'document' or new.auth_method <> all (with_keys)) then
        raise check_violation using message = 'Only the client of a document may come with an assertion or without', column = 'public_too',
            hint = 'Leave public_too out.';
    end if;
    if tg_op = 'UPDATE' and new.auth_method is distinct from old.auth_method and new.auth_method <> 'none'
       and not exists (select from auth_methods where name = new.auth_method and needs_secret)
       and exists (select from client_secrets where client_id = old.client_id and revoked_at is null) then
        raise check_violation using message = 'This client has a secret that is not revoked', column = 'auth_method',
            hint = 'Revoke its secrets first: update client_secrets set revoked_at = now() where client_id = …;';
    end if;
    return new;
end $$;
comment on function clients_check_keys() is 'Says which clients have keys, and what keys may be.';
-- After clients_check, which fills in auth_method: triggers fire in the order of their names.
create trigger clients_check_keys before insert or update of auth_method, jwks, jwks_uri, assertion_alg, public_too, origin on clients
    for each row execute function clients_check_keys();

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
    -- The client's row first: two statements could each see the other's half undone.
    if new.revoked_at is null then
        perform from clients where client_id = new.client_id for no key update;
        if exists (select from clients c join auth_methods m on m.name = c.auth_method where c.client_id = new.client_id and m.needs_keys) then
            raise check_violation using message = 'A client that proves itself by key has no secret', column = 'client_id',
                hint = 'Leave it at its keys, or set auth_method of the client to client_secret_basic and its keys to null first.';
        end if;
        if exists (select from clients c join auth_methods m on m.name = c.auth_method where c.client_id = new.client_id and not m.needs_secret) then
            raise check_violation using message = 'A public client has no secret', column = 'client_id',
                hint = format('Set auth_method of the client to %s first.', (select name from auth_methods where needs_secret order by position limit 1));
        end if;
        if (select count(*) from client_secrets where client_id = new.client_id and revoked_at is null and id <> new.id) >= 2 then
            raise check_violation using message = 'A client has at most two secrets that are not revoked', column = 'client_id',
                hint = 'Revoke one first: update client_secrets set revoked_at = now() where id = …;';
        end if;
    end if;
    return new;
end $$;

-- One row of the audit log, and one word to the servers, however many columns an edit names.
drop trigger clients_audit on clients;
create trigger clients_audit after update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types, auth_method,
    access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, id_token_alg, id_token_claims, default_max_age,
    post_logout_redirect_uris, backchannel_logout_uri, trusted, min_acr, jwks, jwks_uri, assertion_alg, public_too on clients for each row
    when (old.origin <> 'self-registered' or current_setting('oauth.actor', true) is distinct from 'server')
    execute function audit_edit();
drop trigger clients_notify on clients;
drop trigger clients_notify_min_acr on clients;
create trigger clients_notify after delete or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types, auth_method,
    access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, id_token_alg, id_token_claims, default_max_age,
    post_logout_redirect_uris, backchannel_logout_uri, trusted, min_acr, jwks, jwks_uri, assertion_alg, public_too on clients for each row
    execute function notify_change();

-- A set that somebody drops is fetched anew by every server.
create trigger key_sets_notify after delete on key_sets for each row execute function notify_change();

create table client_key_uses (
    client_id    text not null references clients on update cascade on delete cascade,
    thumbprint   text not null,
    last_used_at timestamptz not null,
    primary key (client_id, thumbprint)
);
comment on table client_key_uses is 'When a client last proved itself by which of its keys; kept for 90 days.';
comment on column client_key_uses.client_id is 'Whose key it is.';
comment on column client_key_uses.thumbprint is 'Which key: SHA-256 of it, base64url (RFC 7638).';
comment on column client_key_uses.last_used_at is 'When an assertion that it signed was last taken; written a few times a minute.';
grant select, insert, update, delete on client_key_uses to oauth_server;
