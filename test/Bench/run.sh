#!/usr/bin/env bash
# make bench: installs what it needs, publishes the server as docs/operating.md says, and starts the program beside this file, which
# has its own PostgreSQL, measures and writes docs/performance.md. ARGS=--help lists its arguments.

set -euo pipefail
cd "$(dirname "$0")/../.."
made=$(realpath -m -- "${LOCAL:-.local}")/bench

# Apart from bin/ and obj/: make run and make test build there.
publish() {
    dotnet publish "$1" --configuration Release -r linux-x64 --self-contained false -p:PublishReadyToRun=true --artifacts-path "$made/build" \
        --output "$made/$2" -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false --nologo --verbosity quiet \
        '-consoleLoggerParameters:ErrorsOnly;NoSummary'
}

echo "bench: building"
publish test/Bench bench
runner=(dotnet "$made/bench/OAuthServer.Bench.dll")
[[ " $* " != *" --help "* && " $* " != *" -h "* ]] || exec "${runner[@]}" run "$@"
"${runner[@]}" check "$@"
test/tools.sh need bench
# What is missing afterwards, the run names with the peer that is not measured.
[[ " $* " != *" --peers "* ]] || test/tools.sh bring peers
sql/cluster.sh install
echo "bench: publishing the server, ReadyToRun"
publish src/OAuthServer server
exec "${runner[@]}" run --server "$made/server" "$@"
