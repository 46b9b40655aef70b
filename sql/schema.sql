-- What sql/migrations add up to. Written by `make spec`; edit the migrations, not this.

CREATE FUNCTION public.account_links_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
    new.email := btrim(new.email);
    new.locale := locale_of(new.locale);
    if new.kind = 'invitation' and (new.username is null or new.username !~ '^[a-z0-9][a-z0-9._@+-]{0,127}$') then
        raise check_violation using message = 'This is no user name', column = 'username',
            hint = 'Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.';
    end if;
    if new.kind = 'invitation' and exists (select from users where users.username = new.username) then
        raise check_violation using message = 'Somebody has this user name already', column = 'username',
            hint = 'For a link to a new password, run: oauth-server users reset-password NAME';
    end if;
    if new.kind = 'invitation' and name_is_reserved(new.username) then
        raise check_violation using message = 'This was the name of an account that was deleted', column = 'username',
            hint = 'Choose another, or run: oauth-server users release NAME';
    end if;
    if new.role not in ('user', 'admin') then
        raise check_violation using message = 'This role does not exist', column = 'role', hint = 'Write user or admin.';
    end if;
    -- What no mail can be written to, such as a..b@example.com, or could be more than one, is none.
    if new.email !~ '^[^\s@[:cntrl:]]+@[^\s@[:cntrl:]]+$' or new.email ~ '[][()<>,;:\\"]' or new.email ~ '(^|[.@])([.@]|$)'
        or length(new.email) > 254 then
        raise check_violation using message = 'This is no e-mail address', column = 'email', hint = 'Write one such as ada@example.com.';
    end if;
    return new;
end $_$;

CREATE FUNCTION public.assertion_rules_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.assertion_rules_check() IS 'Refuses rules that would admit more workloads than meant.';

CREATE FUNCTION public.assertion_rules_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform stand_workload(case when tg_op = 'DELETE' then old.id else new.id end);
    return null;
end $$;

COMMENT ON FUNCTION public.assertion_rules_end() IS 'Whatever changes what a rule admits ends its tokens.';

CREATE FUNCTION public.audit_change(column_name text, before jsonb, after jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    return (select case
        -- No change that anybody made: it comes with the first passkey.
        when column_name = 'passkey_handle' then null
        when column_name = 'password_hash' then 'password changed'
        when column_name = 'hash' then 'secret changed'
        when column_name ~ '(hash|sealed|secret|password|public_key)' then column_name || ' changed'
        when 'array' in (jsonb_typeof(before), jsonb_typeof(after)) then
            column_name || ': ' || coalesce(audit_list_change(column_name, before, after), 'in another order')
        when before is null then column_name || ': ' || audit_value(column_name, after)
        when after is null then column_name || ': ' || audit_value(column_name, before)
        else column_name || ': ' || audit_value(column_name, before) || ' → ' || audit_value(column_name, after) end);
end $$;

COMMENT ON FUNCTION public.audit_change(column_name text, before jsonb, after jsonb) IS 'One column of an edit: enabled: true → false.';

CREATE FUNCTION public.audit_edit() RETURNS trigger
    LANGUAGE plpgsql
    SET "TimeZone" TO 'UTC'
    AS $$
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

CREATE FUNCTION public.audit_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    request text := 'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current();
begin
    insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request,
            case tg_table_name when 'grants' then 'revocation' else 'sign-out' end, 'ok',
            to_jsonb(old) ->> 'client_id', old.subject::text, (to_jsonb(old) ->> 'id')::uuid,
            'sql:' || session_user, host(inet_client_addr()),
            case tg_table_name when 'grants' then 'in SQL: the grant and its tokens' else 'in SQL: one session' end);
    return null;
end $$;

COMMENT ON FUNCTION public.audit_end() IS 'Writes who ended a grant or a session in SQL, as audit_edit does of other rows.';

CREATE FUNCTION public.audit_is_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    raise insufficient_privilege using message = 'The audit log is append-only', hint = 'Whole months leave by audit_keep(months).';
end $$;

CREATE FUNCTION public.audit_keep(months integer, OUT waits boolean, OUT strays boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO '$user', 'public'
    SET lock_timeout TO '100ms'
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.audit_keep(months integer, OUT waits boolean, OUT strays boolean) IS 'Makes the partitions of this and the next two months, or drops the oldest one that is older than so many months; answers whether something waits for a lock, and whether the default partition has rows.';

CREATE FUNCTION public.audit_list_change(column_name text, before jsonb, after jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
begin
    return (with lists as (
        select case when jsonb_typeof(before) = 'array' then before else '[]' end as old,
               case when jsonb_typeof(after) = 'array' then after else '[]' end as new
    ), moved as (
        select '+' as sign, one, place from lists, jsonb_array_elements_text(new) with ordinality as u (one, place) where not old ? one
        union all
        select '-', one, place from lists, jsonb_array_elements_text(old) with ordinality as u (one, place) where not new ? one
    ), counted as (
        select sign, one, row_number() over (partition by sign order by place) as place from moved
    )
    select string_agg(sign || case when place <= 20 then audit_value(column_name, to_jsonb(one)) else '…' end, ' ' order by sign, place)
      from counted where place <= 21);
end $$;

COMMENT ON FUNCTION public.audit_list_change(column_name text, before jsonb, after jsonb) IS 'What joined a list and what left it, at most 20 each; null: neither.';

CREATE FUNCTION public.audit_value(column_name text, value jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $_$
begin
    return (select case
        when jsonb_typeof(value) is null or jsonb_typeof(value) = 'null' then 'nothing'
        when jsonb_typeof(value) <> 'string' then left(value::text, 100)
        when text ~ '^[A-Za-z0-9_.:/?&=%@+~-]+$' and text not in ('nothing', 'true', 'false') then text
        else to_json(text)::text end
      from (select left(safe, 100) || case when length(safe) > 100 then '…' else '' end as text
              from (select case when column_name in ('name', 'note', 'label', 'text')
                                -- What people write for each other may have a secret pasted into it.
                                then regexp_replace(known, '[A-Za-z0-9_+/=-]{32,}', '(hidden)', 'g') else known end as safe
                      from (select regexp_replace(value #>> '{}',
                                '\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]*|eyJ[A-Za-z0-9_-]*\.[A-Za-z0-9_.-]*', '(hidden)', 'g') as known
                           ) as one) as two) as three);
end $_$;

COMMENT ON FUNCTION public.audit_value(column_name text, value jsonb) IS 'A value as the audit log says it: cut, and quoted unless it is one plain word; no secret.';

CREATE FUNCTION public.check_dates() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
declare
    name   text;
    moment timestamptz;
begin
    foreach name in array tg_argv loop
        execute format('select ($1).%I', name) into moment using new;
        if not is_plain_date(moment) then
            raise check_violation using message = format('The date in %s is infinite, or outside 1970 to 9998', name), column = name,
                hint = 'Write a date such as ''2030-01-31''; for never, where the column may be empty, write null.';
        end if;
    end loop;
    return new;
end $_$;

COMMENT ON FUNCTION public.check_dates() IS 'Refuses dates that are not plain, in the columns it is given.';

CREATE FUNCTION public.check_lists() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
declare
    name text;
    list text[];
begin
    foreach name in array tg_argv loop
        execute format('select ($1).%I', name) into list using new;
        if not is_plain_list(list) then
            raise check_violation using message = format('The list in %s has more than one dimension, or an element without a value', name), column = name,
                hint = 'Write ''{one,two}'': a single pair of braces, no NULL among the elements.';
        end if;
    end loop;
    return new;
end $_$;

COMMENT ON FUNCTION public.check_lists() IS 'Refuses lists that are not plain, in the columns it is given.';

CREATE FUNCTION public.check_locale() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
    if new.locale is null or new.locale !~ '^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$' or new.locale <> locale_of(new.locale) then
        raise check_violation using message = 'This is no language tag, or not in its usual case', column = 'locale',
            hint = 'Write en, ar, pt-BR or zh-Hant (BCP 47).';
    end if;
    return new;
end $_$;

CREATE FUNCTION public.check_names() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.name := visible_text(new.name);
    -- Blanks, joiners and combining marks alone show nothing.
    if new.name is not null
       and regexp_replace(new.name, '[\s\u00A0\u1680\u2000-\u200D\u202F\u205F\u3000\u0300-\u036F\u20D0-\u20FF\uFE20-\uFE2F]', '', 'g') = '' then
        raise check_violation using message = 'A name needs at least one character that people can see', column = 'name',
            hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $$;

CREATE FUNCTION public.check_words() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.text := visible_text(new.text);
    return new;
end $$;

CREATE FUNCTION public.claim_rules_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

CREATE FUNCTION public.claim_values(wanted jsonb) RETURNS SETOF text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select one #>> '{}' from jsonb_array_elements(case when jsonb_typeof(wanted) = 'array' then wanted else jsonb_build_array(wanted) end) as one
$$;

COMMENT ON FUNCTION public.claim_values(wanted jsonb) IS 'The value or the values that a claim of a rule may have.';

CREATE FUNCTION public.client_roles_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
    if new.role is null or new.role !~ '^[!-~]{1,128}$' then
        raise check_violation using message = 'This is no name of a role', column = 'role',
            hint = 'Write 1 to 128 printable ASCII characters without blanks, such as editor.';
    end if;
    return new;
end $_$;

CREATE FUNCTION public.client_secrets_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

CREATE FUNCTION public.clients_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

CREATE FUNCTION public.clients_check_dpop() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.dpop_required and new.kind = 'resource-server' then
        raise check_violation using message = 'A client of this kind gets no tokens', column = 'dpop_required',
            hint = 'Leave dpop_required false.';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.clients_check_dpop() IS 'Says where clients.dpop_required has a meaning.';

CREATE FUNCTION public.clients_check_federated() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.auth_method = 'federated' and exists (
        select from client_secrets where client_id = new.client_id and revoked_at is null) then
        raise check_violation using message = 'This client still has a secret', column = 'auth_method',
            hint = 'Revoke it first: update client_secrets set revoked_at = now() where client_id = ….';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.clients_check_federated() IS 'Keeps secrets from clients that prove themselves by their platform.';

CREATE FUNCTION public.clients_check_keys() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
            hint = 'Write auth_method private_key_jwt, or leave jwks, jwks_uri and assertion_alg empty.';
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
end $_$;

COMMENT ON FUNCTION public.clients_check_keys() IS 'Says which clients have keys, and what keys may be.';

CREATE FUNCTION public.clients_check_logout() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    problem   text;
    candidate text;
begin
    new.post_logout_redirect_uris := coalesce(new.post_logout_redirect_uris, '{}');
    if cardinality(new.post_logout_redirect_uris) > 100 then
        raise check_violation using message = 'A client has at most 100 redirect URIs', column = 'post_logout_redirect_uris',
            hint = 'Remove some.';
    end if;
    foreach candidate in array new.post_logout_redirect_uris loop
        problem := redirect_uri_problem(candidate);
        -- RFC 8252 §7.1, as clients_schemes has it of redirect URIs.
        if problem is null and new.origin <> 'self-registered' and candidate !~* '^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:'
           and candidate !~* '^(https?|cursor|vscode|vscode-insiders|windsurf):' then
            problem := 'A private-use scheme needs a dot';
        end if;
        if problem is not null then
            raise check_violation using message = problem, column = 'post_logout_redirect_uris',
                hint = 'Write https://host.example/path, http://127.0.0.1/path, http://localhost/path, or a private-use scheme with a dot such as com.example.app:/path; no fragment, no wildcard, no user information.';
        end if;
    end loop;
    if redirect_uri_problem(new.backchannel_logout_uri) is not null and new.backchannel_logout_uri is not null
       or new.backchannel_logout_uri !~* '^https?:' then
        raise check_violation using message = 'This is no back-channel logout URI', column = 'backchannel_logout_uri',
            hint = 'Write https://host.example/path; http is for 127.0.0.1, [::1] and localhost only; no fragment, no user information.';
    end if;
    return new;
end $$;

CREATE FUNCTION public.clients_check_min_acr() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.min_acr not in ('aal1', 'aal2') then
        raise check_violation using message = 'This level of sign-in does not exist', column = 'min_acr',
            hint = 'Write aal2 for a second factor, or null.';
    end if;
    if new.min_acr = 'aal2' and new.kind <> 'user-facing' then
        raise check_violation using message = 'Nobody signs in to a client of this kind', column = 'min_acr', hint = 'Leave min_acr empty.';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.clients_check_min_acr() IS 'Says what clients.min_acr may be.';

CREATE FUNCTION public.clients_check_openid() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.clients_check_par() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.par_required and new.kind <> 'user-facing' then
        raise check_violation using message = 'A client of this kind has no authorization requests', column = 'par_required',
            hint = 'Leave par_required false.';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.clients_check_par() IS 'Says where clients.par_required has a meaning.';

CREATE FUNCTION public.clients_check_trusted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.clients_end_delegations() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from delegations where (client_id = new.client_id or actor = new.client_id) and ended_at is null) then
        return null;
    end if;
    perform delegations_lock(array(
        select id from delegations where (client_id = new.client_id or actor = new.client_id) and ended_at is null));
    update delegations set ended_at = now(), ended_reason = 'client'
     where (client_id = new.client_id or actor = new.client_id) and ended_at is null;
    return null;
end $$;

COMMENT ON FUNCTION public.clients_end_delegations() IS 'Ends what a disabled client, or somebody for it, did with exchanged tokens.';

CREATE FUNCTION public.clients_end_trust() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.clients_end_trust() IS 'What stands on an assertion ends with its client, and stays dead when the client is enabled again.';

CREATE FUNCTION public.clients_feed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    hour     constant interval := interval '1 hour';
    had      text[];
    concerns text[];
begin
    if tg_op <> 'INSERT' then had := array_remove(old.resources || old.default_resource, null); end if;
    if tg_op <> 'INSERT' and old.enabled and (tg_op = 'DELETE' or not new.enabled or new.client_id <> old.client_id) then
        -- A renamed client's grants have its new name already.
        select array_agg(distinct uri) into concerns from (
            select unnest(had)
            union all select unnest(resources) from grants where client_id in (old.client_id, new.client_id)
            union all select unnest(audiences) from revocation_feed where kind = 'client_id' and value = old.client_id and leaves_at > now()
        ) as known (uri);
        if concerns is not null or old.kind <> 'user-facing' then
            perform revocation_feed_add('client_id', old.client_id, concerns, now() + hour);
        end if;
    elsif tg_op = 'UPDATE' and not had <@ (new.resources || new.default_resource) then
        perform revocation_feed_add('client_id', old.client_id, had, now() + hour, held => true);
    end if;
    if tg_op <> 'DELETE' and new.enabled and (tg_op = 'INSERT' or not old.enabled or new.client_id <> old.client_id)
       and exists (select from revocation_feed where kind = 'client_id' and value = new.client_id and not held and leaves_at > now()) then
        perform revocation_feed_add('client_id', new.client_id, null, now());
    end if;
    return null;
end $$;

CREATE FUNCTION public.clients_hold_scopes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform from scopes where name = any (new.scopes) for key share;
    if exists (select from unnest(new.scopes) as wanted where not exists (select from scopes where name = wanted)) then
        raise check_violation using message = 'A scope in this row does not exist', column = 'scopes',
            hint = 'Insert it into scopes first: insert into scopes (name, resource) values (…).';
    end if;
    return new;
end $$;

CREATE FUNCTION public.clients_let_go() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO '$user', 'public'
    AS $$
begin
    if exists (
        select from clients
         where default_scopes <> '{}' and not exists (select from scopes where name = any (default_scopes))
           and exists (select from scopes where name = any (clients.scopes))
    ) then
        raise check_violation using message = 'A client would be left without a default scope, and get all it has when it names none', column = 'name',
            hint = 'Give it another default first: update clients set default_scopes = … where client_id = …';
    end if;
    update clients set
        scopes = array(select one from unnest(scopes) with ordinality as u (one, place) where exists (select from scopes s where s.name = one) order by place),
        default_scopes = array(select one from unnest(default_scopes) with ordinality as u (one, place) where exists (select from scopes s where s.name = one) order by place),
        resources = array(select one from unnest(resources) with ordinality as u (one, place) where exists (select from resources r where r.uri = one) order by place)
     where exists (select from unnest(scopes || default_scopes) as one where not exists (select from scopes s where s.name = one))
        or exists (select from unnest(resources) as one where not exists (select from resources r where r.uri = one));
end $$;

COMMENT ON FUNCTION public.clients_let_go() IS 'Takes scopes and resources that are gone from every client; refuses when that would widen what a client gets by default.';

CREATE FUNCTION public.clients_let_go_of_deleted() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform clients_let_go();
    return null;
end $$;

CREATE FUNCTION public.clients_name_grant_types() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    prefix constant text := 'urn:ietf:params:oauth:grant-type:';
begin
    if exists (select from unnest(new.grant_types) as one join grant_types g on g.name = prefix || one) then
        new.grant_types := array(
            select coalesce((select name from grant_types where name = prefix || one), one)
              from unnest(new.grant_types) with ordinality as u (one, place) order by place);
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.clients_name_grant_types() IS 'Writes the URN of a grant type for its short name: device_code, jwt-bearer, token-exchange.';

CREATE FUNCTION public.clients_one_spelling() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.client_id ~* '^https:' and substring(new.client_id from '^[^/]*//[^/]*') <> lower(substring(new.client_id from '^[^/]*//[^/]*')) then
        raise check_violation using message = 'The host of a client id document is written in lower case', column = 'client_id',
            hint = 'Write https://client.example/path, as the document itself does.';
    end if;
    return new;
end $$;

CREATE FUNCTION public.clients_schemes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from unnest(new.redirect_uris) as uri
                where uri !~* '^[a-z][a-z0-9+-]*\.[a-z0-9+.-]*:' and uri !~* '^(https?|cursor|vscode|vscode-insiders|windsurf):') then
        raise check_violation using message = 'A private-use scheme needs a dot', column = 'redirect_uris',
            hint = 'Write a domain name of yours backwards, such as com.example.app:/path.';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.clients_schemes() IS 'RFC 8252 §7.1, for rows an operator types; a client that registers itself has only the schemes the setting lists.';

CREATE FUNCTION public.delegations_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    request text := 'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current();
begin
    insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'revocation', 'ok', old.actor,
            coalesce((select subject::text from grants where id = old.grant_id), old.client_id), old.grant_id,
            'sql:' || session_user, host(inet_client_addr()), 'in SQL: the delegation ' || old.id || ' and what is below it');
    return null;
end $$;

COMMENT ON FUNCTION public.delegations_audit() IS 'Writes who cut a delegation in SQL. What the server cuts has its own row.';

CREATE FUNCTION public.delegations_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if old.ended_at is not null and new.ended_at is distinct from old.ended_at then
        raise check_violation using message = 'A delegation that has ended stays ended', column = 'ended_at',
            hint = 'Delete the row: its tokens stay refused, and the next exchange begins another.';
    end if;
    if new.ended_at is not null then new.ended_reason := coalesce(new.ended_reason, 'cut'); end if;
    return new;
end $$;

COMMENT ON FUNCTION public.delegations_check() IS 'Keeps the end of a delegation, and calls what is ended in SQL a cut.';

CREATE FUNCTION public.delegations_end_alone() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform delegations_lock('{}');
    return null;
end $$;

COMMENT ON FUNCTION public.delegations_end_alone() IS 'Has who ends delegations, in SQL too, wait for who does already.';

CREATE FUNCTION public.delegations_feed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if old.last_used_at > now() - interval '61 minutes' then
        perform revocation_feed_add('grant', old.id::text, array[old.resource], now() + interval '1 hour');
    end if;
    if tg_op = 'UPDATE' then
        update delegations set ended_at = new.ended_at, ended_reason = case new.ended_reason when 'cut' then 'above' else new.ended_reason end
         where parent = new.id and ended_at is null;
    end if;
    -- Or the app would get a grant of the same kind again without asking anybody.
    if tg_op = 'UPDATE' and new.ended_reason = 'cut' then
        delete from consents using grants g
         where g.id = new.grant_id and consents.subject = g.subject and consents.client_id = g.client_id;
    end if;
    return null;
end $$;

COMMENT ON FUNCTION public.delegations_feed() IS 'Tells resource servers of a delegation that has ended, ends those below it, and forgets the consent where it was cut.';

CREATE FUNCTION public.delegations_lock(which uuid[]) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_advisory_xact_lock(hashtextextended('delegations are ended', 0));
    perform from delegations where id in (
        with recursive below as (
            select unnest(which) as id
            union
            select d.id from delegations d join below b on d.parent = b.id where d.ended_at is null
        )
        select id from below) order by depth, id for no key update;
end $$;

COMMENT ON FUNCTION public.delegations_lock(which uuid[]) IS 'Waits for whoever ends delegations, and locks these and what lives below them, from above.';

CREATE FUNCTION public.delegations_lock_below() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if pg_trigger_depth() = 1 then perform delegations_lock(array[new.id]); end if;
    return new;
end $$;

COMMENT ON FUNCTION public.delegations_lock_below() IS 'Locks what is below a delegation that is about to be ended, from above.';

CREATE FUNCTION public.delegations_path() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.path := coalesce((select path from delegations where id = new.parent), '{}') || new.rule_id;
    return new;
end $$;

COMMENT ON FUNCTION public.delegations_path() IS 'Says where in a chain a new delegation stands.';

CREATE FUNCTION public.exchange_rules_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.id := coalesce(new.id, gen_random_uuid());
    new.subject_clients := coalesce(new.subject_clients, '{}');
    new.impersonate := coalesce(new.impersonate, false);
    new.enabled := coalesce(new.enabled, true);
    -- A client or resource that is renamed takes its rules along: then nothing has the old name any more.
    if tg_op = 'UPDATE' and (new.id <> old.id or new.impersonate <> old.impersonate
        or new.actor <> old.actor and exists (select from clients where client_id = old.actor)
        or new.from_resource <> old.from_resource and exists (select from resources where uri = old.from_resource)
        or new.resource <> old.resource and exists (select from resources where uri = old.resource)) then
        raise check_violation using message = 'Who a rule is for, and between which resources, stays',
            column = case when new.actor <> old.actor then 'actor' when new.from_resource <> old.from_resource then 'from_resource'
                          when new.resource <> old.resource then 'resource' else 'impersonate' end,
            hint = 'People allowed this very rule. Disable it and make another one.';
    end if;
    if not exists (select from clients where client_id = new.actor) then
        raise check_violation using message = 'The actor of a rule is a client', column = 'actor',
            hint = 'Insert it into clients first, with a secret or a key.';
    end if;
    if exists (select from clients where client_id = new.actor and auth_method = 'none') then
        raise check_violation using message = 'A public client exchanges nothing', column = 'actor',
            hint = 'Name a client with a secret or a key: whoever holds a token could act as a client without one.';
    end if;
    if exists (select from clients where client_id = new.actor and kind = 'resource-server') then
        raise check_violation using message = 'A resource server gets no tokens', column = 'actor',
            hint = 'Make a client of kind machine beside it.';
    end if;
    if not exists (select from resources where uri = new.from_resource) then
        raise check_violation using message = 'The resource tokens are for does not exist', column = 'from_resource',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    if not exists (select from resources where uri = new.resource) then
        raise check_violation using message = 'The resource of this rule does not exist', column = 'resource',
            hint = 'Insert it into resources first: insert into resources (uri, name) values (…).';
    end if;
    if new.actor = any (new.subject_clients) and new.resource <> new.from_resource then
        raise check_violation using message = 'An actor does not move its own tokens to another resource', column = 'subject_clients',
            hint = 'Leave the actor out of subject_clients, or write the same resource in from_resource and resource.';
    end if;
    if coalesce(cardinality(new.scopes), 0) = 0 then
        raise check_violation using message = 'A rule names the scopes that its tokens may have', column = 'scopes',
            hint = 'Write ''{calendar:read}'', say: scopes of the rule''s resource.';
    end if;
    if exists (select from unnest(new.scopes) as one where not exists (
        select from scopes where name = one and (resource is null or resource = new.resource))) then
        raise check_violation using message = 'A scope in this row does not belong to its resource', column = 'scopes',
            hint = 'Write scopes of the rule''s resource; insert them into scopes first.';
    end if;
    if new.scopes && '{openid,profile,email,offline_access}'::text[] or exists (
        select from scopes where name = any (new.scopes) and identity) then
        raise check_violation using message = 'Who somebody is, and staying connected, is passed on to nobody', column = 'scopes',
            hint = 'Leave out openid, profile, email, offline_access and their like.';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.exchange_rules_check() IS 'Refuses rules of clients without a secret, between resources that are not there, and for more than their resource has.';

CREATE FUNCTION public.exchange_rules_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if old.enabled and not new.enabled or not old.scopes <@ new.scopes
       or new.subject_clients <> '{}' and (old.subject_clients = '{}' or not old.subject_clients <@ new.subject_clients)
       or new.subject_clients = '{}' and new.actor = any (old.subject_clients) then
        perform delegations_lock(array(select id from delegations where rule_id = new.id and ended_at is null));
        update delegations set ended_at = now(), ended_reason = 'rule' where rule_id = new.id and ended_at is null;
    end if;
    return null;
end $$;

COMMENT ON FUNCTION public.exchange_rules_end() IS 'Ends what stands on a rule that is disabled or allows less.';

CREATE FUNCTION public.exchange_rules_follow_clients() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update exchange_rules set subject_clients = array_replace(subject_clients, old.client_id, new.client_id)
     where old.client_id = any (subject_clients);
    return null;
end $$;

COMMENT ON FUNCTION public.exchange_rules_follow_clients() IS 'Renames a client in the rules that take its tokens.';

CREATE FUNCTION public.exchange_rules_follow_scopes() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_op = 'UPDATE' then
        update exchange_rules set scopes = array_replace(scopes, old.name, new.name) where old.name = any (scopes);
        return null;
    end if;
    delete from exchange_rules where scopes <@ array[old.name];
    update exchange_rules set scopes = array_remove(scopes, old.name) where old.name = any (scopes);
    return null;
end $$;

COMMENT ON FUNCTION public.exchange_rules_follow_scopes() IS 'Renames a scope in rules, or takes it out of them.';

CREATE FUNCTION public.grants_end_delegations() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    -- Most grants have none, and wait for nobody.
    if not exists (select from delegations where grant_id = new.id and ended_at is null) then return null; end if;
    perform delegations_lock(array(select id from delegations where grant_id = new.id and ended_at is null));
    update delegations set ended_at = new.ended_at, ended_reason = 'grant' where grant_id = new.id and ended_at is null;
    return null;
end $$;

COMMENT ON FUNCTION public.grants_end_delegations() IS 'Ends what stands on a grant that has ended.';

CREATE FUNCTION public.grants_feed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform revocation_feed_add('grant', old.id::text, old.resources,
        (case when tg_op = 'UPDATE' then new.ended_at else now() end) + interval '1 hour');
    return null;
end $$;

CREATE FUNCTION public.grants_notify_rules() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform pg_notify('oauth_changes', 'assertion_rules');
    return null;
end $$;

COMMENT ON FUNCTION public.grants_notify_rules() IS 'Tells servers that the standing grant of a rule was made or ended.';

CREATE FUNCTION public.has_local_way_in(subject uuid, password_hash text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $_$
    select password_hash is not null or exists (select from passkeys p where p.subject = $1)
$_$;

COMMENT ON FUNCTION public.has_local_way_in(subject uuid, password_hash text) IS 'Whether the person can sign in without a sign-in provider.';

CREATE FUNCTION public.identities_audit() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.identities_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

CREATE FUNCTION public.identities_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    delete from sessions using identity_providers p
     where sessions.subject = old.subject and sessions.idp = p.id and p.issuer = old.issuer
       and encode(sessions.id_hash, 'hex') is distinct from nullif(current_setting('oauth.kept_session', true), '');
    return null;
end $$;

COMMENT ON FUNCTION public.identities_end() IS 'Signs out who came by an identity that is no longer theirs.';

CREATE FUNCTION public.identities_end_pending_sign_ins() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    delete from pending_sign_ins where subject = old.subject and idp is not null;
    return null;
end $$;

COMMENT ON FUNCTION public.identities_end_pending_sign_ins() IS 'Who is unlinked from a company does not finish a sign-in that began there.';

CREATE FUNCTION public.identities_end_trust() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    with standing as materialized (
        select id from grants where issuer = old.issuer and subject = old.subject and kind = 'id-jag' and ended_at is null
         order by id for no key update
    )
    update grants set ended_at = now(), ended_reason = 'identity_unlinked' from standing where grants.id = standing.id and ended_at is null;
    return null;
end $$;

COMMENT ON FUNCTION public.identities_end_trust() IS 'Ends what a company''s assertions opened for a person it no longer speaks for.';

CREATE FUNCTION public.identity_providers_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

COMMENT ON FUNCTION public.identity_providers_check() IS 'Refuses providers that would let in others than meant, and secrets that are not sealed.';

CREATE FUNCTION public.identity_providers_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.identity_providers_end() IS 'What ends with a provider that is disabled or deleted, as its on_disable says.';

CREATE FUNCTION public.is_exact_claim(wanted jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select wanted is not null and not exists (select from claim_values(wanted) as one where one like '%*%')
$$;

COMMENT ON FUNCTION public.is_exact_claim(wanted jsonb) IS 'Whether a claim of a rule has exact values only.';

CREATE FUNCTION public.is_imported_hash(hash text) RETURNS boolean
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
    select hash ~ '^AQAAAA[A-Za-z0-9+/]{60,240}={0,2}$'
        or hash ~ '^\$pbkdf2-sha(1|256|512)\$i=\d{4,7}\$[A-Za-z0-9+/]{8,172}\$[A-Za-z0-9+/]{22,172}$'
        or hash ~ '^\$argon2id\$v=19\$m=\d{1,6},t=\d{1,2},p=\d{1,2}\$[A-Za-z0-9+/]{11,172}\$[A-Za-z0-9+/]{22,172}$'
$_$;

COMMENT ON FUNCTION public.is_imported_hash(hash text) IS 'PBKDF2 as ASP.NET Core Identity v3 writes it (base64 that begins with 1) or as $pbkdf2-sha256$i=…$salt$hash, and Argon2id as $argon2id$v=19$m=…,t=…,p=…$salt$hash.';

CREATE FUNCTION public.is_plain_date(moment timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select moment is null or (moment >= timestamptz '1970-01-01 00:00:00+00' and moment < timestamptz '9999-01-01 00:00:00+00')
$$;

COMMENT ON FUNCTION public.is_plain_date(moment timestamp with time zone) IS 'From 1970 until 9999, not infinite.';

CREATE FUNCTION public.is_plain_list(list text[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select case when list is null or cardinality(list) = 0 then true
                when array_ndims(list) > 1 or array_lower(list, 1) <> 1 then false
                else array_position(list, null) is null end
$$;

COMMENT ON FUNCTION public.is_plain_list(list text[]) IS 'One dimension that begins at 1, no element without a value.';

CREATE FUNCTION public.is_trusted_url(url text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select url ~ '^https://[^\s/?#@\\]+(/[^\s?#@\\]*)?$' or url ~ '^http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^\s?#@\\]*)?$'
$_$;

COMMENT ON FUNCTION public.is_trusted_url(url text) IS 'https without query, fragment or user information; http on this computer.';

CREATE FUNCTION public.jwks_problem(keys jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
declare
    usable int := 0;
    jwk    jsonb;
begin
    if jsonb_typeof(keys) <> 'object' or jsonb_typeof(keys -> 'keys') is distinct from 'array' then
        return 'A JWK set is an object with a list of keys';
    end if;
    if jsonb_array_length(keys -> 'keys') > 10 then return 'A key set has at most ten keys here'; end if;
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

COMMENT ON FUNCTION public.jwks_problem(keys jsonb) IS 'Why a set cannot be somebody''s public keys; null: it can.';

CREATE FUNCTION public.locale_of(tag text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select string_agg(case when place > 1 and length(part) = 2 then upper(part) when place > 1 and length(part) = 4 and part ~ '^[A-Za-z]' then initcap(part)
                           else lower(part) end, '-' order by place)
      from unnest(string_to_array(replace(btrim(tag), '_', '-'), '-')) with ordinality as u (part, place)
$$;

COMMENT ON FUNCTION public.locale_of(tag text) IS 'A language tag in its usual case: en, pt-BR, zh-Hant.';

CREATE FUNCTION public.name_is_reserved(username text) RETURNS boolean
    LANGUAGE sql STABLE
    AS $$
    select exists (select from reserved_names where name_hash = sha256(convert_to(username, 'UTF8')))
$$;

COMMENT ON FUNCTION public.name_is_reserved(username text) IS 'Whether it was the name of an account that was deleted.';

CREATE FUNCTION public.notify_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if tg_table_name in ('clients', 'client_secrets') then
        if tg_op <> 'INSERT' then perform pg_notify('oauth_changes', 'clients:' || old.client_id); end if;
        if tg_op <> 'DELETE' then perform pg_notify('oauth_changes', 'clients:' || new.client_id); end if;
    else
        perform pg_notify('oauth_changes', tg_table_name);
    end if;
    return null;
end $$;

CREATE FUNCTION public.one_of(names text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select case when cardinality(names) < 2 then coalesce(names[1], 'nothing')
        else array_to_string(trim_array(names, 1), ', ') || ' or ' || names[cardinality(names)] end
$$;

COMMENT ON FUNCTION public.one_of(names text[]) IS 'In a sentence: a, b or c.';

CREATE FUNCTION public.passkeys_keep_an_administrator() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from gone join users u on u.subject = gone.subject
                    where u.role = 'admin' and u.enabled and u.password_hash is null) then return null; end if;
    perform pg_advisory_xact_lock(hashtext('administrators'));
    if not exists (select from users u where u.role = 'admin' and u.enabled and has_local_way_in(u.subject, u.password_hash)) then
        raise check_violation using message = 'The last administrator who can sign in here stays one',
            hint = 'Set a password first: oauth-server users passwd NAME.';
    end if;
    return null;
end $$;

COMMENT ON FUNCTION public.passkeys_keep_an_administrator() IS 'Refuses to take the last passkey after which nobody could enter the administration.';

CREATE FUNCTION public.redirect_uri_problem(uri text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE
    AS $_$
declare
    scheme    text := lower(substring(uri from '^([A-Za-z][A-Za-z0-9+.-]*):'));
    authority text := lower(substring(uri from '^[A-Za-z][A-Za-z0-9+.-]*://([^/?#]*)'));
    host      text := substring(authority from '^(\[[^]]*\]|[^:]*)');
    port      text := substr(authority, length(host) + 1);
    octet     constant text := '(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])';
    here      boolean := host in ('localhost', '[::1]') or host ~ ('^127\.' || octet || '\.' || octet || '\.' || octet || '$');
begin
    if uri is null or uri = '' then return 'A redirect URI is empty'; end if;
    if uri !~ '^[\x21-\x7E]+$' then return 'A redirect URI has a space, a control character or a character outside ASCII'; end if;
    if length(uri) > 2048 then return 'A redirect URI is longer than 2048 characters'; end if;
    if scheme is null then return 'A redirect URI is not absolute'; end if;
    if scheme in ('javascript', 'data', 'file', 'vbscript', 'blob', 'about') then return 'A redirect URI has a scheme that can run code'; end if;
    if position('#' in uri) > 0 then return 'A redirect URI has a fragment'; end if;
    if position('*' in uri) > 0 then return 'A redirect URI has a wildcard'; end if;
    if uri ~ '["<>\\^`{|}]' then return 'A redirect URI has a character that must be percent-encoded'; end if;
    if position('@' in authority) > 0 then return 'A redirect URI carries user information'; end if;
    if scheme not in ('http', 'https') then return null; end if;
    if coalesce(host, '') = '' then return 'A redirect URI has no host'; end if;
    if port <> '' and (port !~ '^:[0-9]{1,5}$' or substr(port, 2)::int not between 1 and 65535) then return 'A redirect URI has a malformed port'; end if;
    if scheme = 'http' and not here then return 'An http redirect URI is for this computer only'; end if;
    if scheme = 'https' and host <> 'localhost'
       and (length(host) > 253 or host !~ '^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z][a-z0-9-]*[a-z0-9]$') then
        return 'An https redirect URI needs a fully qualified domain name';
    end if;
    return null;
end $_$;

COMMENT ON FUNCTION public.redirect_uri_problem(uri text) IS 'What is wrong with a redirect URI, or null.';

CREATE FUNCTION public.request_time(request_id text) RETURNS timestamp with time zone
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
    select timestamptz 'epoch' + interval '1 millisecond' * ('x' || case
               when $1 like 'sql-%' then substr($1, 5, 12)
               else encode(decode(translate(left($1, 8), '-_', '+/'), 'base64'), 'hex') end)::bit(48)::bigint
     where $1 ~ '^([A-Za-z0-9_-]{20}|sql-[0-9a-f]{12}-[0-9]+)$'
$_$;

COMMENT ON FUNCTION public.request_time(request_id text) IS 'The millisecond a request id carries; null for an id that carries none.';

CREATE FUNCTION public.resource_fold(uri text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $_$
    select regexp_replace(lower(start collate "C") || substr(uri, length(start) + 1), '/$', '')
      from (select coalesce(substring(uri from '^[^:]*://[^/?]*'), '') as start) as part
$_$;

COMMENT ON FUNCTION public.resource_fold(uri text) IS 'RFC 8707: what all tolerated spellings of a resource have in common.';

CREATE FUNCTION public.resources_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
    if new.uri is null or new.uri !~ '^[A-Za-z][A-Za-z0-9+.-]*://[!"$-~]+$' or length(new.uri) > 2048 then
        raise check_violation using message = 'This is no URI of a resource', column = 'uri',
            hint = 'Write an absolute URI without a fragment and without spaces, such as https://api.example.com/, at most 2048 characters.';
    end if;
    if new.name is null or btrim(new.name) = '' then
        raise check_violation using message = 'A resource needs a name people can read', column = 'name', hint = 'Write a few words, such as Demo notes.';
    end if;
    return new;
end $_$;

CREATE FUNCTION public.resources_check_claims() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.claims := coalesce(new.claims, '{}');
    if not new.claims <@ '{email,name,preferred_username,groups,roles}' or array_position(new.claims, null) is not null then
        raise check_violation using message = 'An API is told nothing else of a person', column = 'claims',
            hint = 'Write some of email, name, preferred_username, groups, roles.';
    end if;
    return new;
end $$;

CREATE FUNCTION public.resources_one_spelling() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if exists (select from resources where resource_fold(uri) = resource_fold(new.uri) and uri <> new.uri and (tg_op = 'INSERT' or uri <> old.uri)) then
        raise check_violation using message = 'This resource is there already, in another spelling', column = 'uri',
            hint = 'Two resources never differ only in the case of scheme or host, or in one trailing slash. Change the row that is there.';
    end if;
    return new;
end $$;

CREATE FUNCTION public.revocation_feed_add(kind text, value text, audiences text[], expires timestamp with time zone, held boolean DEFAULT false) RETURNS void
    LANGUAGE sql
    SET search_path TO '$user', 'public'
    AS $_$
    insert into revocation_feed (kind, value, audiences, held, expires_at, leaves_at)
    values ($1, $2, $3, $5, $4, greatest($4, now() + interval '1 hour') + interval '1 minute');
    select pg_notify('oauth_changes', 'revocations') where not $5;
$_$;

COMMENT ON FUNCTION public.revocation_feed_add(kind text, value text, audiences text[], expires timestamp with time zone, held boolean) IS 'Adds an entry and wakes the readers.';

CREATE FUNCTION public.revoked_tokens_feed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform revocation_feed_add('jti', new.jti, array[new.audience], new.expires_at);
    return null;
end $$;

CREATE FUNCTION public.scopes_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
    if new.name is null or new.name !~ '^[\x21\x23-\x5B\x5D-\x7E]{1,128}$' then
        raise check_violation using message = 'This is no name of a scope', column = 'name',
            hint = 'Write 1 to 128 printable ASCII characters without space, quote or backslash, such as notes:read.';
    end if;
    if new.access is null or new.access not in ('read', 'write') then
        raise check_violation using message = 'A scope reads or writes', column = 'access', hint = 'Write read or write.';
    end if;
    return new;
end $_$;

CREATE FUNCTION public.scopes_check_identity() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

CREATE FUNCTION public.scopes_close() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update clients set scopes = array_remove(scopes, old.name), default_scopes = array_remove(default_scopes, old.name)
     where origin = 'self-registered' and kind = 'user-facing' and old.name = any (scopes);
    return null;
end $$;

COMMENT ON FUNCTION public.scopes_close() IS 'A scope that is closed leaves the people-facing clients that registered themselves with it.';

CREATE FUNCTION public.scopes_renamed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    update clients set scopes = array_replace(scopes, old.name, new.name), default_scopes = array_replace(default_scopes, old.name, new.name)
     where old.name = any (scopes || default_scopes);
    return null;
end $$;

CREATE FUNCTION public.sessions_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    why     text := coalesce(nullif(current_setting('oauth.session_end', true), ''), 'signed_out');
    actor   text := coalesce(current_setting('oauth.actor', true), '');
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
begin
    -- The same person has signed in again.
    if exists (select from sessions where sid = old.sid) then return null; end if;
    if why <> 'aged' then
        insert into logout_deliveries (client_id, subject, sid)
        select client_id, session_clients.subject, old.sid
          from session_clients join clients using (client_id)
         where session_clients.sid = old.sid and backchannel_logout_uri is not null and clients.enabled
           -- One that is deleted at this moment is left out, not waited for and then missed.
           for key share of clients;
        if found then perform pg_notify('oauth_changes', 'logout_deliveries'); end if;
    end if;
    -- Those of a person who is deleted are deleted, too.
    if why in ('aged', 'user_deleted') then
        delete from session_clients where sid = old.sid;
        return null;
    end if;
    -- Grants first, as whoever deletes a client or a person has them.
    with ended as (
        update grants set ended_at = now(), ended_reason = why
         where sid = old.sid and ended_at is null and not offline and 'openid' = any (scope)
        returning id, client_id, subject
    )
    insert into audit_events (at, request_id, event, outcome, client_id, subject, grant_id, actor, address, detail)
    select coalesce(request_time(request), clock_timestamp()), request, 'revocation', 'ok', client_id, subject::text, id,
           nullif(actor, 'server'), nullif(current_setting('oauth.address', true), ''), 'signed out: the grant and its tokens'
      from ended
     -- In SQL grants_audit writes it; of a new password, or a person disabled, the edit's row tells.
     where actor <> '' and why = 'signed_out';
    delete from session_clients where sid = old.sid;
    return null;
end $$;

COMMENT ON FUNCTION public.sessions_end() IS 'Tells the apps of a sign-in that it ended, and ends what they got for it alone.';

CREATE FUNCTION public.signing_keys_feed() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform revocation_feed_add('kid', new.kid, null, new.retired_at + interval '1 hour');
    return null;
end $$;

CREATE FUNCTION public.stand_workload(rule bigint) RETURNS void
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.stand_workload(rule bigint) IS 'Ends the standing grant of a rule, and makes a new one if rule, issuer and client are enabled.';

CREATE FUNCTION public.trigrams(text) RETURNS text[]
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $_$
    select array(select substr(low, i, 3) from (select lower(left($1, 2400)) as low offset 0) as cut, generate_series(1, length(low) - 2) i)
$_$;

COMMENT ON FUNCTION public.trigrams(text) IS 'Every three characters that follow each other, in lower case, of its first 2400: a text that has another one in it has all of its trigrams.';

CREATE FUNCTION public.trusted_issuers_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
        problem := jwks_problem(new.jwks);
        if problem is not null then
            raise check_violation using message = problem, column = 'jwks',
                hint = 'Write {"keys": […]}: one to ten public keys, P-256 or RSA of 2048 to 4096 bits, without a private member.';
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
end $_$;

COMMENT ON FUNCTION public.trusted_issuers_check() IS 'Refuses issuers that would speak for more than meant.';

CREATE FUNCTION public.trusted_issuers_end() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
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

COMMENT ON FUNCTION public.trusted_issuers_end() IS 'What stands on an issuer ends when it is disabled, deleted or says less.';

CREATE FUNCTION public.username_of(claimed text) RETURNS text
    LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
    AS $$
    select left(ltrim(regexp_replace(lower(normalize(claimed, NFKC)), '[^a-z0-9._@+-]+', '-', 'g'), '._@+-'), 128)
$$;

COMMENT ON FUNCTION public.username_of(claimed text) IS 'A text as a user name: NFKC, lower case, - for what no user name has; empty where nothing of it is left.';

CREATE FUNCTION public.users_check() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
begin
    if new.username is null or new.username !~ '^[a-z0-9][a-z0-9._@+-]{0,127}$' then
        raise check_violation using message = 'This is no user name', column = 'username',
            hint = 'Write lower-case letters, digits and . _ @ + - , beginning with a letter or digit.';
    end if;
    if not is_imported_hash(new.password_hash) and new.password_hash !~ '^\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}$' then
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
end $_$;

CREATE FUNCTION public.users_check_profile() RETURNS trigger
    LANGUAGE plpgsql
    AS $_$
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
end $_$;

CREATE FUNCTION public.users_check_reserved() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if name_is_reserved(new.username) then
        raise check_violation using message = 'This was the name of an account that was deleted', column = 'username',
            hint = 'Choose another, or run: oauth-server users release NAME';
    end if;
    return new;
end $$;

CREATE FUNCTION public.users_check_second_factor() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if new.second_factor <> 'required' then
        raise check_violation using message = 'A second factor is required, or the settings decide', column = 'second_factor',
            hint = 'Write required, or null.';
    end if;
    return new;
end $$;

COMMENT ON FUNCTION public.users_check_second_factor() IS 'Says what users.second_factor may be.';

CREATE FUNCTION public.users_end_access() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    why text := case when new.enabled then 'password_changed' else 'user_disabled' end;
begin
    if new.enabled and new.password_hash is not distinct from old.password_hash then return null; end if;
    perform set_config('oauth.session_end', why, true);
    delete from sessions where subject = new.subject;
    perform set_config('oauth.session_end', '', true);
    update grants set ended_at = now(), ended_reason = why where subject = new.subject and ended_at is null;
    return null;
end $$;

CREATE FUNCTION public.users_end_links() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    delete from account_links where subject = new.subject;
    return null;
end $$;

CREATE FUNCTION public.users_end_mailed_links() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    delete from account_links where subject = new.subject and kind in ('reset', 'mailed_reset') and mailed;
    return null;
end $$;

CREATE FUNCTION public.users_end_pending_sign_ins() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not new.enabled or new.password_hash is distinct from old.password_hash then
        delete from pending_sign_ins where subject = new.subject;
    end if;
    return null;
end $$;

COMMENT ON FUNCTION public.users_end_pending_sign_ins() IS 'A person who is disabled, or has another password, starts over.';

CREATE FUNCTION public.users_end_sessions() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    perform set_config('oauth.session_end', 'user_deleted', true);
    delete from sessions where subject = old.subject;
    perform set_config('oauth.session_end', '', true);
    return old;
end $$;

COMMENT ON FUNCTION public.users_end_sessions() IS 'A person who is deleted is signed out first.';

CREATE FUNCTION public.users_forget() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    request text := coalesce(
        nullif(current_setting('oauth.request_id', true), ''),
        'sql-' || lpad(to_hex(floor(extract(epoch from now()) * 1000)::bigint), 12, '0') || '-' || txid_current());
begin
    insert into reserved_names (name_hash) values (sha256(convert_to(old.username, 'UTF8'))) on conflict do nothing;
    delete from mail_outbox where subject = old.subject;
    insert into audit_events (at, request_id, event, outcome, subject, actor, address, detail)
    values (coalesce(request_time(request), clock_timestamp()), request, 'account', 'ok', old.subject::text,
            coalesce(nullif(current_setting('oauth.actor', true), ''), 'sql:' || session_user),
            coalesce(nullif(current_setting('oauth.address', true), ''), host(inet_client_addr())), 'deleted');
    return null;
end $$;

COMMENT ON FUNCTION public.users_forget() IS 'Reserves the name of a deleted account, and writes the deletion down by the opaque subject only.';

CREATE FUNCTION public.users_keep_an_administrator() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    if not exists (select from before where role = 'admin' and enabled and has_local_way_in(subject, password_hash)) then return null; end if;
    -- Two who demote each other at once: the second waits here, and then sees what the first has done.
    perform pg_advisory_xact_lock(hashtext('administrators'));
    if not exists (select from users where role = 'admin' and enabled and has_local_way_in(subject, password_hash)) then
        raise check_violation using message = 'The last administrator who can sign in here stays one',
            hint = 'Make another one first: oauth-server users role NAME admin, who is enabled and has a password.';
    end if;
    return null;
end $$;

COMMENT ON FUNCTION public.users_keep_an_administrator() IS 'Refuses an edit after which nobody could enter the administration.';

CREATE FUNCTION public.visible_text(name text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select btrim(regexp_replace(name,
        '[\u0001-\u001F\u007F-\u009F\u00AD\u034F\u0600-\u0605\u061C\u06DD\u070F\u0890\u0891\u08E2\u115F\u1160\u17B4\u17B5\u180B-\u180F'
        '\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\u2800\u3164\uE000-\uF8FF\uFE00-\uFE0F\uFEFF\uFFA0\uFFF0-\uFFFB\U000110BD\U000110CD'
        '\U00013430-\U0001343F\U0001BCA0-\U0001BCA3\U0001D159\U0001D173-\U0001D17A\U000E0000-\U000E0FFF\U000F0000-\U0010FFFF]', '', 'g'),
        E' \u00A0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200A\u202F\u205F\u3000')
$$;

COMMENT ON FUNCTION public.visible_text(name text) IS 'A name without what nobody sees; the joiners of Persian and of emoji stay.';

CREATE FUNCTION public.workload_fingerprint(rule bigint) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$
    select sha256(convert_to('workload ' || rule, 'UTF8'))
$$;

COMMENT ON FUNCTION public.workload_fingerprint(rule bigint) IS 'The fingerprint of a rule''s standing grant.';

CREATE TABLE public.account_links (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    token_hash bytea NOT NULL,
    subject uuid,
    username text,
    person text GENERATED ALWAYS AS (COALESCE((subject)::text, username)) STORED,
    role text,
    provider text,
    email text,
    locale text,
    mailed boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT account_links_address_named CHECK (((kind <> 'address'::text) OR (email IS NOT NULL))),
    CONSTRAINT account_links_kind_known CHECK ((kind = ANY (ARRAY['invitation'::text, 'reset'::text, 'mailed_reset'::text, 'address'::text]))),
    CONSTRAINT account_links_of_somebody CHECK (
CASE
    WHEN (kind = 'invitation'::text) THEN ((subject IS NULL) AND (username IS NOT NULL) AND (role IS NOT NULL))
    ELSE (subject IS NOT NULL)
END)
);

COMMENT ON TABLE public.account_links IS 'One-time links that still work: invitations, new passwords, proofs of an address. Opening one changes nothing; who, role and address are the row''s, never the form''s.';

COMMENT ON COLUMN public.account_links.id IS 'By which an administrator revokes it.';

COMMENT ON COLUMN public.account_links.kind IS 'invitation; reset, made by an operator; mailed_reset, asked for by the person; address, which proves a new one.';

COMMENT ON COLUMN public.account_links.token_hash IS 'SHA-256 of the 256 random bits in the link.';

COMMENT ON COLUMN public.account_links.subject IS 'Whose it is; null: an invitation, whose person is not here yet.';

COMMENT ON COLUMN public.account_links.username IS 'An invitation''s: the user name they will have.';

COMMENT ON COLUMN public.account_links.person IS 'The subject, or the user name of an invitation.';

COMMENT ON COLUMN public.account_links.role IS 'An invitation''s: user or admin.';

COMMENT ON COLUMN public.account_links.provider IS 'An invitation''s: the sign-in provider they accept it with; null: they choose a password.';

COMMENT ON COLUMN public.account_links.email IS 'The address it is about; null: none.';

COMMENT ON COLUMN public.account_links.locale IS 'An invitation''s: their language (BCP 47); null: not known.';

COMMENT ON COLUMN public.account_links.mailed IS 'Whether this server sent it to the address, so that whoever opens it has shown the address to be theirs.';

COMMENT ON COLUMN public.account_links.created_at IS 'When it was made.';

COMMENT ON COLUMN public.account_links.expires_at IS 'From then on it does not work.';

CREATE TABLE public.assertion_rules (
    id bigint NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    claims jsonb NOT NULL,
    resources text[],
    scopes text[],
    enabled boolean DEFAULT true NOT NULL,
    note text DEFAULT ''::text NOT NULL
);

COMMENT ON TABLE public.assertion_rules IS 'Which workloads are which client: every claim of a rule must be in the assertion.';

COMMENT ON COLUMN public.assertion_rules.id IS 'Its number, which the audit log and the commands name.';

COMMENT ON COLUMN public.assertion_rules.issuer IS 'Whose assertions: a row of trusted_issuers of kind workload.';

COMMENT ON COLUMN public.assertion_rules.client_id IS 'The machine it then is, with auth_method federated.';

COMMENT ON COLUMN public.assertion_rules.claims IS 'Claims with the value or the values each may have: whole, and by case. A * is one or more characters but : and /. A name with / in front is a JSON Pointer.';

COMMENT ON COLUMN public.assertion_rules.resources IS 'What its tokens may be for; null: all the client''s.';

COMMENT ON COLUMN public.assertion_rules.scopes IS 'What its tokens may carry; null: all the client''s.';

COMMENT ON COLUMN public.assertion_rules.enabled IS 'False: it matches nothing, and its tokens have ended.';

COMMENT ON COLUMN public.assertion_rules.note IS 'Free text for operators; nothing reads it.';

ALTER TABLE public.assertion_rules ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.assertion_rules_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.audit_events (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL,
    client_id text,
    subject text,
    grant_id uuid,
    jti text,
    address text,
    actor text,
    error text,
    rule text,
    reason text,
    expected text,
    got text,
    detail text,
    CONSTRAINT audit_events_outcome_known CHECK ((outcome = ANY (ARRAY['ok'::text, 'refused'::text])))
)
PARTITION BY RANGE (at);

COMMENT ON TABLE public.audit_events IS 'One row per decision. Rows are never changed; whole months are dropped when they are old enough.';

COMMENT ON COLUMN public.audit_events.at IS 'When: for a request, the millisecond its id carries.';

COMMENT ON COLUMN public.audit_events.request_id IS 'The Request-Id header of the answer; oauth-server why REQUEST_ID explains it.';

COMMENT ON COLUMN public.audit_events.event IS 'What happened: token, code, sign-in, consent, revocation, edit and others.';

COMMENT ON COLUMN public.audit_events.outcome IS 'ok or refused, as the server decided.';

COMMENT ON COLUMN public.audit_events.client_id IS 'The client, as far as it was known.';

COMMENT ON COLUMN public.audit_events.subject IS 'The person, or the client itself.';

COMMENT ON COLUMN public.audit_events.grant_id IS 'The grant that the decision was about, if any.';

COMMENT ON COLUMN public.audit_events.jti IS 'The access token''s jti: never the token.';

COMMENT ON COLUMN public.audit_events.address IS 'Where the request came from.';

COMMENT ON COLUMN public.audit_events.actor IS 'Who made an edit: admin:NAME, cli:NAME, sql:LOGIN, or the server.';

COMMENT ON COLUMN public.audit_events.error IS 'The public error code that went over the wire.';

COMMENT ON COLUMN public.audit_events.rule IS 'The rule that refused, by its RFC section.';

COMMENT ON COLUMN public.audit_events.reason IS 'The private reason, which oauth-server why prints.';

COMMENT ON COLUMN public.audit_events.expected IS 'What the rule expected to see.';

COMMENT ON COLUMN public.audit_events.got IS 'What came, never a secret.';

COMMENT ON COLUMN public.audit_events.detail IS 'Scope and resource; of an edit the row and its old and new values, never a secret or its hash.';

CREATE TABLE public.audit_events_default (
    at timestamp with time zone NOT NULL,
    request_id text NOT NULL,
    event text NOT NULL,
    outcome text NOT NULL,
    client_id text,
    subject text,
    grant_id uuid,
    jti text,
    address text,
    actor text,
    error text,
    rule text,
    reason text,
    expected text,
    got text,
    detail text,
    CONSTRAINT audit_events_outcome_known CHECK ((outcome = ANY (ARRAY['ok'::text, 'refused'::text])))
);

CREATE TABLE public.audit_hours (
    hour timestamp with time zone NOT NULL,
    issued integer NOT NULL,
    refused integer NOT NULL
);

COMMENT ON TABLE public.audit_hours IS 'What the audit log says of each hour that is over, added up once: the dashboard reads these. Filled and emptied by the server.';

COMMENT ON COLUMN public.audit_hours.hour IS 'The hour''s first moment.';

COMMENT ON COLUMN public.audit_hours.issued IS 'How many access tokens were issued in that hour.';

COMMENT ON COLUMN public.audit_hours.refused IS 'Everything that was refused.';

CREATE TABLE public.auth_methods (
    name text NOT NULL,
    kinds text[] NOT NULL,
    default_for text[] NOT NULL,
    needs_secret boolean NOT NULL,
    "position" integer NOT NULL,
    needs_keys boolean DEFAULT false NOT NULL
);

COMMENT ON TABLE public.auth_methods IS 'How clients may authenticate. Only oauth-server migrate writes here.';

COMMENT ON COLUMN public.auth_methods.name IS 'The value of token_endpoint_auth_method.';

COMMENT ON COLUMN public.auth_methods.kinds IS 'The kinds of client that may use it.';

COMMENT ON COLUMN public.auth_methods.default_for IS 'The kinds of client that get it when they name none.';

COMMENT ON COLUMN public.auth_methods.needs_secret IS 'False: a client that uses it has no secret.';

COMMENT ON COLUMN public.auth_methods."position" IS 'Its place in metadata and hints.';

COMMENT ON COLUMN public.auth_methods.needs_keys IS 'Whether it stands on public keys of the client.';

CREATE TABLE public.authorization_requests (
    id_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    client_id text NOT NULL,
    query text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    consumed_at timestamp with time zone,
    answer_sealed bytea,
    device uuid,
    pushed boolean DEFAULT false NOT NULL
);

COMMENT ON TABLE public.authorization_requests IS 'Authorization requests that wait for a person to sign in or consent.';

COMMENT ON COLUMN public.authorization_requests.id_hash IS 'SHA-256 of the ticket in the page''s URL.';

COMMENT ON COLUMN public.authorization_requests.browser_hash IS 'SHA-256 of the cookie of the browser that began it: no other may finish it.';

COMMENT ON COLUMN public.authorization_requests.client_id IS 'The client that sent the request.';

COMMENT ON COLUMN public.authorization_requests.query IS 'The request as it came; forms posted later cannot change it.';

COMMENT ON COLUMN public.authorization_requests.created_at IS 'A sign-in after this satisfies prompt=login.';

COMMENT ON COLUMN public.authorization_requests.expires_at IS 'When it is forgotten: ten minutes after it came.';

COMMENT ON COLUMN public.authorization_requests.consumed_at IS 'Set once, by Allow or Deny.';

COMMENT ON COLUMN public.authorization_requests.answer_sealed IS 'Where Allow or Deny sent the browser, code included, sealed with a key that only the same browser, session and decision yield (HKDF, AES-256-GCM).';

COMMENT ON COLUMN public.authorization_requests.device IS 'The request of a device whose code was typed here; null: a browser began it.';

COMMENT ON COLUMN public.authorization_requests.pushed IS 'True: the client had pushed it (RFC 9126). False: it came by the browser.';

CREATE TABLE public.claim_rules (
    scope text NOT NULL,
    claim text NOT NULL,
    "from" text NOT NULL
);

COMMENT ON TABLE public.claim_rules IS 'Claims of your own: with the scope, the claim has the value that users.claims has under the name in "from".';

COMMENT ON COLUMN public.claim_rules.scope IS 'An identity scope.';

COMMENT ON COLUMN public.claim_rules.claim IS 'What the app reads. Names of the protocol and those that this server fills are refused.';

COMMENT ON COLUMN public.claim_rules."from" IS 'The name in users.claims.';

CREATE TABLE public.client_documents (
    client_id text NOT NULL,
    fetched_at timestamp with time zone NOT NULL,
    fresh_until timestamp with time zone NOT NULL,
    body_hash bytea NOT NULL,
    trust_hash bytea NOT NULL,
    gone_at timestamp with time zone,
    tos_uri text,
    policy_uri text,
    CONSTRAINT client_documents_fetched_at_plain CHECK (public.is_plain_date(fetched_at)),
    CONSTRAINT client_documents_fresh_until_plain CHECK (public.is_plain_date(fresh_until)),
    CONSTRAINT client_documents_gone_at_plain CHECK (public.is_plain_date(gone_at))
);

COMMENT ON TABLE public.client_documents IS 'The last good client id document of each client that has one. To pin such a client, set its origin in clients to operator: it is never fetched again.';

COMMENT ON COLUMN public.client_documents.client_id IS 'The URL of the document, which is the client''s id.';

COMMENT ON COLUMN public.client_documents.fetched_at IS 'When it was last fetched and found good.';

COMMENT ON COLUMN public.client_documents.fresh_until IS 'When /authorize fetches it again: what HTTP said, between 5 minutes and 24 hours.';

COMMENT ON COLUMN public.client_documents.body_hash IS 'SHA-256 of the document as it was fetched.';

COMMENT ON COLUMN public.client_documents.trust_hash IS 'SHA-256 over name, redirect URIs and keys: another one, and people are asked again.';

COMMENT ON COLUMN public.client_documents.gone_at IS 'When its owner took it away (404, 410); the client is disabled until it is back.';

COMMENT ON COLUMN public.client_documents.tos_uri IS 'Its terms of service, https. Never fetched.';

COMMENT ON COLUMN public.client_documents.policy_uri IS 'Its privacy policy, https. Never fetched.';

CREATE TABLE public.client_key_uses (
    client_id text NOT NULL,
    thumbprint text NOT NULL,
    last_used_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.client_key_uses IS 'When a client last proved itself by which of its keys; kept for 90 days.';

COMMENT ON COLUMN public.client_key_uses.client_id IS 'Whose key it is.';

COMMENT ON COLUMN public.client_key_uses.thumbprint IS 'Which key: SHA-256 of it, base64url (RFC 7638).';

COMMENT ON COLUMN public.client_key_uses.last_used_at IS 'When an assertion that it signed was last taken; written a few times a minute.';

CREATE TABLE public.client_roles (
    client_id text NOT NULL,
    subject uuid NOT NULL,
    role text NOT NULL,
    CONSTRAINT client_roles_role_form CHECK ((role ~ '^[!-~]{1,128}$'::text))
);

COMMENT ON TABLE public.client_roles IS 'Roles of people in one app: the claim roles of its id_tokens and of userinfo.';

COMMENT ON COLUMN public.client_roles.client_id IS 'The app in which they have it.';

COMMENT ON COLUMN public.client_roles.subject IS 'The person who has it.';

COMMENT ON COLUMN public.client_roles.role IS 'Printable ASCII without blanks; the app knows what it means.';

CREATE TABLE public.client_secrets (
    id bigint NOT NULL,
    client_id text NOT NULL,
    hash text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    not_before timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone,
    CONSTRAINT client_secrets_expires_at_plain CHECK (public.is_plain_date(expires_at)),
    CONSTRAINT client_secrets_hash_form CHECK (((hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$'::text) OR (hash ~ '^sha256:[0-9a-f]{64}$'::text) OR public.is_imported_hash(hash))),
    CONSTRAINT client_secrets_last_used_at_plain CHECK (public.is_plain_date(last_used_at)),
    CONSTRAINT client_secrets_not_before_plain CHECK (public.is_plain_date(not_before)),
    CONSTRAINT client_secrets_revoked_at_plain CHECK (public.is_plain_date(revoked_at))
)
WITH (fillfactor='80');

COMMENT ON TABLE public.client_secrets IS 'bcrypt hashes of client secrets: at most two unrevoked per client, so that one can be rotated while the other works.';

COMMENT ON COLUMN public.client_secrets.id IS 'Names the secret in commands.';

COMMENT ON COLUMN public.client_secrets.client_id IS 'The client whose secret it is.';

COMMENT ON COLUMN public.client_secrets.hash IS 'crypt(''the secret'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14, $2a$ $2b$ or $2y$. Imported ones may be sha256: and 64 hexadecimal digits, for secrets with 128 random bits or more, PBKDF2 or Argon2id.';

COMMENT ON COLUMN public.client_secrets.label IS 'For operators, to tell secrets apart.';

COMMENT ON COLUMN public.client_secrets.not_before IS 'The secret is refused before this moment.';

COMMENT ON COLUMN public.client_secrets.expires_at IS 'Refused from then on; null: never.';

COMMENT ON COLUMN public.client_secrets.revoked_at IS 'Refused from then on, for good.';

COMMENT ON COLUMN public.client_secrets.last_used_at IS 'When it last proved a client, to the minute or so.';

ALTER TABLE public.client_secrets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.client_secrets_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.clients (
    client_id text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    origin text DEFAULT 'operator'::text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    redirect_uris text[] DEFAULT '{}'::text[] NOT NULL,
    redirect_uri text GENERATED ALWAYS AS (redirect_uris[1]) STORED,
    scopes text[] DEFAULT '{}'::text[] NOT NULL,
    default_scopes text[] DEFAULT '{}'::text[] NOT NULL,
    resources text[] DEFAULT '{}'::text[] NOT NULL,
    default_resource text,
    grant_types text[] NOT NULL,
    auth_method text NOT NULL,
    access_token_seconds integer DEFAULT 600 NOT NULL,
    refresh_token_seconds integer DEFAULT 2592000 NOT NULL,
    refresh_idle_seconds integer DEFAULT 1209600 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    note text,
    id_token_alg text DEFAULT 'RS256'::text NOT NULL,
    id_token_claims boolean DEFAULT true NOT NULL,
    default_max_age integer,
    post_logout_redirect_uris text[] DEFAULT '{}'::text[] NOT NULL,
    backchannel_logout_uri text,
    trusted boolean DEFAULT false NOT NULL,
    min_acr text,
    jwks jsonb,
    jwks_uri text,
    assertion_alg text,
    public_too boolean DEFAULT false NOT NULL,
    dpop_required boolean DEFAULT false NOT NULL,
    par_required boolean DEFAULT false NOT NULL,
    CONSTRAINT clients_assertion_alg_known CHECK ((assertion_alg = ANY (ARRAY['ES256'::text, 'PS256'::text, 'RS256'::text]))),
    CONSTRAINT clients_created_at_plain CHECK (public.is_plain_date(created_at)),
    CONSTRAINT clients_default_max_age_sane CHECK (((default_max_age >= 0) AND (default_max_age <= 31536000))),
    CONSTRAINT clients_default_scopes_plain CHECK (public.is_plain_list(default_scopes)),
    CONSTRAINT clients_grant_types_plain CHECK (public.is_plain_list(grant_types)),
    CONSTRAINT clients_id_form CHECK (((client_id ~ '^[A-Za-z0-9_.~-]{1,255}$'::text) OR ((client_id ~ '^https://[^\s#@]+/[^\s#]*$'::text) AND (length(client_id) <= 2048)))),
    CONSTRAINT clients_id_is_no_subject CHECK ((client_id !~* '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$'::text)),
    CONSTRAINT clients_id_token_alg_known CHECK ((id_token_alg = ANY (ARRAY['RS256'::text, 'ES256'::text]))),
    CONSTRAINT clients_keys_once CHECK (((jwks IS NULL) OR (jwks_uri IS NULL))),
    CONSTRAINT clients_kind_known CHECK ((kind = ANY (ARRAY['machine'::text, 'user-facing'::text, 'resource-server'::text]))),
    CONSTRAINT clients_last_used_at_plain CHECK (public.is_plain_date(last_used_at)),
    CONSTRAINT clients_lifetimes CHECK ((((access_token_seconds >= 1) AND (access_token_seconds <= 3600)) AND ((refresh_token_seconds >= 1) AND (refresh_token_seconds <= 31536000)) AND ((refresh_idle_seconds >= 1) AND (refresh_idle_seconds <= 31536000)))),
    CONSTRAINT clients_machine CHECK (((kind <> 'machine'::text) OR ((grant_types <> '{}'::text[]) AND (redirect_uris = '{}'::text[])))),
    CONSTRAINT clients_min_acr_known CHECK ((min_acr = ANY (ARRAY['aal1'::text, 'aal2'::text]))),
    CONSTRAINT clients_origin_known CHECK ((origin = ANY (ARRAY['operator'::text, 'self-registered'::text, 'document'::text]))),
    CONSTRAINT clients_post_logout_redirect_uris_plain CHECK (public.is_plain_list(post_logout_redirect_uris)),
    CONSTRAINT clients_post_logout_redirect_uris_valid CHECK ((cardinality(post_logout_redirect_uris) <= 100)),
    CONSTRAINT clients_redirect_uris_plain CHECK (public.is_plain_list(redirect_uris)),
    CONSTRAINT clients_redirect_uris_valid CHECK ((cardinality(redirect_uris) <= 100)),
    CONSTRAINT clients_resource_server CHECK (((kind <> 'resource-server'::text) OR ((grant_types = '{}'::text[]) AND (redirect_uris = '{}'::text[])))),
    CONSTRAINT clients_resources_plain CHECK (public.is_plain_list(resources)),
    CONSTRAINT clients_scopes_plain CHECK (public.is_plain_list(scopes))
)
WITH (fillfactor='80');

COMMENT ON TABLE public.clients IS 'Everyone who may ask for tokens. An UPDATE here takes effect on every running server within milliseconds.';

COMMENT ON COLUMN public.clients.client_id IS 'A-Z a-z 0-9 _ . ~ - , or the https URL of a client id document.';

COMMENT ON COLUMN public.clients.kind IS 'machine, user-facing or resource-server (introspection).';

COMMENT ON COLUMN public.clients.name IS 'What a person reads on the consent page.';

COMMENT ON COLUMN public.clients.origin IS 'operator, self-registered (RFC 7591) or document (client id document).';

COMMENT ON COLUMN public.clients.enabled IS 'False: every request is refused, its tokens introspect as inactive.';

COMMENT ON COLUMN public.clients.redirect_uris IS 'Compared octet by octet; the port of an http loopback address is free for native clients (RFC 8252 §7.3).';

COMMENT ON COLUMN public.clients.redirect_uri IS 'The first of redirect_uris.';

COMMENT ON COLUMN public.clients.scopes IS 'What it may be granted, beside the open scopes when user-facing.';

COMMENT ON COLUMN public.clients.default_scopes IS 'What it is granted when it names no scope, as far as it belongs to the resource; empty: scopes.';

COMMENT ON COLUMN public.clients.resources IS 'What its tokens may be for, beside default_resource. Taken out of here, also what it was granted there ends.';

COMMENT ON COLUMN public.clients.default_resource IS 'aud when the client names no resource.';

COMMENT ON COLUMN public.clients.grant_types IS 'Names of grant_types; filled from kind when left out.';

COMMENT ON COLUMN public.clients.auth_method IS 'A name of auth_methods; filled from kind when left out. Any that needs a secret may be used with one.';

COMMENT ON COLUMN public.clients.access_token_seconds IS 'Life of an access token, 1 to 3600.';

COMMENT ON COLUMN public.clients.refresh_token_seconds IS 'A grant ends this long after consent, however often it is refreshed.';

COMMENT ON COLUMN public.clients.refresh_idle_seconds IS 'A refresh token unused for this long is dead.';

COMMENT ON COLUMN public.clients.created_at IS 'When the row was made; access tokens from before it are refused.';

COMMENT ON COLUMN public.clients.last_used_at IS 'When it last got a token or, a resource server, introspected one or read the revocation feed, to the minute or so.';

COMMENT ON COLUMN public.clients.note IS 'For operators; shown to nobody else.';

COMMENT ON COLUMN public.clients.id_token_alg IS 'What signs its id_tokens: RS256 or ES256.';

COMMENT ON COLUMN public.clients.id_token_claims IS 'False: claims about the person come from userinfo only, not in the id_token.';

COMMENT ON COLUMN public.clients.default_max_age IS 'Seconds since the last sign-in that are good enough when its request has no max_age; null: any.';

COMMENT ON COLUMN public.clients.post_logout_redirect_uris IS 'Where people may be sent after they signed out, compared octet by octet.';

COMMENT ON COLUMN public.clients.backchannel_logout_uri IS 'Where it is told that a session ended (OpenID Connect Back-Channel Logout 1.0); null: it is not told.';

COMMENT ON COLUMN public.clients.trusted IS 'True: an app of your own, for which no consent page is shown. People see it among their connected apps, and can end it there.';

COMMENT ON COLUMN public.clients.min_acr IS 'aal2: people sign in to it with a second factor only. Null or aal1: one is enough.';

COMMENT ON COLUMN public.clients.jwks IS 'Its public keys, a JWK set (RFC 7517) of at most ten; for auth_method private_key_jwt. Null: none, or jwks_uri has them.';

COMMENT ON COLUMN public.clients.jwks_uri IS 'Where its public keys are, an https URL; in place of jwks.';

COMMENT ON COLUMN public.clients.assertion_alg IS 'The one algorithm its assertions may have: ES256, PS256 or RS256. Null: any that fits its keys.';

COMMENT ON COLUMN public.clients.public_too IS 'True: its document offers none beside private_key_jwt, so that it may come without an assertion. Of documents only.';

COMMENT ON COLUMN public.clients.dpop_required IS 'True: it gets tokens with a DPoP proof only (RFC 9449), bound to the key of the proof. False: as it likes.';

COMMENT ON COLUMN public.clients.par_required IS 'True: it pushes every authorization request (RFC 9126), and no other is taken. False: the settings decide.';

CREATE TABLE public.code_attempts (
    subject uuid NOT NULL,
    failures integer NOT NULL,
    since timestamp with time zone NOT NULL,
    paused_until timestamp with time zone
);

COMMENT ON TABLE public.code_attempts IS 'Wrong codes of a person, from anywhere: after twenty in an hour, codes pause.';

COMMENT ON COLUMN public.code_attempts.subject IS 'The person whose codes were tried.';

COMMENT ON COLUMN public.code_attempts.failures IS 'How many were tried since then and not found right.';

COMMENT ON COLUMN public.code_attempts.since IS 'When the hour began.';

COMMENT ON COLUMN public.code_attempts.paused_until IS 'No code is looked at before; null: it is.';

CREATE TABLE public.consents (
    subject uuid NOT NULL,
    client_id text NOT NULL,
    redirect_uri text NOT NULL,
    resources text[] NOT NULL,
    scope text[] NOT NULL,
    given_at timestamp with time zone NOT NULL,
    key bytea NOT NULL,
    expires_at timestamp with time zone,
    onward jsonb DEFAULT '[]'::jsonb NOT NULL
);

COMMENT ON TABLE public.consents IS 'What a person has allowed before, so that the same is not asked twice.';

COMMENT ON COLUMN public.consents.subject IS 'The person who allowed it.';

COMMENT ON COLUMN public.consents.client_id IS 'The client that was allowed something.';

COMMENT ON COLUMN public.consents.redirect_uri IS 'The redirect URI where the code went.';

COMMENT ON COLUMN public.consents.resources IS 'The resources that it was allowed for.';

COMMENT ON COLUMN public.consents.scope IS 'What was allowed, offline_access included.';

COMMENT ON COLUMN public.consents.given_at IS 'When it was last allowed.';

COMMENT ON COLUMN public.consents.key IS 'SHA-256 over client, redirect URI and resources.';

COMMENT ON COLUMN public.consents.expires_at IS 'Until when it was allowed; null: as long as the client''s row says.';

COMMENT ON COLUMN public.consents.onward IS 'Where agents may take it, as it was allowed: a list of {rule, actor, resource, scopes}.';

CREATE TABLE public.data_protection_keys (
    id text NOT NULL,
    xml text NOT NULL
);

COMMENT ON TABLE public.data_protection_keys IS 'ASP.NET Core Data Protection keys (antiforgery), encrypted under the key-encryption key.';

COMMENT ON COLUMN public.data_protection_keys.id IS 'The friendly name that ASP.NET Core gave the key.';

COMMENT ON COLUMN public.data_protection_keys.xml IS 'The key element, its secret encrypted.';

CREATE TABLE public.delegations (
    id uuid NOT NULL,
    grant_id uuid,
    client_id text NOT NULL,
    parent uuid,
    rule_id uuid NOT NULL,
    actor text NOT NULL,
    resource text NOT NULL,
    scope text[] NOT NULL,
    depth integer NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_reason text,
    path uuid[] NOT NULL,
    CONSTRAINT delegations_depth_range CHECK (((depth >= 1) AND (depth <= 8))),
    CONSTRAINT delegations_reason_known CHECK ((ended_reason = ANY (ARRAY['cut'::text, 'above'::text, 'rule'::text, 'client'::text, 'grant'::text]))),
    CONSTRAINT delegations_reason_whole CHECK (((ended_at IS NULL) = (ended_reason IS NULL)))
)
WITH (fillfactor='70');

COMMENT ON TABLE public.delegations IS 'Who acts for whom: one row for each step of a chain of exchanged tokens, however many tokens it gave.';

COMMENT ON COLUMN public.delegations.id IS 'UUIDv7. In the via claim of its tokens, and of those that were exchanged for them.';

COMMENT ON COLUMN public.delegations.grant_id IS 'What a person allowed, on which it stands; null: a machine''s own access.';

COMMENT ON COLUMN public.delegations.client_id IS 'Whose access the chain began with: the client of the grant, or the machine.';

COMMENT ON COLUMN public.delegations.parent IS 'The step before, whose token was exchanged; null: it is the first.';

COMMENT ON COLUMN public.delegations.rule_id IS 'The rule that allows it.';

COMMENT ON COLUMN public.delegations.actor IS 'The client that acts.';

COMMENT ON COLUMN public.delegations.resource IS 'What its tokens are for.';

COMMENT ON COLUMN public.delegations.scope IS 'What its tokens have allowed so far, all together.';

COMMENT ON COLUMN public.delegations.depth IS 'Its place in the chain; 1: the first.';

COMMENT ON COLUMN public.delegations.created_at IS 'When the first token was exchanged.';

COMMENT ON COLUMN public.delegations.last_used_at IS 'When the last one was.';

COMMENT ON COLUMN public.delegations.ended_at IS 'Set once; its tokens, and those below it, are dead from then on. Setting it in SQL is a cut.';

COMMENT ON COLUMN public.delegations.ended_reason IS 'cut: by the person or an operator, for as long as the grant or the rule is there. above, rule, client, grant: with that; a new exchange may begin another.';

COMMENT ON COLUMN public.delegations.path IS 'The rules of the steps down to this one, the first step''s first: the same place in a chain, also after a step above has begun anew.';

CREATE TABLE public.device_attempts (
    key bytea NOT NULL,
    failed_at timestamp with time zone[] NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
WITH (fillfactor='60');

COMMENT ON TABLE public.device_attempts IS 'Wrong user codes, counted by session, person and address: who typed too many waits.';

COMMENT ON COLUMN public.device_attempts.key IS 'SHA-256 of what is counted by: a session, a person or an address.';

COMMENT ON COLUMN public.device_attempts.failed_at IS 'When a wrong code was typed, in the last hour.';

COMMENT ON COLUMN public.device_attempts.expires_at IS 'When none of them counts any more.';

CREATE TABLE public.device_requests (
    id uuid NOT NULL,
    client_id text NOT NULL,
    code_hash bytea NOT NULL,
    user_code_mac bytea NOT NULL,
    query text NOT NULL,
    address text NOT NULL,
    subscriber text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    poll_seconds integer NOT NULL,
    polled_at timestamp with time zone,
    denied_at timestamp with time zone,
    jkt text,
    CONSTRAINT device_requests_poll_seconds_range CHECK (((poll_seconds >= 1) AND (poll_seconds <= 60)))
)
WITH (fillfactor='60');

COMMENT ON TABLE public.device_requests IS 'Requests of devices that wait for a person (RFC 8628). Allow turns one into a grant.';

COMMENT ON COLUMN public.device_requests.id IS 'UUIDv7. The device code begins with it, and the grant it becomes has it.';

COMMENT ON COLUMN public.device_requests.client_id IS 'The client that sent the request.';

COMMENT ON COLUMN public.device_requests.code_hash IS 'SHA-256 of the device code''s first octet and secret.';

COMMENT ON COLUMN public.device_requests.user_code_mac IS 'HMAC-SHA-256 of the user code, under a key that the key-encryption key yields (HKDF): the code itself is nowhere.';

COMMENT ON COLUMN public.device_requests.query IS 'What was requested: client, scope and resources. Read and checked anew at every step.';

COMMENT ON COLUMN public.device_requests.address IS 'Where it came from; the person reads it.';

COMMENT ON COLUMN public.device_requests.subscriber IS 'The address by which open requests are counted: IPv6 by its /64.';

COMMENT ON COLUMN public.device_requests.created_at IS 'When the device asked.';

COMMENT ON COLUMN public.device_requests.expires_at IS 'No code of it works from then on.';

COMMENT ON COLUMN public.device_requests.poll_seconds IS 'Least seconds between two polls: five more after each that came too early.';

COMMENT ON COLUMN public.device_requests.polled_at IS 'The last poll that did not come too early; null: none.';

COMMENT ON COLUMN public.device_requests.denied_at IS 'When a person said no; null: nobody did.';

COMMENT ON COLUMN public.device_requests.jkt IS 'The key that a poll showed first, to which its grant is bound (RFC 9449); null: none.';

CREATE TABLE public.exchange_rules (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    actor text NOT NULL,
    subject_clients text[] DEFAULT '{}'::text[] NOT NULL,
    from_resource text NOT NULL,
    resource text NOT NULL,
    scopes text[] NOT NULL,
    impersonate boolean DEFAULT false NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    note text,
    CONSTRAINT exchange_rules_scopes_named CHECK ((cardinality(scopes) > 0))
);

COMMENT ON TABLE public.exchange_rules IS 'Token exchange (RFC 8693): which client may exchange whose access tokens, and for what. In force at once.';

COMMENT ON COLUMN public.exchange_rules.id IS 'Its name: in consents of people, in the audit log and in commands. Made by default.';

COMMENT ON COLUMN public.exchange_rules.actor IS 'The client that exchanges, and acts: confidential, with the grant type token-exchange.';

COMMENT ON COLUMN public.exchange_rules.subject_clients IS 'Whose tokens it may exchange: the clients they were issued to. Empty: those of any client but itself.';

COMMENT ON COLUMN public.exchange_rules.from_resource IS 'The resource the actor stands behind: the audience of the tokens it may exchange.';

COMMENT ON COLUMN public.exchange_rules.resource IS 'What the tokens it gets are for.';

COMMENT ON COLUMN public.exchange_rules.scopes IS 'What they may allow at most.';

COMMENT ON COLUMN public.exchange_rules.impersonate IS 'True: the tokens do not name the actor (no act claim); the audit log does. False: they do.';

COMMENT ON COLUMN public.exchange_rules.enabled IS 'False: nothing is exchanged by it, and what was is refused. Enabled again, earlier tokens stay dead.';

COMMENT ON COLUMN public.exchange_rules.note IS 'What operators write of it; the server does not read it.';

CREATE TABLE public.federation_requests (
    state_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    session_hash bytea,
    provider text NOT NULL,
    purpose text NOT NULL,
    nonce text NOT NULL,
    sealed bytea NOT NULL,
    page text,
    auth_after timestamp with time zone,
    invitation bytea,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    spent_at timestamp with time zone,
    CONSTRAINT federation_requests_purpose_known CHECK ((purpose = ANY (ARRAY['sign-in'::text, 'link'::text, 'reauth'::text])))
);

COMMENT ON TABLE public.federation_requests IS 'People who were sent to a provider and have not come back yet.';

COMMENT ON COLUMN public.federation_requests.state_hash IS 'SHA-256 of the state that comes back with them.';

COMMENT ON COLUMN public.federation_requests.browser_hash IS 'SHA-256 of the cookie of the browser that was sent: no other comes back with it.';

COMMENT ON COLUMN public.federation_requests.session_hash IS 'The session that was live in that browser; null: none was.';

COMMENT ON COLUMN public.federation_requests.provider IS 'Where they were sent.';

COMMENT ON COLUMN public.federation_requests.purpose IS 'sign-in; link, to link the identity to who is signed in; reauth, to prove that it is still them.';

COMMENT ON COLUMN public.federation_requests.nonce IS 'What the id_token must repeat.';

COMMENT ON COLUMN public.federation_requests.sealed IS 'PKCE verifier and the authorization request that waits, sealed with a key that only the state yields.';

COMMENT ON COLUMN public.federation_requests.page IS 'The key of the page of ours that waits; null: none.';

COMMENT ON COLUMN public.federation_requests.auth_after IS 'They must have signed in there since, less 30 seconds; null: whenever.';

COMMENT ON COLUMN public.federation_requests.invitation IS 'SHA-256 of the link of an invitation that this browser opened; null: none.';

COMMENT ON COLUMN public.federation_requests.created_at IS 'When they were sent.';

COMMENT ON COLUMN public.federation_requests.expires_at IS 'Ten minutes later.';

COMMENT ON COLUMN public.federation_requests.spent_at IS 'When they came back, once; null: not yet.';

CREATE TABLE public.grant_types (
    name text NOT NULL,
    kinds text[] NOT NULL,
    default_for text[] NOT NULL,
    continues boolean NOT NULL,
    needs_redirect_uris boolean NOT NULL,
    "position" integer NOT NULL
);

COMMENT ON TABLE public.grant_types IS 'What clients may use at /token. Only oauth-server migrate writes here.';

COMMENT ON COLUMN public.grant_types.name IS 'The value of grant_type, as it is sent to /token.';

COMMENT ON COLUMN public.grant_types.kinds IS 'The kinds of client that may use it.';

COMMENT ON COLUMN public.grant_types.default_for IS 'The kinds of client that get it when they name none.';

COMMENT ON COLUMN public.grant_types.continues IS 'True: it only continues what another grant type began.';

COMMENT ON COLUMN public.grant_types.needs_redirect_uris IS 'True: a client that registers for it needs redirect URIs.';

COMMENT ON COLUMN public.grant_types."position" IS 'Its place in metadata and hints.';

CREATE TABLE public.grants (
    id uuid NOT NULL,
    client_id text NOT NULL,
    subject uuid,
    fingerprint bytea,
    redirect_uri text,
    code_challenge text,
    scope text[] NOT NULL,
    resources text[] NOT NULL,
    offline boolean NOT NULL,
    offline_requested boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    ended_at timestamp with time zone,
    ended_reason text,
    code_hash bytea,
    code_expires_at timestamp with time zone,
    activated_at timestamp with time zone,
    wrong_verifiers integer DEFAULT 0 NOT NULL,
    family_hash bytea,
    refresh_hash bytea,
    previous_hash bytea,
    successor_sealed bytea,
    generation integer DEFAULT 0 NOT NULL,
    rotated_at timestamp with time zone,
    idle_until timestamp with time zone,
    resource_named boolean DEFAULT true NOT NULL,
    nonce text,
    auth_time timestamp with time zone,
    sid uuid,
    acr text,
    amr text[],
    disclosed text[] DEFAULT '{}'::text[] NOT NULL,
    idp text,
    kind text DEFAULT 'code'::text NOT NULL,
    issuer text,
    proven_by text,
    jkt text,
    onward jsonb DEFAULT '[]'::jsonb NOT NULL
)
WITH (fillfactor='60', autovacuum_vacuum_scale_factor='0.02');

COMMENT ON TABLE public.grants IS 'What one person allowed one client, once: its code and its refresh tokens too.';

COMMENT ON COLUMN public.grants.id IS 'UUIDv7. The grant claim of its access tokens; its code and its refresh tokens begin with it.';

COMMENT ON COLUMN public.grants.client_id IS 'The client that may act.';

COMMENT ON COLUMN public.grants.subject IS 'The person on whose behalf it may act; null: a workload acts for itself.';

COMMENT ON COLUMN public.grants.fingerprint IS 'SHA-256 over client, person, redirect URI, challenge, scope and resources: the same request sent twice is one grant. Null: redeemed, and requested again since.';

COMMENT ON COLUMN public.grants.redirect_uri IS 'The exact URI the code went to; null: no code.';

COMMENT ON COLUMN public.grants.code_challenge IS 'The code challenge of the request (RFC 7636, S256); null: no code.';

COMMENT ON COLUMN public.grants.scope IS 'What was allowed, without offline_access.';

COMMENT ON COLUMN public.grants.resources IS 'What tokens may be for; the first is the default.';

COMMENT ON COLUMN public.grants.offline IS 'Whether refresh tokens are issued.';

COMMENT ON COLUMN public.grants.offline_requested IS 'Whether the client requested offline_access by name: then the scope of its token replies names it.';

COMMENT ON COLUMN public.grants.created_at IS 'When the person allowed it.';

COMMENT ON COLUMN public.grants.expires_at IS 'No token of it outlives this.';

COMMENT ON COLUMN public.grants.ended_at IS 'Set once; everything that points here is dead from then on.';

COMMENT ON COLUMN public.grants.ended_reason IS 'Why it ended: code_replayed, refresh_reused, revoked_by_client, revoked_by_user, revoked_by_admin, password_changed, user_disabled and others.';

COMMENT ON COLUMN public.grants.code_hash IS 'SHA-256 of the code''s first octet and secret. Kept after use, so that a replay is seen; null: it has no code.';

COMMENT ON COLUMN public.grants.code_expires_at IS 'The code is refused from then on.';

COMMENT ON COLUMN public.grants.activated_at IS 'When its code was redeemed. Set once; a valid second use ends the grant.';

COMMENT ON COLUMN public.grants.wrong_verifiers IS 'Attempts with a wrong verifier; the fifth ends the code.';

COMMENT ON COLUMN public.grants.family_hash IS 'SHA-256 of the 128 random bits that all its refresh tokens share: who has them has held one.';

COMMENT ON COLUMN public.grants.refresh_hash IS 'SHA-256 of the one live refresh token''s first octet and secret; null: none was issued.';

COMMENT ON COLUMN public.grants.previous_hash IS 'The same of the token it replaced, which is answered once more inside the retry window.';

COMMENT ON COLUMN public.grants.successor_sealed IS 'What makes the live token, sealed with a key that only the one it replaced yields (HKDF, AES-256-GCM).';

COMMENT ON COLUMN public.grants.generation IS 'Rotations so far. A token of the family with a lower generation has been superseded.';

COMMENT ON COLUMN public.grants.rotated_at IS 'When the live token replaced the one before; null: it is the first.';

COMMENT ON COLUMN public.grants.idle_until IS 'The live token is refused from then on; the row stays until expires_at.';

COMMENT ON COLUMN public.grants.resource_named IS 'Whether the authorization request named a resource: then an access token for one has no identity scope.';

COMMENT ON COLUMN public.grants.nonce IS 'OpenID Connect: comes back in the first id_token. Null: none was sent.';

COMMENT ON COLUMN public.grants.auth_time IS 'When the person signed in, for its id_tokens; null: it has none.';

COMMENT ON COLUMN public.grants.sid IS 'The sign-in it was allowed in, for its id_tokens; null: it has none.';

COMMENT ON COLUMN public.grants.acr IS 'How sure that sign-in was.';

COMMENT ON COLUMN public.grants.amr IS 'How the person had signed in.';

COMMENT ON COLUMN public.grants.disclosed IS 'What the consent page said an API sees of the person: the resource, a blank, the claim.';

COMMENT ON COLUMN public.grants.idp IS 'The sign-in provider of the session it was allowed in; null: none.';

COMMENT ON COLUMN public.grants.kind IS 'code (authorization code), device (RFC 8628), id-jag (an assertion of a company) or workload (the rule of an issuer).';

COMMENT ON COLUMN public.grants.issuer IS 'Whose assertion it stands on; null: none.';

COMMENT ON COLUMN public.grants.proven_by IS 'private_key_jwt: the client proved itself by key when it was redeemed, and does so ever after. Null: by secret or not at all.';

COMMENT ON COLUMN public.grants.jkt IS 'The key its tokens are bound to: SHA-256 of the public key, base64url (RFC 7638, RFC 9449). Null: none.';

COMMENT ON COLUMN public.grants.onward IS 'Where agents may take it with the person''s consent: a list of {rule, actor, resource, scopes}.';

CREATE TABLE public.identities (
    issuer text NOT NULL,
    tenant text DEFAULT ''::text NOT NULL,
    sub text NOT NULL,
    subject uuid NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone,
    created_by text DEFAULT ''::text NOT NULL
);

COMMENT ON TABLE public.identities IS 'Who people are elsewhere: a provider''s name for somebody, and whom that is here. Never by e-mail or name.';

COMMENT ON COLUMN public.identities.issuer IS 'Who says so: the issuer, exactly.';

COMMENT ON COLUMN public.identities.tenant IS 'Its tenant claim, where one issuer has several; empty: none.';

COMMENT ON COLUMN public.identities.sub IS 'What it calls the person: the claim sub.';

COMMENT ON COLUMN public.identities.subject IS 'Who that is here: the person''s subject.';

COMMENT ON COLUMN public.identities.created_at IS 'When the row was made.';

COMMENT ON COLUMN public.identities.last_used_at IS 'When the person last came by it; null: never.';

COMMENT ON COLUMN public.identities.created_by IS 'Who linked it: user: and the subject, admin:olivia, cli:root, federation:entra. Written by a trigger.';

CREATE TABLE public.identity_providers (
    id text NOT NULL,
    label text NOT NULL,
    issuer text NOT NULL,
    client_id text NOT NULL,
    auth_method text DEFAULT 'client_secret_basic'::text NOT NULL,
    secret_sealed bytea,
    scopes text[] DEFAULT '{openid,profile,email}'::text[] NOT NULL,
    provisioning text DEFAULT 'existing'::text NOT NULL,
    allowed_claims jsonb DEFAULT '{}'::jsonb NOT NULL,
    email_domains text[] DEFAULT '{}'::text[] NOT NULL,
    claim_map jsonb DEFAULT '{}'::jsonb NOT NULL,
    role_map jsonb,
    trust_email boolean DEFAULT false NOT NULL,
    trust_amr boolean DEFAULT false NOT NULL,
    reauth text DEFAULT 'upstream'::text NOT NULL,
    extra_params jsonb DEFAULT '{}'::jsonb NOT NULL,
    on_disable text DEFAULT 'sessions'::text NOT NULL,
    "position" integer DEFAULT 0 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    CONSTRAINT identity_providers_auth_method_known CHECK ((auth_method = ANY (ARRAY['client_secret_basic'::text, 'client_secret_post'::text, 'none'::text]))),
    CONSTRAINT identity_providers_id_form CHECK ((id ~ '^[a-z0-9-]{1,32}$'::text)),
    CONSTRAINT identity_providers_on_disable_known CHECK ((on_disable = ANY (ARRAY['nothing'::text, 'sessions'::text, 'access'::text]))),
    CONSTRAINT identity_providers_provisioning_known CHECK ((provisioning = ANY (ARRAY['existing'::text, 'invited'::text, 'create'::text]))),
    CONSTRAINT identity_providers_reauth_known CHECK ((reauth = ANY (ARRAY['upstream'::text, 'local'::text])))
);

COMMENT ON TABLE public.identity_providers IS 'Companies people may sign in at (OpenID Connect): one row each, in force at once.';

COMMENT ON COLUMN public.identity_providers.id IS 'Its name in URLs: a to z, 0 to 9 and -, at most 32. The redirect URI to register there is ISSUER/federation/ID/callback.';

COMMENT ON COLUMN public.identity_providers.label IS 'What people read: Continue with Company.';

COMMENT ON COLUMN public.identity_providers.issuer IS 'Exactly as its discovery document and its id_tokens say; of Entra the tenant''s own.';

COMMENT ON COLUMN public.identity_providers.client_id IS 'What it calls this server.';

COMMENT ON COLUMN public.identity_providers.auth_method IS 'How this server proves itself there: client_secret_basic, client_secret_post or none.';

COMMENT ON COLUMN public.identity_providers.secret_sealed IS 'The secret of client_id, sealed: oauth-server providers secret ID writes it. Null: none yet, or none is needed.';

COMMENT ON COLUMN public.identity_providers.scopes IS 'What is asked for there; openid is among them.';

COMMENT ON COLUMN public.identity_providers.provisioning IS 'Who may come whom nobody here is linked to: existing, nobody; invited, who opened an invitation; create, everybody whom allowed_claims admits.';

COMMENT ON COLUMN public.identity_providers.allowed_claims IS 'Who may come at all: {"hd": ["example.com"]} wants that claim with one of these values; each named claim must be there.';

COMMENT ON COLUMN public.identity_providers.email_domains IS 'The domains of its people: a login_hint in one of them puts its button first.';

COMMENT ON COLUMN public.identity_providers.claim_map IS 'Which of its claims fill what is known of people: {"username": "email"}; of username, email, name, given_name, family_name, locale, groups.';

COMMENT ON COLUMN public.identity_providers.role_map IS 'Roles by claims: {"groups": {"idp-admins": "admin"}}, for people whose role_from is this provider. Null: roles stay as they are.';

COMMENT ON COLUMN public.identity_providers.trust_email IS 'True: an address it calls verified (the JSON true) is verified here, too.';

COMMENT ON COLUMN public.identity_providers.trust_amr IS 'True: apps are told how people signed in there, and its mfa counts as two factors.';

COMMENT ON COLUMN public.identity_providers.reauth IS 'Who asks people again that must sign in anew: upstream, the provider; local, this server.';

COMMENT ON COLUMN public.identity_providers.extra_params IS 'What is added when people are sent there: of hd and domain_hint.';

COMMENT ON COLUMN public.identity_providers.on_disable IS 'What ends when it is disabled or deleted: nothing, sessions (those that began there), access (grants allowed in them, too).';

COMMENT ON COLUMN public.identity_providers."position" IS 'Order of the buttons, the lowest first.';

COMMENT ON COLUMN public.identity_providers.enabled IS 'False: nobody gets in by it.';

CREATE TABLE public.imported_keys (
    kid text NOT NULL,
    alg text NOT NULL,
    public_key bytea NOT NULL,
    issuer text NOT NULL,
    verifies_until timestamp with time zone NOT NULL,
    CONSTRAINT imported_keys_alg_known CHECK ((alg = ANY (ARRAY['ES256'::text, 'RS256'::text]))),
    CONSTRAINT imported_keys_verifies_until_plain CHECK (public.is_plain_date(verifies_until))
);

COMMENT ON TABLE public.imported_keys IS 'Public keys of another server: access tokens it signed are accepted until a date, and none is signed with them. Written by oauth-server import; deleting a row refuses its tokens at once.';

COMMENT ON COLUMN public.imported_keys.kid IS 'As the headers of its tokens name it.';

COMMENT ON COLUMN public.imported_keys.alg IS 'ES256 or RS256, the algorithm of its signatures.';

COMMENT ON COLUMN public.imported_keys.public_key IS 'SubjectPublicKeyInfo, DER.';

COMMENT ON COLUMN public.imported_keys.issuer IS 'The iss that its tokens have.';

COMMENT ON COLUMN public.imported_keys.verifies_until IS 'Its tokens are refused from then on, and the key leaves the JWKS.';

CREATE TABLE public.imported_marks (
    hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.imported_marks IS 'What was imported once: a second run brings nothing back that was used or ended since. Written by oauth-server import.';

COMMENT ON COLUMN public.imported_marks.hash IS 'SHA-256 of a refresh token or cookie, or of a public key.';

COMMENT ON COLUMN public.imported_marks.expires_at IS 'When the row goes: it would be refused by then.';

CREATE TABLE public.initial_access_tokens (
    id bigint NOT NULL,
    hash bytea NOT NULL,
    kind text DEFAULT 'any'::text NOT NULL,
    label text DEFAULT ''::text NOT NULL,
    uses_left integer DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT initial_access_tokens_created_at_plain CHECK (public.is_plain_date(created_at)),
    CONSTRAINT initial_access_tokens_expires_at_plain CHECK (public.is_plain_date(expires_at)),
    CONSTRAINT initial_access_tokens_hash_form CHECK ((length(hash) = 32)),
    CONSTRAINT initial_access_tokens_kind_known CHECK ((kind = ANY (ARRAY['machine'::text, 'any'::text]))),
    CONSTRAINT initial_access_tokens_uses CHECK ((uses_left >= 0))
);

COMMENT ON TABLE public.initial_access_tokens IS 'Invitations to register (RFC 7591 §3): oauth-server clients invite makes them. Delete a row to take one back.';

COMMENT ON COLUMN public.initial_access_tokens.id IS 'Names the invitation in the audit log.';

COMMENT ON COLUMN public.initial_access_tokens.hash IS 'SHA-256 of the 256-bit token, which is shown once.';

COMMENT ON COLUMN public.initial_access_tokens.kind IS 'machine: for client_credentials only. any: for every client.';

COMMENT ON COLUMN public.initial_access_tokens.label IS 'For operators, and in the audit log.';

COMMENT ON COLUMN public.initial_access_tokens.uses_left IS 'Registrations it is still good for.';

COMMENT ON COLUMN public.initial_access_tokens.created_at IS 'When the invitation was made.';

COMMENT ON COLUMN public.initial_access_tokens.expires_at IS 'The invitation is refused from then on.';

ALTER TABLE public.initial_access_tokens ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.initial_access_tokens_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.key_sets (
    uri text NOT NULL,
    body bytea,
    fetched_at timestamp with time zone,
    fresh_until timestamp with time zone,
    failed_at timestamp with time zone,
    failure text,
    refetched_at timestamp with time zone
);

COMMENT ON TABLE public.key_sets IS 'Discovery documents and key sets of others, as they were last fetched, for all servers.';

COMMENT ON COLUMN public.key_sets.uri IS 'Where it is fetched.';

COMMENT ON COLUMN public.key_sets.body IS 'The document, octet by octet; null: it was never had.';

COMMENT ON COLUMN public.key_sets.fetched_at IS 'When it was fetched; null: never.';

COMMENT ON COLUMN public.key_sets.fresh_until IS 'Until then it is not fetched again: by its headers, one minute to one hour.';

COMMENT ON COLUMN public.key_sets.failed_at IS 'When fetching it failed last; null: not since it was had.';

COMMENT ON COLUMN public.key_sets.failure IS 'Why, in words; null: it did not fail.';

COMMENT ON COLUMN public.key_sets.refetched_at IS 'When it was last fetched for a key that it lacked: once a minute, by one server.';

CREATE TABLE public.logout_deliveries (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    client_id text NOT NULL,
    subject uuid NOT NULL,
    sid uuid NOT NULL,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    due_at timestamp with time zone,
    attempting_until timestamp with time zone,
    finished_at timestamp with time zone,
    outcome text,
    answer text,
    CONSTRAINT logout_deliveries_finished_with_outcome CHECK (((finished_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT logout_deliveries_outcome_known CHECK ((outcome = ANY (ARRAY['delivered'::text, 'refused'::text, 'given_up'::text])))
);

COMMENT ON TABLE public.logout_deliveries IS 'Which app is still to be told that a sign-in has ended (OpenID Connect Back-Channel Logout 1.0), and which was, for a week.';

COMMENT ON COLUMN public.logout_deliveries.id IS 'One app and one sign-in; each attempt sends a logout token of its own.';

COMMENT ON COLUMN public.logout_deliveries.client_id IS 'The app: it is told at its backchannel_logout_uri.';

COMMENT ON COLUMN public.logout_deliveries.subject IS 'Who was signed in; they may be gone.';

COMMENT ON COLUMN public.logout_deliveries.sid IS 'The sign-in, as the app''s id_tokens name it.';

COMMENT ON COLUMN public.logout_deliveries.queued_at IS 'When the sign-in ended.';

COMMENT ON COLUMN public.logout_deliveries.attempts IS 'How often the app was called; the fourth time is the last.';

COMMENT ON COLUMN public.logout_deliveries.due_at IS 'When it is called next; null: at once.';

COMMENT ON COLUMN public.logout_deliveries.attempting_until IS 'A server is calling it now, and no other does before then; null: none is.';

COMMENT ON COLUMN public.logout_deliveries.finished_at IS 'When it was told, or refused, or given up; null: it is still to be told.';

COMMENT ON COLUMN public.logout_deliveries.outcome IS 'delivered; refused, by the app itself; given_up, after four attempts.';

COMMENT ON COLUMN public.logout_deliveries.answer IS 'What became of the last attempt: a status, or why there was none.';

CREATE TABLE public.mail_outbox (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    kind text NOT NULL,
    subject uuid,
    sealed bytea,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    attempted_at timestamp with time zone,
    due_at timestamp with time zone,
    sending_until timestamp with time zone,
    finished_at timestamp with time zone,
    outcome text,
    answer text,
    CONSTRAINT mail_outbox_emptied CHECK (((finished_at IS NULL) OR (sealed IS NULL))),
    CONSTRAINT mail_outbox_finished_with_outcome CHECK (((finished_at IS NULL) = (outcome IS NULL))),
    CONSTRAINT mail_outbox_outcome_known CHECK ((outcome = ANY (ARRAY['sent'::text, 'dropped'::text, 'given_up'::text])))
);

COMMENT ON TABLE public.mail_outbox IS 'Mail that waits to be sent, and for a day what became of it.';

COMMENT ON COLUMN public.mail_outbox.id IS 'One mail, which is tried three times at most.';

COMMENT ON COLUMN public.mail_outbox.kind IS 'What it is about, such as forgot or new-sign-in.';

COMMENT ON COLUMN public.mail_outbox.subject IS 'Whom it is about; null: nobody who is here, or not known yet.';

COMMENT ON COLUMN public.mail_outbox.sealed IS 'Address and content, sealed under the key-encryption key; null once the mail is finished.';

COMMENT ON COLUMN public.mail_outbox.queued_at IS 'When it was asked for.';

COMMENT ON COLUMN public.mail_outbox.attempts IS 'How often it was tried; the third time is the last.';

COMMENT ON COLUMN public.mail_outbox.attempted_at IS 'When it was last tried: thirty a minute are, over all servers.';

COMMENT ON COLUMN public.mail_outbox.due_at IS 'When it is tried next; null: at once.';

COMMENT ON COLUMN public.mail_outbox.sending_until IS 'A server is sending it now, and no other does before then; null: none is.';

COMMENT ON COLUMN public.mail_outbox.finished_at IS 'When it was sent, dropped or given up; null: it waits.';

COMMENT ON COLUMN public.mail_outbox.outcome IS 'sent; dropped, as it was for nobody; given_up, after three attempts.';

COMMENT ON COLUMN public.mail_outbox.answer IS 'Why the last attempt failed.';

CREATE TABLE public.old_tokens (
    hash bytea NOT NULL,
    grant_id uuid NOT NULL,
    kind text NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT old_tokens_kind_known CHECK ((kind = ANY (ARRAY['code'::text, 'spent_code'::text, 'refresh_token'::text])))
);

COMMENT ON TABLE public.old_tokens IS 'Codes and refresh tokens that do not begin with their grant: issued before they did, or imported. A row stays until its token expires.';

COMMENT ON COLUMN public.old_tokens.hash IS 'SHA-256 of the token''s text; the grant''s row holds the same one.';

COMMENT ON COLUMN public.old_tokens.grant_id IS 'The grant that the token stands for.';

COMMENT ON COLUMN public.old_tokens.kind IS 'code; spent_code, when it had been redeemed already; refresh_token, superseded ones too.';

COMMENT ON COLUMN public.old_tokens.expires_at IS 'When the token expires, and the row is deleted.';

CREATE TABLE public.own_issuer (
    one boolean DEFAULT true NOT NULL,
    issuer text NOT NULL,
    CONSTRAINT own_issuer_only_one CHECK (one)
);

COMMENT ON TABLE public.own_issuer IS 'What this server calls itself, written when it starts: nobody trusts it as somebody else.';

COMMENT ON COLUMN public.own_issuer.one IS 'True: there is one row.';

COMMENT ON COLUMN public.own_issuer.issuer IS 'The setting Issuer of the server that started last.';

CREATE TABLE public.passkeys (
    id bytea NOT NULL,
    subject uuid NOT NULL,
    public_key bytea NOT NULL,
    sign_count bigint NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    last_used_at timestamp with time zone,
    CONSTRAINT passkeys_id_form CHECK (((length(id) >= 1) AND (length(id) <= 1023))),
    CONSTRAINT passkeys_name_form CHECK (((length(name) >= 1) AND (length(name) <= 64)))
);

COMMENT ON TABLE public.passkeys IS 'Passkeys (WebAuthn), which sign a person in alone: with one they prove two factors.';

COMMENT ON COLUMN public.passkeys.id IS 'The credential id, which no two people share.';

COMMENT ON COLUMN public.passkeys.subject IS 'The person it signs in.';

COMMENT ON COLUMN public.passkeys.public_key IS 'Its public key, in COSE (RFC 9053): ES256 or RS256.';

COMMENT ON COLUMN public.passkeys.sign_count IS 'The authenticator''s counter at the last use; 0: it has none. A copy of a passkey is known by a counter that does not rise.';

COMMENT ON COLUMN public.passkeys.name IS 'What the person calls it.';

COMMENT ON COLUMN public.passkeys.created_at IS 'When it was added.';

COMMENT ON COLUMN public.passkeys.last_used_at IS 'When it last signed somebody in; null: never.';

CREATE TABLE public.pending_sign_ins (
    id_hash bytea NOT NULL,
    browser_hash bytea NOT NULL,
    subject uuid NOT NULL,
    session_hash bytea,
    how text NOT NULL,
    amr text[] NOT NULL,
    idp text,
    remember boolean NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL
);

COMMENT ON TABLE public.pending_sign_ins IS 'Who has given the first factor and is asked for the second: nobody is signed in yet.';

COMMENT ON COLUMN public.pending_sign_ins.id_hash IS 'SHA-256 of the ticket in the page.';

COMMENT ON COLUMN public.pending_sign_ins.browser_hash IS 'SHA-256 of the cookie of the browser it began in: no other may finish it.';

COMMENT ON COLUMN public.pending_sign_ins.subject IS 'The person who gave the first factor.';

COMMENT ON COLUMN public.pending_sign_ins.session_hash IS 'The live session that is to become surer, where it is that; null: a sign-in.';

COMMENT ON COLUMN public.pending_sign_ins.how IS 'The first factor, as the audit log names it.';

COMMENT ON COLUMN public.pending_sign_ins.amr IS 'The first factor, as apps are told of it (RFC 8176).';

COMMENT ON COLUMN public.pending_sign_ins.idp IS 'The sign-in provider that proved the first factor; null: here.';

COMMENT ON COLUMN public.pending_sign_ins.remember IS 'Whether they asked to stay signed in on this device.';

COMMENT ON COLUMN public.pending_sign_ins.authenticated_at IS 'When the first factor was given.';

COMMENT ON COLUMN public.pending_sign_ins.expires_at IS 'Five minutes later.';

COMMENT ON COLUMN public.pending_sign_ins.attempts IS 'Codes tried; after five it starts over.';

CREATE TABLE public.pushed_requests (
    reference_hash bytea NOT NULL,
    client_id text NOT NULL,
    query text NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone,
    CONSTRAINT pushed_requests_reference_form CHECK ((length(reference_hash) = 32))
);

COMMENT ON TABLE public.pushed_requests IS 'Authorization requests that clients have pushed (RFC 9126) and that wait for a browser.';

COMMENT ON COLUMN public.pushed_requests.reference_hash IS 'SHA-256 of the reference in request_uri: 256 random bits.';

COMMENT ON COLUMN public.pushed_requests.client_id IS 'The client that pushed it: no other may use it.';

COMMENT ON COLUMN public.pushed_requests.query IS 'The request as it came, without what authenticated the client.';

COMMENT ON COLUMN public.pushed_requests.created_at IS 'When it was pushed.';

COMMENT ON COLUMN public.pushed_requests.expires_at IS 'When it is worth nothing any more, and then deleted.';

COMMENT ON COLUMN public.pushed_requests.used_at IS 'When a browser came with it, which happens once; null: none has.';

CREATE TABLE public.recovery_codes (
    subject uuid NOT NULL,
    code_hash bytea NOT NULL
);

COMMENT ON TABLE public.recovery_codes IS 'Codes on paper for who lost the rest; each works once and is deleted then.';

COMMENT ON COLUMN public.recovery_codes.subject IS 'The person who keeps it.';

COMMENT ON COLUMN public.recovery_codes.code_hash IS 'SHA-256 of 80 random bits.';

CREATE TABLE public.registrations (
    client_id text NOT NULL,
    token_hash bytea NOT NULL,
    scope text[] NOT NULL,
    client_uri text,
    logo_uri text,
    tos_uri text,
    policy_uri text,
    issued_at timestamp with time zone NOT NULL,
    seen_at timestamp with time zone NOT NULL,
    invited_by bigint,
    deleted_at timestamp with time zone,
    CONSTRAINT registrations_deleted_at_plain CHECK (public.is_plain_date(deleted_at)),
    CONSTRAINT registrations_issued_at_plain CHECK (public.is_plain_date(issued_at)),
    CONSTRAINT registrations_scope_plain CHECK (public.is_plain_list(scope)),
    CONSTRAINT registrations_seen_at_plain CHECK (public.is_plain_date(seen_at)),
    CONSTRAINT registrations_token_hash_form CHECK ((length(token_hash) = 32))
)
WITH (fillfactor='80');

COMMENT ON TABLE public.registrations IS 'What a client that registered itself said beyond its row in clients (RFC 7591), and the hash that lets it come back (RFC 7592).';

COMMENT ON COLUMN public.registrations.client_id IS 'The client that registered itself.';

COMMENT ON COLUMN public.registrations.token_hash IS 'SHA-256 of the 256-bit registration access token.';

COMMENT ON COLUMN public.registrations.scope IS 'The open scopes it asked for; empty: it asked for none, and may have any open one.';

COMMENT ON COLUMN public.registrations.client_uri IS 'Its home page, https. Never fetched.';

COMMENT ON COLUMN public.registrations.logo_uri IS 'Its logo, https. Never fetched, never shown.';

COMMENT ON COLUMN public.registrations.tos_uri IS 'Its terms of service, https. Never fetched.';

COMMENT ON COLUMN public.registrations.policy_uri IS 'Its privacy policy, https. Never fetched.';

COMMENT ON COLUMN public.registrations.issued_at IS 'When it registered: client_id_issued_at of RFC 7591.';

COMMENT ON COLUMN public.registrations.seen_at IS 'When it registered, or last came back to its registration.';

COMMENT ON COLUMN public.registrations.invited_by IS 'The invitation it came with; null: nobody asked for one.';

COMMENT ON COLUMN public.registrations.deleted_at IS 'Set by its own DELETE. The row stays disabled for a day, until the last access token has expired, so that resource servers hear of it.';

CREATE TABLE public.reserved_names (
    name_hash bytea NOT NULL,
    reserved_at timestamp with time zone DEFAULT now() NOT NULL
);

COMMENT ON TABLE public.reserved_names IS 'User names of accounts that were deleted: nobody gets one before an operator releases it (oauth-server users release NAME).';

COMMENT ON COLUMN public.reserved_names.name_hash IS 'SHA-256 of the name, which is known to nobody any more.';

COMMENT ON COLUMN public.reserved_names.reserved_at IS 'When the account was deleted.';

CREATE TABLE public.resource_texts (
    uri text NOT NULL,
    locale text NOT NULL,
    name text NOT NULL
);

COMMENT ON TABLE public.resource_texts IS 'Names of resources per locale (BCP 47).';

COMMENT ON COLUMN public.resource_texts.uri IS 'The resource that is named.';

COMMENT ON COLUMN public.resource_texts.locale IS 'The language of the name, such as en, de or ar.';

COMMENT ON COLUMN public.resource_texts.name IS 'What a person reads in that language.';

CREATE TABLE public.resources (
    uri text NOT NULL,
    name text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    claims text[] DEFAULT '{}'::text[] NOT NULL,
    CONSTRAINT resources_claims_known CHECK ((claims <@ '{email,name,preferred_username,groups,roles}'::text[])),
    CONSTRAINT resources_uri_form CHECK (((uri ~ '^[A-Za-z][A-Za-z0-9+.-]*://[^#\s]+$'::text) AND (length(uri) <= 2048)))
);

COMMENT ON TABLE public.resources IS 'Protected resources (RFC 8707): what an access token is for. The uri goes into aud as it is spelt here.';

COMMENT ON COLUMN public.resources.uri IS 'Absolute URI without a fragment.';

COMMENT ON COLUMN public.resources.name IS 'The name a person reads on the consent page; resource_texts overrides it per locale.';

COMMENT ON COLUMN public.resources.enabled IS 'False: no new token for this resource.';

COMMENT ON COLUMN public.resources.claims IS 'What its access tokens and introspection tell of the person, whom the consent page informs: of email, name, preferred_username, groups, roles.';

CREATE TABLE public.revocation_feed (
    id bigint NOT NULL,
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    kind text NOT NULL,
    value text NOT NULL,
    audiences text[],
    held boolean DEFAULT false NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    leaves_at timestamp with time zone NOT NULL,
    CONSTRAINT revocation_feed_kind_known CHECK ((kind = ANY (ARRAY['jti'::text, 'grant'::text, 'client_id'::text, 'kid'::text])))
);

COMMENT ON TABLE public.revocation_feed IS 'What died before it expired, for resource servers that follow GET /revocations.';

COMMENT ON COLUMN public.revocation_feed.id IS 'Order within one transaction.';

COMMENT ON COLUMN public.revocation_feed.xid IS 'The transaction that wrote it: a reader has seen the row exactly if its last snapshot saw this transaction.';

COMMENT ON COLUMN public.revocation_feed.kind IS 'jti: one token. grant: every token with this grant claim. client_id: every token of this client. kid: every token of this key.';

COMMENT ON COLUMN public.revocation_feed.value IS 'The jti, grant, client id or key id.';

COMMENT ON COLUMN public.revocation_feed.audiences IS 'Resources it concerns; null: all.';

COMMENT ON COLUMN public.revocation_feed.held IS 'Handed to nobody: remembers resources a client lost while its tokens for them may live, should it be disabled then.';

COMMENT ON COLUMN public.revocation_feed.expires_at IS 'When the last token it can concern expires; in the past: forget what an earlier entry said.';

COMMENT ON COLUMN public.revocation_feed.leaves_at IS 'When the row may go: a minute after, as verifiers allow a leeway.';

ALTER TABLE public.revocation_feed ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.revocation_feed_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.revoked_tokens (
    jti text NOT NULL,
    client_id text NOT NULL,
    audience text NOT NULL,
    revoked_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.revoked_tokens IS 'Access tokens revoked one by one (RFC 7009), until they would have expired.';

COMMENT ON COLUMN public.revoked_tokens.jti IS 'The jti of the token that was revoked.';

COMMENT ON COLUMN public.revoked_tokens.client_id IS 'The client that it was issued to.';

COMMENT ON COLUMN public.revoked_tokens.audience IS 'The resource that it was for.';

COMMENT ON COLUMN public.revoked_tokens.revoked_at IS 'When it was revoked.';

COMMENT ON COLUMN public.revoked_tokens.expires_at IS 'When the token expires, and the row may be deleted.';

CREATE TABLE public.schema_migrations (
    name text NOT NULL,
    applied_at timestamp with time zone DEFAULT now() NOT NULL,
    checksum text
);

COMMENT ON TABLE public.schema_migrations IS 'Which migrations were applied. Only oauth-server migrate writes here.';

COMMENT ON COLUMN public.schema_migrations.name IS 'The file in sql/migrations, without .sql.';

COMMENT ON COLUMN public.schema_migrations.applied_at IS 'When the migration was applied.';

COMMENT ON COLUMN public.schema_migrations.checksum IS 'SHA-256 of the file as it was applied: an edited one is refused.';

CREATE TABLE public.scope_texts (
    scope text NOT NULL,
    locale text NOT NULL,
    text text NOT NULL
);

COMMENT ON TABLE public.scope_texts IS 'What a scope means, in words, per locale (BCP 47).';

COMMENT ON COLUMN public.scope_texts.scope IS 'The scope that is explained.';

COMMENT ON COLUMN public.scope_texts.locale IS 'The language of the text, such as en, de or ar.';

COMMENT ON COLUMN public.scope_texts.text IS 'Continues the sentence "This app will be able to …".';

CREATE TABLE public.scopes (
    name text NOT NULL,
    resource text,
    access text DEFAULT 'read'::text NOT NULL,
    open boolean DEFAULT false NOT NULL,
    sensitive boolean DEFAULT false NOT NULL,
    optional boolean DEFAULT true NOT NULL,
    identity boolean DEFAULT false NOT NULL,
    CONSTRAINT scopes_access_known CHECK ((access = ANY (ARRAY['read'::text, 'write'::text]))),
    CONSTRAINT scopes_name_form CHECK ((name ~ '^[\x21\x23-\x5B\x5D-\x7E]{1,128}$'::text))
);

COMMENT ON TABLE public.scopes IS 'Every scope this server knows (RFC 6749 §3.3).';

COMMENT ON COLUMN public.scopes.name IS 'Printable ASCII without space, quote or backslash.';

COMMENT ON COLUMN public.scopes.resource IS 'The resource it belongs to: no token for another one carries it. Null: it belongs to all. (offline_access is the server''s own and in no token.)';

COMMENT ON COLUMN public.scopes.access IS 'read or write: the consent page offers to allow only the reading ones.';

COMMENT ON COLUMN public.scopes.open IS 'True: any user-facing client may ask for it, and clients that registered themselves may ask for its resource. False: only clients whose scopes list it.';

COMMENT ON COLUMN public.scopes.sensitive IS 'True: not ticked beforehand on the consent page.';

COMMENT ON COLUMN public.scopes.optional IS 'True: the person may untick it.';

COMMENT ON COLUMN public.scopes.identity IS 'True: tells an app about the person, in the id_token and at userinfo (OpenID Connect Core §5.4). It belongs to no resource, and machines never have it.';

CREATE TABLE public.session_clients (
    sid uuid NOT NULL,
    client_id text NOT NULL,
    subject uuid NOT NULL
);

COMMENT ON TABLE public.session_clients IS 'Which apps get id_tokens in which sign-in: they are told when it ends.';

COMMENT ON COLUMN public.session_clients.sid IS 'The sign-in, as its id_tokens name it.';

COMMENT ON COLUMN public.session_clients.client_id IS 'The app that was allowed them.';

COMMENT ON COLUMN public.session_clients.subject IS 'The person who signed in.';

CREATE TABLE public.sessions (
    id_hash bytea NOT NULL,
    subject uuid NOT NULL,
    authenticated_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text NOT NULL,
    user_agent text NOT NULL,
    imported boolean DEFAULT false NOT NULL,
    sid uuid DEFAULT gen_random_uuid() NOT NULL,
    acr text DEFAULT 'aal1'::text NOT NULL,
    amr text[] DEFAULT '{pwd}'::text[] NOT NULL,
    idp text,
    remembered boolean DEFAULT false NOT NULL,
    began_at timestamp with time zone DEFAULT now() NOT NULL,
    confirmed_at timestamp with time zone
);

COMMENT ON TABLE public.sessions IS 'Browser sessions. The id lives only in the cookie; here is its SHA-256.';

COMMENT ON COLUMN public.sessions.id_hash IS 'SHA-256 of the 256-bit session id.';

COMMENT ON COLUMN public.sessions.subject IS 'The person who is signed in.';

COMMENT ON COLUMN public.sessions.authenticated_at IS 'When the person proved who they are (auth_time): here, or at the company they came by, as that says.';

COMMENT ON COLUMN public.sessions.last_seen_at IS 'Last page, to the minute; idle sessions end.';

COMMENT ON COLUMN public.sessions.expires_at IS 'When the session ends, whether it is used or not.';

COMMENT ON COLUMN public.sessions.address IS 'Where the sign-in came from.';

COMMENT ON COLUMN public.sessions.user_agent IS 'The browser, as it named itself, at most 200 characters.';

COMMENT ON COLUMN public.sessions.imported IS 'Of another server: its cookie is taken once, for a session id of ours.';

COMMENT ON COLUMN public.sessions.sid IS 'The sid of its id_tokens: one for each sign-in of a person in a browser, kept when the same person signs in again. No key to the session.';

COMMENT ON COLUMN public.sessions.acr IS 'How sure the sign-in was (NIST SP 800-63B): aal1, one factor; aal2, two.';

COMMENT ON COLUMN public.sessions.amr IS 'How the person signed in (RFC 8176), such as pwd for a password.';

COMMENT ON COLUMN public.sessions.idp IS 'The sign-in provider it began at; null: here.';

COMMENT ON COLUMN public.sessions.remembered IS 'True: the person asked to stay signed in on this device, so it does not idle away. An administrator''s never is.';

COMMENT ON COLUMN public.sessions.began_at IS 'When the session began here.';

COMMENT ON COLUMN public.sessions.confirmed_at IS 'When the password was given again in it, for a change; null: not since the sign-in. Apps are told authenticated_at.';

CREATE TABLE public.signing_keys (
    kid text NOT NULL,
    alg text NOT NULL,
    public_key bytea NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    signs_from timestamp with time zone NOT NULL,
    retired_at timestamp with time zone,
    CONSTRAINT signing_keys_alg_known CHECK ((alg = ANY (ARRAY['ES256'::text, 'RS256'::text]))),
    CONSTRAINT signing_keys_created_at_plain CHECK (public.is_plain_date(created_at)),
    CONSTRAINT signing_keys_retired_at_plain CHECK (public.is_plain_date(retired_at)),
    CONSTRAINT signing_keys_signs_from_plain CHECK (public.is_plain_date(signs_from))
);

COMMENT ON TABLE public.signing_keys IS 'Keys that sign tokens, for each algorithm one after the other: pending until signs_from, active until the next one''s, then retired.';

COMMENT ON COLUMN public.signing_keys.kid IS 'The key''s id: its RFC 7638 thumbprint.';

COMMENT ON COLUMN public.signing_keys.alg IS 'ES256 or RS256, the algorithm of its signatures.';

COMMENT ON COLUMN public.signing_keys.public_key IS 'SubjectPublicKeyInfo, DER.';

COMMENT ON COLUMN public.signing_keys.sealed IS 'PKCS#8 private key, AES-256-GCM under the key-encryption key. Empty: the key is gone, its public half verifies hints for a time.';

COMMENT ON COLUMN public.signing_keys.created_at IS 'Published in the JWKS from then on.';

COMMENT ON COLUMN public.signing_keys.signs_from IS 'The key signs from then on, until the next one of its algorithm does; the first of its algorithm signs at once.';

COMMENT ON COLUMN public.signing_keys.retired_at IS 'Set by keys retire --now: out of the JWKS at once, its tokens are dead.';

CREATE TABLE public.totp (
    subject uuid NOT NULL,
    secret_sealed bytea NOT NULL,
    last_step bigint NOT NULL,
    created_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.totp IS 'Authenticator apps: time-based one-time codes (RFC 6238), SHA-1, six digits, every 30 seconds.';

COMMENT ON COLUMN public.totp.subject IS 'The person whose app it is.';

COMMENT ON COLUMN public.totp.secret_sealed IS 'The secret shared with the app, sealed under the key-encryption key.';

COMMENT ON COLUMN public.totp.last_step IS 'The step of the last code that was taken: a code works once, and none before it.';

COMMENT ON COLUMN public.totp.created_at IS 'When the first right code was given.';

CREATE TABLE public.trusted_issuers (
    issuer text NOT NULL,
    kind text NOT NULL,
    name text NOT NULL,
    jwks jsonb,
    jwks_uri text,
    audience text,
    algs text[] DEFAULT '{}'::text[] NOT NULL,
    max_age_seconds integer NOT NULL,
    single_use boolean DEFAULT false NOT NULL,
    clients text[] DEFAULT '{}'::text[] NOT NULL,
    create_people boolean DEFAULT false NOT NULL,
    must_name text[] DEFAULT '{}'::text[] NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    note text DEFAULT ''::text NOT NULL,
    CONSTRAINT trusted_issuers_kind_known CHECK ((kind = ANY (ARRAY['people'::text, 'workload'::text]))),
    CONSTRAINT trusted_issuers_max_age_sane CHECK (((max_age_seconds >= 1) AND (max_age_seconds <= 86400))),
    CONSTRAINT trusted_issuers_one_source CHECK (((jwks IS NULL) OR (jwks_uri IS NULL)))
);

COMMENT ON TABLE public.trusted_issuers IS 'Whose assertions are taken at the token endpoint (grant type jwt-bearer): one row each, in force at once.';

COMMENT ON COLUMN public.trusted_issuers.issuer IS 'Exactly as the claim iss says. https, unless its keys stand in jwks or jwks_uri.';

COMMENT ON COLUMN public.trusted_issuers.kind IS 'people: a company whose assertions (ID-JAG) are about persons. workload: a platform that says what runs on it.';

COMMENT ON COLUMN public.trusted_issuers.name IS 'What people and operators read.';

COMMENT ON COLUMN public.trusted_issuers.jwks IS 'Its public keys, an object {"keys": […]} of at most ten. Null: they are fetched.';

COMMENT ON COLUMN public.trusted_issuers.jwks_uri IS 'Where its keys are fetched. Null beside jwks null: as its discovery document says.';

COMMENT ON COLUMN public.trusted_issuers.audience IS 'What the claim aud must be, alone, of a workload. Null: this server''s issuer or its token endpoint. Of a company always the issuer.';

COMMENT ON COLUMN public.trusted_issuers.algs IS 'The algorithms it signs with, of ES256, PS256, RS256; empty: all three.';

COMMENT ON COLUMN public.trusted_issuers.max_age_seconds IS 'How old an assertion may be, by its iat: 600 of a company, 3600 of a workload unless said.';

COMMENT ON COLUMN public.trusted_issuers.single_use IS 'True: an assertion of a workload works once, by its jti. Those of a company always do.';

COMMENT ON COLUMN public.trusted_issuers.clients IS 'The clients that may bring its assertions (people). Empty: all confidential ones that an operator made. Others only by their name here.';

COMMENT ON COLUMN public.trusted_issuers.create_people IS 'True: people nobody here is linked to are made, where it is a sign-in provider too with provisioning create and admits them.';

COMMENT ON COLUMN public.trusted_issuers.must_name IS 'Claims each of its rules gives exact values: {repository_id,repository_owner_id} for GitHub, whose names are given out again.';

COMMENT ON COLUMN public.trusted_issuers.enabled IS 'False: nothing it signs is taken, and what stood on it has ended.';

COMMENT ON COLUMN public.trusted_issuers.note IS 'Free text for operators; nothing reads it.';

CREATE TABLE public.used_proofs (
    hash bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

COMMENT ON TABLE public.used_proofs IS 'Proofs that work once and were used: client assertions, DPoP proofs, assertions of companies, challenges of passkeys.';

COMMENT ON COLUMN public.used_proofs.hash IS 'SHA-256 of what kind of proof it was and of the proof.';

COMMENT ON COLUMN public.used_proofs.expires_at IS 'When it would be refused for its age anyway.';

CREATE TABLE public.users (
    subject uuid DEFAULT gen_random_uuid() NOT NULL,
    username text NOT NULL,
    password_hash text,
    role text DEFAULT 'user'::text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    email text,
    email_verified_at timestamp with time zone,
    name text,
    given_name text,
    family_name text,
    locale text,
    updated_at timestamp with time zone,
    groups text[] DEFAULT '{}'::text[] NOT NULL,
    claims jsonb DEFAULT '{}'::jsonb NOT NULL,
    role_from text,
    managed_by text,
    passkey_handle bytea,
    second_factor text,
    CONSTRAINT users_claims_form CHECK ((jsonb_typeof(claims) = 'object'::text)),
    CONSTRAINT users_created_at_plain CHECK (public.is_plain_date(created_at)),
    CONSTRAINT users_email_form CHECK (((email ~ '^[^\s@[:cntrl:]]+@[^\s@[:cntrl:]]+$'::text) AND (length(email) <= 254))),
    CONSTRAINT users_email_verified_at_plain CHECK (public.is_plain_date(email_verified_at)),
    CONSTRAINT users_passkey_handle_form CHECK ((length(passkey_handle) = 32)),
    CONSTRAINT users_password_form CHECK (((password_hash ~ '^\$2[aby]\$1[0-4]\$[./A-Za-z0-9]{53}$'::text) OR public.is_imported_hash(password_hash))),
    CONSTRAINT users_role_known CHECK ((role = ANY (ARRAY['user'::text, 'admin'::text]))),
    CONSTRAINT users_second_factor_known CHECK ((second_factor = 'required'::text)),
    CONSTRAINT users_updated_at_plain CHECK (public.is_plain_date(updated_at)),
    CONSTRAINT users_username_form CHECK ((username ~ '^[a-z0-9][a-z0-9._@+-]{0,127}$'::text))
);

COMMENT ON TABLE public.users IS 'The people who sign in. Disabling one, or a new password, ends sessions and grants at once.';

COMMENT ON COLUMN public.users.subject IS 'sub of their tokens: opaque, never reused.';

COMMENT ON COLUMN public.users.username IS 'Lower case; what they type.';

COMMENT ON COLUMN public.users.password_hash IS 'crypt(''the password'', gen_salt(''bf'', 12)): bcrypt, cost 10 to 14. Imported ones may be PBKDF2 or Argon2id. Null: they have none and sign in another way.';

COMMENT ON COLUMN public.users.role IS 'user or admin; an admin may enter the administration.';

COMMENT ON COLUMN public.users.enabled IS 'False: cannot sign in, and nothing granted works.';

COMMENT ON COLUMN public.users.created_at IS 'When the row was made.';

COMMENT ON COLUMN public.users.email IS 'Where mail reaches them; null: not known. Told to apps they allow to see it.';

COMMENT ON COLUMN public.users.email_verified_at IS 'When it was shown to be theirs: apps read email_verified true from then on. Write now() where you know it.';

COMMENT ON COLUMN public.users.name IS 'Their full name, as apps show it; null: not known.';

COMMENT ON COLUMN public.users.given_name IS 'First name; null: not known.';

COMMENT ON COLUMN public.users.family_name IS 'Last name; null: not known.';

COMMENT ON COLUMN public.users.locale IS 'Their language (BCP 47): en, de, pt-BR; null: not known.';

COMMENT ON COLUMN public.users.updated_at IS 'When what apps may be told of them was last changed. Written by a trigger.';

COMMENT ON COLUMN public.users.groups IS 'The groups they belong to, for apps with the scope groups.';

COMMENT ON COLUMN public.users.claims IS 'What else is known of them, by name: claim_rules says what of it apps are told.';

COMMENT ON COLUMN public.users.role_from IS 'The provider whose role_map says their role at each sign-in; null: the role is what stands here.';

COMMENT ON COLUMN public.users.managed_by IS 'The provider that says their name, address and language at each sign-in; null: what stands here stays.';

COMMENT ON COLUMN public.users.passkey_handle IS '32 random octets by which passkeys name the person; null: never had one.';

COMMENT ON COLUMN public.users.second_factor IS 'required: they sign in with a second factor, whatever the settings say. Null: the settings decide.';

ALTER TABLE ONLY public.audit_events ATTACH PARTITION public.audit_events_default DEFAULT;

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.assertion_rules
    ADD CONSTRAINT assertion_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.audit_hours
    ADD CONSTRAINT audit_hours_pkey PRIMARY KEY (hour);

ALTER TABLE ONLY public.auth_methods
    ADD CONSTRAINT auth_methods_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.authorization_requests
    ADD CONSTRAINT authorization_requests_pkey PRIMARY KEY (id_hash);

ALTER TABLE ONLY public.claim_rules
    ADD CONSTRAINT claim_rules_pkey PRIMARY KEY (claim);

ALTER TABLE ONLY public.client_documents
    ADD CONSTRAINT client_documents_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.client_key_uses
    ADD CONSTRAINT client_key_uses_pkey PRIMARY KEY (client_id, thumbprint);

ALTER TABLE ONLY public.client_roles
    ADD CONSTRAINT client_roles_pkey PRIMARY KEY (client_id, subject, role);

ALTER TABLE ONLY public.client_secrets
    ADD CONSTRAINT client_secrets_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.code_attempts
    ADD CONSTRAINT code_attempts_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_pkey PRIMARY KEY (subject, key);

ALTER TABLE ONLY public.data_protection_keys
    ADD CONSTRAINT data_protection_keys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.device_attempts
    ADD CONSTRAINT device_attempts_pkey PRIMARY KEY (key);

ALTER TABLE ONLY public.device_requests
    ADD CONSTRAINT device_requests_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.device_requests
    ADD CONSTRAINT device_requests_user_code_mac_key UNIQUE (user_code_mac);

ALTER TABLE ONLY public.exchange_rules
    ADD CONSTRAINT exchange_rules_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.federation_requests
    ADD CONSTRAINT federation_requests_pkey PRIMARY KEY (state_hash);

ALTER TABLE ONLY public.grant_types
    ADD CONSTRAINT grant_types_pkey PRIMARY KEY (name);

ALTER TABLE public.grants
    ADD CONSTRAINT grants_jkt_form CHECK ((jkt ~ '^[A-Za-z0-9_-]{43}$'::text)) NOT VALID;

ALTER TABLE public.grants
    ADD CONSTRAINT grants_kind_known CHECK ((kind = ANY (ARRAY['code'::text, 'device'::text, 'id-jag'::text, 'workload'::text]))) NOT VALID;

ALTER TABLE public.grants
    ADD CONSTRAINT grants_kind_whole CHECK (
CASE kind
    WHEN 'code'::text THEN ((subject IS NOT NULL) AND (redirect_uri IS NOT NULL) AND (code_challenge IS NOT NULL) AND (issuer IS NULL))
    WHEN 'device'::text THEN ((subject IS NOT NULL) AND (redirect_uri IS NULL) AND (code_challenge IS NULL) AND (issuer IS NULL))
    WHEN 'id-jag'::text THEN ((subject IS NOT NULL) AND (issuer IS NOT NULL) AND (code_hash IS NULL))
    ELSE ((subject IS NULL) AND (issuer IS NOT NULL) AND (code_hash IS NULL))
END) NOT VALID;

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_pkey PRIMARY KEY (id);

ALTER TABLE public.grants
    ADD CONSTRAINT grants_proven_by_known CHECK ((proven_by = 'private_key_jwt'::text)) NOT VALID;

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_pkey PRIMARY KEY (issuer, tenant, sub);

ALTER TABLE ONLY public.identity_providers
    ADD CONSTRAINT identity_providers_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.imported_keys
    ADD CONSTRAINT imported_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.imported_marks
    ADD CONSTRAINT imported_marks_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.initial_access_tokens
    ADD CONSTRAINT initial_access_tokens_hash_key UNIQUE (hash);

ALTER TABLE ONLY public.initial_access_tokens
    ADD CONSTRAINT initial_access_tokens_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.key_sets
    ADD CONSTRAINT key_sets_pkey PRIMARY KEY (uri);

ALTER TABLE ONLY public.logout_deliveries
    ADD CONSTRAINT logout_deliveries_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.mail_outbox
    ADD CONSTRAINT mail_outbox_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.old_tokens
    ADD CONSTRAINT old_tokens_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.own_issuer
    ADD CONSTRAINT own_issuer_pkey PRIMARY KEY (one);

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.pending_sign_ins
    ADD CONSTRAINT pending_sign_ins_pkey PRIMARY KEY (id_hash);

ALTER TABLE ONLY public.pushed_requests
    ADD CONSTRAINT pushed_requests_pkey PRIMARY KEY (reference_hash);

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_pkey PRIMARY KEY (subject, code_hash);

ALTER TABLE ONLY public.registrations
    ADD CONSTRAINT registrations_pkey PRIMARY KEY (client_id);

ALTER TABLE ONLY public.registrations
    ADD CONSTRAINT registrations_token_hash_key UNIQUE (token_hash);

ALTER TABLE ONLY public.reserved_names
    ADD CONSTRAINT reserved_names_pkey PRIMARY KEY (name_hash);

ALTER TABLE ONLY public.resource_texts
    ADD CONSTRAINT resource_texts_pkey PRIMARY KEY (uri, locale);

ALTER TABLE ONLY public.resources
    ADD CONSTRAINT resources_pkey PRIMARY KEY (uri);

ALTER TABLE ONLY public.revocation_feed
    ADD CONSTRAINT revocation_feed_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.revoked_tokens
    ADD CONSTRAINT revoked_tokens_pkey PRIMARY KEY (jti);

ALTER TABLE ONLY public.schema_migrations
    ADD CONSTRAINT schema_migrations_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.scope_texts
    ADD CONSTRAINT scope_texts_pkey PRIMARY KEY (scope, locale);

ALTER TABLE ONLY public.scopes
    ADD CONSTRAINT scopes_pkey PRIMARY KEY (name);

ALTER TABLE ONLY public.session_clients
    ADD CONSTRAINT session_clients_pkey PRIMARY KEY (sid, client_id);

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_pkey PRIMARY KEY (id_hash);

ALTER TABLE ONLY public.signing_keys
    ADD CONSTRAINT signing_keys_pkey PRIMARY KEY (kid);

ALTER TABLE ONLY public.totp
    ADD CONSTRAINT totp_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.trusted_issuers
    ADD CONSTRAINT trusted_issuers_pkey PRIMARY KEY (issuer);

ALTER TABLE ONLY public.used_proofs
    ADD CONSTRAINT used_proofs_pkey PRIMARY KEY (hash);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_passkey_handle_key UNIQUE (passkey_handle);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (subject);

ALTER TABLE ONLY public.users
    ADD CONSTRAINT users_username_key UNIQUE (username);

CREATE INDEX account_links_by_expiry ON public.account_links USING btree (expires_at);

CREATE INDEX account_links_of_subject ON public.account_links USING btree (subject);

CREATE UNIQUE INDEX account_links_one_per_person ON public.account_links USING btree (person, kind);

CREATE INDEX assertion_rules_of_client ON public.assertion_rules USING btree (client_id);

CREATE INDEX assertion_rules_of_issuer ON public.assertion_rules USING btree (issuer);

CREATE INDEX audit_events_by_moment ON ONLY public.audit_events USING btree (at) INCLUDE (event, outcome);

CREATE INDEX audit_events_default_at_event_outcome_idx ON public.audit_events_default USING btree (at) INCLUDE (event, outcome);

CREATE INDEX audit_events_of_refusals ON ONLY public.audit_events USING btree (at) WHERE (outcome = 'refused'::text);

CREATE INDEX audit_events_default_at_idx ON public.audit_events_default USING btree (at) WHERE (outcome = 'refused'::text);

CREATE INDEX audit_events_of_reuse ON ONLY public.audit_events USING btree (at) WHERE (detail = ANY (ARRAY['code_replayed'::text, 'refresh_reused'::text]));

CREATE INDEX audit_events_default_at_idx1 ON public.audit_events_default USING btree (at) WHERE (detail = ANY (ARRAY['code_replayed'::text, 'refresh_reused'::text]));

CREATE INDEX audit_events_of_client ON ONLY public.audit_events USING btree (client_id, at);

CREATE INDEX audit_events_default_client_id_at_idx ON public.audit_events_default USING btree (client_id, at);

CREATE INDEX audit_events_of_client_refused ON ONLY public.audit_events USING btree (client_id, at) WHERE (outcome = 'refused'::text);

CREATE INDEX audit_events_default_client_id_at_idx1 ON public.audit_events_default USING btree (client_id, at) WHERE (outcome = 'refused'::text);

CREATE INDEX audit_events_of_client_and_kind ON ONLY public.audit_events USING btree (client_id, event, at) WHERE (event <> 'token'::text);

CREATE INDEX audit_events_default_client_id_event_at_idx ON public.audit_events_default USING btree (client_id, event, at) WHERE (event <> 'token'::text);

CREATE INDEX audit_events_of_kind ON ONLY public.audit_events USING btree (event, at) WHERE (event <> 'token'::text);

CREATE INDEX audit_events_default_event_at_idx ON public.audit_events_default USING btree (event, at) WHERE (event <> 'token'::text);

CREATE INDEX audit_events_of_kind_refused ON ONLY public.audit_events USING btree (event, at) WHERE (outcome = 'refused'::text);

CREATE INDEX audit_events_default_event_at_idx1 ON public.audit_events_default USING btree (event, at) WHERE (outcome = 'refused'::text);

CREATE INDEX audit_events_of_person ON ONLY public.audit_events USING btree (subject, at) WHERE (subject IS DISTINCT FROM client_id);

CREATE INDEX audit_events_default_subject_at_idx ON public.audit_events_default USING btree (subject, at) WHERE (subject IS DISTINCT FROM client_id);

CREATE INDEX authorization_requests_by_expiry ON public.authorization_requests USING btree (expires_at);

CREATE INDEX client_roles_of_subject ON public.client_roles USING btree (subject);

CREATE INDEX client_secrets_by_expiry ON public.client_secrets USING btree (expires_at, id) WHERE ((revoked_at IS NULL) AND (expires_at IS NOT NULL));

CREATE INDEX client_secrets_of_client ON public.client_secrets USING btree (client_id);

CREATE INDEX client_secrets_with_imported_hash ON public.client_secrets USING btree (id) WHERE (public.is_imported_hash(hash) AND (revoked_at IS NULL));

CREATE INDEX clients_by_creation ON public.clients USING btree (kind, created_at, client_id);

CREATE INDEX clients_by_holding ON public.clients USING gin (resources, scopes, default_scopes);

CREATE INDEX clients_by_text ON public.clients USING gin (public.trigrams((("left"(name, 256) || ' '::text) || client_id)));

CREATE INDEX clients_disabled ON public.clients USING btree (kind, client_id) WHERE (NOT enabled);

CREATE INDEX clients_of_default_resource ON public.clients USING btree (default_resource);

CREATE INDEX clients_of_kind ON public.clients USING btree (kind, client_id);

CREATE INDEX clients_of_origin ON public.clients USING btree (kind, origin, client_id);

CREATE INDEX consents_of_client ON public.consents USING btree (client_id);

CREATE INDEX delegations_below ON public.delegations USING btree (parent);

CREATE INDEX delegations_by_end ON public.delegations USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX delegations_cut ON public.delegations USING btree (COALESCE(grant_id, '00000000-0000-0000-0000-000000000000'::uuid), client_id, path) WHERE (ended_reason = 'cut'::text);

CREATE INDEX delegations_of_actor ON public.delegations USING btree (actor);

CREATE INDEX delegations_of_client ON public.delegations USING btree (client_id);

CREATE INDEX delegations_of_grant ON public.delegations USING btree (grant_id);

CREATE INDEX delegations_of_resource ON public.delegations USING btree (resource);

CREATE INDEX delegations_of_rule ON public.delegations USING btree (rule_id);

CREATE UNIQUE INDEX delegations_one ON public.delegations USING btree (COALESCE(grant_id, '00000000-0000-0000-0000-000000000000'::uuid), client_id, COALESCE(parent, '00000000-0000-0000-0000-000000000000'::uuid), rule_id) WHERE ((ended_at IS NULL) OR (ended_reason = 'cut'::text));

CREATE INDEX device_attempts_by_expiry ON public.device_attempts USING btree (expires_at);

CREATE INDEX device_requests_by_expiry ON public.device_requests USING btree (expires_at);

CREATE INDEX device_requests_of_client ON public.device_requests USING btree (client_id, subscriber);

CREATE INDEX exchange_rules_from ON public.exchange_rules USING btree (from_resource);

CREATE INDEX exchange_rules_of_actor ON public.exchange_rules USING btree (actor);

CREATE INDEX exchange_rules_to ON public.exchange_rules USING btree (resource);

CREATE INDEX federation_requests_by_expiry ON public.federation_requests USING btree (expires_at);

CREATE INDEX federation_requests_of_browser ON public.federation_requests USING btree (browser_hash);

CREATE INDEX grants_by_end ON public.grants USING btree (ended_at) WHERE (ended_at IS NOT NULL);

CREATE INDEX grants_by_expiry ON public.grants USING btree (expires_at);

CREATE INDEX grants_by_resource ON public.grants USING gin (resources) WHERE (ended_at IS NULL);

CREATE INDEX grants_of_client ON public.grants USING btree (client_id);

CREATE INDEX grants_of_idp ON public.grants USING btree (idp) WHERE ((idp IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX grants_of_issuer ON public.grants USING btree (issuer, subject) WHERE ((issuer IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX grants_of_sid ON public.grants USING btree (sid) WHERE ((sid IS NOT NULL) AND (ended_at IS NULL));

CREATE INDEX grants_of_subject ON public.grants USING btree (subject);

CREATE UNIQUE INDEX grants_one_per_request ON public.grants USING btree (fingerprint) WHERE (ended_at IS NULL);

CREATE INDEX identities_by_text ON public.identities USING gin (public.trigrams(sub));

CREATE INDEX identities_of_subject ON public.identities USING btree (subject);

CREATE INDEX initial_access_tokens_by_expiry ON public.initial_access_tokens USING btree (expires_at);

CREATE INDEX logout_deliveries_by_end ON public.logout_deliveries USING btree (finished_at) WHERE (finished_at IS NOT NULL);

CREATE INDEX logout_deliveries_of_client ON public.logout_deliveries USING btree (client_id, queued_at);

CREATE INDEX logout_deliveries_of_subject ON public.logout_deliveries USING btree (subject);

CREATE INDEX logout_deliveries_waiting ON public.logout_deliveries USING btree (queued_at) WHERE (finished_at IS NULL);

CREATE INDEX mail_outbox_by_age ON public.mail_outbox USING btree (queued_at);

CREATE INDEX mail_outbox_by_attempt ON public.mail_outbox USING btree (attempted_at) WHERE (attempted_at IS NOT NULL);

CREATE INDEX mail_outbox_of_person ON public.mail_outbox USING btree (subject, queued_at) WHERE (subject IS NOT NULL);

CREATE INDEX mail_outbox_waiting ON public.mail_outbox USING btree (queued_at) WHERE (finished_at IS NULL);

CREATE INDEX old_tokens_by_expiry ON public.old_tokens USING btree (expires_at);

CREATE INDEX old_tokens_of_grant ON public.old_tokens USING btree (grant_id);

CREATE INDEX passkeys_of_subject ON public.passkeys USING btree (subject);

CREATE INDEX pending_sign_ins_by_expiry ON public.pending_sign_ins USING btree (expires_at);

CREATE INDEX pending_sign_ins_of_subject ON public.pending_sign_ins USING btree (subject);

CREATE INDEX pushed_requests_by_expiry ON public.pushed_requests USING btree (expires_at);

CREATE UNIQUE INDEX resources_one_spelling ON public.resources USING btree (public.resource_fold(uri));

CREATE INDEX revocation_feed_by_leaving ON public.revocation_feed USING btree (leaves_at);

CREATE INDEX revocation_feed_by_transaction ON public.revocation_feed USING btree (xid, id);

CREATE INDEX revocation_feed_of_client ON public.revocation_feed USING btree (value) WHERE (kind = 'client_id'::text);

CREATE INDEX revoked_tokens_by_expiry ON public.revoked_tokens USING btree (expires_at);

CREATE INDEX session_clients_of_client ON public.session_clients USING btree (client_id);

CREATE INDEX session_clients_of_subject ON public.session_clients USING btree (subject);

CREATE INDEX sessions_by_expiry ON public.sessions USING btree (expires_at);

CREATE INDEX sessions_of_idp ON public.sessions USING btree (idp) WHERE (idp IS NOT NULL);

CREATE INDEX sessions_of_sid ON public.sessions USING btree (sid);

CREATE INDEX sessions_of_subject ON public.sessions USING btree (subject);

CREATE INDEX used_proofs_by_expiry ON public.used_proofs USING btree (expires_at);

CREATE INDEX users_administrators ON public.users USING btree (username) WHERE (role = 'admin'::text);

CREATE INDEX users_by_creation ON public.users USING btree (created_at, subject);

CREATE INDEX users_by_text ON public.users USING gin (public.trigrams(username));

CREATE INDEX users_disabled ON public.users USING btree (username) WHERE (NOT enabled);

CREATE UNIQUE INDEX users_one_verified_email ON public.users USING btree (lower(email)) WHERE (email_verified_at IS NOT NULL);

CREATE INDEX users_with_imported_hash ON public.users USING btree (subject) WHERE (password_hash !~ '^\$2'::text);

ALTER INDEX public.audit_events_by_moment ATTACH PARTITION public.audit_events_default_at_event_outcome_idx;

ALTER INDEX public.audit_events_of_refusals ATTACH PARTITION public.audit_events_default_at_idx;

ALTER INDEX public.audit_events_of_reuse ATTACH PARTITION public.audit_events_default_at_idx1;

ALTER INDEX public.audit_events_of_client ATTACH PARTITION public.audit_events_default_client_id_at_idx;

ALTER INDEX public.audit_events_of_client_refused ATTACH PARTITION public.audit_events_default_client_id_at_idx1;

ALTER INDEX public.audit_events_of_client_and_kind ATTACH PARTITION public.audit_events_default_client_id_event_at_idx;

ALTER INDEX public.audit_events_of_kind ATTACH PARTITION public.audit_events_default_event_at_idx;

ALTER INDEX public.audit_events_of_kind_refused ATTACH PARTITION public.audit_events_default_event_at_idx1;

ALTER INDEX public.audit_events_of_person ATTACH PARTITION public.audit_events_default_subject_at_idx;

CREATE TRIGGER account_links_check BEFORE INSERT OR UPDATE ON public.account_links FOR EACH ROW EXECUTE FUNCTION public.account_links_check();

CREATE TRIGGER assertion_rules_audit AFTER INSERT OR DELETE OR UPDATE ON public.assertion_rules FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER assertion_rules_check BEFORE INSERT OR UPDATE ON public.assertion_rules FOR EACH ROW EXECUTE FUNCTION public.assertion_rules_check();

CREATE TRIGGER assertion_rules_end AFTER INSERT OR DELETE ON public.assertion_rules FOR EACH ROW EXECUTE FUNCTION public.assertion_rules_end();

CREATE TRIGGER assertion_rules_end_change AFTER UPDATE ON public.assertion_rules FOR EACH ROW WHEN (((((((old.issuer IS DISTINCT FROM new.issuer) OR (old.client_id IS DISTINCT FROM new.client_id)) OR (old.claims IS DISTINCT FROM new.claims)) OR (old.resources IS DISTINCT FROM new.resources)) OR (old.scopes IS DISTINCT FROM new.scopes)) OR (old.enabled IS DISTINCT FROM new.enabled))) EXECUTE FUNCTION public.assertion_rules_end();

CREATE TRIGGER assertion_rules_notify AFTER INSERT OR DELETE OR UPDATE ON public.assertion_rules FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER audit_is_append_only BEFORE DELETE OR UPDATE ON public.audit_events FOR EACH ROW EXECUTE FUNCTION public.audit_is_append_only();

CREATE TRIGGER audit_is_never_truncated BEFORE TRUNCATE ON public.audit_events FOR EACH STATEMENT EXECUTE FUNCTION public.audit_is_append_only();

CREATE TRIGGER check_dates BEFORE INSERT OR UPDATE OF not_before, expires_at, revoked_at ON public.client_secrets FOR EACH ROW EXECUTE FUNCTION public.check_dates('not_before', 'expires_at', 'revoked_at');

CREATE TRIGGER check_dates BEFORE INSERT OR UPDATE OF created_at ON public.clients FOR EACH ROW EXECUTE FUNCTION public.check_dates('created_at');

CREATE TRIGGER check_dates BEFORE INSERT OR UPDATE OF verifies_until ON public.imported_keys FOR EACH ROW EXECUTE FUNCTION public.check_dates('verifies_until');

CREATE TRIGGER check_dates BEFORE INSERT OR UPDATE OF created_at, expires_at ON public.initial_access_tokens FOR EACH ROW EXECUTE FUNCTION public.check_dates('created_at', 'expires_at');

CREATE TRIGGER check_dates BEFORE INSERT OR UPDATE OF created_at, signs_from, retired_at ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION public.check_dates('created_at', 'signs_from', 'retired_at');

CREATE TRIGGER check_dates BEFORE INSERT OR UPDATE OF created_at ON public.users FOR EACH ROW EXECUTE FUNCTION public.check_dates('created_at');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF resources, scopes ON public.assertion_rules FOR EACH ROW EXECUTE FUNCTION public.check_lists('resources', 'scopes');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF redirect_uris, scopes, default_scopes, resources, grant_types ON public.clients FOR EACH ROW EXECUTE FUNCTION public.check_lists('redirect_uris', 'scopes', 'default_scopes', 'resources', 'grant_types');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF resources, scope ON public.consents FOR EACH ROW EXECUTE FUNCTION public.check_lists('resources', 'scope');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF scope ON public.delegations FOR EACH ROW EXECUTE FUNCTION public.check_lists('scope');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF subject_clients, scopes ON public.exchange_rules FOR EACH ROW EXECUTE FUNCTION public.check_lists('subject_clients', 'scopes');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF scope, resources ON public.grants FOR EACH ROW EXECUTE FUNCTION public.check_lists('scope', 'resources');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF scopes, email_domains ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION public.check_lists('scopes', 'email_domains');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF amr ON public.pending_sign_ins FOR EACH ROW EXECUTE FUNCTION public.check_lists('amr');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF scope ON public.registrations FOR EACH ROW EXECUTE FUNCTION public.check_lists('scope');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF claims ON public.resources FOR EACH ROW EXECUTE FUNCTION public.check_lists('claims');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF audiences ON public.revocation_feed FOR EACH ROW EXECUTE FUNCTION public.check_lists('audiences');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF amr ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.check_lists('amr');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF algs, clients, must_name ON public.trusted_issuers FOR EACH ROW EXECUTE FUNCTION public.check_lists('algs', 'clients', 'must_name');

CREATE TRIGGER check_lists BEFORE INSERT OR UPDATE OF groups ON public.users FOR EACH ROW EXECUTE FUNCTION public.check_lists('groups');

CREATE TRIGGER check_lists_logout BEFORE INSERT OR UPDATE OF post_logout_redirect_uris ON public.clients FOR EACH ROW EXECUTE FUNCTION public.check_lists('post_logout_redirect_uris');

CREATE TRIGGER check_lists_openid BEFORE INSERT OR UPDATE OF amr, disclosed ON public.grants FOR EACH ROW EXECUTE FUNCTION public.check_lists('amr', 'disclosed');

CREATE TRIGGER check_locale BEFORE INSERT OR UPDATE OF locale ON public.resource_texts FOR EACH ROW EXECUTE FUNCTION public.check_locale();

CREATE TRIGGER check_locale BEFORE INSERT OR UPDATE OF locale ON public.scope_texts FOR EACH ROW EXECUTE FUNCTION public.check_locale();

CREATE TRIGGER check_names BEFORE INSERT OR UPDATE OF name ON public.clients FOR EACH ROW EXECUTE FUNCTION public.check_names();

CREATE TRIGGER check_names BEFORE INSERT OR UPDATE OF name ON public.resource_texts FOR EACH ROW EXECUTE FUNCTION public.check_names();

CREATE TRIGGER check_names BEFORE INSERT OR UPDATE OF name ON public.resources FOR EACH ROW EXECUTE FUNCTION public.check_names();

CREATE TRIGGER check_profile_dates BEFORE INSERT OR UPDATE OF email_verified_at ON public.users FOR EACH ROW EXECUTE FUNCTION public.check_dates('email_verified_at');

CREATE TRIGGER check_short_grant_types BEFORE INSERT OR UPDATE OF grant_types ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_name_grant_types();

CREATE TRIGGER check_words BEFORE INSERT OR UPDATE OF text ON public.scope_texts FOR EACH ROW EXECUTE FUNCTION public.check_words();

CREATE TRIGGER claim_rules_audit AFTER INSERT OR DELETE OR UPDATE ON public.claim_rules FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER claim_rules_check BEFORE INSERT OR UPDATE ON public.claim_rules FOR EACH ROW EXECUTE FUNCTION public.claim_rules_check();

CREATE TRIGGER claim_rules_notify AFTER INSERT OR DELETE OR UPDATE ON public.claim_rules FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER client_roles_audit AFTER INSERT OR DELETE OR UPDATE ON public.client_roles FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER client_roles_check BEFORE INSERT OR UPDATE ON public.client_roles FOR EACH ROW EXECUTE FUNCTION public.client_roles_check();

CREATE TRIGGER client_secrets_audit AFTER INSERT OR DELETE OR UPDATE OF client_id, hash, label, not_before, expires_at, revoked_at ON public.client_secrets FOR EACH ROW WHEN ((current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text)) EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER client_secrets_check BEFORE INSERT OR UPDATE OF client_id, hash, label, not_before, expires_at, revoked_at ON public.client_secrets FOR EACH ROW EXECUTE FUNCTION public.client_secrets_check();

CREATE TRIGGER client_secrets_notify AFTER DELETE OR UPDATE OF client_id, hash, label, not_before, expires_at, revoked_at ON public.client_secrets FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER client_secrets_notify_insert AFTER INSERT ON public.client_secrets FOR EACH ROW WHEN ((current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text)) EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER clients_audit AFTER UPDATE OF client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types, auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, id_token_alg, id_token_claims, default_max_age, post_logout_redirect_uris, backchannel_logout_uri, trusted, min_acr, jwks, jwks_uri, assertion_alg, public_too, dpop_required, par_required ON public.clients FOR EACH ROW WHEN (((old.origin <> 'self-registered'::text) OR (current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text))) EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER clients_audit_delete AFTER DELETE ON public.clients FOR EACH ROW WHEN (((old.origin <> 'self-registered'::text) OR (current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text))) EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER clients_audit_insert AFTER INSERT ON public.clients FOR EACH ROW WHEN (((new.origin <> 'self-registered'::text) OR (current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text))) EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER clients_check BEFORE INSERT OR UPDATE OF client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types, auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check();

CREATE TRIGGER clients_check_dpop BEFORE INSERT OR UPDATE OF dpop_required, kind ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_dpop();

CREATE TRIGGER clients_check_federated BEFORE INSERT OR UPDATE OF auth_method ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_federated();

CREATE TRIGGER clients_check_keys BEFORE INSERT OR UPDATE OF auth_method, jwks, jwks_uri, assertion_alg, public_too, origin ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_keys();

CREATE TRIGGER clients_check_logout BEFORE INSERT OR UPDATE OF origin, post_logout_redirect_uris, backchannel_logout_uri ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_logout();

CREATE TRIGGER clients_check_min_acr BEFORE INSERT OR UPDATE OF min_acr, kind ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_min_acr();

CREATE TRIGGER clients_check_openid BEFORE INSERT OR UPDATE OF kind, scopes, default_scopes, id_token_alg, default_max_age ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_openid();

CREATE TRIGGER clients_check_par BEFORE INSERT OR UPDATE OF par_required, kind ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_par();

CREATE TRIGGER clients_check_trusted BEFORE INSERT OR UPDATE OF trusted, origin, kind, redirect_uris ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_check_trusted();

CREATE TRIGGER clients_end_delegations AFTER UPDATE OF enabled ON public.clients FOR EACH ROW WHEN ((old.enabled AND (NOT new.enabled))) EXECUTE FUNCTION public.clients_end_delegations();

CREATE TRIGGER clients_end_trust AFTER UPDATE OF enabled, kind, auth_method, grant_types, scopes, resources, default_resource ON public.clients FOR EACH ROW WHEN ((((((((old.enabled IS DISTINCT FROM new.enabled) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.auth_method IS DISTINCT FROM new.auth_method)) OR (old.grant_types IS DISTINCT FROM new.grant_types)) OR (old.scopes IS DISTINCT FROM new.scopes)) OR (old.resources IS DISTINCT FROM new.resources)) OR (old.default_resource IS DISTINCT FROM new.default_resource))) EXECUTE FUNCTION public.clients_end_trust();

CREATE TRIGGER clients_feed AFTER INSERT OR DELETE OR UPDATE OF client_id, enabled, resources, default_resource ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_feed();

CREATE TRIGGER clients_hold_scopes BEFORE INSERT OR UPDATE OF scopes ON public.clients FOR EACH ROW WHEN ((new.origin = 'operator'::text)) EXECUTE FUNCTION public.clients_hold_scopes();

CREATE TRIGGER clients_notify AFTER DELETE OR UPDATE OF client_id, kind, name, origin, enabled, redirect_uris, scopes, default_scopes, resources, default_resource, grant_types, auth_method, access_token_seconds, refresh_token_seconds, refresh_idle_seconds, note, id_token_alg, id_token_claims, default_max_age, post_logout_redirect_uris, backchannel_logout_uri, trusted, min_acr, jwks, jwks_uri, assertion_alg, public_too ON public.clients FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER clients_notify_dpop AFTER UPDATE OF dpop_required ON public.clients FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER clients_notify_insert AFTER INSERT ON public.clients FOR EACH ROW WHEN (((new.origin = 'operator'::text) OR (current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text))) EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER clients_notify_par AFTER UPDATE OF par_required ON public.clients FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER clients_one_spelling BEFORE INSERT OR UPDATE OF client_id ON public.clients FOR EACH ROW EXECUTE FUNCTION public.clients_one_spelling();

CREATE TRIGGER clients_schemes BEFORE INSERT OR UPDATE OF redirect_uris, origin ON public.clients FOR EACH ROW WHEN ((new.origin <> 'self-registered'::text)) EXECUTE FUNCTION public.clients_schemes();

CREATE TRIGGER delegations_audit AFTER UPDATE OF ended_at ON public.delegations FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_reason = 'cut'::text) AND (COALESCE(current_setting('oauth.actor'::text, true), ''::text) = ''::text))) EXECUTE FUNCTION public.delegations_audit();

CREATE TRIGGER delegations_check BEFORE UPDATE OF ended_at, ended_reason ON public.delegations FOR EACH ROW EXECUTE FUNCTION public.delegations_check();

CREATE TRIGGER delegations_end_alone BEFORE UPDATE OF ended_at ON public.delegations FOR EACH STATEMENT EXECUTE FUNCTION public.delegations_end_alone();

CREATE TRIGGER delegations_feed AFTER UPDATE OF ended_at ON public.delegations FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION public.delegations_feed();

CREATE TRIGGER delegations_feed_delete AFTER DELETE ON public.delegations FOR EACH ROW WHEN ((old.ended_at IS NULL)) EXECUTE FUNCTION public.delegations_feed();

CREATE TRIGGER delegations_lock_below BEFORE UPDATE OF ended_at ON public.delegations FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION public.delegations_lock_below();

CREATE TRIGGER delegations_path BEFORE INSERT ON public.delegations FOR EACH ROW EXECUTE FUNCTION public.delegations_path();

CREATE TRIGGER exchange_rules_audit AFTER INSERT OR DELETE OR UPDATE ON public.exchange_rules FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER exchange_rules_check BEFORE INSERT OR UPDATE ON public.exchange_rules FOR EACH ROW EXECUTE FUNCTION public.exchange_rules_check();

CREATE TRIGGER exchange_rules_end AFTER UPDATE OF enabled, scopes, subject_clients ON public.exchange_rules FOR EACH ROW EXECUTE FUNCTION public.exchange_rules_end();

CREATE TRIGGER exchange_rules_follow_clients AFTER UPDATE OF client_id ON public.clients FOR EACH ROW WHEN ((old.client_id <> new.client_id)) EXECUTE FUNCTION public.exchange_rules_follow_clients();

CREATE TRIGGER exchange_rules_follow_scopes AFTER DELETE OR UPDATE OF name ON public.scopes FOR EACH ROW EXECUTE FUNCTION public.exchange_rules_follow_scopes();

CREATE TRIGGER exchange_rules_notify AFTER INSERT OR DELETE OR UPDATE ON public.exchange_rules FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER grants_audit AFTER UPDATE OF ended_at ON public.grants FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL) AND (COALESCE(new.ended_reason, ''::text) <> ALL (ARRAY['user_disabled'::text, 'password_changed'::text, 'trust_ended'::text, 'identity_unlinked'::text])) AND (COALESCE(current_setting('oauth.actor'::text, true), ''::text) = ''::text))) EXECUTE FUNCTION public.audit_end();

CREATE TRIGGER grants_end_delegations AFTER UPDATE OF ended_at ON public.grants FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION public.grants_end_delegations();

CREATE TRIGGER grants_feed AFTER UPDATE OF ended_at ON public.grants FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (new.ended_at IS NOT NULL))) EXECUTE FUNCTION public.grants_feed();

CREATE TRIGGER grants_feed_delete AFTER DELETE ON public.grants FOR EACH ROW WHEN (((old.ended_at IS NULL) AND (old.activated_at IS NOT NULL) AND (old.expires_at > now()))) EXECUTE FUNCTION public.grants_feed();

CREATE TRIGGER grants_notify_rules AFTER INSERT OR UPDATE OF ended_at ON public.grants FOR EACH ROW WHEN ((new.kind = 'workload'::text)) EXECUTE FUNCTION public.grants_notify_rules();

CREATE TRIGGER identities_audit AFTER INSERT OR DELETE OR UPDATE OF issuer, tenant, sub, subject ON public.identities FOR EACH ROW EXECUTE FUNCTION public.identities_audit();

CREATE TRIGGER identities_check BEFORE INSERT OR UPDATE OF issuer, tenant, sub, created_by ON public.identities FOR EACH ROW EXECUTE FUNCTION public.identities_check();

CREATE TRIGGER identities_end AFTER DELETE OR UPDATE OF issuer, tenant, sub, subject ON public.identities FOR EACH ROW EXECUTE FUNCTION public.identities_end();

CREATE TRIGGER identities_end_pending_sign_ins AFTER DELETE ON public.identities FOR EACH ROW EXECUTE FUNCTION public.identities_end_pending_sign_ins();

CREATE TRIGGER identities_end_trust AFTER DELETE OR UPDATE OF issuer, tenant, sub, subject ON public.identities FOR EACH ROW EXECUTE FUNCTION public.identities_end_trust();

CREATE TRIGGER identity_providers_audit AFTER INSERT OR DELETE OR UPDATE ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER identity_providers_check BEFORE INSERT OR UPDATE ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION public.identity_providers_check();

CREATE TRIGGER identity_providers_end AFTER DELETE OR UPDATE OF enabled ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION public.identity_providers_end();

CREATE TRIGGER identity_providers_notify AFTER INSERT OR DELETE OR UPDATE ON public.identity_providers FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER imported_keys_audit AFTER INSERT OR DELETE OR UPDATE ON public.imported_keys FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER imported_keys_notify AFTER INSERT OR DELETE OR UPDATE ON public.imported_keys FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER initial_access_tokens_audit AFTER INSERT OR DELETE OR UPDATE OF kind, label, expires_at ON public.initial_access_tokens FOR EACH ROW WHEN ((current_setting('oauth.actor'::text, true) IS DISTINCT FROM 'server'::text)) EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER key_sets_notify AFTER DELETE ON public.key_sets FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER passkeys_keep_an_administrator AFTER DELETE ON public.passkeys REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION public.passkeys_keep_an_administrator();

CREATE TRIGGER resource_texts_audit AFTER INSERT OR DELETE OR UPDATE ON public.resource_texts FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER resource_texts_notify AFTER INSERT OR DELETE OR UPDATE ON public.resource_texts FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER resources_audit AFTER INSERT OR DELETE OR UPDATE ON public.resources FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER resources_check BEFORE INSERT OR UPDATE ON public.resources FOR EACH ROW EXECUTE FUNCTION public.resources_check();

CREATE TRIGGER resources_check_claims BEFORE INSERT OR UPDATE OF claims ON public.resources FOR EACH ROW EXECUTE FUNCTION public.resources_check_claims();

CREATE TRIGGER resources_leave_clients AFTER DELETE ON public.resources FOR EACH STATEMENT EXECUTE FUNCTION public.clients_let_go_of_deleted();

CREATE TRIGGER resources_notify AFTER INSERT OR DELETE OR UPDATE ON public.resources FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER resources_one_spelling BEFORE INSERT OR UPDATE OF uri ON public.resources FOR EACH ROW EXECUTE FUNCTION public.resources_one_spelling();

CREATE TRIGGER revoked_tokens_feed AFTER INSERT ON public.revoked_tokens FOR EACH ROW EXECUTE FUNCTION public.revoked_tokens_feed();

CREATE TRIGGER scope_texts_audit AFTER INSERT OR DELETE OR UPDATE ON public.scope_texts FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER scope_texts_notify AFTER INSERT OR DELETE OR UPDATE ON public.scope_texts FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER scopes_audit AFTER INSERT OR DELETE OR UPDATE ON public.scopes FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER scopes_check BEFORE INSERT OR UPDATE ON public.scopes FOR EACH ROW EXECUTE FUNCTION public.scopes_check();

CREATE TRIGGER scopes_check_identity BEFORE INSERT OR UPDATE ON public.scopes FOR EACH ROW EXECUTE FUNCTION public.scopes_check_identity();

CREATE TRIGGER scopes_close AFTER UPDATE OF open ON public.scopes FOR EACH ROW WHEN ((old.open AND (NOT new.open))) EXECUTE FUNCTION public.scopes_close();

CREATE TRIGGER scopes_leave_clients AFTER DELETE ON public.scopes FOR EACH STATEMENT EXECUTE FUNCTION public.clients_let_go_of_deleted();

CREATE TRIGGER scopes_notify AFTER INSERT OR DELETE OR UPDATE ON public.scopes FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER scopes_renamed AFTER UPDATE OF name ON public.scopes FOR EACH ROW WHEN ((old.name <> new.name)) EXECUTE FUNCTION public.scopes_renamed();

CREATE TRIGGER sessions_audit AFTER DELETE ON public.sessions FOR EACH ROW WHEN ((COALESCE(current_setting('oauth.actor'::text, true), ''::text) = ''::text)) EXECUTE FUNCTION public.audit_end();

CREATE TRIGGER sessions_end AFTER DELETE ON public.sessions FOR EACH ROW EXECUTE FUNCTION public.sessions_end();

CREATE TRIGGER signing_keys_audit AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER signing_keys_feed AFTER UPDATE OF retired_at ON public.signing_keys FOR EACH ROW WHEN (((old.retired_at IS NULL) AND (new.retired_at IS NOT NULL))) EXECUTE FUNCTION public.signing_keys_feed();

CREATE TRIGGER signing_keys_notify AFTER INSERT OR DELETE OR UPDATE ON public.signing_keys FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER trusted_issuers_audit AFTER INSERT OR DELETE OR UPDATE ON public.trusted_issuers FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER trusted_issuers_check BEFORE INSERT OR UPDATE ON public.trusted_issuers FOR EACH ROW EXECUTE FUNCTION public.trusted_issuers_check();

CREATE TRIGGER trusted_issuers_end AFTER DELETE OR UPDATE ON public.trusted_issuers FOR EACH ROW EXECUTE FUNCTION public.trusted_issuers_end();

CREATE TRIGGER trusted_issuers_notify AFTER INSERT OR DELETE OR UPDATE ON public.trusted_issuers FOR EACH ROW EXECUTE FUNCTION public.notify_change();

CREATE TRIGGER users_audit AFTER INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.audit_edit();

CREATE TRIGGER users_check BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_check();

CREATE TRIGGER users_check_profile BEFORE INSERT OR UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_check_profile();

CREATE TRIGGER users_check_reserved BEFORE INSERT OR UPDATE OF username ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_check_reserved();

CREATE TRIGGER users_check_second_factor BEFORE INSERT OR UPDATE OF second_factor ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_check_second_factor();

CREATE TRIGGER users_end_access AFTER UPDATE OF enabled, password_hash ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_end_access();

CREATE TRIGGER users_end_links AFTER UPDATE OF enabled, password_hash ON public.users FOR EACH ROW WHEN (((NOT new.enabled) OR (new.password_hash IS DISTINCT FROM old.password_hash))) EXECUTE FUNCTION public.users_end_links();

CREATE TRIGGER users_end_mailed_links AFTER UPDATE OF email ON public.users FOR EACH ROW WHEN ((new.email IS DISTINCT FROM old.email)) EXECUTE FUNCTION public.users_end_mailed_links();

CREATE TRIGGER users_end_pending_sign_ins AFTER UPDATE OF enabled, password_hash ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_end_pending_sign_ins();

CREATE TRIGGER users_end_sessions BEFORE DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_end_sessions();

CREATE TRIGGER users_forget AFTER DELETE ON public.users FOR EACH ROW EXECUTE FUNCTION public.users_forget();

CREATE TRIGGER users_keep_an_administrator AFTER UPDATE ON public.users REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION public.users_keep_an_administrator();

CREATE TRIGGER users_keep_an_administrator_who_goes AFTER DELETE ON public.users REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION public.users_keep_an_administrator();

ALTER TABLE ONLY public.account_links
    ADD CONSTRAINT account_links_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.assertion_rules
    ADD CONSTRAINT assertion_rules_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.assertion_rules
    ADD CONSTRAINT assertion_rules_issuer_fkey FOREIGN KEY (issuer) REFERENCES public.trusted_issuers(issuer) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.claim_rules
    ADD CONSTRAINT claim_rules_scope_fkey FOREIGN KEY (scope) REFERENCES public.scopes(name) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.client_documents
    ADD CONSTRAINT client_documents_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.client_key_uses
    ADD CONSTRAINT client_key_uses_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.client_roles
    ADD CONSTRAINT client_roles_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.client_roles
    ADD CONSTRAINT client_roles_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.client_secrets
    ADD CONSTRAINT client_secrets_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.clients
    ADD CONSTRAINT clients_default_resource_fkey FOREIGN KEY (default_resource) REFERENCES public.resources(uri) ON UPDATE CASCADE;

ALTER TABLE ONLY public.code_attempts
    ADD CONSTRAINT code_attempts_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.consents
    ADD CONSTRAINT consents_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_actor_fkey FOREIGN KEY (actor) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.grants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_parent_fkey FOREIGN KEY (parent) REFERENCES public.delegations(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_resource_fkey FOREIGN KEY (resource) REFERENCES public.resources(uri) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.delegations
    ADD CONSTRAINT delegations_rule_id_fkey FOREIGN KEY (rule_id) REFERENCES public.exchange_rules(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.device_requests
    ADD CONSTRAINT device_requests_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.exchange_rules
    ADD CONSTRAINT exchange_rules_actor_fkey FOREIGN KEY (actor) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.exchange_rules
    ADD CONSTRAINT exchange_rules_from_resource_fkey FOREIGN KEY (from_resource) REFERENCES public.resources(uri) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.exchange_rules
    ADD CONSTRAINT exchange_rules_resource_fkey FOREIGN KEY (resource) REFERENCES public.resources(uri) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.federation_requests
    ADD CONSTRAINT federation_requests_provider_fkey FOREIGN KEY (provider) REFERENCES public.identity_providers(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.grants
    ADD CONSTRAINT grants_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.identities
    ADD CONSTRAINT identities_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.logout_deliveries
    ADD CONSTRAINT logout_deliveries_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.old_tokens
    ADD CONSTRAINT old_tokens_grant_id_fkey FOREIGN KEY (grant_id) REFERENCES public.grants(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.passkeys
    ADD CONSTRAINT passkeys_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.pending_sign_ins
    ADD CONSTRAINT pending_sign_ins_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.recovery_codes
    ADD CONSTRAINT recovery_codes_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.registrations
    ADD CONSTRAINT registrations_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.resource_texts
    ADD CONSTRAINT resource_texts_uri_fkey FOREIGN KEY (uri) REFERENCES public.resources(uri) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.scope_texts
    ADD CONSTRAINT scope_texts_scope_fkey FOREIGN KEY (scope) REFERENCES public.scopes(name) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.scopes
    ADD CONSTRAINT scopes_resource_fkey FOREIGN KEY (resource) REFERENCES public.resources(uri) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.session_clients
    ADD CONSTRAINT session_clients_client_id_fkey FOREIGN KEY (client_id) REFERENCES public.clients(client_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.session_clients
    ADD CONSTRAINT session_clients_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.sessions
    ADD CONSTRAINT sessions_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;

ALTER TABLE ONLY public.totp
    ADD CONSTRAINT totp_subject_fkey FOREIGN KEY (subject) REFERENCES public.users(subject) ON DELETE CASCADE;
