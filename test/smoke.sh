#!/usr/bin/env bash
# make smoke: runs what the README shows, as a newcomer would paste it, against `make run` on a free port with a world of its
# own. In a ```console block, lines that begin with "$ " are commands; the lines below are what they print, where … stands for
# anything. The commands share one shell, from top to bottom.

set -uo pipefail
cd "$(dirname "$0")/.."

test/tools.sh need smoke || exit 1
page=${1:-README.md}
port=$(for try in {20000..20999}; do (exec 3<>"/dev/tcp/127.0.0.1/$try") 2>/dev/null || { echo "$try"; break; }; done)
world=$(mktemp -d /tmp/oauth-smoke-XXXXXX)
run=
finish() {
    [[ -z $run ]] || { kill -TERM "$run" 2>/dev/null; wait "$run" 2>/dev/null; }
    rm -rf "$world"
}
trap finish EXIT

echo "smoke: starting the demo world on port $port"
make run PORT="$port" LOCAL="$world/local" > "$world/log" 2>&1 &
run=$!
for try in {1..1200}; do
    curl -sf "http://localhost:$port/readyz" > /dev/null && break
    kill -0 "$run" 2>/dev/null || { cat "$world/log"; echo "smoke: make run ended by itself"; exit 1; }
    ((try < 1200)) || { cat "$world/log"; echo "smoke: not ready after ten minutes"; exit 1; }
    sleep 0.5
done

passed=0 failed=0 command='' expected=''
check() {
    [[ $command ]] || return 0
    local printed pattern
    eval "$command" > "$world/out" 2>&1
    printed=$(<"$world/out")
    # Everything literal but the ellipsis.
    pattern=${expected%$'\n'}
    pattern=$(sed -e 's/[][\\*?]/\\&/g' -e 's/…/*/g' <<< "$pattern")
    # shellcheck disable=SC2053 # the right side is a pattern on purpose
    if [[ $printed == $pattern ]]; then
        ((++passed))
    else
        ((++failed))
        printf 'smoke: not what %s shows\n$ %s\n--- shown\n%s\n--- printed\n%s\n\n' "$page" "$command" "${expected%$'\n'}" "$printed"
    fi
    command='' expected=''
}

PORT=$port LOCAL=$world/local
export PORT LOCAL
inside=
while IFS= read -r line; do
    if [[ ! $inside ]]; then
        [[ $line != '```console' ]] || inside=yes
    elif [[ $line == '```' ]]; then
        check
        inside=
    elif [[ $line == '$ '* ]]; then
        check
        command=${line#'$ '}
    elif [[ $command == *'\' ]]; then
        command+=$'\n'$line
    else
        expected+=$line$'\n'
    fi
done < <(sed "s/localhost:8080/localhost:$port/g" "$page")

echo "smoke: $passed as shown, $failed not"
((passed > 0 && failed == 0))
