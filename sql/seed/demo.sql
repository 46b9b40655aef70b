-- The demo world: `oauth-server seed demo`, and what `make run` starts with. Its secrets are public, so it is refused outside
-- Development with a loopback issuer. What is there already stays as it is, also where an operator has changed it, and a secret
-- comes only with a client made here: one that was revoked or deleted does not come back.

insert into resources (uri, name) values
    ('http://localhost:9000/mcp', 'Demo notes'),
    ('https://sensors.example.test/', 'Grid sensors')
on conflict do nothing;

insert into scopes (name, resource, access, open) values
    ('notes:read', 'http://localhost:9000/mcp', 'read', true),
    ('notes:write', 'http://localhost:9000/mcp', 'write', true),
    ('read_sensors', 'https://sensors.example.test/', 'read', false)
on conflict do nothing;

insert into scope_texts (scope, locale, text) values
    ('notes:read', 'en', 'Read your notes'),
    ('notes:write', 'en', 'Write, change and delete your notes'),
    ('read_sensors', 'en', 'Read the grid''s sensors'),
    ('notes:read', 'ar', 'قراءة ملاحظاتك'),
    ('notes:write', 'ar', 'كتابة ملاحظاتك وتغييرها وحذفها'),
    ('read_sensors', 'ar', 'قراءة مستشعرات الشبكة')
on conflict do nothing;

insert into resource_texts (uri, locale, name) values
    ('http://localhost:9000/mcp', 'ar', 'ملاحظات تجريبية'),
    ('https://sensors.example.test/', 'ar', 'مستشعرات الشبكة')
on conflict do nothing;

-- alice-demo-password, mallory-demo-password, olivia-demo-password; bcrypt, cost 12.
insert into users (username, password_hash, role) values
    ('alice', '$2a$12$pZL/JEPivvLXXl9oqXbAL./l6eoxQzhnfocphD/HBN.v4ZmwfDRLy', 'user'),
    ('mallory', '$2a$12$OLFQLO4flRxqYv47hiAIDeiym3GCpB.eaNUX1UmjUAHUIAvJ.cy5S', 'user'),
    ('olivia', '$2a$12$o6pVnpqp8tPlo1o/gF22beuKihFCUMDxMIQyIWa9clQqb1SSgglL2', 'admin')
on conflict do nothing;

-- nightly-etl-secret
with made as (
    insert into clients (client_id, kind, name, auth_method, grant_types, scopes, default_scopes, resources, default_resource)
    values ('nightly-etl', 'machine', 'Nightly ETL', 'client_secret_basic', '{client_credentials}', '{notes:read,read_sensors}', '{notes:read}',
            '{http://localhost:9000/mcp,https://sensors.example.test/}', 'http://localhost:9000/mcp')
    on conflict do nothing
    returning client_id
)
insert into client_secrets (client_id, hash, label)
select client_id, '$2a$12$XtJpeC0.Zf1qwntbS1s9LO9H4.96CFbXogj3MOvlhWzLVXPmvoIaC', 'demo' from made;

-- SECRET_KEY
with made as (
    insert into clients (client_id, kind, name, auth_method, grant_types, redirect_uris, scopes, resources, default_resource)
    values ('GRID_001', 'user-facing', 'Grid console', 'client_secret_basic', '{authorization_code,refresh_token}', '{https://app.internal/callback}',
            '{read_sensors}', '{https://sensors.example.test/}', 'https://sensors.example.test/')
    on conflict do nothing
    returning client_id
)
insert into client_secrets (client_id, hash, label)
select client_id, '$2a$12$EZVsix.WXWJJButgF7YNse7Lwa52SW.RlT.SZIbrZSYnJjiPXMSL6', 'demo' from made;

-- Public and native: PKCE, no secret, any port on loopback (RFC 8252 §7.3).
insert into clients (client_id, kind, name, auth_method, grant_types, redirect_uris, scopes, resources, default_resource)
values ('claude-desktop', 'user-facing', 'Claude Desktop', 'none', '{authorization_code,refresh_token}',
        '{http://localhost/callback,http://127.0.0.1/callback}', '{notes:read,notes:write,offline_access}',
        '{http://localhost:9000/mcp}', 'http://localhost:9000/mcp')
on conflict do nothing;

-- expired-agent-secret, which expired yesterday
with made as (
    insert into clients (client_id, kind, name, auth_method, grant_types, scopes, resources, default_resource)
    values ('expired-agent', 'machine', 'Agent with an expired secret', 'client_secret_basic', '{client_credentials}', '{notes:read}',
            '{http://localhost:9000/mcp}', 'http://localhost:9000/mcp')
    on conflict do nothing
    returning client_id
)
insert into client_secrets (client_id, hash, label, not_before, expires_at)
select client_id, '$2a$12$1A/rFOfBQnXfGOyzpsBBou7tsvfQty1fHGwNulPc20XnASr8WBVcW', 'demo', now() - interval '30 days', now() - interval '1 day' from made;

-- revoked-agent-secret, of a client that is disabled
with made as (
    insert into clients (client_id, kind, name, enabled, auth_method, grant_types, scopes, resources, default_resource)
    values ('revoked-agent', 'machine', 'Revoked agent', false, 'client_secret_basic', '{client_credentials}', '{notes:read}',
            '{http://localhost:9000/mcp}', 'http://localhost:9000/mcp')
    on conflict do nothing
    returning client_id
)
insert into client_secrets (client_id, hash, label)
select client_id, '$2a$12$Ogfk1wSP3U4ZeoMrcqhMuuDMVVJaxD9LOIZhr1aNKhl4tRFqERVoy', 'demo' from made;

-- notes-api-secret
with made as (
    insert into clients (client_id, kind, name, auth_method, grant_types, resources, default_resource)
    values ('notes-api', 'resource-server', 'Notes API', 'client_secret_basic', '{}', '{http://localhost:9000/mcp}', 'http://localhost:9000/mcp')
    on conflict do nothing
    returning client_id
)
insert into client_secrets (client_id, hash, label)
select client_id, '$2a$12$jljH8zOm2yun1lf.RaFuiePcp2bvefzP6sIxPR32Xyb5CUziWIrcC', 'demo' from made;
