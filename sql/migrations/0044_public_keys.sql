-- One reading of public keys, whoever they are of: those of issuers were taken with coordinates and moduli that no key has.

create or replace function jwks_problem(keys jsonb) returns text language plpgsql immutable strict parallel safe as $$
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
comment on function jwks_problem(jsonb) is 'Why a set cannot be somebody''s public keys; null: it can.';

create or replace function trusted_issuers_check() returns trigger language plpgsql as $$
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
end $$;

drop function trusted_jwks_problem(jsonb);

-- Which clients have no secret, client_secrets_check says.
drop trigger client_secrets_check_federated on client_secrets;

create or replace function clients_check_federated() returns trigger language plpgsql as $$
begin
    if new.auth_method = 'federated' and exists (
        select from client_secrets where client_id = new.client_id and revoked_at is null) then
        raise check_violation using message = 'This client still has a secret', column = 'auth_method',
            hint = 'Revoke it first: update client_secrets set revoked_at = now() where client_id = ….';
    end if;
    return new;
end $$;
