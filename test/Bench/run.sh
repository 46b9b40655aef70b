#!/usr/bin/env bash
# make bench: what a token costs, as a share of what the machine allows, measured in turns in one run: absolute numbers wander,
# ratios hold still. Needs wrk (apt-get install wrk). The limits are in Program.cs beside this file: ASP.NET Core alone, and with an
# ES256 JWT built and signed per request; nothing stored.
#
#   ROUNDS (3)  SECONDS_EACH (4)

set -euo pipefail
cd "$(dirname "$0")/../.."
command -v wrk > /dev/null || { echo "bench: wrk is missing: apt-get install wrk" >&2; exit 1; }
rounds=${ROUNDS:-3} each=${SECONDS_EACH:-4} port=9480 limit=9481
world=$(mktemp -d /tmp/oauth-bench-XXXXXX)
run='' floor=''
finish() {
    [[ -z $run ]] || { kill -TERM "$run" 2>/dev/null; wait "$run" 2>/dev/null || true; }
    [[ -z $floor ]] || kill "$floor" 2>/dev/null || true
    rm -rf "$world"
}
trap finish EXIT

echo "bench: building and starting the demo world on port $port"
dotnet build test/Bench --configuration Release --nologo --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'
OAuth__ClientRequestsPerSecond=10000000 OAuth__ClientBurst=10000000 make run PORT=$port LOCAL="$world/local" > "$world/log" 2>&1 &
run=$!
dotnet test/Bench/bin/Release/net10.0/OAuthServer.Bench.dll --urls "http://127.0.0.1:$limit" > "$world/floor" 2>&1 &
floor=$!
for try in {1..240}; do ! curl -sf "http://localhost:$port/readyz" > /dev/null || break; sleep 0.5; done

sql/cluster.sh psql "$world/local" -q << 'SQL'
insert into grants (id, client_id, subject, fingerprint, redirect_uri, code_challenge, scope, resources, offline, created_at, activated_at, expires_at)
select ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, 'claude-desktop', (select subject from users where username = 'alice'), sha256(('f' || i)::bytea),
       'http://127.0.0.1/callback', 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', '{notes:read}', '{http://localhost:9000/mcp}', true, now(), now(), now() + interval '30 days'
  from generate_series(1, 300300) i;
insert into refresh_tokens (hash, grant_id, issued_at, expires_at)
select sha256(('rt-' || i)::bytea), ('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, now(), now() + interval '14 days' from generate_series(1, 300) i;
insert into codes (hash, grant_id, issued_at, expires_at)
select sha256(('code-' || i)::bytea), ('00000000-0000-4000-8000-' || lpad((i + 300)::text, 12, '0'))::uuid, now(), now() + interval '1 day' from generate_series(1, 300000) i;
vacuum analyze;
SQL

server=http://localhost:$port
TOKEN=$(curl -s -u nightly-etl:nightly-etl-secret -d grant_type=client_credentials "$server/token" | sed 's/.*access_token":"\([^"]*\).*/\1/')
export TOKEN
curl -s -o /dev/null -u notes-api:notes-api-secret -d token="$TOKEN" "$server/introspect"

# name, connections, script, URL: prints what a second saw, and refuses answers that were no success.
load() {
    wrk -t1 -c"$2" -d"$each" ${3:+-s "test/Bench/load/$3.lua"} "$4" > "$world/wrk"
    ! grep -q 'Non-2xx' "$world/wrk" || { echo "bench: $1 was refused"; cat "$world/wrk"; exit 1; }
    awk '/Requests\/sec/ { printf "%d", $2 }' "$world/wrk"
}

echo "bench: warming up"
for path in bare jwt; do load $path 32 machine "http://127.0.0.1:$limit/$path" > /dev/null; done
load machine 32 machine "$server/token" > /dev/null
load introspection 32 introspection "$server/introspect" > /dev/null

for ((round = 1; round <= rounds; round++)); do
    bare=$(load bare 32 machine "http://127.0.0.1:$limit/bare")
    jwt=$(load jwt 32 machine "http://127.0.0.1:$limit/jwt")
    cc=$(load machine 32 machine "$server/token")
    cc64=$(load machine 64 machine "$server/token")
    introspection=$(load introspection 32 introspection "$server/introspect")
    metadata=$(load metadata 32 '' "$server/.well-known/oauth-authorization-server")
    awk -v r=$round -v bare="$bare" -v jwt="$jwt" -v cc="$cc" -v cc64="$cc64" -v i="$introspection" -v m="$metadata" 'BEGIN {
        printf "round %d: bare %d/s, JWT limit %d/s; client_credentials %d/s = %.2f of the JWT limit (64 connections %.2f); introspection %.2f and metadata %.2f of bare\n",
            r, bare, jwt, cc, cc / jwt, cc64 / jwt, i / bare, m / bare }'
done
echo "code redemption: $(load code 32 code "$server/token")/s"
echo "rotation: $(load rotation 32 rotation "$server/token")/s"
