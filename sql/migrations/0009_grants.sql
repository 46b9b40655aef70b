-- What people allowed. One row tells the life of a grant, from its code to its last refresh; ending access is one mark on it.

-- A row is rotated in place, with room for its next versions on its page (HOT): no index below, nor its predicate, may name a column
-- that redemption or rotation changes (activated_at, hashes, generation, rotated_at, idle_until).
create table grants (
    id                 uuid primary key,
    client_id          text not null references clients on delete cascade on update cascade,
    subject            uuid not null references users on delete cascade,
    fingerprint        bytea,
    redirect_uri       text not null,
    code_challenge     text not null,
    scope              text[] not null,
    resources          text[] not null,
    offline            boolean not null,
    offline_requested  boolean not null default false,
    created_at         timestamptz not null,
    expires_at         timestamptz not null,
    ended_at           timestamptz,
    ended_reason       text,
    code_hash          bytea,
    code_expires_at    timestamptz,
    activated_at       timestamptz,
    wrong_verifiers    int not null default 0,
    family_hash        bytea,
    refresh_hash       bytea,
    previous_hash      bytea,
    successor_sealed   bytea,
    generation         int not null default 0,
    rotated_at         timestamptz,
    idle_until         timestamptz
) with (fillfactor = 60, autovacuum_vacuum_scale_factor = 0.02);
comment on table grants is 'What one person allowed one client, once: its code and its refresh tokens too.';
comment on column grants.id is 'UUIDv7. The grant claim of its access tokens; its code and its refresh tokens begin with it.';
comment on column grants.client_id is 'Who may act.';
comment on column grants.subject is 'On whose behalf.';
comment on column grants.fingerprint is 'SHA-256 over client, person, redirect URI, challenge, scope and resources: the same request sent twice is one grant. Null: redeemed, and requested again since.';
comment on column grants.redirect_uri is 'The exact URI the code went to.';
comment on column grants.code_challenge is 'RFC 7636 S256 challenge.';
comment on column grants.scope is 'What was allowed, without offline_access.';
comment on column grants.resources is 'What tokens may be for; the first is the default.';
comment on column grants.offline is 'Whether refresh tokens are issued.';
comment on column grants.created_at is 'When it was allowed.';
comment on column grants.activated_at is 'When its code was redeemed. Set once; a valid second use ends the grant.';
comment on column grants.expires_at is 'No token of it outlives this.';
comment on column grants.ended_at is 'Set once; everything that points here is dead from then on.';
comment on column grants.ended_reason is 'code_replayed, refresh_reused, revoked_by_client, revoked_by_user, password_changed, user_disabled, …';
comment on column grants.offline_requested is 'Whether the client requested offline_access by name: then the scope of its token replies names it.';
comment on column grants.code_hash is 'SHA-256 of the code''s first octet and secret. Kept after use, so that a replay is seen; null: it has no code.';
comment on column grants.code_expires_at is 'The code is refused from then on.';
comment on column grants.wrong_verifiers is 'Attempts with a wrong verifier; the fifth ends the code.';
comment on column grants.family_hash is 'SHA-256 of the 128 random bits that all its refresh tokens share: who has them has held one.';
comment on column grants.refresh_hash is 'SHA-256 of the one live refresh token''s first octet and secret; null: none was issued.';
comment on column grants.previous_hash is 'The same of the token it replaced, which is answered once more inside the retry window.';
comment on column grants.successor_sealed is 'What makes the live token, sealed with a key that only the one it replaced yields (HKDF, AES-256-GCM).';
comment on column grants.generation is 'Rotations so far. A token of the family with a lower generation has been superseded.';
comment on column grants.rotated_at is 'When the live token replaced the one before; null: it is the first.';
comment on column grants.idle_until is 'The live token is refused from then on; the row stays until expires_at.';
create unique index grants_one_per_request on grants (fingerprint) where ended_at is null;
create index grants_of_subject on grants (subject) where ended_at is null;
create index grants_of_client on grants (client_id);
create index grants_by_expiry on grants (expires_at);
create index grants_by_end on grants (ended_at) where ended_at is not null;
create trigger check_lists before insert or update of scope, resources on grants for each row execute function check_lists('scope', 'resources');

create table consents (
    subject       uuid not null references users on delete cascade,
    client_id     text not null references clients on delete cascade on update cascade,
    redirect_uri  text not null,
    resources     text[] not null,
    scope         text[] not null,
    given_at      timestamptz not null,
    key           bytea not null,
    expires_at    timestamptz,
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
comment on column consents.expires_at is 'Until when it was allowed; null: as long as the client''s row says.';
-- A client that is deleted takes its remembered consents along.
create index consents_of_client on consents (client_id);
create trigger check_lists before insert or update of resources, scope on consents for each row execute function check_lists('resources', 'scope');

create table old_tokens (
    hash        bytea primary key,
    grant_id    uuid not null references grants on delete cascade,
    kind        text not null,
    expires_at  timestamptz not null,
    constraint old_tokens_kind_known check (kind in ('code', 'spent_code', 'refresh_token'))
);
comment on table old_tokens is 'Codes and refresh tokens that do not begin with their grant: issued before they did, or imported. A row stays until its token expires.';
comment on column old_tokens.hash is 'SHA-256 of the token''s text; the grant''s row holds the same one.';
comment on column old_tokens.grant_id is 'What it stands for.';
comment on column old_tokens.kind is 'code; spent_code, when it had been redeemed already; refresh_token, superseded ones too.';
comment on column old_tokens.expires_at is 'When the row goes.';
create index old_tokens_of_grant on old_tokens (grant_id);
create index old_tokens_by_expiry on old_tokens (expires_at);

-- Disabling a person, or a changed password, ends sessions and grants whoever made the edit and however.
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
