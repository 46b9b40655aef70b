-- What the running server may do. The owner of the schema migrates; the server acts as oauth_server, which can read and write
-- rows but not alter a table, and can only add to the audit log.

do $$
begin
    if not exists (select from pg_roles where rolname = 'oauth_server') then
        create role oauth_server nologin;
    end if;
    execute format('grant oauth_server to %I', current_user);
exception when insufficient_privilege or duplicate_object or unique_violation then
    raise notice 'The role oauth_server could not be made or granted by %: ask a superuser for "create role oauth_server nologin; grant oauth_server to …" and grant as in 0012_roles.sql', current_user;
end $$;

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        execute format('grant usage on schema %I to oauth_server', current_schema());
        grant select, insert, update, delete on
            resources, resource_texts, scopes, scope_texts, clients, client_secrets, registrations, client_documents, users, sessions,
            authorization_requests, grants, consents, old_tokens, revoked_tokens, signing_keys, data_protection_keys to oauth_server;
        grant select on grant_types, auth_methods to oauth_server;
        grant select, update, delete on initial_access_tokens to oauth_server;
        grant select, insert, delete on revocation_feed to oauth_server;
        grant select, insert on audit_events to oauth_server;
        grant select on schema_migrations to oauth_server;
        grant execute on function audit_keep(int) to oauth_server;
    end if;
end $$;
revoke execute on function audit_keep(int) from public;
