#!/usr/bin/env bash
# The logins of docs/operating.md: one owns the schema and migrates, the other is what the running server may do. compose.yaml has
# PostgreSQL's image run it once, on a new database, as its superuser; elsewhere psql's own variables (PGHOST, PGUSER, PGDATABASE) say
# where and as whom. The database exists already.
#
#   SECRETS (/run/secrets)  the folder of owner-password and app-password
#   PSQL (psql)             the command, such as 'runuser -u postgres -- psql'

set -euo pipefail
secrets=${SECRETS:-/run/secrets}
export PGUSER=${POSTGRES_USER:-${PGUSER:-postgres}} PGDATABASE=${POSTGRES_DB:-${PGDATABASE:-oauth}} PGPASSWORD=${POSTGRES_PASSWORD:-${PGPASSWORD:-}}

# Nothing of it stands in PostgreSQL's log, whatever fails.
${PSQL:-psql} -v ON_ERROR_STOP=1 --no-psqlrc --quiet -v database="$PGDATABASE" <<SQL
set log_min_error_statement = panic; set log_statement = none; set log_min_duration_statement = -1;
create role oauth_owner login password '$(<"$secrets/owner-password")';
create role oauth_server nologin;
create role oauth_app login password '$(<"$secrets/app-password")' in role oauth_server;
alter database :"database" owner to oauth_owner;
SQL
