#!/usr/bin/env bash
# make test, make walk, make long, make screenshots: builds everything, provides a fast private Postgres, runs the suites, and closes with the line
# "N passed, N failed", added up from the result files because `dotnet test` is content with zero tests.
#
#   test/run.sh [fast|walk|long|screenshots]
#                              fast (the default): all tests but those of [Category("Walk")], ("Long") and ("Screenshots");
#                              walk, long, screenshots: only those
#   FILTER='Rfc~7636'          only the tests that also match this `dotnet test` filter
#   OAUTH_TEST_POSTGRES=…      use this Postgres instead of a private one
#   CHROMIUM=…                 use this browser instead of /usr/bin/chromium
#   OAUTH_NO_APT=1             install nothing: tests whose programs are missing are skipped, counted and named
#   TEST_LOCAL (.local/test)   the folder for the private cluster and the results; each run takes a folder in it, named by
#                              its process, so that two runs at once do not meet

set -euo pipefail
TEST_LOCAL=$(realpath -m -- "${TEST_LOCAL:-$(dirname "$0")/../.local/test}")
cd "$(dirname "$0")/.."

case ${1:-fast} in
    fast) filter='TestCategory!=Walk&TestCategory!=Long&TestCategory!=Screenshots' ;;
    walk) filter='TestCategory=Walk' ;;
    long) filter='TestCategory=Long' ;;
    screenshots)
        filter='TestCategory=Screenshots'
        # Without it Chromium draws DejaVu, which few people have as their system font.
        fc-list : family 2>/dev/null | grep '^Inter' > /dev/null || { echo "screenshots: the font Inter is missing: apt-get install fontconfig fonts-inter" >&2; exit 1; }
        export FONTCONFIG_FILE=$PWD/test/screenshots.fonts.conf ;;
    *) echo "test: unknown suite '$1', there are fast, walk, long and screenshots" >&2; exit 2 ;;
esac
[[ -z ${FILTER:-} ]] || filter="($FILTER)&$filter"

for old in "$TEST_LOCAL"/[0-9]*; do
    [[ -d $old ]] && ! kill -0 "${old##*/}" 2>/dev/null || continue
    sql/cluster.sh destroy "$old/cluster"
    rm -rf "$old"
done
cluster=$TEST_LOCAL/$$/cluster
results=$TEST_LOCAL/$$/results

# Which programs the skipped tests lack (Support/Tools.cs writes these words), how many tests each, and what would bring them.
name_missing() {
    find "$results" -name '*.trx' -exec grep -hoE '<Message>[^<]*missing program: [^<]*' {} + | sed 's/.*missing program: //' | sort | uniq -c |
        while read -r count what; do echo "test: skipped $count for want of $what"; done
}

# However this script ends, its last line is the sum. A failure that no result file knows of (a crash, a build that
# breaks) counts as one failed test.
close() {
    local code=$? passed failed skipped
    sql/cluster.sh destroy "$cluster"
    read -r passed failed skipped < <(
        find "$results" -name '*.trx' -exec grep -ho '<Counters [^/]*' {} + 2>/dev/null | tr -d '"' | awk '
            { for (i = 2; i <= NF; i++) { split($i, pair, "="); sum[pair[1]] += pair[2] } }
            END {
                failed = sum["failed"] + sum["error"] + sum["timeout"] + sum["aborted"]
                print sum["passed"] + 0, failed, sum["total"] - sum["passed"] - failed
            }'
    )
    ((code == 0 || failed > 0)) || failed=1
    ((passed + failed > 0)) || echo "test: no test ran" >&2
    ((skipped == 0)) || name_missing
    echo "$passed passed, $failed failed$( ((skipped == 0)) || echo ", $skipped skipped")"
    ((passed > 0 && failed == 0))
    exit
}
trap close EXIT

test/tools.sh bring test
[[ ${1:-} != long ]] || { test/tools.sh bring bare; test/tools.sh bring container; }
[[ ${OAUTH_TEST_POSTGRES:-} ]] || sql/cluster.sh install
echo "test: restoring packages"
dotnet restore OAuthServer.sln --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'
# Without analyzers, which take half of the time: make lint, and with it make ci, builds with them.
echo "test: building"
dotnet build OAuthServer.sln --configuration Release --no-restore -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false --nologo --verbosity quiet '-consoleLoggerParameters:ErrorsOnly;NoSummary'

echo "test: running the ${1:-fast} tests where $filter"
tests=(dotnet test OAuthServer.sln --configuration Release --no-build --nologo --filter "$filter"
    --logger 'trx;LogFilePrefix=test' --results-directory "$results")
if [[ ${OAUTH_TEST_POSTGRES:-} ]]; then
    "${tests[@]}"
else
    # --pdeathsig: when this script dies, the database and the tests do not stay behind.
    FAST=1 setpriv --pdeathsig TERM sql/cluster.sh with "$cluster" OAUTH_TEST_POSTGRES "${tests[@]}"
fi
