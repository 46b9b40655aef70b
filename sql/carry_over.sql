-- Carries a database over that the version before 0.1.0 made (its schema_migrations end with 0073_use_of_resource_servers) to the state
-- that sql/migrations describe up to 0017. Run once by migrate, in the same transaction that then records those files as applied and runs
-- the later ones.

-- ---- one row per grant ----
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

-- ---- grant types and authentication methods ----
-- What grant types and client authentication methods there are: one row each, written by migrate from the records of the server
-- (GrantType and AuthMethod in Protocol). The triggers of clients read them; no list stands in a CHECK or a function any more.
create table grant_types (
    name                 text primary key,
    kinds                text[] not null,
    default_for          text[] not null,
    continues            boolean not null,
    needs_redirect_uris  boolean not null,
    position             int not null
);
comment on table grant_types is 'What clients may use at /token. Only oauth-server migrate writes here.';
comment on column grant_types.name is 'The value of grant_type.';
comment on column grant_types.kinds is 'The kinds of client that may use it.';
comment on column grant_types.default_for is 'The kinds of client that get it when they name none.';
comment on column grant_types.continues is 'True: it only continues what another grant type began.';
comment on column grant_types.needs_redirect_uris is 'True: a client that registers for it needs redirect URIs.';
comment on column grant_types.position is 'Its place in metadata and hints.';

create table auth_methods (
    name          text primary key,
    kinds         text[] not null,
    default_for   text[] not null,
    needs_secret  boolean not null,
    position      int not null
);
comment on table auth_methods is 'How clients may authenticate. Only oauth-server migrate writes here.';
comment on column auth_methods.name is 'The value of token_endpoint_auth_method.';
comment on column auth_methods.kinds is 'The kinds of client that may use it.';
comment on column auth_methods.default_for is 'The kinds of client that get it when they name none.';
comment on column auth_methods.needs_secret is 'False: a client that uses it has no secret.';
comment on column auth_methods.position is 'Its place in metadata and hints.';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select on grant_types, auth_methods to oauth_server;
        grant update (leaves_at) on revocation_feed to oauth_server;
    end if;
end $$;

create function one_of(names text[]) returns text language sql immutable parallel safe as $$
    select case when cardinality(names) < 2 then coalesce(names[1], 'nothing')
        else array_to_string(trim_array(names, 1), ', ') || ' or ' || names[cardinality(names)] end
$$;
comment on function one_of(text[]) is 'In a sentence: a, b or c.';

alter table clients
    drop constraint clients_auth_method_known,
    drop constraint clients_grant_types_known,
    drop constraint clients_machine,
    drop constraint clients_user_facing,
    drop constraint clients_resource_server,
    add constraint clients_machine check (kind <> 'machine' or (grant_types <> '{}' and redirect_uris = '{}')),
    add constraint clients_resource_server check (kind <> 'resource-server' or (grant_types = '{}' and redirect_uris = '{}'));
comment on column clients.kind is 'machine, user-facing or resource-server (introspection).';
comment on column clients.grant_types is 'Names of grant_types; filled from kind when left out.';
comment on column clients.auth_method is 'A name of auth_methods; filled from kind when left out. Any that needs a secret may be used with one.';

create or replace function clients_check() returns trigger language plpgsql as $$
declare
    problem   text;
    candidate text;
    allowed   text[];
    methods   text;
    fits      boolean;
begin
    if new.kind is null or new.kind not in ('machine', 'user-facing', 'resource-server') then
        raise check_violation using message = 'This kind of client does not exist', column = 'kind',
            hint = 'Write machine, user-facing or resource-server.';
    end if;
    if new.client_id ~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' then
        raise check_violation using message = 'A client id may not look like the subject of a person', column = 'client_id',
            hint = 'Choose a name such as nightly-etl.';
    end if;
    if not (new.client_id ~ '^[A-Za-z0-9_.~-]{1,255}$' or (new.client_id ~ '^https://[^\s#@]+/[^\s#]*$' and length(new.client_id) <= 2048)) then
        raise check_violation using message = 'A client id has characters that HTTP Basic cannot carry unchanged', column = 'client_id',
            hint = 'Write A-Z a-z 0-9 _ . ~ - only, or the https URL of a client id document.';
    end if;
    if num_nulls(new.client_id, new.name, new.origin, new.enabled, new.access_token_seconds, new.refresh_token_seconds, new.refresh_idle_seconds) > 0 then
        raise not_null_violation using message = 'A column of this row that needs a value has none',
            hint = 'Write client_id, kind and name; leave other columns out to get their defaults.';
    end if;
    if new.default_resource is not null and not exists (select from resources where uri = new.default_resource) then
        raise check_violation using message = 'The default resource of this row does not exist', column = 'default_resource',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    new.redirect_uris := coalesce(new.redirect_uris, '{}');
    new.scopes := coalesce(new.scopes, '{}');
    new.default_scopes := coalesce(new.default_scopes, '{}');
    new.resources := coalesce(new.resources, '{}');
    new.grant_types := coalesce(new.grant_types, array(select name from grant_types where new.kind = any (default_for) order by position));
    new.auth_method := coalesce(new.auth_method, (select name from auth_methods where new.kind = any (default_for) order by position limit 1));

    if not exists (select from auth_methods where name = new.auth_method) then
        raise check_violation using message = 'This authentication method does not exist', column = 'auth_method',
            hint = format('Write %s.', one_of(array(select name from auth_methods order by position)));
    end if;
    if exists (select from unnest(new.grant_types) as wanted where not exists (select from grant_types where name = wanted)) then
        raise check_violation using message = 'A grant type in this row does not exist', column = 'grant_types',
            hint = format('Write %s.', one_of(array(select name from grant_types order by position)));
    end if;
    allowed := array(select name from grant_types where new.kind = any (kinds) order by position);
    methods := one_of(array(select name from auth_methods where new.kind = any (kinds) order by position));
    fits := new.grant_types <@ allowed and exists (select from auth_methods where name = new.auth_method and new.kind = any (kinds));
    if new.kind = 'machine' and new.redirect_uris <> '{}' then
        raise check_violation using message = 'A machine client has no redirect URIs', column = 'redirect_uris',
            hint = 'Leave redirect_uris out, or make the client user-facing.';
    end if;
    if new.kind = 'machine' and (not fits or new.grant_types = '{}') then
        raise check_violation using message = format('A machine client uses %s, with a secret', one_of(allowed)), column = 'grant_types',
            hint = format('Write grant_types ''{%s}'' and auth_method %s.', array_to_string(allowed, ','), methods);
    end if;
    if new.kind = 'resource-server' and (not fits or new.redirect_uris <> '{}') then
        raise check_violation using message = 'A resource server only introspects, with a secret', column = 'grant_types',
            hint = format('Leave grant_types and redirect_uris empty; auth_method %s.', methods);
    end if;
    if new.kind = 'user-facing' and not fits then
        select one into candidate from unnest(new.grant_types) as one where one <> all (allowed) limit 1;
        raise check_violation using message = format('A user-facing client cannot use %s', coalesce(candidate, new.auth_method)),
            column = case when candidate is null then 'auth_method' else 'grant_types' end,
            hint = 'Make a second client of kind machine.';
    end if;
    if new.access_token_seconds not between 1 and 3600 then
        raise check_violation using message = 'An access token lives at most an hour', column = 'access_token_seconds',
            hint = 'Write 1 to 3600 (RFC 9068; the default is 600).';
    end if;
    if new.refresh_token_seconds not between 1 and 31536000 or new.refresh_idle_seconds not between 1 and 31536000 then
        raise check_violation using message = 'A refresh token lives at most a year', column = 'refresh_token_seconds',
            hint = 'Write 1 to 31536000 (the defaults are 2592000 and 1209600).';
    end if;
    if cardinality(new.redirect_uris) > 100 then
        raise check_violation using message = 'A client has at most 100 redirect URIs', column = 'redirect_uris', hint = 'Remove some.';
    end if;
    foreach candidate in array new.redirect_uris loop
        problem := redirect_uri_problem(candidate);
        if problem is not null then
            raise check_violation using message = problem, column = 'redirect_uris',
                hint = 'Write https://host.example/path, http://127.0.0.1/path, http://localhost/path, or a private-use scheme with a dot such as com.example.app:/path; no fragment, no wildcard, no user information.';
        end if;
    end loop;
    if exists (select from unnest(new.scopes || new.default_scopes) as wanted where not exists (select from scopes where name = wanted)) then
        raise check_violation using message = 'A scope in this row does not exist', column = 'scopes',
            hint = 'Insert it into scopes first: insert into scopes (name, resource) values (…).';
    end if;
    if not new.default_scopes <@ new.scopes then
        raise check_violation using message = 'A default scope is not among the client''s scopes', column = 'default_scopes',
            hint = 'Add it to scopes too.';
    end if;
    if exists (select from unnest(new.resources) as wanted where not exists (select from resources where uri = wanted)) then
        raise check_violation using message = 'A resource in this row does not exist', column = 'resources',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    return new;
end $$;

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

-- ---- names ----
-- Names are kept alike whoever gives them: no blanks of any kind at the ends, and no format or private character of any plane. The server
-- did both to the names of clients that register; SQL took the space alone from the ends.
create or replace function visible_text(name text) returns text language sql immutable parallel safe as $$
    select btrim(regexp_replace(name,
        '[\u0001-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F'
        '\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164\uE000-\uF8FF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U000110BD\U000110CD'
        '\U00013430-\U0001343F\U0001BCA0-\U0001BCA3\U0001D159\U0001D173-\U0001D17A\U000E0000-\U000E0FFF\U000F0000-\U0010FFFF]', '', 'g'),
        E' \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000')
$$;

-- ---- identifiers that carry their time ----
-- Request ids begin with 48 bits of Unix milliseconds, and every row a request writes has that very millisecond: it is found by the
-- index of moments, and the index of request ids goes.
drop index audit_events_by_request;

create function request_time(request_id text) returns timestamptz language sql immutable strict parallel safe as $$
    select timestamptz 'epoch' + interval '1 millisecond' * ('x' || case
               when $1 like 'sql-%' then substr($1, 5, 12)
               else encode(decode(translate(left($1, 8), '-_', '+/'), 'base64'), 'hex') end)::bit(48)::bigint
     where $1 ~ '^([A-Za-z0-9_-]{20}|sql-[0-9a-f]{12}-[0-9]+)$'
$$;
comment on function request_time(text) is 'The millisecond a request id carries; null for an id that carries none.';

-- One row per edit, whoever made it: psql, command or panel. An edit made over the web has the request's id and time, and the address
-- of the person who made it; one in plain SQL has an id made of the transaction's time and number.
create or replace function audit_edit() returns trigger language plpgsql as $$
declare
    before  jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after   jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    whole   jsonb := before || after;
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
    row_key text := coalesce(whole ->> 'id', whole ->> 'uri', whole ->> 'name', whole ->> 'scope', whole ->> 'username', whole ->> 'kid');
    changed text;
begin
    if tg_op = 'UPDATE' then
        select string_agg(key, ' ' order by key) into changed from jsonb_each(after)
         where value is distinct from before -> key and key <> 'last_used_at';
        if changed is null then return null; end if;
    end if;
    insert into audit_events (at, request_id, event, outcome, client_id, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'edit', 'ok',
            whole ->> 'client_id', whole ->> 'subject',
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())),
            lower(tg_op) || ' ' || tg_table_name || coalesce(' ' || row_key, '') || coalesce(': ' || changed, ''));
    return null;
end $$;

comment on column audit_events.at is 'When: for a request, the millisecond its id carries.';
comment on column audit_events.request_id is 'The Request-Id header of the answer; oauth-server why REQUEST_ID explains it.';

-- ---- client id documents ----
-- Their privacy policy and terms of service, as registrations has them.
alter table client_documents
    add column tos_uri     text,
    add column policy_uri  text;
comment on column client_documents.tos_uri is 'Its terms of service, https. Never fetched.';
comment on column client_documents.policy_uri is 'Its privacy policy, https. Never fetched.';

-- ---- pages at size ----
-- What a million clients, five million grants and ten million audit rows need so that every page and every sweep reads little.
-- No index here names a column that a token's path changes.

create table audit_hours (
    hour     timestamptz primary key,
    issued   int not null,
    refused  int not null
);
comment on table audit_hours is 'What the audit log says of each hour that is over, added up once: the dashboard reads these. Filled and emptied by the server.';
comment on column audit_hours.hour is 'The hour''s first moment.';
comment on column audit_hours.issued is 'Access tokens issued.';
comment on column audit_hours.refused is 'Everything that was refused.';

-- A page of clients of a kind, of an origin, or disabled, in the order of their ids.
create index clients_of_kind on clients (kind, client_id);
create index clients_of_origin on clients (kind, origin, client_id);
create index clients_disabled on clients (kind, client_id) where not enabled;

-- Secrets that expire soon.
create index client_secrets_by_expiry on client_secrets (expires_at, id) where revoked_at is null and expires_at is not null;

-- Who holds a resource or scope. Also read when one is deleted.
create index clients_by_holding on clients using gin (resources, scopes, default_scopes);
create index clients_of_default_resource on clients (default_resource);

-- Part of a name or an id, anywhere in it: but not of a name without end, which would keep every search waiting. An index of pg_trgm would
-- do the same, where that extension may be installed.
create function trigrams(text) returns text[] language sql immutable strict parallel safe as $$
    select array(select substr(low, i, 3) from (select lower(left($1, 2400)) as low offset 0) as cut, generate_series(1, length(low) - 2) i)
$$;
comment on function trigrams(text) is 'Every three characters that follow each other, in lower case, of its first 2400: a text that has another one in it has all of its trigrams.';
create index clients_by_text on clients using gin (trigrams(left(name, 256) || ' ' || client_id));
create index users_by_text on users using gin (trigrams(username));

-- What a client did beside getting tokens, and what was refused to it or of a kind: a few rows among millions. A token that was issued
-- goes into none of these.
create index audit_events_of_client_and_kind on audit_events (client_id, event, at) where event <> 'token';
create index audit_events_of_client_refused on audit_events (client_id, at) where outcome = 'refused';
create index audit_events_of_kind_refused on audit_events (event, at) where outcome = 'refused';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, delete on audit_hours to oauth_server;
    end if;
end $$;

-- Registrations are looked at in turn, not by when they were seen: a visit changes no index any more. Last, since nobody reads the table
-- from here to the commit.
drop index registrations_by_sight;

-- ---- months of the audit log under load ----
-- Months of the audit log change while it is written to. Nobody who writes waits longer than the 100 ms for which a lock is waited for:
-- one old month a round is dropped, and not in the round that made one; the log itself, where every writer queues, is locked last.
create or replace function audit_keep(months int, out waits boolean, out strays boolean) language plpgsql security definer
    set search_path from current set lock_timeout = '100ms' as $$
declare
    month   date;
    first   timestamptz;
    after   timestamptz;
    part    text;
    checked boolean;
    made    boolean := false;
begin
    if months < 1 then
        raise check_violation using message = 'At least one month of audit is kept', hint = 'Write 1 or more.';
    end if;
    waits := false;
    -- Several servers keep the same log: one at a time.
    if pg_try_advisory_xact_lock(7305914) then
        begin
            for i in 0..2 loop
                month := date_trunc('month', now() at time zone 'utc') + make_interval(months => i);
                first := month::timestamp at time zone 'utc';
                after := (month + interval '1 month') at time zone 'utc';
                part := 'audit_events_' || to_char(month, 'YYYY_MM');
                -- Rows already in the default partition would refuse the new one; then that month stays there.
                continue when to_regclass(part) is not null
                    or exists (select from audit_events_default where at >= first and at < after);
                -- Attaching locks the default partition and reads all of it, unless a constraint says it has no row of that month. The
                -- constraint is added, proved while others write, and used in three rounds. It refuses rows of that month meanwhile,
                -- so only for the one after the next.
                if i = 2 and exists (select from audit_events_default) then
                    checked := (select convalidated from pg_constraint
                                 where conrelid = 'audit_events_default'::regclass and conname = 'not_' || part);
                    if checked is null then
                        execute format('alter table audit_events_default add constraint %I check (at < %L or at >= %L) not valid',
                            'not_' || part, first, after);
                    elsif not checked then
                        execute format('alter table audit_events_default validate constraint %I', 'not_' || part);
                    end if;
                    made := true;
                    exit when checked is not true;
                end if;
                execute format('create table %I (like audit_events including all)', part);
                execute format('alter table audit_events attach partition %I for values from (%L) to (%L)', part, first, after);
                execute format('alter table audit_events_default drop constraint if exists %I', 'not_' || part);
                made := true;
            end loop;
        exception when lock_not_available then
            waits := true;
        end;
        begin
            select inhrelid::regclass::text into part from pg_inherits
             where not (waits or made) and inhparent = 'audit_events'::regclass
               and inhrelid::regclass::text ~ 'audit_events_\d{4}_\d{2}$'
               and to_date(right(inhrelid::regclass::text, 7), 'YYYY_MM')
                   < date_trunc('month', now() at time zone 'utc') - make_interval(months => months)
             order by 1 limit 1;
            if found then
                execute format('lock table only %s in access exclusive mode', part);
                lock table only audit_events in access exclusive mode;
                lock table only audit_events_default in access exclusive mode nowait;
                execute format('drop table %s', part);
            end if;
        exception when lock_not_available then
            waits := true;
        end;
    end if;
    strays := exists (select from audit_events_default);
end $$;
comment on function audit_keep(int) is 'Makes the partitions of this and the next two months, or drops the oldest one that is older than so many months; answers whether something waits for a lock, and whether the default partition has rows.';
