#!/usr/bin/env bash
# make interop: clients that other people wrote, against `make run` and `make sample` (run.mjs). Brings what
# is missing: programs with ../tools.sh, and the packages that package-lock.json names, Node 22 among them. (Express and nginx as
# resource servers are tests of `make test`.)
#
#   OAUTH_NO_APT=1  install nothing with apt-get, only say what is missing

set -euo pipefail
cd "$(dirname "$0")"

../tools.sh need interop
# A registry may stumble: once more before giving up.
[[ node_modules/.package-lock.json -nt package-lock.json ]] || npm ci --no-progress --loglevel=error || npm ci --no-progress --loglevel=error
exec node_modules/.bin/node run.mjs "$@"
