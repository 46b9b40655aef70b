-- How to make and change clients by hand. Copy this file, change it, and run your copy in one transaction, with either
--
--     psql "$DATABASE_URL" --single-transaction --set ON_ERROR_STOP=1 --file my-clients.sql
--     oauth-server seed my-clients.sql
--
-- It runs as it stands, and again without harm: `on conflict do nothing` leaves rows alone which are there already. Every running
-- server follows an edit within milliseconds. A row that cannot work is refused with a message and a hint that say what to write.
-- The secrets below stand in a public file: replace each change-me. `\d+ clients` in psql explains every column.

create extension if not exists pgcrypto;    -- crypt() and gen_salt(), for the hashes

-- 1. What tokens are for: the API, under the URL it is known by (RFC 8707). It becomes aud, as it is spelt here.
insert into resources (uri, name) values ('https://api.example.com/', 'Example reports')
on conflict do nothing;

-- 2. What they allow, and what a person reads about it: "This app will be able to …".
--    open: any user-facing client may ask for it. sensitive: not ticked beforehand. optional: a person may untick it.
insert into scopes (name, resource, access, open, sensitive, optional) values
    ('reports:read', 'https://api.example.com/', 'read', false, false, true),
    ('reports:write', 'https://api.example.com/', 'write', false, true, true)
on conflict do nothing;

insert into scope_texts (scope, locale, text) values
    ('reports:read', 'en', 'Read your reports'),
    ('reports:write', 'en', 'Write and delete your reports')
on conflict do nothing;

-- 3. A machine: it gets tokens for itself, with a secret (client_credentials, RFC 6749 §4.4).
--    grant_types and auth_method, left out, are what the kind uses.
insert into clients (client_id, kind, name, scopes, default_scopes, default_resource, note) values
    ('report-agent', 'machine', 'Report agent', '{reports:read,reports:write}', '{reports:read}', 'https://api.example.com/', 'Ask the reports team')
on conflict do nothing;

--    Its secret, stored as a bcrypt hash of cost 10 to 14 and never as it is.
insert into client_secrets (client_id, hash, label)
select 'report-agent', crypt('change-me-report-agent-2026', gen_salt('bf', 12)), '2026'
 where not exists (select from client_secrets where client_id = 'report-agent' and label = '2026');

-- 4. An application that signs people in (authorization_code with PKCE). Redirect URIs are compared octet by octet. This one is
--    public, as an application on a person's device is; with auth_method client_secret_basic it would need a secret as above.
insert into clients (client_id, kind, name, auth_method, redirect_uris, scopes, default_resource) values
    ('report-desktop', 'user-facing', 'Report desktop', 'none', '{http://127.0.0.1/callback,com.example.reports:/callback}',
     '{reports:read,reports:write,offline_access}', 'https://api.example.com/')
on conflict do nothing;

-- 5. The API itself: it asks whether a token is alive (introspection, RFC 7662).
insert into clients (client_id, kind, name, default_resource) values
    ('report-api', 'resource-server', 'Report API', 'https://api.example.com/')
on conflict do nothing;

insert into client_secrets (client_id, hash, label)
select 'report-api', crypt('change-me-report-api', gen_salt('bf', 12)), '2026'
 where not exists (select from client_secrets where client_id = 'report-api' and label = '2026');

-- 6. A new secret while the old one still works. A client has at most two that are not revoked.
insert into client_secrets (client_id, hash, label)
select 'report-agent', crypt('change-me-report-agent-2027', gen_salt('bf', 12)), '2027'
 where not exists (select from client_secrets where client_id = 'report-agent' and label = '2027');

--    The old one ends by itself in a month …
update client_secrets set expires_at = now() + interval '30 days'
 where client_id = 'report-agent' and label = '2026' and expires_at is null;

--    … or at once, when the client has moved over:
--    update client_secrets set revoked_at = now() where client_id = 'report-agent' and label = '2026';

-- 7. A client that should no longer get in: its requests are refused and its tokens introspect as inactive.
insert into clients (client_id, kind, name, enabled, scopes, default_resource) values
    ('old-report-agent', 'machine', 'The agent before this one', true, '{reports:read}', 'https://api.example.com/')
on conflict do nothing;
update clients set enabled = false where client_id = 'old-report-agent' and enabled;
