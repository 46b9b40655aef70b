-- A grant is one row, from its code to its last refresh: codes and refresh tokens begin with the grant's id, and the tables codes and
-- refresh_tokens go. What was issued before is found by old_tokens until it expires. Stop, migrate, start: a server of the version
-- before cannot run beside this one.

-- Each unused refresh token is the end of one chain. The newest of a grant stays with it; another one (the same request was allowed and
-- redeemed twice) becomes a grant of its own.
create table old_chains as
with recursive chain as (
    select hash as leaf, hash, parent_hash, grant_id, issued_at, 0 as depth from refresh_tokens where used_at is null
    union all
    select c.leaf, p.hash, p.parent_hash, c.grant_id, p.issued_at, c.depth + 1 from chain c join refresh_tokens p on p.hash = c.parent_hash
)
select * from chain;

create function old_home() returns uuid language sql volatile as $$
    select (left(hex, 8) || '-' || right(hex, 4) || '-7' || substr(gen_random_uuid()::text, 16))::uuid
      from lpad(to_hex((extract(epoch from now()) * 1000)::bigint), 12, '0') as hex
$$;

create table old_families as
select leaf, grant_id, began, depth, case when place = 1 then grant_id else old_home() end as home
  from (
    select c.*, row_number() over (partition by c.grant_id order by c.issued_at desc, c.leaf) as place
      from (
        select leaf, grant_id, max(depth) as depth, max(issued_at) as issued_at, min(issued_at) filter (where parent_hash is null) as began
          from old_chains group by leaf, grant_id
      ) as c
  ) as leaves;

-- A spent code stays with the family it began. Of codes not spent and not expired the newest stays with its grant while that has spent
-- none; another one becomes a grant of its own. Expired ones are dropped.
create table old_codes as
select distinct on (c.hash) c.hash, c.grant_id, c.expires_at, c.wrong_verifiers, c.redeemed_at,
       case when c.redeemed_at is not null then coalesce(f.home, c.grant_id)
            when g.activated_at is null and c.place = 1 then c.grant_id
            else old_home() end as home
  from (
    select *, row_number() over (partition by grant_id order by issued_at desc, hash) as place
      from codes where redeemed_at is not null or expires_at > now()
  ) as c
  join grants g on g.id = c.grant_id
  left join old_families f on f.grant_id = c.grant_id and f.began = c.redeemed_at;

alter table grants rename to grants_before;
alter table grants_before rename constraint grants_pkey to grants_before_pkey;
alter table grants_before rename constraint grants_client_id_fkey to grants_before_client_id_fkey;
alter table grants_before rename constraint grants_subject_fkey to grants_before_subject_fkey;
drop index grants_one_per_request, grants_of_subject, grants_of_client, grants_by_expiry;

-- A row is rotated in place, with room for its next versions on its page (HOT): no index below, nor its predicate, may name a column
-- that redemption or rotation changes.
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

insert into grants (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline, offline_requested, created_at,
                    expires_at, ended_at, ended_reason, code_hash, code_expires_at, activated_at, wrong_verifiers,
                    refresh_hash, previous_hash, successor_sealed, generation, rotated_at, idle_until)
select h.home, g.client_id, g.subject, case when h.home = g.id then g.fingerprint end, g.redirect_uri, g.code_challenge, g.scope, g.resources,
       g.offline, g.offline_requested, g.created_at, g.expires_at, g.ended_at, g.ended_reason,
       c.hash, c.expires_at, case when h.home = g.id or f.leaf is not null then g.activated_at end, coalesce(c.wrong_verifiers, 0),
       f.leaf, l.parent_hash, p.successor_sealed, coalesce(f.depth, 0), case when l.parent_hash is not null then l.issued_at end, l.expires_at
  from (
    select id as source, id as home from grants_before
    union select grant_id, home from old_families
    union select grant_id, home from old_codes
  ) as h
  join grants_before g on g.id = h.source
  left join old_families f on f.home = h.home
  left join refresh_tokens l on l.hash = f.leaf
  left join refresh_tokens p on p.hash = l.parent_hash
  left join (select distinct on (home) * from old_codes order by home, redeemed_at desc nulls last) c on c.home = h.home;

create table old_tokens (
    hash        bytea primary key,
    grant_id    uuid not null references grants on delete cascade,
    kind        text not null,
    expires_at  timestamptz not null,
    constraint old_tokens_kind_known check (kind in ('code', 'spent_code', 'refresh_token'))
);
insert into old_tokens (hash, grant_id, kind, expires_at)
select t.hash, coalesce(f.home, t.grant_id), 'refresh_token', t.expires_at
  from refresh_tokens t left join old_chains c on c.hash = t.hash left join old_families f on f.leaf = c.leaf
union all
select hash, home, case when redeemed_at is null then 'code' else 'spent_code' end, expires_at + interval '1 day' from old_codes
on conflict do nothing;

drop table codes, refresh_tokens, grants_before, old_chains, old_families, old_codes;
drop function old_home();

create unique index grants_one_per_request on grants (fingerprint) where ended_at is null;
create index grants_of_subject on grants (subject) where ended_at is null;
create index grants_of_client on grants (client_id);
create index grants_by_expiry on grants (expires_at);
create index grants_by_end on grants (ended_at) where ended_at is not null;
create index old_tokens_of_grant on old_tokens (grant_id);
create index old_tokens_by_expiry on old_tokens (expires_at);
analyze grants;
analyze old_tokens;

create trigger check_lists before insert or update of scope, resources on grants for each row execute function check_lists('scope', 'resources');
create trigger grants_feed after update of ended_at on grants for each row
    when (old.ended_at is null and new.ended_at is not null) execute function grants_feed();
create trigger grants_feed_delete after delete on grants for each row
    when (old.ended_at is null and old.activated_at is not null and old.expires_at > now()) execute function grants_feed();

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
comment on column grants.offline_requested is 'Whether the client requested offline_access by name: then the scope of its token replies names it.';
comment on column grants.created_at is 'When it was allowed.';
comment on column grants.expires_at is 'No token of it outlives this.';
comment on column grants.ended_at is 'Set once; everything that points here is dead from then on.';
comment on column grants.ended_reason is 'code_replayed, refresh_reused, revoked_by_client, revoked_by_user, password_changed, user_disabled, …';
comment on column grants.code_hash is 'SHA-256 of the code''s first octet and secret. Kept after use, so that a replay is seen; null: it has no code.';
comment on column grants.code_expires_at is 'The code is refused from then on.';
comment on column grants.activated_at is 'When its code was redeemed. Set once; a valid second use ends the grant.';
comment on column grants.wrong_verifiers is 'Attempts with a wrong verifier; the fifth ends the code.';
comment on column grants.family_hash is 'SHA-256 of the 128 random bits that all its refresh tokens share: who has them has held one.';
comment on column grants.refresh_hash is 'SHA-256 of the one live refresh token''s first octet and secret; null: none was issued.';
comment on column grants.previous_hash is 'The same of the token it replaced, which is answered once more inside the retry window.';
comment on column grants.successor_sealed is 'What makes the live token, sealed with a key that only the one it replaced yields (HKDF, AES-256-GCM).';
comment on column grants.generation is 'Rotations so far. A token of the family with a lower generation has been superseded.';
comment on column grants.rotated_at is 'When the live token replaced the one before; null: it is the first.';
comment on column grants.idle_until is 'The live token is refused from then on; the row stays until expires_at.';
comment on table old_tokens is 'Codes and refresh tokens that do not begin with their grant: issued before they did, or imported. A row stays until its token expires.';
comment on column old_tokens.hash is 'SHA-256 of the token''s text; the grant''s row holds the same one.';
comment on column old_tokens.grant_id is 'What it stands for.';
comment on column old_tokens.kind is 'code; spent_code, when it had been redeemed already; refresh_token, superseded ones too.';
comment on column old_tokens.expires_at is 'When the row goes.';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on grants, old_tokens to oauth_server;
    end if;
end $$;
