#!/usr/bin/env bash
# make interop: installs what test/Interop/package-lock.json names and runs the tests of category Interop.

set -euo pipefail
cd "$(dirname "$0")/../.."

for tool in node npm nginx; do
    PATH=$PATH:/usr/sbin command -v "$tool" > /dev/null || { echo "interop: $tool is missing (Debian, Ubuntu: apt-get install nodejs npm nginx-light)" >&2; exit 1; }
done
npm --prefix test/Interop ci --no-progress
FILTER='TestCategory=Interop' exec test/run.sh
