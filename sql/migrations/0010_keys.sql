-- Signing keys and the keys of cookies and antiforgery, both sealed under the key-encryption key.

create table signing_keys (
    kid         text primary key,
    alg         text not null,
    public_key  bytea not null,
    sealed      bytea not null,
    created_at  timestamptz not null,
    signs_from  timestamptz not null,
    retired_at  timestamptz,
    constraint signing_keys_alg_known check (alg in ('ES256', 'RS256')),
    constraint signing_keys_created_at_plain check (is_plain_date(created_at)),
    constraint signing_keys_signs_from_plain check (is_plain_date(signs_from)),
    constraint signing_keys_retired_at_plain check (is_plain_date(retired_at))
);
comment on table signing_keys is 'Keys that sign access tokens. Pending until signs_from, then active until the next one''s signs_from, then retired.';
comment on column signing_keys.kid is 'RFC 7638 thumbprint.';
comment on column signing_keys.alg is 'ES256 or RS256.';
comment on column signing_keys.public_key is 'SubjectPublicKeyInfo, DER.';
comment on column signing_keys.sealed is 'PKCS#8 private key, AES-256-GCM under the key-encryption key.';
comment on column signing_keys.created_at is 'Published in the JWKS from then on.';
comment on column signing_keys.signs_from is 'Signs from then on.';
comment on column signing_keys.retired_at is 'Set by keys retire --now: out of the JWKS at once, its tokens are dead.';
create trigger check_dates before insert or update of created_at, signs_from, retired_at on signing_keys
    for each row execute function check_dates('created_at', 'signs_from', 'retired_at');
create trigger signing_keys_audit after insert or update or delete on signing_keys for each row execute function audit_edit();
create trigger signing_keys_notify after insert or update or delete on signing_keys for each row execute function notify_change();

create table data_protection_keys (
    id   text primary key,
    xml  text not null
);
comment on table data_protection_keys is 'ASP.NET Core Data Protection keys (antiforgery), encrypted under the key-encryption key.';
comment on column data_protection_keys.id is 'Friendly name.';
comment on column data_protection_keys.xml is 'The key element, its secret encrypted.';
