#!/usr/bin/env bash
# make sample: the sample MCP server, http://localhost:9000/mcp, beside the server of `make run`, which is started too unless it
# is running already. Until Ctrl-C.
#
#   PORT (8080), LOCAL (.local)   the server's, as for make run
#   NOTES_PORT (9000)             where the sample listens; with another port the demo notes are registered under that URL first

set -euo pipefail
cd "$(dirname "$0")/.."
PORT=${PORT:-8080}
LOCAL=$(realpath -m -- "${LOCAL:-.local}")
export PORT LOCAL NOTES_PORT=${NOTES_PORT:-9000}

say() { echo "sample: $*"; }
die() { echo "sample: $*" >&2; exit 1; }

[[ $NOTES_PORT =~ ^[0-9]{1,5}$ ]] || die "NOTES_PORT=$NOTES_PORT is not a port"
! (exec 3<>"/dev/tcp/127.0.0.1/$NOTES_PORT") 2>/dev/null || die "port $NOTES_PORT is already in use. Choose another: make sample NOTES_PORT=9001"

server=
finish() { [[ -z $server ]] || { kill -TERM "$server" 2>/dev/null; wait "$server" 2>/dev/null; } || true; }
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

ready() { curl -sf "http://localhost:$PORT/readyz" > /dev/null; }
if ! ready; then
    say "nothing answers at http://localhost:$PORT: starting make run"
    setpriv --pdeathsig TERM sql/run.sh &
    server=$!
    for try in {1..240}; do
        ready && break
        kill -0 "$server" 2>/dev/null || die "make run ended by itself"
        ((try < 240)) || die "the server was not ready after two minutes"
        sleep 0.5
    done
fi

say "building"
dotnet restore samples/NotesMcp --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'
dotnet build samples/NotesMcp --configuration Release --no-restore --nologo --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'

if [[ $NOTES_PORT != 9000 ]]; then
    # The demo world knows http://localhost:9000/mcp; tokens are for exactly the URL the client calls.
    sql/cluster.sh psql "$LOCAL" --quiet --set ON_ERROR_STOP=1 --set uri="http://localhost:$NOTES_PORT/mcp" <<'SQL'
insert into resources (uri, name) values (:'uri', 'Demo notes') on conflict do nothing;
-- A token carries scopes of its own resource only: these now belong to all, the playground's notes included.
update scopes set resource = null where name in ('notes:read', 'notes:write') and resource is not null;
update clients set resources = resources || :'uri'::text
 where client_id in ('notes-api', 'nightly-etl', 'claude-desktop') and not resources @> array[:'uri'];
SQL
fi

say "an MCP server at http://localhost:$NOTES_PORT/mcp, protected with tokens of http://localhost:$PORT"
dotnet samples/NotesMcp/bin/Release/net10.0/notes-mcp.dll &
sample=$!
trap 'kill -TERM "$sample" 2>/dev/null; wait "$sample" 2>/dev/null; finish' EXIT
wait "$sample"
