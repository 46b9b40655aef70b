-- A grant begins with a code, on a device, with an assertion of a company, or with what a workload shows of itself.
-- Not valid: every row there is fits, and reading them all would hold the lock for as long.

alter table grants
    alter column subject drop not null,
    alter column redirect_uri drop not null,
    alter column code_challenge drop not null,
    add column kind       text not null default 'code',
    add column issuer     text,
    add column proven_by  text,
    add column jkt        text,
    add column onward     jsonb not null default '[]',
    add constraint grants_kind_known check (kind in ('code', 'device', 'id-jag', 'workload')) not valid,
    add constraint grants_kind_whole check (case kind
        when 'code' then subject is not null and redirect_uri is not null and code_challenge is not null and issuer is null
        when 'device' then subject is not null and redirect_uri is null and code_challenge is null and issuer is null
        when 'id-jag' then subject is not null and issuer is not null and code_hash is null
        else subject is null and issuer is not null and code_hash is null end) not valid,
    add constraint grants_proven_by_known check (proven_by = 'private_key_jwt') not valid;
comment on column grants.kind is 'code (authorization code), device (RFC 8628), id-jag (an assertion of a company) or workload (the rule of an issuer).';
comment on column grants.subject is 'The person on whose behalf it may act; null: a workload acts for itself.';
comment on column grants.redirect_uri is 'The exact URI the code went to; null: no code.';
comment on column grants.code_challenge is 'The code challenge of the request (RFC 7636, S256); null: no code.';
comment on column grants.issuer is 'Whose assertion it stands on; null: none.';
comment on column grants.proven_by is 'private_key_jwt: the client proved itself by key when it was redeemed, and does so ever after. Null: by secret or not at all.';
comment on column grants.jkt is 'The key its tokens are bound to: SHA-256 of the public key, base64url (RFC 7638, RFC 9449). Null: none.';
comment on column grants.onward is 'Where agents may take it with the person''s consent: a list of {rule, actor, resource, scopes}.';

comment on table used_proofs is 'Proofs that work once and were used: client assertions, DPoP proofs, assertions of companies, challenges of passkeys.';
