-- Trust in the assertions of others: companies that speak for people (ID-JAG), and platforms that say what a workload is.

create table own_issuer (
    one     boolean primary key default true,
    issuer  text not null,
    constraint own_issuer_only_one check (one)
);
comment on table own_issuer is 'What this server calls itself, written when it starts: nobody trusts it as somebody else.';
comment on column own_issuer.one is 'True: there is one row.';
comment on column own_issuer.issuer is 'The setting Issuer of the server that started last.';

create table trusted_issuers (
    issuer           text primary key,
    kind             text not null,
    name             text not null,
    jwks             jsonb,
    jwks_uri         text,
    audience         text,
    algs             text[] not null default '{}',
    max_age_seconds  int not null,
    single_use       boolean not null default false,
    clients          text[] not null default '{}',
    create_people    boolean not null default false,
    must_name        text[] not null default '{}',
    enabled          boolean not null default true,
    note             text not null default '',
    constraint trusted_issuers_kind_known check (kind in ('people', 'workload')),
    constraint trusted_issuers_max_age_sane check (max_age_seconds between 1 and 86400),
    constraint trusted_issuers_one_source check (jwks is null or jwks_uri is null)
);
comment on table trusted_issuers is 'Whose assertions are taken at the token endpoint (grant type jwt-bearer): one row each, in force at once.';
comment on column trusted_issuers.issuer is 'Exactly as the claim iss says. https, unless its keys stand in jwks or jwks_uri.';
comment on column trusted_issuers.kind is 'people: a company whose assertions (ID-JAG) are about persons. workload: a platform that says what runs on it.';
comment on column trusted_issuers.name is 'What people and operators read.';
comment on column trusted_issuers.jwks is 'Its public keys, an object {"keys": […]} of at most ten. Null: they are fetched.';
comment on column trusted_issuers.jwks_uri is 'Where its keys are fetched. Null beside jwks null: as its discovery document says.';
comment on column trusted_issuers.audience is 'What the claim aud must be, alone, of a workload. Null: this server''s issuer or its token endpoint. Of a company always the issuer.';
comment on column trusted_issuers.algs is 'The algorithms it signs with, of ES256, PS256, RS256; empty: all three.';
comment on column trusted_issuers.max_age_seconds is 'How old an assertion may be, by its iat: 600 of a company, 3600 of a workload unless said.';
comment on column trusted_issuers.single_use is 'True: an assertion of a workload works once, by its jti. Those of a company always do.';
comment on column trusted_issuers.clients is 'The clients that may bring its assertions (people). Empty: all confidential ones that an operator made. Others only by their name here.';
comment on column trusted_issuers.create_people is 'True: people nobody here is linked to are made, where it is a sign-in provider too with provisioning create and admits them.';
comment on column trusted_issuers.must_name is 'Claims each of its rules gives exact values: {repository_id,repository_owner_id} for GitHub, whose names are given out again.';
comment on column trusted_issuers.enabled is 'False: nothing it signs is taken, and what stood on it has ended.';
comment on column trusted_issuers.note is 'Free text for operators; nothing reads it.';

create table assertion_rules (
    id         bigint generated always as identity primary key,
    issuer     text not null references trusted_issuers on delete cascade on update cascade,
    client_id  text not null references clients on delete cascade on update cascade,
    claims     jsonb not null,
    resources  text[],
    scopes     text[],
    enabled    boolean not null default true,
    note       text not null default ''
);
comment on table assertion_rules is 'Which workloads are which client: every claim of a rule must be in the assertion.';
comment on column assertion_rules.id is 'Its number, which the audit log and the commands name.';
comment on column assertion_rules.issuer is 'Whose assertions: a row of trusted_issuers of kind workload.';
comment on column assertion_rules.client_id is 'The machine it then is, with auth_method federated.';
comment on column assertion_rules.claims is 'Claims with the value or the values each may have: whole, and by case. A * is one or more characters but : and /. A name with / in front is a JSON Pointer.';
comment on column assertion_rules.resources is 'What its tokens may be for; null: all the client''s.';
comment on column assertion_rules.scopes is 'What its tokens may carry; null: all the client''s.';
comment on column assertion_rules.enabled is 'False: it matches nothing, and its tokens have ended.';
comment on column assertion_rules.note is 'Free text for operators; nothing reads it.';
create index assertion_rules_of_client on assertion_rules (client_id);
create index assertion_rules_of_issuer on assertion_rules (issuer);

-- Named by no rotation: issuer is written once.
create index grants_of_issuer on grants (issuer, subject) where issuer is not null and ended_at is null;

create function trusted_jwks_problem(jwks jsonb) returns text language sql immutable parallel safe as $$
    select case
        when jsonb_typeof(jwks) <> 'object' or coalesce(jsonb_typeof(jwks -> 'keys'), '') <> 'array' then 'This is no key set'
        when jsonb_array_length(jwks -> 'keys') > 10 then 'A key set has at most ten keys here'
        when exists (select from jsonb_array_elements(jwks -> 'keys') as one
                      where one ?| '{d,p,q,dp,dq,qi,oth,k}' or one ->> 'kty' = 'oct') then 'A key set holds public keys only'
        when not exists (select from jsonb_array_elements(jwks -> 'keys') as one
                          where coalesce(one ->> 'use', 'sig') = 'sig' and coalesce(one ->> 'alg', 'ES256') in ('ES256', 'PS256', 'RS256')
                            and ((one ->> 'kty' = 'EC' and one ->> 'crv' = 'P-256' and one ? 'x' and one ? 'y')
                                 or (one ->> 'kty' = 'RSA' and length(one ->> 'n') >= 342 and one ? 'e'))) then 'No key of this set verifies here'
        end
$$;
comment on function trusted_jwks_problem(jsonb) is 'Why a key set cannot be used; null: it can.';

create function is_trusted_url(url text) returns boolean language sql immutable parallel safe as $$
    select url ~ '^https://[^\s/?#@\\]+(/[^\s?#@\\]*)?$' or url ~ '^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#@\\]*)?$'
$$;
comment on function is_trusted_url(text) is 'https without query, fragment or user information; http on this computer.';

create function claim_values(wanted jsonb) returns setof text language sql immutable parallel safe as $$
    select one #>> '{}' from jsonb_array_elements(case when jsonb_typeof(wanted) = 'array' then wanted else jsonb_build_array(wanted) end) as one
$$;
comment on function claim_values(jsonb) is 'The value or the values that a claim of a rule may have.';

create function is_exact_claim(wanted jsonb) returns boolean language sql immutable parallel safe as $$
    select wanted is not null and not exists (select from claim_values(wanted) as one where one like '%*%')
$$;
comment on function is_exact_claim(jsonb) is 'Whether a claim of a rule has exact values only.';

create function trusted_issuers_check() returns trigger language plpgsql as $$
declare
    problem text;
begin
    new.name := visible_text(new.name);
    new.algs := coalesce(new.algs, '{}');
    new.clients := coalesce(new.clients, '{}');
    new.must_name := coalesce(new.must_name, '{}');
    new.note := coalesce(new.note, '');
    new.max_age_seconds := coalesce(new.max_age_seconds, case new.kind when 'people' then 600 else 3600 end);
    if new.kind is null or new.kind not in ('people', 'workload') then
        raise check_violation using message = 'This kind of issuer does not exist', column = 'kind',
            hint = 'Write people for a company that speaks for its people, workload for a platform such as Kubernetes or GitHub Actions.';
    end if;
    if coalesce(new.name, '') = '' or length(new.name) > 60 then
        raise check_violation using message = 'An issuer has a name of 1 to 60 characters', column = 'name',
            hint = 'Write what people know it by: Acme, GitHub Actions.';
    end if;
    if new.issuer is null or length(new.issuer) > 255 or new.issuer !~ '^[A-Za-z][A-Za-z0-9+.-]*:[!-~]+$' then
        raise check_violation using message = 'This is no issuer', column = 'issuer',
            hint = 'Write the claim iss of its assertions, an absolute URI of at most 255 characters: https://token.actions.githubusercontent.com, say.';
    end if;
    if new.jwks is null and new.jwks_uri is null and not is_trusted_url(new.issuer) then
        raise check_violation using message = 'The keys of this issuer cannot be looked up', column = 'issuer',
            hint = 'An issuer that is no https URL needs jwks or jwks_uri beside it.';
    end if;
    if exists (select from own_issuer own where own.issuer = new.issuer) then
        raise check_violation using message = 'This server does not trust itself as somebody else', column = 'issuer',
            hint = 'Tokens of this server are exchanged, not asserted.';
    end if;
    if new.issuer ~* '^https://(login\.microsoftonline\.(com|us)|login\.windows\.net|sts\.windows\.net)/(common|organizations|consumers|\{.*\})(/|$)' then
        raise check_violation using message = 'This issuer is of all tenants at once', column = 'issuer',
            hint = 'Write the tenant''s own: https://login.microsoftonline.com/TENANT_ID/v2.0.';
    end if;
    if new.jwks is not null and new.jwks_uri is not null then
        raise check_violation using message = 'The keys of an issuer stand in one place', column = 'jwks_uri',
            hint = 'Write jwks or jwks_uri, not both.';
    end if;
    if new.jwks is not null then
        problem := trusted_jwks_problem(new.jwks);
        if problem is not null then
            raise check_violation using message = problem, column = 'jwks',
                hint = 'Write {"keys": […]}: one to ten public keys, P-256 or RSA of 2048 bits and more, without a private member.';
        end if;
    end if;
    if new.jwks_uri is not null and new.jwks_uri !~ '^https://[^\s/?#@\\]+(/[^\s#\\]*)?$' and not is_trusted_url(new.jwks_uri) then
        raise check_violation using message = 'Keys are fetched by https', column = 'jwks_uri',
            hint = 'Write https://host.example/path, or the keys themselves into jwks.';
    end if;
    if not new.algs <@ '{ES256,PS256,RS256}' then
        raise check_violation using message = 'An algorithm in this row is not taken here', column = 'algs',
            hint = 'Write some of ES256, PS256 and RS256; ''{}'' means all three.';
    end if;
    if new.max_age_seconds not between 1 and 86400 then
        raise check_violation using message = 'An assertion is at most a day old', column = 'max_age_seconds', hint = 'Write 1 to 86400.';
    end if;
    if new.kind = 'people' and (new.audience is not null or new.must_name <> '{}' or new.single_use) then
        raise check_violation using message = 'audience, must_name and single_use are for workloads', column = 'audience',
            hint = 'An assertion about a person is for this server''s issuer and works once, always.';
    end if;
    if new.kind = 'workload' and (new.create_people or new.clients <> '{}') then
        raise check_violation using message = 'create_people and clients are for companies', column = 'clients',
            hint = 'Which client a workload is stands in assertion_rules.';
    end if;
    if new.audience is not null and new.audience !~ '^[!-~]{1,255}$' then
        raise check_violation using message = 'This is no audience', column = 'audience',
            hint = 'Write what the platform puts into aud: 1 to 255 printable characters. Null: this server''s issuer or token endpoint.';
    end if;
    if tg_op = 'UPDATE' and new.enabled and exists (
        select from assertion_rules r, unnest(new.must_name) as claim
         where r.issuer = old.issuer and r.enabled and not is_exact_claim(r.claims -> claim)) then
        raise check_violation using message = 'A rule of this issuer does not name such a claim exactly', column = 'must_name',
            hint = 'Change or disable those rules first: select id, claims from assertion_rules where issuer = ….';
    end if;
    return new;
end $$;
comment on function trusted_issuers_check() is 'Refuses issuers that would speak for more than meant.';
create trigger check_lists before insert or update of resources, scopes on assertion_rules
    for each row execute function check_lists('resources', 'scopes');
create trigger check_lists before insert or update of algs, clients, must_name on trusted_issuers
    for each row execute function check_lists('algs', 'clients', 'must_name');
create trigger trusted_issuers_check before insert or update on trusted_issuers
    for each row execute function trusted_issuers_check();
create trigger trusted_issuers_audit after insert or update or delete on trusted_issuers
    for each row execute function audit_edit();
create trigger trusted_issuers_notify after insert or update or delete on trusted_issuers
    for each row execute function notify_change();

create function assertion_rules_check() returns trigger language plpgsql as $$
declare
    trusting trusted_issuers;
    machine  clients;
    missing  text;
begin
    new.note := coalesce(new.note, '');
    select * into trusting from trusted_issuers where issuer = new.issuer;
    if trusting.kind is distinct from 'workload' then
        raise check_violation using message = 'A rule is for the workloads of a trusted issuer', column = 'issuer',
            hint = 'Insert the issuer into trusted_issuers first, with kind workload.';
    end if;
    if coalesce(jsonb_typeof(new.claims), '') <> 'object' or new.claims = '{}' or exists (
        select from jsonb_each(new.claims) as one where one.key = '' or one.value = '[]' or exists (
            select from jsonb_array_elements(
                case when jsonb_typeof(one.value) = 'array' then one.value else jsonb_build_array(one.value) end) as each
             where jsonb_typeof(each) not in ('string', 'number', 'boolean') or each = '""')) then
        raise check_violation using message = 'claims names claims with the values they may have', column = 'claims',
            hint = 'Write {"sub": "repo:acme/*:ref:refs/heads/main", "repository_id": ["41", "42"]}: texts, numbers, true or false, or lists of them.';
    end if;
    if (select count(*) from jsonb_object_keys(new.claims)) > 16 then
        raise check_violation using message = 'A rule names at most 16 claims', column = 'claims', hint = 'Name those that tell workloads apart.';
    end if;
    if not new.claims ? 'sub' and not new.claims ? '/sub' then
        raise check_violation using message = 'A rule says what sub may be', column = 'claims',
            hint = 'Add "sub", the name that the platform gives the workload.';
    end if;
    if new.claims ?| '{exp,nbf,iat,/exp,/nbf,/iat}' then
        raise check_violation using message = 'Times are checked for every assertion, not by a rule', column = 'claims',
            hint = 'Leave exp, nbf and iat out; max_age_seconds of the issuer says how old one may be.';
    end if;
    if exists (select from jsonb_each(new.claims) as one, claim_values(one.value) as each where each ~ '^\*+$') then
        raise check_violation using message = 'A * alone admits everything', column = 'claims',
            hint = 'Write what stands around it, or leave the claim out.';
    end if;
    if not exists (select from jsonb_each(new.claims) as one where one.key not in ('iss', 'aud', '/iss', '/aud') and is_exact_claim(one.value)) then
        raise check_violation using message = 'A rule gives one claim at least exact values', column = 'claims',
            hint = 'Add one without *, such as the id of the repository or the namespace.';
    end if;
    select claim into missing from unnest(trusting.must_name) as claim
     where not (coalesce(is_exact_claim(new.claims -> claim), false) or coalesce(is_exact_claim(new.claims -> ('/' || claim)), false)) limit 1;
    if missing is not null then
        raise check_violation using message = format('Rules of this issuer give %s exact values', missing), column = 'claims',
            hint = 'Its must_name says which claims: names are given out again, ids are not.';
    end if;
    select * into machine from clients where client_id = new.client_id;
    if new.enabled and not coalesce(machine.enabled and machine.kind = 'machine' and machine.auth_method = 'federated', false) then
        raise check_violation using message = 'A rule is for an enabled machine that proves itself in no other way', column = 'client_id',
            hint = 'Write a client of kind machine with auth_method federated: update clients set auth_method = ''federated'' where client_id = ….';
    end if;
    if new.enabled and not 'urn:ietf:params:oauth:grant-type:jwt-bearer' = any (machine.grant_types) then
        raise check_violation using message = 'The client of this rule does not have the grant type', column = 'client_id',
            hint = 'Add it: update clients set grant_types = grant_types || ''{jwt-bearer}'' where client_id = ….';
    end if;
    if new.resources = '{}' or not coalesce(new.resources <@ array_remove(machine.resources || machine.default_resource, null), true) then
        raise check_violation using message = 'A resource of this rule is not the client''s', column = 'resources',
            hint = 'Write some of the client''s resources; null means all of them.';
    end if;
    if new.scopes = '{}' or not coalesce(new.scopes <@ machine.scopes, true) then
        raise check_violation using message = 'A scope of this rule is not the client''s', column = 'scopes',
            hint = 'Write some of the client''s scopes; null means all of them.';
    end if;
    return new;
end $$;
comment on function assertion_rules_check() is 'Refuses rules that would admit more workloads than meant.';
create trigger assertion_rules_check before insert or update on assertion_rules
    for each row execute function assertion_rules_check();
create trigger assertion_rules_audit after insert or update or delete on assertion_rules
    for each row execute function audit_edit();
create trigger assertion_rules_notify after insert or update or delete on assertion_rules
    for each row execute function notify_change();

-- What tokens of a rule stand on: one row of grants without a person or an end, made anew whenever the rule holds again.
create function workload_fingerprint(rule bigint) returns bytea language sql immutable parallel safe as $$
    select sha256(convert_to('workload ' || rule, 'UTF8'))
$$;
comment on function workload_fingerprint(bigint) is 'The fingerprint of a rule''s standing grant.';

create function stand_workload(rule bigint) returns void language plpgsql as $$
begin
    update grants set ended_at = now(), ended_reason = 'trust_ended' where fingerprint = workload_fingerprint(rule) and ended_at is null;
    insert into grants (id, kind, issuer, client_id, fingerprint, scope, resources, offline, created_at, activated_at, expires_at)
    select (lpad(to_hex(floor(extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') || '7'
               || substr(replace(gen_random_uuid()::text, '-', ''), 14))::uuid,
           'workload', r.issuer, r.client_id, workload_fingerprint(r.id), coalesce(r.scopes, c.scopes),
           coalesce(r.resources, array_remove(c.resources || c.default_resource, null)), false, now(), now(), 'infinity'
      from assertion_rules r join trusted_issuers i on i.issuer = r.issuer join clients c on c.client_id = r.client_id
     where r.id = rule and r.enabled and i.enabled and i.kind = 'workload' and c.enabled and c.kind = 'machine'
       and c.auth_method = 'federated' and 'urn:ietf:params:oauth:grant-type:jwt-bearer' = any (c.grant_types);
end $$;
comment on function stand_workload(bigint) is 'Ends the standing grant of a rule, and makes a new one if rule, issuer and client are enabled.';

create function assertion_rules_end() returns trigger language plpgsql as $$
begin
    perform stand_workload(case when tg_op = 'DELETE' then old.id else new.id end);
    return null;
end $$;
comment on function assertion_rules_end() is 'Whatever changes what a rule admits ends its tokens.';
create trigger assertion_rules_end after insert or delete on assertion_rules for each row execute function assertion_rules_end();
create trigger assertion_rules_end_change after update on assertion_rules for each row
    when ((old.issuer, old.client_id, old.claims, old.resources, old.scopes, old.enabled)
          is distinct from (new.issuer, new.client_id, new.claims, new.resources, new.scopes, new.enabled))
    execute function assertion_rules_end();

-- Keys come and go without ending anything. In order of id, as whoever locks several grants does.
create function trusted_issuers_end() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and (old.issuer, old.kind, old.audience, old.algs, old.max_age_seconds, old.single_use, old.clients, old.must_name,
                             old.enabled)
       is not distinct from (new.issuer, new.kind, new.audience, new.algs, new.max_age_seconds, new.single_use, new.clients, new.must_name,
                             new.enabled) then
        return null;
    end if;
    with standing as materialized (
        select id from grants where issuer = old.issuer and kind = 'id-jag' and ended_at is null order by id for no key update
    )
    update grants set ended_at = now(), ended_reason = 'trust_ended' from standing where grants.id = standing.id and ended_at is null;
    perform stand_workload(id) from assertion_rules where issuer in (old.issuer, new.issuer) order by id;
    return null;
end $$;
comment on function trusted_issuers_end() is 'What stands on an issuer ends when it is disabled, deleted or says less.';
create trigger trusted_issuers_end after delete or update on trusted_issuers for each row execute function trusted_issuers_end();

create function clients_end_trust() returns trigger language plpgsql as $$
begin
    if not new.enabled or new.auth_method <> old.auth_method or new.kind <> old.kind
       or not 'urn:ietf:params:oauth:grant-type:jwt-bearer' = any (new.grant_types) or not new.scopes @> old.scopes
       or not array_remove(new.resources || new.default_resource, null) @> array_remove(old.resources || old.default_resource, null) then
        with standing as materialized (
            select id from grants where client_id = new.client_id and kind = 'id-jag' and ended_at is null order by id for no key update
        )
        update grants set ended_at = now(), ended_reason = 'trust_ended' from standing where grants.id = standing.id and ended_at is null;
    end if;
    perform stand_workload(id) from assertion_rules where client_id = new.client_id order by id;
    return null;
end $$;
comment on function clients_end_trust() is 'What stands on an assertion ends with its client, and stays dead when the client is enabled again.';
create trigger clients_end_trust after update of enabled, kind, auth_method, grant_types, scopes, resources, default_resource on clients
    for each row when ((old.enabled, old.kind, old.auth_method, old.grant_types, old.scopes, old.resources, old.default_resource)
          is distinct from (new.enabled, new.kind, new.auth_method, new.grant_types, new.scopes, new.resources, new.default_resource))
    execute function clients_end_trust();

create function identities_end_trust() returns trigger language plpgsql as $$
begin
    with standing as materialized (
        select id from grants where issuer = old.issuer and subject = old.subject and kind = 'id-jag' and ended_at is null
         order by id for no key update
    )
    update grants set ended_at = now(), ended_reason = 'identity_unlinked' from standing where grants.id = standing.id and ended_at is null;
    return null;
end $$;
comment on function identities_end_trust() is 'Ends what a company''s assertions opened for a person it no longer speaks for.';
create trigger identities_end_trust after delete or update of issuer, tenant, sub, subject on identities
    for each row execute function identities_end_trust();

-- A standing grant that somebody ended is heard of as an edit of its rule is.
create function grants_notify_rules() returns trigger language plpgsql as $$
begin
    perform pg_notify('oauth_changes', 'assertion_rules');
    return null;
end $$;
comment on function grants_notify_rules() is 'Tells servers that the standing grant of a rule was made or ended.';
create trigger grants_notify_rules after insert or update of ended_at on grants
    for each row when (new.kind = 'workload') execute function grants_notify_rules();

-- What ends with an issuer, a rule or an identity has that edit's row.
drop trigger grants_audit on grants;
create trigger grants_audit after update of ended_at on grants for each row
    when (old.ended_at is null and new.ended_at is not null
          and coalesce(new.ended_reason, '') not in ('user_disabled', 'password_changed', 'trust_ended', 'identity_unlinked')
          and coalesce(current_setting('oauth.actor', true), '') = '')
    execute function audit_end();

-- A machine that a rule makes of a workload has no secret, and proves itself in no other way.
create function clients_check_federated() returns trigger language plpgsql as $$
begin
    if tg_table_name = 'client_secrets' then
        if exists (select from clients where client_id = new.client_id and auth_method = 'federated') then
            raise check_violation using message = 'This client proves itself by its platform, not by a secret', column = 'client_id',
                hint = 'Change its auth_method first, or leave the secret out.';
        end if;
    elsif new.auth_method = 'federated' and exists (
        select from client_secrets where client_id = new.client_id and revoked_at is null) then
        raise check_violation using message = 'This client still has a secret', column = 'auth_method',
            hint = 'Revoke it first: update client_secrets set revoked_at = now() where client_id = ….';
    end if;
    return new;
end $$;
comment on function clients_check_federated() is 'Keeps secrets from clients that prove themselves by their platform.';
create trigger clients_check_federated before insert or update of auth_method on clients
    for each row execute function clients_check_federated();
create trigger client_secrets_check_federated before insert on client_secrets
    for each row execute function clients_check_federated();

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on own_issuer, trusted_issuers, assertion_rules to oauth_server;
    end if;
end $$;
