-- Clients that are known by the URL of a document about them: what was fetched, when, and how long it is fresh. What the
-- document says is in clients, under origin 'document'.

create table client_documents (
    client_id    text primary key references clients on delete cascade on update cascade,
    fetched_at   timestamptz not null,
    fresh_until  timestamptz not null,
    body_hash    bytea not null,
    trust_hash   bytea not null,
    gone_at      timestamptz
);
comment on table client_documents is 'The last good client id document of each client that has one. To pin such a client, set its origin in clients to operator: it is never fetched again.';
comment on column client_documents.client_id is 'The document''s URL.';
comment on column client_documents.fetched_at is 'When it was last fetched and found good.';
comment on column client_documents.fresh_until is 'When /authorize fetches it again: what HTTP said, between 5 minutes and 24 hours.';
comment on column client_documents.body_hash is 'SHA-256 of the document.';
comment on column client_documents.trust_hash is 'SHA-256 over name, redirect URIs and keys: another one, and people are asked again.';
comment on column client_documents.gone_at is 'When its owner took it away (404, 410); the client is disabled until it is back.';

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant select, insert, update, delete on client_documents to oauth_server;
    end if;
end $$;
