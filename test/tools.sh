#!/usr/bin/env bash
# The programs that tests and scripts start and the smallest Debian lacks, each with its package: the one list of them.
#
#   test/tools.sh bring [FOR]    install what is missing with apt-get; where that is not allowed, do nothing
#   test/tools.sh need FOR       the same; fails and says what is missing when it stays missing
#   test/tools.sh list [FOR]     "program package path" of each, a line each; no path: it is missing
#   test/tools.sh missing [FOR]  "program package" of each that is missing
#
# FOR is test, smoke, interop, bench, peers, bare or container; all when left out. PostgreSQL, which the server needs too, comes with sql/cluster.sh.
#
#   OAUTH_NO_APT=1  install nothing
#   CHROMIUM=…      use this browser instead of /usr/bin/chromium

set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin

tools="
chromium        chromium         test interop
nginx           nginx-light      test
pgbouncer       pgbouncer        test
haproxy         haproxy          test
patroni         patroni          test
etcd            etcd-server      test
prometheus      prometheus       test
promtool        prometheus       test
node            nodejs           test interop peers container
npm             npm              test interop peers
openssl         openssl          test smoke interop
curl            curl             smoke interop peers container
jq              jq               smoke container
ca-certificates ca-certificates  interop
go              golang-go        interop
go-oidc         golang-github-coreos-go-oidc-dev interop
apache2         apache2          interop
mod_auth_openidc libapache2-mod-auth-openidc interop
make            make             smoke
wrk             wrk              bench peers
podman          podman           container
runc            runc             container
newuidmap       uidmap           container
slirp4netns     slirp4netns      container
systemd-analyze systemd          test
debootstrap     debootstrap      bare
unshare         util-linux       bare
git             git              test bare
python3-jwt          python3-jwt          test
python3-cryptography python3-cryptography test
python3-requests     python3-requests     test
python3-aiosmtpd     python3-aiosmtpd     test
"

say() { echo "tools: $*" >&2; }

# Where a program is, or nothing.
path_of() {
    case $1 in
        chromium) [[ ! -x ${CHROMIUM:-/usr/bin/chromium} ]] || echo "${CHROMIUM:-/usr/bin/chromium}" ;;
        ca-certificates) [[ ! -f ${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt} ]] || echo "${SSL_CERT_FILE:-/etc/ssl/certs/ca-certificates.crt}" ;;
        # A library for Go, as Debian has them: sources.
        go-oidc) local home=/usr/share/gocode/src/github.com/coreos/go-oidc; [[ ! -d $home ]] || echo "$home" ;;
        mod_auth_openidc) local module=/usr/lib/apache2/modules/mod_auth_openidc.so; [[ ! -f $module ]] || echo "$module" ;;
        # Libraries of Debian's own Python, whichever is first on PATH.
        python3-*) local library=/usr/lib/python3/dist-packages/${1#python3-}; [[ ! -d $library ]] || echo "$library" ;;
        *) command -v "$1" || true ;;
    esac
}

list() {
    local program package purposes
    while read -r program package purposes; do
        [[ ! $program || ($1 && " $purposes " != *" $1 "*) ]] || echo "$program $package $(path_of "$program")"
    done <<< "$tools"
}

missing() { list "$1" | awk 'NF == 2'; }

bring() {
    local packages as_root=()
    mapfile -t packages < <(missing "$1" | awk '{ print $2 }')
    ((${#packages[@]})) || return 0
    [[ -z ${OAUTH_NO_APT:-} ]] && command -v apt-get > /dev/null || return 0
    if ((EUID != 0)); then
        sudo -n true 2> /dev/null || return 0
        as_root=(sudo -n)
    fi
    say "installing ${packages[*]} with apt-get"
    # Debian would start nginx, Apache, PgBouncer, Prometheus, HAProxy, Patroni and etcd as services; the tests start their own. Interrupted or not, what forbids it goes again.
    local policy=/usr/sbin/policy-rc.d
    [[ -e $policy ]] || { trap "${as_root[*]} rm -f $policy" EXIT; printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" install -m 755 /dev/stdin "$policy" || true; }
    "${as_root[@]}" apt-get update -qq -o DPkg::Lock::Timeout=300 >&2 || say "apt-get update failed; trying with the package lists there are"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 "${packages[@]}" > /dev/null || say "apt-get did not bring them all"
}

case ${1:---help} in
    list) list "${2:-}" ;;
    missing) missing "${2:-}" ;;
    bring) bring "${2:-}" ;;
    need)
        bring "$2"
        lacking=$(missing "$2" | awk '{ print $2 }' | paste -sd ' ')
        [[ ! $lacking ]] || { say "missing for $2: $lacking (Debian: apt-get install $lacking)"; exit 1; }
        ;;
    -h | --help | help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0" ;;
    *) say "unknown verb '$1'. See test/tools.sh --help"; exit 2 ;;
esac
