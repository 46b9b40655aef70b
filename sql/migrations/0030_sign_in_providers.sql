-- Company sign-in: the providers people may come from, who they are there, and what is under way.

create table identity_providers (
    id              text primary key,
    label           text not null,
    issuer          text not null,
    client_id       text not null,
    auth_method     text not null default 'client_secret_basic',
    secret_sealed   bytea,
    scopes          text[] not null default '{openid,profile,email}',
    provisioning    text not null default 'existing',
    allowed_claims  jsonb not null default '{}',
    email_domains   text[] not null default '{}',
    claim_map       jsonb not null default '{}',
    role_map        jsonb,
    trust_email     boolean not null default false,
    trust_amr       boolean not null default false,
    reauth          text not null default 'upstream',
    extra_params    jsonb not null default '{}',
    on_disable      text not null default 'sessions',
    position        int not null default 0,
    enabled         boolean not null default true,
    constraint identity_providers_id_form check (id ~ '^[a-z0-9-]{1,32}$'),
    constraint identity_providers_auth_method_known check (auth_method in ('client_secret_basic', 'client_secret_post', 'none')),
    constraint identity_providers_provisioning_known check (provisioning in ('existing', 'invited', 'create')),
    constraint identity_providers_reauth_known check (reauth in ('upstream', 'local')),
    constraint identity_providers_on_disable_known check (on_disable in ('nothing', 'sessions', 'access'))
);
comment on table identity_providers is 'Companies people may sign in at (OpenID Connect): one row each, in force at once.';
comment on column identity_providers.id is 'Its name in URLs: a to z, 0 to 9 and -, at most 32. The redirect URI to register there is ISSUER/federation/ID/callback.';
comment on column identity_providers.label is 'What people read: Continue with Company.';
comment on column identity_providers.issuer is 'Exactly as its discovery document and its id_tokens say; of Entra the tenant''s own.';
comment on column identity_providers.client_id is 'What it calls this server.';
comment on column identity_providers.auth_method is 'How this server proves itself there: client_secret_basic, client_secret_post or none.';
comment on column identity_providers.secret_sealed is 'The secret of client_id, sealed: oauth-server providers secret ID writes it. Null: none yet, or none is needed.';
comment on column identity_providers.scopes is 'What is asked for there; openid is among them.';
comment on column identity_providers.provisioning is 'Who may come whom nobody here is linked to: existing, nobody; invited, who opened an invitation; create, everybody whom allowed_claims admits.';
comment on column identity_providers.allowed_claims is 'Who may come at all: {"hd": ["example.com"]} wants that claim with one of these values; each named claim must be there.';
comment on column identity_providers.email_domains is 'The domains of its people: a login_hint in one of them puts its button first.';
comment on column identity_providers.claim_map is 'Which of its claims fill what is known of people: {"username": "email"}; of username, email, name, given_name, family_name, locale, groups.';
comment on column identity_providers.role_map is 'Roles by claims: {"groups": {"idp-admins": "admin"}}, for people whose role_from is this provider. Null: roles stay as they are.';
comment on column identity_providers.trust_email is 'True: an address it calls verified (the JSON true) is verified here, too.';
comment on column identity_providers.trust_amr is 'True: apps are told how people signed in there, and its mfa counts as two factors.';
comment on column identity_providers.reauth is 'Who asks people again that must sign in anew: upstream, the provider; local, this server.';
comment on column identity_providers.extra_params is 'What is added when people are sent there: of hd and domain_hint.';
comment on column identity_providers.on_disable is 'What ends when it is disabled or deleted: nothing, sessions (those that began there), access (grants allowed in them, too).';
comment on column identity_providers.position is 'Order of the buttons, the lowest first.';
comment on column identity_providers.enabled is 'False: nobody gets in by it.';

-- The first octet of what the server seals is 0, which no text begins with.
create function identity_providers_check() returns trigger language plpgsql as $$
declare
    key   text;
    inner_value jsonb;
begin
    new.label := visible_text(new.label);
    new.auth_method := coalesce(new.auth_method, 'client_secret_basic');
    new.provisioning := coalesce(new.provisioning, 'existing');
    new.reauth := coalesce(new.reauth, 'upstream');
    new.on_disable := coalesce(new.on_disable, 'sessions');
    new.allowed_claims := coalesce(new.allowed_claims, '{}');
    new.claim_map := coalesce(new.claim_map, '{}');
    new.extra_params := coalesce(new.extra_params, '{}');
    new.email_domains := array(select lower(btrim(one)) from unnest(coalesce(new.email_domains, '{}')) as one);
    if new.id is null or new.id !~ '^[a-z0-9-]{1,32}$' then
        raise check_violation using message = 'This is no id of a provider', column = 'id',
            hint = 'Write 1 to 32 of a to z, 0 to 9 and -, such as entra.';
    end if;
    if tg_op = 'UPDATE' and new.id <> old.id then
        raise check_violation using message = 'The id of a provider stays', column = 'id',
            hint = 'It is in the redirect URI and in sessions. Make another provider.';
    end if;
    if coalesce(new.label, '') = '' or length(new.label) > 60 then
        raise check_violation using message = 'A provider has a label of 1 to 60 characters', column = 'label',
            hint = 'Write the company''s name, as people know it.';
    end if;
    if new.issuer is null or new.issuer !~ '^https://[^\s/?#@\\]+(/[^\s?#@\\]*)?$'
       and new.issuer !~ '^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#@\\]*)?$' then
        raise check_violation using message = 'This is no issuer', column = 'issuer',
            hint = 'Write https://host.example/path as its discovery document says: no query, no fragment, no user information.';
    end if;
    if new.issuer ~* '^https://(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|login\.chinacloudapi\.cn|login\.windows\.net|sts\.windows\.net)/(common|organizations|consumers|\{.*\})(/|$)' then
        raise check_violation using message = 'This issuer is of all tenants at once', column = 'issuer',
            hint = 'Write the tenant''s own: https://login.microsoftonline.com/TENANT_ID/v2.0.';
    end if;
    if new.client_id is null or new.client_id !~ '^[ -~]{1,255}$' then
        raise check_violation using message = 'A provider knows this server by a client_id', column = 'client_id',
            hint = 'Write what it gave you: printable ASCII, at most 255 characters.';
    end if;
    if new.auth_method not in ('client_secret_basic', 'client_secret_post', 'none') then
        raise check_violation using message = 'This server proves itself to a provider in another way', column = 'auth_method',
            hint = 'Write client_secret_basic, client_secret_post or none.';
    end if;
    if new.secret_sealed is not null and (length(new.secret_sealed) < 30 or get_byte(new.secret_sealed, 0) <> 0) then
        raise check_violation using message = 'The secret of a provider is sealed, never typed', column = 'secret_sealed',
            hint = 'Run: oauth-server providers secret NAME. What you wrote may stand in PostgreSQL''s log now: have the provider make another one.';
    end if;
    if new.scopes is null or not 'openid' = any (new.scopes)
       or exists (select from unnest(new.scopes) as one where one !~ '^[!#-\[\]-~]{1,128}$') then
        raise check_violation using message = 'A provider is asked for openid', column = 'scopes',
            hint = 'Write ''{openid,profile,email}''; no blanks, quotes or backslashes within one.';
    end if;
    if new.provisioning not in ('existing', 'invited', 'create') then
        raise check_violation using message = 'This is no way to admit people', column = 'provisioning',
            hint = 'Write existing, invited or create.';
    end if;
    if jsonb_typeof(new.allowed_claims) <> 'object' or exists (
        select from jsonb_each(new.allowed_claims) as one
         where one.key = '' or jsonb_typeof(one.value) <> 'array' or one.value = '[]'
            or jsonb_path_exists(one.value, '$[*] ? (@.type() != "string" || @ == "")')) then
        raise check_violation using message = 'allowed_claims names claims with the values they may have', column = 'allowed_claims',
            hint = 'Write ''{"hd": ["example.com"]}'': an object of lists of texts.';
    end if;
    if new.provisioning = 'create' and new.allowed_claims = '{}' then
        raise check_violation using message = 'Whoever signs in there would get an account', column = 'allowed_claims',
            hint = 'Say who may: ''{"hd": ["example.com"]}'', say. For all of an issuer write ''{"iss": ["THE ISSUER"]}''.';
    end if;
    if exists (select from unnest(new.email_domains) as one where one !~ '^[a-z0-9-]+(\.[a-z0-9-]+)+$') then
        raise check_violation using message = 'This is no domain of e-mail addresses', column = 'email_domains',
            hint = 'Write ''{example.com}'', without @.';
    end if;
    if jsonb_typeof(new.claim_map) <> 'object' or exists (
        select from jsonb_each(new.claim_map) as one
         where one.key not in ('username', 'email', 'name', 'given_name', 'family_name', 'locale', 'groups')
            or jsonb_typeof(one.value) <> 'string' or one.value = '""') then
        raise check_violation using message = 'claim_map names what a claim fills', column = 'claim_map',
            hint = 'Write ''{"username": "email"}''; of username, email, name, given_name, family_name, locale, groups.';
    end if;
    if new.role_map is not null then
        if jsonb_typeof(new.role_map) <> 'object' then
            raise check_violation using message = 'role_map names roles by claims and their values', column = 'role_map',
                hint = 'Write ''{"groups": {"idp-admins": "admin"}}''; the roles are admin and user.';
        end if;
        for key, inner_value in select * from jsonb_each(new.role_map) loop
            if jsonb_typeof(inner_value) <> 'object' or key = ''
               or exists (select from jsonb_each(inner_value) as one where one.value not in ('"admin"', '"user"')) then
                raise check_violation using message = 'role_map names roles by claims and their values', column = 'role_map',
                    hint = 'Write ''{"groups": {"idp-admins": "admin"}}''; the roles are admin and user.';
            end if;
        end loop;
    end if;
    if new.reauth not in ('upstream', 'local') then
        raise check_violation using message = 'People are asked again by the provider or by this server', column = 'reauth',
            hint = 'Write upstream or local.';
    end if;
    if jsonb_typeof(new.extra_params) <> 'object' or exists (
        select from jsonb_each(new.extra_params) as one
         where one.key not in ('hd', 'domain_hint') or jsonb_typeof(one.value) <> 'string') then
        raise check_violation using message = 'A provider is sent no other parameter', column = 'extra_params',
            hint = 'Write ''{"hd": "example.com"}'' or ''{"domain_hint": "example.com"}''.';
    end if;
    if new.on_disable not in ('nothing', 'sessions', 'access') then
        raise check_violation using message = 'This is not what may end with a provider', column = 'on_disable',
            hint = 'Write nothing, sessions or access.';
    end if;
    return new;
end $$;
comment on function identity_providers_check() is 'Refuses providers that would let in others than meant, and secrets that are not sealed.';
create trigger check_lists before insert or update of scopes, email_domains on identity_providers
    for each row execute function check_lists('scopes', 'email_domains');
create trigger identity_providers_check before insert or update on identity_providers
    for each row execute function identity_providers_check();
create trigger identity_providers_audit after insert or update or delete on identity_providers
    for each row execute function audit_edit();
create trigger identity_providers_notify after insert or update or delete on identity_providers
    for each row execute function notify_change();

-- Sessions first: a consent under way holds one, and its grant is seen afterwards.
create function identity_providers_end() returns trigger language plpgsql as $$
declare
    ends text := case when tg_op = 'DELETE' then old.on_disable else new.on_disable end;
begin
    if tg_op = 'UPDATE' and (new.enabled or not old.enabled) or ends = 'nothing' then return null; end if;
    perform set_config('oauth.session_end', 'provider_disabled', true);
    delete from sessions where idp = old.id;
    perform set_config('oauth.session_end', '', true);
    if ends = 'access' then
        update grants set ended_at = now(), ended_reason = 'provider_disabled' where idp = old.id and ended_at is null;
    end if;
    return null;
end $$;
comment on function identity_providers_end() is 'What ends with a provider that is disabled or deleted, as its on_disable says.';
create trigger identity_providers_end after delete or update of enabled on identity_providers
    for each row execute function identity_providers_end();

create table identities (
    issuer        text not null,
    tenant        text not null default '',
    sub           text not null,
    subject       uuid not null references users on delete cascade,
    created_at    timestamptz not null default now(),
    last_used_at  timestamptz,
    created_by    text not null default '',
    primary key (issuer, tenant, sub)
);
comment on table identities is 'Who people are elsewhere: a provider''s name for somebody, and whom that is here. Never by e-mail or name.';
comment on column identities.issuer is 'Who says so: the issuer, exactly.';
comment on column identities.tenant is 'Its tenant claim, where one issuer has several; empty: none.';
comment on column identities.sub is 'What it calls the person: the claim sub.';
comment on column identities.subject is 'Who that is here: the person''s subject.';
comment on column identities.created_at is 'When the row was made.';
comment on column identities.last_used_at is 'When the person last came by it; null: never.';
comment on column identities.created_by is 'Who linked it: user: and the subject, admin:olivia, cli:root, federation:entra. Written by a trigger.';
create index identities_of_subject on identities (subject);

create function identities_check() returns trigger language plpgsql as $$
begin
    new.tenant := coalesce(new.tenant, '');
    if tg_op = 'INSERT' then
        new.created_by := coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user);
    end if;
    if new.issuer is null or new.issuer !~ '^https?://[!-~]+$' then
        raise check_violation using message = 'This is no issuer', column = 'issuer',
            hint = 'Write https://host.example/path as its discovery document says: no query, no fragment, no user information.';
    end if;
    if new.sub is null or new.sub !~ '^[ -~]{1,255}$' or length(new.tenant) > 255 then
        raise check_violation using message = 'This is not what a provider calls a person', column = 'sub',
            hint = 'Write the claim sub of its id_token: 1 to 255 printable ASCII characters.';
    end if;
    return new;
end $$;
create trigger identities_check before insert or update of issuer, tenant, sub, created_by on identities
    for each row execute function identities_check();

create function identities_audit() returns trigger language plpgsql as $$
declare
    one     identities := case when tg_op = 'DELETE' then old else new end;
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
begin
    insert into audit_events (at, request_id, event, outcome, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'identity', 'ok', one.subject::text,
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())),
            case when tg_op = 'DELETE' then 'unlinked' when tg_op = 'UPDATE' then 'moved'
                 else coalesce(nullif(current_setting('oauth.identity', true), ''), 'linked') end
            || ' issuer=' || one.issuer || case when one.tenant <> '' then ' tenant=' || one.tenant else '' end || ' sub=' || left(one.sub, 64));
    return null;
end $$;
create trigger identities_audit after insert or delete or update of issuer, tenant, sub, subject on identities
    for each row execute function identities_audit();

-- Who came by it is signed out, but for the browser that unlinks.
create function identities_end() returns trigger language plpgsql as $$
begin
    delete from sessions using identity_providers p
     where sessions.subject = old.subject and sessions.idp = p.id and p.issuer = old.issuer
       and encode(sessions.id_hash, 'hex') is distinct from nullif(current_setting('oauth.kept_session', true), '');
    return null;
end $$;
comment on function identities_end() is 'Signs out who came by an identity that is no longer theirs.';
create trigger identities_end after delete or update of issuer, tenant, sub, subject on identities
    for each row execute function identities_end();

-- Who comes by a company may have signed in there long before.
alter table sessions add column began_at timestamptz not null default now();
update sessions set began_at = authenticated_at;
comment on column sessions.began_at is 'When the session began here.';
comment on column sessions.authenticated_at is 'When the person proved who they are (auth_time): here, or at the company they came by, as that says.';

alter table users
    add column role_from   text,
    add column managed_by  text;
comment on column users.role_from is 'The provider whose role_map says their role at each sign-in; null: the role is what stands here.';
comment on column users.managed_by is 'The provider that says their name, address and language at each sign-in; null: what stands here stays.';

create function username_of(claimed text) returns text language sql immutable strict parallel safe as $$
    select left(ltrim(regexp_replace(lower(normalize(claimed, NFKC)), '[^a-z0-9._@+-]+', '-', 'g'), '._@+-'), 128)
$$;
comment on function username_of(text) is 'A text as a user name: NFKC, lower case, - for what no user name has; empty where nothing of it is left.';

create table federation_requests (
    state_hash    bytea primary key,
    browser_hash  bytea not null,
    session_hash  bytea,
    provider      text not null references identity_providers on delete cascade,
    purpose       text not null,
    nonce         text not null,
    sealed        bytea not null,
    page          text,
    auth_after    timestamptz,
    invitation    bytea,
    created_at    timestamptz not null,
    expires_at    timestamptz not null,
    spent_at      timestamptz,
    constraint federation_requests_purpose_known check (purpose in ('sign-in', 'link', 'reauth'))
);
comment on table federation_requests is 'People who were sent to a provider and have not come back yet.';
comment on column federation_requests.state_hash is 'SHA-256 of the state that comes back with them.';
comment on column federation_requests.browser_hash is 'SHA-256 of the cookie of the browser that was sent: no other comes back with it.';
comment on column federation_requests.session_hash is 'The session that was live in that browser; null: none was.';
comment on column federation_requests.provider is 'Where they were sent.';
comment on column federation_requests.purpose is 'sign-in; link, to link the identity to who is signed in; reauth, to prove that it is still them.';
comment on column federation_requests.nonce is 'What the id_token must repeat.';
comment on column federation_requests.sealed is 'PKCE verifier and the authorization request that waits, sealed with a key that only the state yields.';
comment on column federation_requests.page is 'The key of the page of ours that waits; null: none.';
comment on column federation_requests.auth_after is 'They must have signed in there since, less 30 seconds; null: whenever.';
comment on column federation_requests.invitation is 'SHA-256 of the link of an invitation that this browser opened; null: none.';
comment on column federation_requests.created_at is 'When they were sent.';
comment on column federation_requests.expires_at is 'Ten minutes later.';
comment on column federation_requests.spent_at is 'When they came back, once; null: not yet.';
create index federation_requests_of_browser on federation_requests (browser_hash);
create index federation_requests_by_expiry on federation_requests (expires_at);

create table key_sets (
    uri           text primary key,
    body          bytea,
    fetched_at    timestamptz,
    fresh_until   timestamptz,
    failed_at     timestamptz,
    failure       text,
    refetched_at  timestamptz
);
comment on table key_sets is 'Discovery documents and key sets of others, as they were last fetched, for all servers.';
comment on column key_sets.uri is 'Where it is fetched.';
comment on column key_sets.body is 'The document, octet by octet; null: it was never had.';
comment on column key_sets.fetched_at is 'When it was fetched; null: never.';
comment on column key_sets.fresh_until is 'Until then it is not fetched again: by its headers, one minute to one hour.';
comment on column key_sets.failed_at is 'When fetching it failed last; null: not since it was had.';
comment on column key_sets.failure is 'Why, in words; null: it did not fail.';
comment on column key_sets.refetched_at is 'When it was last fetched for a key that it lacked: once a minute, by one server.';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on identity_providers, identities, federation_requests, key_sets to oauth_server;
    end if;
end $$;
