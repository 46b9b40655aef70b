#!/usr/bin/env bash
# make bench: what a token costs, as a share of what the machine allows, measured in turns in one run: absolute numbers wander,
# ratios hold still. Needs wrk (apt-get install wrk). The limits: ASP.NET Core alone, and with an ES256 JWT built and signed per
# request, nothing stored (Program.cs beside this file); and pgbench with our own rotation statement on the server's own cluster.
# Writes docs/performance.md.
#
#   ROUNDS (3)  SECONDS_EACH (4)  SECONDS_WARM (12): each load before the first round, for the limits and the server alike

set -euo pipefail
cd "$(dirname "$0")/../.."
test/tools.sh need bench
rounds=${ROUNDS:-3} each=${SECONDS_EACH:-4} warm=${SECONDS_WARM:-12} port=${BENCH_PORT:-9480}
limit=$((port + 1))
pgbench=$(ls -v /usr/lib/postgresql/*/bin/pgbench | tail -n 1)
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

# A grant for each code and each family, round 0 to warm up with; their texts in files, for wrk.
sql/cluster.sh psql "$world/local" -q -v rounds="$rounds" -v codes=$(((each > warm ? each : warm) * 6000)) << 'SQL'
create table bench as
select kind, r as round, md5(kind || r || '-' || name)::uuid as id, sha256(('secret' || kind || r || '-' || name)::bytea) as secret,
       substr(sha256(('family' || kind || r || '-' || name)::bytea), 1, 16) as family
  from (
    select 'code' as kind, r, i::text as name from generate_series(0, :rounds) r, generate_series(1, :codes) i
    union all select 'family', r, i::text from generate_series(0, :rounds) r, generate_series(1, 300) i
    union all select 'pg', r, c || '-' || f from generate_series(0, :rounds) r, generate_series(0, 15) c, generate_series(0, 12) f
  ) as named;
insert into grants (id, client_id, subject, redirect_uri, code_challenge, scope, resources, offline, created_at, expires_at,
                    code_hash, code_expires_at, activated_at, family_hash, refresh_hash, idle_until)
select id, 'claude-desktop', (select subject from users where username = 'alice'), 'http://127.0.0.1/callback',
       'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', '{notes:read}', '{http://localhost:9000/mcp}', true, now(), now() + interval '30 days',
       case kind when 'code' then sha256('\x01' || secret) end, now() + interval '1 day', case when kind <> 'code' then now() end,
       case kind when 'family' then sha256(family) when 'pg' then sha256('family') end,
       case kind when 'family' then sha256('\x02' || secret) when 'pg' then sha256((id || '-0')::bytea) end,
       case when kind <> 'code' then now() + interval '14 days' end
  from bench;
vacuum analyze;
SQL
for ((round = 0; round <= rounds; round++)); do
    sql/cluster.sh psql "$world/local" -qAt -c "
        select translate(encode('\x01' || uuid_send(id) || secret, 'base64'), E'+/=\n', '-_')
          from bench where kind = 'code' and round = $round" > "$world/code-$round"
    sql/cluster.sh psql "$world/local" -qAt -c "
        select translate(encode('\x02' || uuid_send(id) || int4send(0) || family || secret, 'base64'), E'+/=\n', '-_')
          from bench where kind = 'family' and round = $round" > "$world/family-$round"
done

# The server's own statement, each of pgbench's 16 clients with 13 families at a time: as many as 32 connections make wait together.
group=13
{
    echo '\set step :step + 1'
    sed -n '/const string RotateSql = """/,/""";/p' src/OAuthServer/Stores/Grants/RotationStore.cs | sed '1d;$d' | sed -E "
        s/@id\b/(select array_agg(md5('pg' || :round || '-' || :client_id || '-' || f)::uuid order by f) from generate_series(0, 12) f)/g
        s/@hash\b/(select array_agg(sha256((md5('pg' || :round || '-' || :client_id || '-' || f)::uuid || '-' || :step)::bytea) order by f) from generate_series(0, 12) f)/g
        s/@next\b/(select array_agg(sha256((md5('pg' || :round || '-' || :client_id || '-' || f)::uuid || '-' || :step + 1)::bytea) order by f) from generate_series(0, 12) f)/g
        s/@(family|next_family)\b/array_fill(sha256('family'), array[13])/g
        s/@sealed\b/array_fill(decode(repeat('ab', 76), 'hex'), array[13])/g
        s/@client\b/array_fill('claude-desktop'::text, array[13])/g
        s/@scope\b/array_fill('notes' || chr(58) || 'read', array[13])/g
        s/@resource\b/array_fill('http:\/\/localhost:9000\/mcp'::text, array[13])/g
        s/@idle_until\b/array_fill(now() + interval '14 days', array[13])/g
        s/@jti\b/array_fill('0123456789abcdefghijkl'::text, array[13])/g
        s/@request_id\b/array_fill('bench'::text, array[13])/g
        s/@address\b/array_fill('127.0.0.1'::text, array[13])/g
        s/@now\b/array_fill(now(), array[13])/g"
    echo ';'
} > "$world/rotation.sql"
socket=$(sql/cluster.sh url "$world/local" | sed 's/Host=\([^;]*\).*/\1/')

server=http://localhost:$port
TOKEN=$(curl -s -u nightly-etl:nightly-etl-secret -d grant_type=client_credentials "$server/token" | sed 's/.*access_token":"\([^"]*\).*/\1/')
export TOKEN ROUND WORLD="$world"
curl -s -o /dev/null -u notes-api:notes-api-secret -d token="$TOKEN" "$server/introspect"

# name, connections, script, URL: prints what a second saw, and refuses answers that were no success.
load() {
    wrk -t1 -c"$2" -d"$each" ${3:+-s "test/Bench/load/$3.lua"} "$4" > "$world/wrk"
    ! grep -q 'Non-2xx' "$world/wrk" || { echo "bench: $1 was refused" >&2; cat "$world/wrk" >&2; exit 1; }
    awk '/Requests\/sec/ { printf "%d", $2 }' "$world/wrk"
}

statement() {
    "$pgbench" -n -M prepared -c 16 -j 2 -T "$each" -D step=-1 -D round="$ROUND" -f "$world/rotation.sql" -h "$socket" -U oauth oauth > "$world/pgbench" 2>&1 || { cat "$world/pgbench" >&2; exit 1; }
    awk -v group=$group '/^tps/ { printf "%d", $3 * group }' "$world/pgbench"
}

measure() {
    bare=$(load bare 32 machine "http://127.0.0.1:$limit/bare")
    jwt=$(load jwt 32 machine "http://127.0.0.1:$limit/jwt")
    cc=$(load machine 32 machine "$server/token")
    cc64=$(load machine 64 machine "$server/token")
    introspection=$(load introspection 32 introspection "$server/introspect")
    metadata=$(load metadata 32 '' "$server/.well-known/oauth-authorization-server")
    statement=$(statement)
    rotation=$(load rotation 32 rotation "$server/token")
    code=$(load code 32 code "$server/token")
}

share() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%.2f", a / b }'; }

echo "bench: warming up"
ROUND=0 measured=$each each=$warm
measure
each=$measured

for ((ROUND = 1; ROUND <= rounds; ROUND++)); do
    measure
    echo "round $ROUND: bare $bare/s, JWT limit $jwt/s, rotation statement $statement/s;" \
        "client_credentials $(share "$cc" "$jwt") of the JWT limit (64 connections $(share "$cc64" "$jwt"));" \
        "introspection $(share "$introspection" "$bare") and metadata $(share "$metadata" "$bare") of bare;" \
        "rotation $(share "$rotation" "$statement") and code redemption $(share "$code" "$statement") of the statement"
    echo "$bare $jwt $statement $cc $(share "$cc" "$jwt") $cc64 $(share "$cc64" "$jwt") $introspection $(share "$introspection" "$bare")" \
        "$metadata $(share "$metadata" "$bare") $rotation $(share "$rotation" "$statement") $code $(share "$code" "$statement")" >> "$world/rounds"
done

# The middle of a column of all rounds.
middle() { awk -v n="$1" '{ print $n }' "$world/rounds" | sort -n | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
cat > docs/performance.md << PAGE
# Performance

Written by \`make bench\`; every ratio is taken within one round, in turns on one machine that also runs PostgreSQL and the load
(wrk, 32 keep-alive connections unless said): absolute numbers wander, ratios hold still. Middle of $rounds rounds of $each seconds each
after $warm seconds of each to warm up, $(date -u +%F), $(nproc) cores ($(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)), PostgreSQL $("${pgbench%pgbench}postgres" --version | awk '{ print $3 }') with fsync and synchronous_commit on.

| limit | per second |
|---|---|
| ASP.NET Core alone: a form in, 900 bytes out | $(middle 1) |
| the same, an ES256 JWT built and signed | $(middle 2) |
| pgbench, 16 clients: rotations by our statement, $group at a time | $(middle 3) |

| path | per second | share of |
|---|---|---|
| client_credentials, a durable audit row each | $(middle 4) | $(middle 5) of the JWT limit |
| the same, 64 connections | $(middle 6) | $(middle 7) of the JWT limit |
| introspection | $(middle 8) | $(middle 9) of ASP.NET Core alone |
| metadata | $(middle 10) | $(middle 11) of ASP.NET Core alone |
| refresh token rotation | $(middle 12) | $(middle 13) of the rotation statement |
| code redemption | $(middle 14) | $(middle 15) of the rotation statement |
PAGE
echo "bench: wrote docs/performance.md"
