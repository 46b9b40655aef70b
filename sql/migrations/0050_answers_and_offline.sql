-- A decision posted twice (a double click) gets its answer twice, and a client that requests offline_access reads that it has it.

alter table authorization_requests add column answer_sealed bytea;
comment on column authorization_requests.answer_sealed is 'Where Allow or Deny sent the browser, code included, sealed with a key that only the same browser, session and decision yield (HKDF, AES-256-GCM).';

alter table grants add column offline_requested boolean not null default false;
comment on column grants.offline_requested is 'Whether the client requested offline_access by name: then the scope of its token replies names it.';

comment on column scopes.resource is 'The resource it belongs to: no token for another one carries it. Null: it belongs to all. (offline_access is the server''s own and in no token.)';
comment on column scopes.open is 'True: any user-facing client may ask for it, and clients that registered themselves may ask for its resource. False: only clients whose scopes list it.';
comment on column clients.default_scopes is 'What it is granted when it names no scope, as far as it belongs to the resource; empty: scopes.';
comment on column clients.resources is 'What its tokens may be for, beside default_resource. Taken out of here, also what it was granted there ends.';
