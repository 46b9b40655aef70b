-- What people granted, and the codes and refresh tokens that stand for it.
-- Ending access is one mark on the grant row; codes, refresh tokens and JWTs all point there.

create table grants (
    id              uuid primary key,
    client_id       text not null references clients on delete cascade on update cascade,
    subject         uuid not null references users on delete cascade,
    fingerprint     bytea not null,
    redirect_uri    text not null,
    code_challenge  text not null,
    scope           text[] not null,
    resources       text[] not null,
    offline         boolean not null,
    created_at      timestamptz not null,
    activated_at    timestamptz,
    expires_at      timestamptz not null,
    ended_at        timestamptz,
    ended_reason    text
) with (fillfactor = 80);
create unique index grants_one_per_request on grants (fingerprint) where ended_at is null;
create index grants_of_subject on grants (subject) where ended_at is null;
create index grants_of_client on grants (client_id);
create index grants_by_expiry on grants (expires_at);
comment on table grants is 'What one person allowed one client, once.';
comment on column grants.id is 'The grant claim of its access tokens.';
comment on column grants.client_id is 'Who may act.';
comment on column grants.subject is 'On whose behalf.';
comment on column grants.fingerprint is 'SHA-256 over client, person, redirect URI, challenge, scope and resources: the same request sent twice is one grant.';
comment on column grants.redirect_uri is 'The exact URI the code went to.';
comment on column grants.code_challenge is 'RFC 7636 S256 challenge.';
comment on column grants.scope is 'What was allowed, without offline_access.';
comment on column grants.resources is 'What tokens may be for; the first is the default.';
comment on column grants.offline is 'Whether refresh tokens are issued.';
comment on column grants.created_at is 'When it was allowed.';
comment on column grants.activated_at is 'When its code was first redeemed.';
comment on column grants.expires_at is 'No token of it outlives this.';
comment on column grants.ended_at is 'Set once; everything that points here is dead from then on.';
comment on column grants.ended_reason is 'code_replayed, refresh_reused, revoked_by_client, revoked_by_user, password_changed, user_disabled, …';

create table consents (
    subject       uuid not null references users on delete cascade,
    client_id     text not null references clients on delete cascade on update cascade,
    redirect_uri  text not null,
    resources     text[] not null,
    scope         text[] not null,
    given_at      timestamptz not null,
    key           bytea not null,
    primary key (subject, key)
);
comment on table consents is 'What a person has allowed before, so that the same is not asked twice.';
comment on column consents.subject is 'Who.';
comment on column consents.client_id is 'Whom.';
comment on column consents.redirect_uri is 'Where the code went.';
comment on column consents.resources is 'For which resources.';
comment on column consents.scope is 'What was allowed, offline_access included.';
comment on column consents.given_at is 'When last.';
comment on column consents.key is 'SHA-256 over client, redirect URI and resources.';

create table codes (
    hash             bytea primary key,
    grant_id         uuid not null references grants on delete cascade,
    issued_at        timestamptz not null,
    expires_at       timestamptz not null,
    redeemed_at      timestamptz,
    wrong_verifiers  int not null default 0
) with (fillfactor = 70);
create index codes_of_grant on codes (grant_id);
create index codes_by_expiry on codes (expires_at);
comment on table codes is 'Authorization codes. Client, redirect URI and challenge are those of the grant.';
comment on column codes.hash is 'SHA-256 of the 256-bit code.';
comment on column codes.grant_id is 'What it stands for.';
comment on column codes.issued_at is 'When it was made.';
comment on column codes.expires_at is 'A minute later.';
comment on column codes.redeemed_at is 'Set once; a valid second use ends the grant.';
comment on column codes.wrong_verifiers is 'The fifth ends the code.';

create table refresh_tokens (
    hash               bytea primary key,
    grant_id           uuid not null references grants on delete cascade,
    parent_hash        bytea,
    issued_at          timestamptz not null,
    expires_at         timestamptz not null,
    used_at            timestamptz,
    successor_sealed   bytea,
    successor_used_at  timestamptz
) with (fillfactor = 70);
create index refresh_tokens_of_grant on refresh_tokens (grant_id);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);
comment on table refresh_tokens is 'Refresh tokens, one row each, chained from parent to successor.';
comment on column refresh_tokens.hash is 'SHA-256 of the 256-bit token.';
comment on column refresh_tokens.grant_id is 'The family.';
comment on column refresh_tokens.parent_hash is 'The token it replaced.';
comment on column refresh_tokens.issued_at is 'When it was made.';
comment on column refresh_tokens.expires_at is 'The idle limit or the end of the grant, whichever comes first.';
comment on column refresh_tokens.used_at is 'When it was first exchanged.';
comment on column refresh_tokens.successor_sealed is 'Its successor, sealed with a key that only this token yields (HKDF, AES-256-GCM): a lost answer can be given again.';
comment on column refresh_tokens.successor_used_at is 'When the successor was used: from then on this one is only ever a replay.';

create table revoked_tokens (
    jti         text primary key,
    client_id   text not null,
    audience    text not null,
    revoked_at  timestamptz not null,
    expires_at  timestamptz not null
);
create index revoked_tokens_by_expiry on revoked_tokens (expires_at);
comment on table revoked_tokens is 'Access tokens revoked one by one (RFC 7009), until they would have expired.';
comment on column revoked_tokens.jti is 'The token''s jti.';
comment on column revoked_tokens.client_id is 'Whose it was.';
comment on column revoked_tokens.audience is 'The resource it was for.';
comment on column revoked_tokens.revoked_at is 'Since when.';
comment on column revoked_tokens.expires_at is 'When the row may go.';

-- A disabled person, or a changed password, ends sessions and grants whoever made the edit and however.
create function users_end_access() returns trigger language plpgsql as $$
declare
    why text := case when new.enabled then 'password_changed' else 'user_disabled' end;
begin
    if new.enabled and new.password_hash = old.password_hash then return null; end if;
    delete from sessions where subject = new.subject;
    update grants set ended_at = now(), ended_reason = why where subject = new.subject and ended_at is null;
    return null;
end $$;
create trigger users_end_access after update of enabled, password_hash on users for each row execute function users_end_access();
