-- OpenID Connect: what apps may learn of a person, who signed in how, and what a grant remembers of it for its id_tokens.

alter table scopes add column identity boolean not null default false;
comment on column scopes.identity is 'True: tells an app about the person, in the id_token and at userinfo (OpenID Connect Core §5.4). It belongs to no resource, and machines never have it.';
do $$
begin
    if exists (select from scopes where name in ('openid', 'profile', 'email', 'groups') and (resource is not null or not open)) then
        raise exception 'A scope of an API here is called openid, profile, email or groups, which OpenID Connect gives a meaning'
            using hint = 'Give it another name before you migrate, such as mail:read, in scopes, in the clients that list it, and in the API.';
    end if;
end $$;
insert into scopes (name, resource, access, open, optional, identity) values
    ('openid', null, 'read', true, false, true),
    ('profile', null, 'read', true, true, true),
    ('email', null, 'read', true, true, true),
    ('groups', null, 'read', true, true, true)
on conflict (name) do update
   set resource = null, open = true, sensitive = false, optional = excluded.optional, identity = true;
insert into scope_texts (scope, locale, text) values
    ('openid', 'en', 'Know that it is you'),
    ('openid', 'ar', 'معرفة أنك أنت'),
    ('profile', 'en', 'See your name and language'),
    ('profile', 'ar', 'الاطلاع على اسمك ولغتك'),
    ('email', 'en', 'See your e-mail address'),
    ('email', 'ar', 'الاطلاع على عنوان بريدك الإلكتروني'),
    ('groups', 'en', 'See which groups you belong to'),
    ('groups', 'ar', 'الاطلاع على المجموعات التي تنتمي إليها')
on conflict (scope, locale) do update set text = excluded.text;

create function scopes_check_identity() returns trigger language plpgsql as $$
begin
    if new.identity and new.resource is not null then
        raise check_violation using message = 'An identity scope belongs to no resource', column = 'resource',
            hint = 'Leave resource empty, or identity false.';
    end if;
    if new.name = 'openid' and not (new.identity and new.open) or new.name = 'openid' and new.optional
       or tg_op = 'UPDATE' and old.name = 'openid' and new.name <> 'openid' then
        raise check_violation using message = 'openid is an identity scope that every app may ask for', column = 'identity',
            hint = 'To have no OpenID Connect, set OAuth__OpenId=false.';
    end if;
    return new;
end $$;
create trigger scopes_check_identity before insert or update on scopes for each row execute function scopes_check_identity();

alter table users
    add column email              text,
    add column email_verified_at  timestamptz,
    add column name               text,
    add column given_name         text,
    add column family_name        text,
    add column locale             text,
    add column updated_at         timestamptz,
    add column groups             text[] not null default '{}',
    add column claims             jsonb not null default '{}',
    add constraint users_email_form check (email ~ '^[^\s@[:cntrl:]]+@[^\s@[:cntrl:]]+$' and length(email) <= 254),
    add constraint users_claims_form check (jsonb_typeof(claims) = 'object'),
    add constraint users_email_verified_at_plain check (is_plain_date(email_verified_at)),
    add constraint users_updated_at_plain check (is_plain_date(updated_at));
comment on column users.email is 'Where mail reaches them; null: not known. Told to apps they allow to see it.';
comment on column users.email_verified_at is 'When it was shown to be theirs: apps read email_verified true from then on. Write now() where you know it.';
comment on column users.name is 'Their full name, as apps show it; null: not known.';
comment on column users.given_name is 'First name; null: not known.';
comment on column users.family_name is 'Last name; null: not known.';
comment on column users.locale is 'Their language (BCP 47): en, de, pt-BR; null: not known.';
comment on column users.updated_at is 'When what apps may be told of them was last changed. Written by a trigger.';
comment on column users.groups is 'The groups they belong to, for apps with the scope groups.';
comment on column users.claims is 'What else is known of them, by name: claim_rules says what of it apps are told.';
create unique index users_one_verified_email on users (lower(email)) where email_verified_at is not null;

create function users_check_profile() returns trigger language plpgsql as $$
begin
    new.groups := coalesce(new.groups, '{}');
    new.claims := coalesce(new.claims, '{}');
    new.email := btrim(new.email);
    new.locale := locale_of(new.locale);
    if tg_op = 'UPDATE' and new.email is distinct from old.email and new.email_verified_at is not distinct from old.email_verified_at then
        -- Another address was not shown to be theirs.
        new.email_verified_at := null;
    end if;
    if new.email !~ '^[^\s@[:cntrl:]]+@[^\s@[:cntrl:]]+$' or length(new.email) > 254 then
        raise check_violation using message = 'This is no e-mail address', column = 'email', hint = 'Write one such as ada@example.com.';
    end if;
    if new.email_verified_at is not null and new.email is null then
        raise check_violation using message = 'No address is verified where there is none', column = 'email_verified_at',
            hint = 'Write email, too.';
    end if;
    if new.email_verified_at is not null and exists (
        select from users where lower(email) = lower(new.email) and email_verified_at is not null and subject <> new.subject) then
        raise unique_violation using message = 'This address is verified as another person''s', column = 'email',
            hint = 'Two people never share a verified address. Take it from the other one first, or leave email_verified_at null.';
    end if;
    if jsonb_typeof(new.claims) <> 'object' then
        raise check_violation using message = 'claims is an object of names and values', column = 'claims', hint = 'Write ''{"dept": "x7"}''.';
    end if;
    if array_position(new.groups, null) is not null or exists (select from unnest(new.groups) as one where btrim(one) = '' or length(one) > 200) then
        raise check_violation using message = 'A group has a name of 1 to 200 characters', column = 'groups', hint = 'Write ''{staff,ops}''.';
    end if;
    if tg_op = 'INSERT' or (new.email, new.email_verified_at, new.name, new.given_name, new.family_name, new.locale, new.groups, new.claims, new.username)
        is distinct from (old.email, old.email_verified_at, old.name, old.given_name, old.family_name, old.locale, old.groups, old.claims, old.username) then
        new.updated_at := now();
    end if;
    return new;
end $$;
create trigger users_check_profile before insert or update on users for each row execute function users_check_profile();
create trigger check_lists before insert or update of groups on users for each row execute function check_lists('groups');
create trigger check_profile_dates before insert or update of email_verified_at on users for each row execute function check_dates('email_verified_at');

-- The audit log outlives a person's account: of what is known about them it says what changed, not what it was. Groups decide what
-- they may do, so these are said.
create or replace function audit_edit() returns trigger language plpgsql set timezone to 'UTC' as $$
declare
    before  jsonb := case when tg_op = 'INSERT' then '{}' else to_jsonb(old) end;
    after   jsonb := case when tg_op = 'DELETE' then '{}' else to_jsonb(new) end;
    whole   jsonb := before || after;
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
    row_key text := case when tg_table_name = 'clients' then whole ->> 'client_id'
        when tg_table_name = 'users' then whole ->> 'username'
        when tg_table_name = 'client_roles' then whole ->> 'role'
        else coalesce(whole ->> 'id', whole ->> 'uri', whole ->> 'name', whole ->> 'scope', whole ->> 'username', whole ->> 'kid')
             || coalesce(' ' || (whole ->> 'locale'), '') end;
    changed text;
    personal text[] := case when tg_table_name = 'users' then '{email,name,given_name,family_name,locale,claims}'::text[] else '{}' end;
begin
    select string_agg(case when key = any (personal) then key || ' changed' else audit_change(key, before -> key, after -> key) end,
                      '; ' order by key) into changed
      from jsonb_object_keys(whole) as key
     where before -> key is distinct from after -> key and key not in ('last_used_at', 'redirect_uri', 'updated_at')
       -- Of a whole row: neither its key, which stands before it, nor what is empty, nor that there is a secret.
       and (tg_op = 'UPDATE' or not (key in ('client_id', 'subject', 'id', 'uri', 'scope', 'locale', 'username', 'kid', 'created_at')
            or whole -> key in ('null', '[]', '{}', '""') or whole ->> key = row_key or key ~ '(hash|sealed|public_key)'));
    if tg_op = 'UPDATE' and changed is null then return null; end if;
    insert into audit_events (at, request_id, event, outcome, client_id, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'edit', 'ok',
            whole ->> 'client_id', whole ->> 'subject',
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())),
            lower(tg_op) || ' ' || tg_table_name || coalesce(' ' || row_key, '') || coalesce(': ' || changed, ''));
    return null;
end $$;

create table client_roles (
    client_id  text not null references clients on delete cascade on update cascade,
    subject    uuid not null references users on delete cascade,
    role       text not null,
    primary key (client_id, subject, role),
    constraint client_roles_role_form check (role ~ '^[!-~]{1,128}$')
);
comment on table client_roles is 'Roles of people in one app: the claim roles of its id_tokens and of userinfo.';
comment on column client_roles.client_id is 'The app in which they have it.';
comment on column client_roles.subject is 'The person who has it.';
comment on column client_roles.role is 'Printable ASCII without blanks; the app knows what it means.';
create index client_roles_of_subject on client_roles (subject);
create function client_roles_check() returns trigger language plpgsql as $$
begin
    if new.role is null or new.role !~ '^[!-~]{1,128}$' then
        raise check_violation using message = 'This is no name of a role', column = 'role',
            hint = 'Write 1 to 128 printable ASCII characters without blanks, such as editor.';
    end if;
    return new;
end $$;
create trigger client_roles_check before insert or update on client_roles for each row execute function client_roles_check();
create trigger client_roles_audit after insert or update or delete on client_roles for each row execute function audit_edit();

create table claim_rules (
    scope   text not null references scopes on delete cascade on update cascade,
    claim   text not null,
    "from"  text not null,
    primary key (claim)
);
comment on table claim_rules is 'Claims of your own: with the scope, the claim has the value that users.claims has under the name in "from".';
comment on column claim_rules.scope is 'An identity scope.';
comment on column claim_rules.claim is 'What the app reads. Names of the protocol and those that this server fills are refused.';
comment on column claim_rules."from" is 'The name in users.claims.';
create function claim_rules_check() returns trigger language plpgsql as $$
begin
    if new.claim is null or new.claim !~ '^[!-~]{1,128}$' then
        raise check_violation using message = 'This is no name of a claim', column = 'claim',
            hint = 'Write 1 to 128 printable ASCII characters without blanks, such as department.';
    end if;
    if new.claim in ('iss', 'sub', 'aud', 'exp', 'nbf', 'iat', 'jti', 'nonce', 'auth_time', 'at_hash', 'c_hash', 's_hash', 'acr', 'amr', 'azp',
        'sid', 'sub_jwk', 'sub_id', 'jwk', 'cnf', 'events', 'txn', 'toe', 'vot', 'vtm', 'verified_claims', 'authorization_details', 'act', 'may_act', 'scope', 'client_id', 'grant', 'typ', 'active', 'token_type', 'username',
        '_claim_names', '_claim_sources', 'name', 'given_name', 'family_name', 'preferred_username', 'locale', 'updated_at', 'email',
        'email_verified', 'groups', 'roles', 'entitlements') then
        raise check_violation using message = 'This claim has a meaning already', column = 'claim',
            hint = 'Choose a name of your own, such as department or https://example.com/department.';
    end if;
    if not exists (select from scopes where name = new.scope and identity) then
        raise check_violation using message = 'A claim comes with an identity scope', column = 'scope',
            hint = 'Write openid, profile, email or groups, or make an identity scope of your own first.';
    end if;
    return new;
end $$;
create trigger claim_rules_check before insert or update on claim_rules for each row execute function claim_rules_check();
create trigger claim_rules_audit after insert or update or delete on claim_rules for each row execute function audit_edit();
create trigger claim_rules_notify after insert or update or delete on claim_rules for each row execute function notify_change();

alter table resources add column claims text[] not null default '{}',
    add constraint resources_claims_known check (claims <@ '{email,name,preferred_username,groups,roles}');
comment on column resources.claims is 'What its access tokens and introspection tell of the person, whom the consent page informs: of email, name, preferred_username, groups, roles.';
create trigger check_lists before insert or update of claims on resources for each row execute function check_lists('claims');
create function resources_check_claims() returns trigger language plpgsql as $$
begin
    new.claims := coalesce(new.claims, '{}');
    if not new.claims <@ '{email,name,preferred_username,groups,roles}' or array_position(new.claims, null) is not null then
        raise check_violation using message = 'An API is told nothing else of a person', column = 'claims',
            hint = 'Write some of email, name, preferred_username, groups, roles.';
    end if;
    return new;
end $$;
create trigger resources_check_claims before insert or update of claims on resources for each row execute function resources_check_claims();

alter table clients
    add column id_token_alg              text not null default 'RS256',
    add column id_token_claims           boolean not null default true,
    add column default_max_age           int,
    add column post_logout_redirect_uris text[] not null default '{}',
    add column backchannel_logout_uri    text,
    add column trusted                   boolean not null default false,
    add constraint clients_id_token_alg_known check (id_token_alg in ('RS256', 'ES256')),
    add constraint clients_default_max_age_sane check (default_max_age between 0 and 31536000);
comment on column clients.id_token_alg is 'What signs its id_tokens: RS256 or ES256.';
comment on column clients.id_token_claims is 'False: claims about the person come from userinfo only, not in the id_token.';
comment on column clients.default_max_age is 'Seconds since the last sign-in that are good enough when its request has no max_age; null: any.';
comment on column clients.post_logout_redirect_uris is 'Where people may be sent after they signed out, compared octet by octet.';
comment on column clients.backchannel_logout_uri is 'Where it is told that a session ended (OpenID Connect Back-Channel Logout 1.0); null: it is not told.';

comment on column clients.trusted is 'True: an app of your own, for which no consent page is shown. People see it among their connected apps, and can end it there.';

create function clients_check_openid() returns trigger language plpgsql as $$
begin
    if new.id_token_alg is null or new.id_token_alg not in ('RS256', 'ES256') then
        raise check_violation using message = 'This algorithm signs no id_token', column = 'id_token_alg', hint = 'Write RS256 or ES256.';
    end if;
    if new.default_max_age not between 0 and 31536000 then
        raise check_violation using message = 'default_max_age is a number of seconds', column = 'default_max_age',
            hint = 'Write 0 to 31536000, or null for any age.';
    end if;
    if new.kind <> 'user-facing' and exists (
        select from scopes where identity and name = any (new.scopes || new.default_scopes)) then
        raise check_violation using message = 'Identity scopes are for clients that people sign in to', column = 'scopes',
            hint = 'Leave openid, profile, email and groups out, or make the client user-facing.';
    end if;
    return new;
end $$;
create trigger clients_check_openid before insert or update of kind, scopes, default_scopes, id_token_alg, default_max_age
    on clients for each row execute function clients_check_openid();
create function clients_check_trusted() returns trigger language plpgsql as $$
begin
    new.trusted := coalesce(new.trusted, false);
    if new.trusted and (new.origin <> 'operator' or new.kind <> 'user-facing') then
        raise check_violation using message = 'Only an app that an operator registered is trusted', column = 'trusted',
            hint = 'Leave trusted false: people are asked before it gets access.';
    end if;
    if new.trusted and exists (select from unnest(new.redirect_uris) as uri
        where uri !~* '^https://' or uri ~* '^https://(localhost|127\.|\[::1\])') then
        raise check_violation using message = 'A trusted app is sent to https addresses only', column = 'trusted',
            hint = 'Any program can listen on a loopback address or claim a private-use scheme: leave trusted false.';
    end if;
    return new;
end $$;
create trigger clients_check_trusted before insert or update of trusted, origin, kind, redirect_uris
    on clients for each row execute function clients_check_trusted();

-- As before, with what is new.
drop trigger clients_audit on clients;
create trigger clients_audit after update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, id_token_alg, id_token_claims, default_max_age,
    post_logout_redirect_uris, backchannel_logout_uri, trusted
    on clients for each row
    when (old.origin <> 'self-registered' or current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();
drop trigger clients_notify on clients;
create trigger clients_notify after delete or update of
    client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types,
    auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, id_token_alg, id_token_claims, default_max_age,
    post_logout_redirect_uris, backchannel_logout_uri, trusted
    on clients for each row execute function notify_change();

alter table sessions
    add column sid  uuid not null default gen_random_uuid(),
    add column acr  text not null default 'aal1',
    add column amr  text[] not null default '{pwd}';
create trigger check_lists before insert or update of amr on sessions for each row execute function check_lists('amr');
create index sessions_of_sid on sessions (sid);
comment on column sessions.sid is 'The sid of its id_tokens: one for each sign-in of a person in a browser, kept when the same person signs in again. No key to the session.';
comment on column sessions.acr is 'How sure the sign-in was (NIST SP 800-63B): aal1, one factor; aal2, two.';
comment on column sessions.amr is 'How the person signed in (RFC 8176), such as pwd for a password.';

alter table grants
    add column resource_named  boolean not null default true,
    add column nonce           text,
    add column auth_time       timestamptz,
    add column sid             uuid,
    add column acr             text,
    add column amr             text[],
    add column disclosed       text[] not null default '{}';
comment on column grants.resource_named is 'Whether the authorization request named a resource: then an access token for one has no identity scope.';
comment on column grants.nonce is 'OpenID Connect: comes back in the first id_token. Null: none was sent.';
comment on column grants.auth_time is 'When the person signed in, for its id_tokens; null: it has none.';
comment on column grants.sid is 'The sign-in it was allowed in, for its id_tokens; null: it has none.';
comment on column grants.acr is 'How sure that sign-in was.';
comment on column grants.amr is 'How the person had signed in.';
comment on column grants.disclosed is 'What the consent page said an API sees of the person: the resource, a blank, the claim.';
create trigger check_lists_openid before insert or update of amr, disclosed on grants for each row execute function check_lists('amr', 'disclosed');
create index grants_of_sid on grants (sid) where sid is not null and ended_at is null;

create table session_clients (
    sid        uuid not null,
    client_id  text not null references clients on delete cascade on update cascade,
    subject    uuid not null references users on delete cascade,
    primary key (sid, client_id)
);
comment on table session_clients is 'Which apps get id_tokens in which sign-in: they are told when it ends.';
comment on column session_clients.sid is 'The sign-in, as its id_tokens name it.';
comment on column session_clients.client_id is 'The app that was allowed them.';
comment on column session_clients.subject is 'The person who signed in.';
create index session_clients_of_client on session_clients (client_id);
create index session_clients_of_subject on session_clients (subject);

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on client_roles, claim_rules, session_clients to oauth_server;
    end if;
end $$;
