-- Who can reach what, at size: the grants for a resource; clients and people by when they were added; the administrators and those who
-- are disabled, among many. No index here names a column that redemption or rotation changes.

create index grants_by_resource on grants using gin (resources) where ended_at is null;
create index clients_by_creation on clients (kind, created_at, client_id);
create index users_by_creation on users (created_at, subject);
create index users_administrators on users (username) where role = 'admin';
create index users_disabled on users (username) where not enabled;
