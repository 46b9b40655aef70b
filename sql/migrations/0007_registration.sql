-- Clients that an operator did not type: dynamic registration (RFC 7591, RFC 7592) and client id documents.

create table initial_access_tokens (
    id          bigint generated always as identity primary key,
    hash        bytea not null unique,
    kind        text not null default 'any',
    label       text not null default '',
    uses_left   int not null default 1,
    created_at  timestamptz not null default now(),
    expires_at  timestamptz not null,
    constraint initial_access_tokens_kind_known check (kind in ('machine', 'any')),
    constraint initial_access_tokens_uses check (uses_left >= 0),
    constraint initial_access_tokens_hash_form check (length(hash) = 32),
    constraint initial_access_tokens_created_at_plain check (is_plain_date(created_at)),
    constraint initial_access_tokens_expires_at_plain check (is_plain_date(expires_at))
);
comment on table initial_access_tokens is 'Invitations to register (RFC 7591 §3): oauth-server clients invite makes them. Delete a row to take one back.';
comment on column initial_access_tokens.id is 'Names the invitation in the audit log.';
comment on column initial_access_tokens.hash is 'SHA-256 of the 256-bit token, which is shown once.';
comment on column initial_access_tokens.kind is 'machine: for client_credentials only. any: for every client.';
comment on column initial_access_tokens.label is 'For operators.';
comment on column initial_access_tokens.uses_left is 'Registrations it is still good for.';
comment on column initial_access_tokens.created_at is 'When it was made.';
comment on column initial_access_tokens.expires_at is 'Refused from then on.';
create index initial_access_tokens_by_expiry on initial_access_tokens (expires_at);
create trigger check_dates before insert or update of created_at, expires_at on initial_access_tokens
    for each row execute function check_dates('created_at', 'expires_at');
create trigger initial_access_tokens_audit after insert or delete or update of kind, label, expires_at on initial_access_tokens
    for each row when (current_setting('oauth.actor', true) is distinct from 'server') execute function audit_edit();

create table registrations (
    client_id    text primary key references clients on delete cascade on update cascade,
    token_hash   bytea not null unique,
    scope        text[] not null,
    client_uri   text,
    logo_uri     text,
    tos_uri      text,
    policy_uri   text,
    issued_at    timestamptz not null,
    seen_at      timestamptz not null,
    invited_by   bigint,
    deleted_at   timestamptz,
    constraint registrations_token_hash_form check (length(token_hash) = 32),
    constraint registrations_scope_plain check (is_plain_list(scope)),
    constraint registrations_issued_at_plain check (is_plain_date(issued_at)),
    constraint registrations_seen_at_plain check (is_plain_date(seen_at)),
    constraint registrations_deleted_at_plain check (is_plain_date(deleted_at))
) with (fillfactor = 80);
comment on table registrations is 'What a client that registered itself said beyond its row in clients (RFC 7591), and the hash that lets it come back (RFC 7592).';
comment on column registrations.client_id is 'The client.';
comment on column registrations.token_hash is 'SHA-256 of the 256-bit registration access token.';
comment on column registrations.scope is 'The open scopes it asked for; empty: it asked for none, and may have any open one.';
comment on column registrations.client_uri is 'Its home page, https. Never fetched.';
comment on column registrations.logo_uri is 'Its logo, https. Never fetched, never shown.';
comment on column registrations.tos_uri is 'Its terms of service, https. Never fetched.';
comment on column registrations.policy_uri is 'Its privacy policy, https. Never fetched.';
comment on column registrations.issued_at is 'client_id_issued_at.';
comment on column registrations.seen_at is 'When it registered, or last came back to its registration.';
comment on column registrations.invited_by is 'The invitation it came with; null: nobody asked for one.';
comment on column registrations.deleted_at is 'Set by its own DELETE. The row stays disabled for a day, until the last access token has expired, so that resource servers hear of it.';
create index registrations_by_sight on registrations (seen_at);
create trigger check_lists before insert or update of scope on registrations for each row execute function check_lists('scope');

create table client_documents (
    client_id    text primary key references clients on delete cascade on update cascade,
    fetched_at   timestamptz not null,
    fresh_until  timestamptz not null,
    body_hash    bytea not null,
    trust_hash   bytea not null,
    gone_at      timestamptz,
    constraint client_documents_fetched_at_plain check (is_plain_date(fetched_at)),
    constraint client_documents_fresh_until_plain check (is_plain_date(fresh_until)),
    constraint client_documents_gone_at_plain check (is_plain_date(gone_at))
);
comment on table client_documents is 'The last good client id document of each client that has one. To pin such a client, set its origin in clients to operator: it is never fetched again.';
comment on column client_documents.client_id is 'The document''s URL.';
comment on column client_documents.fetched_at is 'When it was last fetched and found good.';
comment on column client_documents.fresh_until is 'When /authorize fetches it again: what HTTP said, between 5 minutes and 24 hours.';
comment on column client_documents.body_hash is 'SHA-256 of the document.';
comment on column client_documents.trust_hash is 'SHA-256 over name, redirect URIs and keys: another one, and people are asked again.';
comment on column client_documents.gone_at is 'When its owner took it away (404, 410); the client is disabled until it is back.';
