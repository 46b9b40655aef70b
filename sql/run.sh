#!/usr/bin/env bash
# make run: from a fresh checkout to a server that issues tokens, until Ctrl-C. Called with `watch`: rebuilt on every edit.
#
#   PORT   (8080)    where it listens, and with it the issuer http://localhost:PORT
#   LOCAL  (.local)  the folder of the private database and keys: a second copy needs its own PORT and LOCAL
#   ConnectionStrings__OAuth or DATABASE_URL: use this Postgres instead of a private one

set -euo pipefail
PORT=${PORT:-8080}
LOCAL=$(realpath -m -- "${LOCAL:-.local}")
cd "$(dirname "$0")/.."

say() { echo "run: $*"; }
die() { echo "run: $*" >&2; exit 1; }

[[ $PORT =~ ^[0-9]{1,5}$ ]] || die "PORT=$PORT is not a port"

# Two servers of different ports are two issuers, which share no database. Who serves from LOCAL is written there, and believed
# while a process of that number knows LOCAL by name: the server itself, or what starts and stops it together with its database.
serving=$LOCAL/serving
served() {
    local process port
    read -r process port 2>/dev/null <"$serving" || return 1
    ((process != $$)) && tr '\0' '\n' 2>/dev/null </proc/"$process"/environ | grep -qxF "OAuth__LocalFolder=$LOCAL" || return 1
    die "a server on port $port already serves from $LOCAL. A second copy needs both, such as: make run PORT=9180 LOCAL=.local-9180"
}
served || true

# Before anything slow. A server that was told to stop a moment ago has three seconds to let go of the port.
answers() { (exec 3<>"/dev/tcp/$1/$PORT") 2>/dev/null; }
for try in {1..30}; do
    answers 127.0.0.1 || answers ::1 || break
    ((try < 30)) || die "port $PORT is already in use. Choose another: make run PORT=9180 (and LOCAL=.local-9180, if it is a second copy)"
    sleep 0.1
done

export ASPNETCORE_ENVIRONMENT=${ASPNETCORE_ENVIRONMENT:-Development}
export OAuth__Issuer=${OAuth__Issuer:-http://localhost:$PORT}
export OAuth__LocalFolder=$LOCAL
[[ $ASPNETCORE_ENVIRONMENT != Development ]] || export OAuth__Demo=${OAuth__Demo:-true}
# A client that registers itself and names no resource gets tokens for the demo's.
[[ ${OAuth__Demo:-} != true ]] || export OAuth__DefaultResource=${OAuth__DefaultResource:-http://localhost:9000/mcp}

# PostgreSQL is looked for before anything slow, too.
[[ ${ConnectionStrings__OAuth:-} || ${DATABASE_URL:-} ]] || sql/cluster.sh install

if [[ ${1:-} == watch ]]; then
    # It heeds Ctrl-C only (and no TERM), which the shell would make it ignore.
    server=(env --default-signal=INT dotnet watch --project src/OAuthServer --non-interactive run -- serve)
else
    server=(dotnet src/OAuthServer/bin/Release/net10.0/oauth-server.dll serve)
    say "restoring packages"
    dotnet restore src/OAuthServer --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'
    # Without analyzers, which take half of the time: make lint builds with them.
    say "building"
    dotnet build src/OAuthServer --configuration Release --no-restore -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false --nologo --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'
fi

# Once more, in turns: two may have started at the same moment.
mkdir -p "$LOCAL"
[[ -w $LOCAL ]] || die "$LOCAL belongs to $(stat -c %U "$LOCAL"). Run this as that user or as root, or choose another LOCAL."
exec 9>>"$serving.lock"
flock 9
served || true
echo "$$ $PORT" >"$serving"
exec 9>&-

# From here on this process is the server, or what starts and stops it together with its database: a signal sent to it
# arrives where it is understood.
if [[ ${ConnectionStrings__OAuth:-} || ${DATABASE_URL:-} ]]; then
    say "starting, with the Postgres you named"
    [[ ${ConnectionStrings__OAuth:-} ]] || unset ConnectionStrings__OAuth
    exec "${server[@]}"
fi
say "starting, with a private Postgres in $LOCAL"
exec sql/cluster.sh with "$LOCAL" ConnectionStrings__OAuth "${server[@]}"
