#!/usr/bin/env bash
# make smoke: runs what the pages show, as a newcomer would paste it. In a ```console block, lines that begin with "$ " are commands;
# the lines below are what they print, where … stands for anything. The commands of a page share one shell of its own, from top to bottom.
#
#   test/smoke.sh                  every page that has a ```console block
#   test/smoke.sh README.md …      these
#   test/smoke.sh --list           only names them
#
# All pages share one `make run` on a free port, with a world of its own, but for those that start `make run` themselves. The program
# `oauth-server` is on PATH there, with the settings of that server, as where it is installed.

set -uo pipefail
cd "$(dirname "$0")/.."

pages() { grep -lx '```console' README.md CONTRIBUTING.md docs/*.md; }
starts_itself() { grep -q '^\$ .*make run ' "$1"; }

# ---- one page, in a shell of its own: test/smoke.sh --page PAGE, with PORT, LOCAL and WORLD ---------------------------------------

passed=0 failed=0 command='' expected=''
check() {
    [[ $command ]] || return 0
    local printed pattern
    eval "$command" > "$WORLD/out" 2>&1
    printed=$(<"$WORLD/out")
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

if [[ ${1:-} == --page ]]; then
    page=$2 inside='' began=$SECONDS
    shopt -s expand_aliases
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
    done < <(sed -E "s/(localhost|127\.0\.0\.1):8080/\1:$PORT/g" "$page")
    echo "smoke: $page: $passed as shown, $failed not, $((SECONDS - began)) s"
    echo "$passed $failed" >> "$WORLD/sums"
    exit 0
fi

# ---- all of them ----------------------------------------------------------------------------------------------------

[[ ${1:-} != --list ]] || { pages; exit; }
test/tools.sh need smoke || exit 1
(($#)) || { mapfile -t all < <(pages); set -- "${all[@]}"; }
port=$(for try in {20000..20999}; do (exec 3<>"/dev/tcp/127.0.0.1/$try") 2>/dev/null || { echo "$try"; break; }; done)
world=$(mktemp -d /tmp/oauth-smoke-XXXXXX)
run=
stop() {
    [[ $run ]] || return 0
    kill -TERM "$run" 2>/dev/null
    wait "$run" 2>/dev/null
    run=
}
finish() {
    stop
    # What a page started and did not stop, because it failed halfway.
    local process
    read -r process _ 2>/dev/null < "$world/local/serving" && tr '\0' '\n' 2>/dev/null < "/proc/$process/environ" |
        grep -qxF "OAuth__LocalFolder=$world/local" && kill -TERM "$process" 2>/dev/null
    local folder
    for folder in "$world"/local*; do [[ ! -d $folder ]] || sql/cluster.sh destroy "$folder" 2>/dev/null; done
    rm -rf "$world"
}
trap finish EXIT

start() {
    echo "smoke: starting the demo world on port $port"
    make run PORT="$port" LOCAL="$world/local-shared" > "$world/log" 2>&1 &
    run=$!
    for try in {1..1200}; do
        curl -sf "http://localhost:$port/readyz" > /dev/null && return
        kill -0 "$run" 2>/dev/null || { cat "$world/log"; echo "smoke: make run ended by itself"; exit 1; }
        ((try < 1200)) || { cat "$world/log"; echo "smoke: not ready after ten minutes"; exit 1; }
        sleep 0.5
    done
}

# The program as it is where it is installed: its settings are in the environment already.
mkdir "$world/bin"
cat > "$world/bin/oauth-server" <<PROGRAM
#!/usr/bin/env bash
export ASPNETCORE_ENVIRONMENT=Development OAuth__Issuer=http://localhost:$port OAuth__LocalFolder=$world/local-shared
exec "$PWD/sql/cluster.sh" with "$world/local-shared" ConnectionStrings__OAuth dotnet "$PWD/src/OAuthServer/bin/Release/net10.0/oauth-server.dll" "\$@"
PROGRAM
chmod +x "$world/bin/oauth-server"

show() { PATH=$world/bin:$PATH PORT=$port LOCAL=$2 WORLD=$world bash test/smoke.sh --page "$1" || echo "0 1" >> "$world/sums"; }
for page; do starts_itself "$page" || { [[ $run ]] || start; show "$page" "$world/local-shared"; }; done
stop
for page; do ! starts_itself "$page" || show "$page" "$world/local"; done

read -r passed failed < <(awk '{ passed += $1; failed += $2 } END { print passed + 0, failed + 0 }' "$world/sums")
echo "smoke: $passed as shown, $failed not"
((passed > 0 && failed == 0))
