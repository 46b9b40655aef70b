-- Expired entries of the feed are locked before they are deleted, so that a row somebody else holds is skipped. A lock needs the right to
-- change a column; the server could delete the rows already.

do $$
begin
    if exists (select from pg_roles where rolname = 'oauth_server') then
        grant update (leaves_at) on revocation_feed to oauth_server;
    end if;
end $$;
