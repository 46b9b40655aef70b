-- Secrets of clients: bcrypt hashes, at most two unrevoked per client.

create table client_secrets (
    id            bigint generated always as identity primary key,
    client_id     text not null references clients on delete cascade on update cascade,
    hash          text not null,
    label         text not null default '',
    not_before    timestamptz not null default now(),
    expires_at    timestamptz,
    revoked_at    timestamptz,
    last_used_at  timestamptz,
    constraint client_secrets_hash_form check (hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$'),
    constraint client_secrets_not_before_plain check (is_plain_date(not_before)),
    constraint client_secrets_expires_at_plain check (is_plain_date(expires_at)),
    constraint client_secrets_revoked_at_plain check (is_plain_date(revoked_at)),
    constraint client_secrets_last_used_at_plain check (is_plain_date(last_used_at))
) with (fillfactor = 80);
comment on table client_secrets is 'bcrypt hashes of client secrets: at most two unrevoked per client, so that one can be rotated while the other works.';
comment on column client_secrets.id is 'Names the secret in commands.';
comment on column client_secrets.client_id is 'Whose it is.';
comment on column client_secrets.hash is 'crypt(''the secret'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14, $2a$ $2b$ or $2y$.';
comment on column client_secrets.label is 'For operators.';
comment on column client_secrets.not_before is 'Refused before.';
comment on column client_secrets.expires_at is 'Refused from then on; null: never.';
comment on column client_secrets.revoked_at is 'Refused from then on, for good.';
comment on column client_secrets.last_used_at is 'When it last proved a client, to the minute or so.';
create index client_secrets_of_client on client_secrets (client_id);

create function client_secrets_check() returns trigger language plpgsql as $$
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
create trigger check_dates before insert or update of not_before, expires_at, revoked_at on client_secrets
    for each row execute function check_dates('not_before', 'expires_at', 'revoked_at');
create trigger client_secrets_check before insert or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row execute function client_secrets_check();

-- The server by itself writes secrets of self-registered clients only.
create trigger client_secrets_audit after insert or delete or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row when (current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();
create trigger client_secrets_notify_insert after insert on client_secrets for each row
    when (current_setting('oauth.actor', true) is distinct from 'server') execute function notify_change();
create trigger client_secrets_notify after delete or update of client_id, hash, label, not_before, expires_at, revoked_at
    on client_secrets for each row execute function notify_change();
