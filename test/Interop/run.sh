#!/usr/bin/env bash
# make interop: clients that other people wrote, against `make run` and `make sample` (run.mjs). Installs what is missing: node,
# npm and chromium with apt-get when run as root, the packages that package-lock.json names, Node 22 among them. (Express and nginx
# as resource servers are tests of `make test`.)
#
#   OAUTH_NO_APT=1  install nothing with apt-get, only say what is missing

set -euo pipefail
cd "$(dirname "$0")"

missing=()
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
command -v openssl > /dev/null || missing+=(openssl)
[[ -f ${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} ]] || missing+=(ca-certificates)
[[ -x /usr/bin/chromium ]] || missing+=(chromium)
if ((${#missing[@]})); then
    if [[ ${OAUTH_NO_APT:-} ]] || ((EUID != 0)) || ! command -v apt-get > /dev/null; then
        echo "interop: missing: ${missing[*]} (Debian: apt-get install ${missing[*]})" >&2
        exit 1
    fi
    apt-get update -qq -o DPkg::Lock::Timeout=300
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 "${missing[@]}"
fi
# A registry may stumble: once more before giving up.
[[ node_modules/.package-lock.json -nt package-lock.json ]] || npm ci --no-progress --loglevel=error || npm ci --no-progress --loglevel=error
exec node_modules/.bin/node run.mjs "$@"
