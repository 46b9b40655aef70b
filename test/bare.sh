#!/usr/bin/env bash
# make bare: the README's two commands in a Debian as small as debootstrap makes it: a copy of the last commit, the .NET SDK of
# this machine with the libraries its documentation names, make, and what this machine tells apt, NuGet and npm about their
# registries. Checks that make run serves, that tests without their programs are skipped and named where apt is not allowed, and
# that make test passes where it is. Needs root (chroot, namespaces); takes minutes.
#
#   BARE_PORT (18080)  where make run listens: the network is this machine's
#   BARE_FILTER=…      only these tests, when the rest is known
#   BARE_WITH=…        runs make test, such as nice
#   KEEP=1             leave the Debian behind, and say where

set -euo pipefail
cd "$(dirname "$0")/.."
say() { echo "bare: $*"; }
die() { say "$*" >&2; exit 1; }

((EUID == 0)) || die "needs root"
if [[ ! ${BARE_APART:-} ]]; then
    test/tools.sh need bare
    # Mounts and processes of its own: whatever happens, nothing is left of either.
    exec env BARE_APART=1 unshare --mount --pid --fork --kill-child bash "$PWD/test/bare.sh"
fi
mount -t proc proc /proc

port=${BARE_PORT:-18080}
root=$(mktemp -d "${TMPDIR:-/var/tmp}/oauth-bare-XXXXXX")
chmod 755 "$root"
finish() {
    local code=$?
    umount -R -l "$root/proc" "$root/dev" "$root/usr/share/dotnet" 2> /dev/null || true
    if [[ ${KEEP:-} ]]; then say "left behind: $root"; else rm -rf --one-file-system "$root"; fi
    exit $code
}
trap finish EXIT

. /etc/os-release
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Identifier: Packages' 'Origin: Debian' "Codename: $VERSION_CODENAME" | head -n 1)
[[ $mirror ]] || die "apt names no mirror of Debian $VERSION_CODENAME"
say "making Debian $VERSION_CODENAME"
debootstrap --variant=minbase --include=ca-certificates,make "$VERSION_CODENAME" "$root" "$mirror" > "$root.log" 2>&1 || { tail -n 20 "$root.log"; die "debootstrap failed"; }
rm -f "$root.log"

# The registries, as this machine reaches them.
copy() {
    local from
    for from in "$@"; do
        [[ -e $from ]] || continue
        mkdir -p "$root${from%/*}"
        cp -rL --preserve=mode "$from" "$root${from%/*}/"
    done
}
rm -rf "$root"/etc/apt/sources.list*
copy /etc/apt/sources.list /etc/apt/sources.list.d /etc/apt/apt.conf.d /etc/apt/auth.conf.d /etc/apt/trusted.gpg /etc/apt/trusted.gpg.d /etc/apt/keyrings \
    /usr/share/keyrings /usr/local/share/ca-certificates ~/.nuget/NuGet/NuGet.Config
cat /etc/resolv.conf > "$root/etc/resolv.conf"
cat /etc/hosts > "$root/etc/hosts"
if command -v npm > /dev/null; then copy "$(npm config get userconfig)" "$(npm config get globalconfig)"; fi

sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
mkdir -p "$root/usr/share/dotnet" "$root/src"
mount --bind -o ro "$sdk" "$root/usr/share/dotnet"
ln -s /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
git archive HEAD | tar -x -C "$root/src"
[[ ! $(git status --porcelain) ]] || say "what is not committed is not tested"

# apart: the rest of a process; inside: a command.
apart() {
    local settings=() name
    # Signals as at a terminal: make ends in silence when a test fails, so that the closing line is the last.
    # Of the environment only what registries' clients read.
    for name in $(compgen -e | grep -iE '^(NUGET_|NPM_CONFIG_|NODE_EXTRA_CA_CERTS$|SSL_CERT_|(https?|no|all)_proxy$)'); do settings+=("$name=${!name}"); done
    exec ${with:-} chroot "$root" env -i --default-signal=INT,QUIT -C /src HOME="$HOME" PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 \
        DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 "${settings[@]}" "$@"
}
inside() { (apart "$@"); }
inside update-ca-certificates > /dev/null 2>&1
# What the SDK's documentation asks for; make run and make test bring the rest themselves.
inside apt-get update -qq
inside env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends '^libicu[0-9]+$' '^libssl[0-9.]+$' libstdc++6 zlib1g tzdata > "$root/sdk.log" 2>&1 ||
    { tail -n 20 "$root/sdk.log"; die "the SDK's libraries could not be installed"; }
say "$(inside bash -c 'dpkg-query -f . -W | wc -c') packages, .NET SDK $(inside dotnet --version), $(nproc) cores"

answers() { (exec 3<> "/dev/tcp/127.0.0.1/$port" && printf 'GET /readyz HTTP/1.0\r\nHost: localhost:%s\r\n\r\n' "$port" >&3 && head -n 1 <&3 | grep -q ' 200 ') 2> /dev/null; }
started=$SECONDS
apart make run PORT="$port" > "$root/run.log" 2>&1 &
run=$!
until answers; do
    kill -0 $run 2> /dev/null || { cat "$root/run.log"; die "make run ended by itself"; }
    ((SECONDS - started < 1200)) || { cat "$root/run.log"; die "make run was not ready after twenty minutes"; }
    sleep 0.5
done
say "make run was up after $((SECONDS - started)) s"
kill -TERM $run
wait $run || true

# $1: what it is about; the rest: environment and command. Sets $closing to the last line.
suite() {
    local what=$1 code=0
    shift
    started=$SECONDS
    with=${BARE_WITH:-} inside "$@" make test > "$root/test.log" 2>&1 || code=$?
    closing=$(tail -n 1 "$root/test.log")
    say "make test, $what: $closing, $((SECONDS - started)) s"
    [[ $closing =~ ^[0-9]+\ passed,\ [0-9]+\ failed(,\ [0-9]+\ skipped)?$ ]] || { tail -n 40 "$root/test.log"; die "the closing line is not the last"; }
    ((code == 0)) || { grep -A 12 -E '^  Failed ' "$root/test.log" | head -n 200; die "make test failed"; }
}

suite "apt not allowed" OAUTH_NO_APT=1 FILTER='FullyQualifiedName~NginxTest|FullyQualifiedName~ExpressTest|FullyQualifiedName~PersonAtBrowserTest|FullyQualifiedName~PkceTest'
[[ $closing == *" skipped" ]] || die "nothing was skipped"
for program in nginx node chromium; do
    grep -E "^test: skipped [0-9]+ for want of $program; apt-get install " "$root/test.log" || die "nothing says that $program is missing"
done
suite "as the README says" ${BARE_FILTER:+FILTER="$BARE_FILTER"}
[[ $closing != *skipped ]] || { grep '^test: skipped' "$root/test.log" || true; die "something was skipped"; }
