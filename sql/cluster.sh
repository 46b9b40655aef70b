#!/usr/bin/env bash
# A private PostgreSQL for one checkout: made on first use, reused afterwards, reachable through a unix socket only.
#
#   sql/cluster.sh start DIR               start it; print a connection string for Npgsql on stdout (all else: stderr)
#   sql/cluster.sh with DIR NAME COMMAND…  start it, run COMMAND with the connection string in $NAME, stop it again
#   sql/cluster.sh stop DIR                stop it and wait until it has stopped
#   sql/cluster.sh url DIR                 print the connection string, if it is running
#   sql/cluster.sh status DIR              say whether it is running and where it lives (exit 3 when stopped)
#   sql/cluster.sh psql DIR [ARGUMENT…]    open psql on it (started for the occasion when stopped)
#   sql/cluster.sh destroy DIR             stop it and delete everything in it
#   sql/cluster.sh install                 only see to it that PostgreSQL 14 or newer is installed
#
# Everything lives in DIR: postgres/ (data), postgres.log, cluster.lock. Where the database's user cannot reach DIR (a
# checkout in root's home, say), the data go to /var/lib or /var/tmp instead, and DIR/cluster-home says where.
#
#   FAST=1          for tests: gives up durability for speed, and allows 300 connections
#   POSTGRES_SETTINGS='shared_buffers=4GB …'  for the bench: settings of the server, instead of ours where they are the same
#   OAUTH_NO_APT=1  never install PostgreSQL, only say what is missing

set -euo pipefail

say() { echo "postgres: $*" >&2; }
die() { say "$@"; exit 1; }

# ---- programs -------------------------------------------------------------------------------------------------------

# Sets $bin to the folder of the server's programs: version $1 exactly, or else any from 14 on, the newest first.
find_programs() {
    local candidate version
    while read -r candidate; do
        [[ -x $candidate/postgres && -x $candidate/initdb && -x $candidate/psql ]] || continue
        version=$("$candidate/postgres" --version | grep -oE '[0-9]+' | head -n 1)
        if [[ ${1:-$version} == "$version" && $version -ge 14 ]]; then bin=$candidate; return; fi
    done < <(
        on_path=$(command -v postgres) && dirname "$(readlink -f "$on_path")"
        find /usr/lib/postgresql -mindepth 2 -maxdepth 2 -name bin 2>/dev/null | sort -rV
    )
    return 1
}

install_programs() {
    local wanted="PostgreSQL 14 or newer is needed. Install it (Debian, Ubuntu: apt-get install postgresql) or put its programs on PATH."
    local as_root=()
    [[ -z ${OAUTH_NO_APT:-} ]] && command -v apt-get >/dev/null || die "$wanted"
    if ((EUID != 0)); then
        sudo -n true 2>/dev/null || die "$wanted"
        as_root=(sudo -n)
    fi

    say "PostgreSQL 14 or newer is not installed: installing it with apt-get (without the cluster Debian would create and run)"
    local no_cluster=/etc/postgresql-common/createcluster.d/oauth-server.conf
    "${as_root[@]}" mkdir -p "${no_cluster%/*}"
    trap "${as_root[*]} rm -f $no_cluster" EXIT     # Ctrl-C during the installation
    echo 'create_main_cluster = false' | "${as_root[@]}" tee "$no_cluster" >/dev/null
    "${as_root[@]}" apt-get update -qq >&2 || say "apt-get update failed; trying with the package lists there are"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y -qq --no-install-recommends -o DPkg::Lock::Timeout=120 postgresql >&2 || true
    "${as_root[@]}" rm -f "$no_cluster"     # later installations by the owner of the machine behave as usual
    find_programs || die "apt-get did not bring it. $wanted"
}

need_programs() {
    if [[ ! -d $data ]]; then
        find_programs || install_programs
    else
        local version
        version=$(<"$data/PG_VERSION")
        find_programs "$version" || find_programs_of "$version"
    fi
}

# The data of one major version cannot be opened by another.
find_programs_of() {
    find_programs || { install_programs; find_programs "$1" && return; }
    die "$data was made by PostgreSQL $1, which is not installed. Install it, or start afresh: sql/cluster.sh destroy '$DIR'"
}

# ---- who and where --------------------------------------------------------------------------------------------------

# Postgres refuses to run as root: root hands it to the owner of the data, at first `postgres` (or else `nobody`).
# The programs run in / because the current folder may be closed to that user.
choose_user() {
    user=$EUID group=$(id -g)
    if [[ -d $data ]]; then
        local owner
        owner=$(stat -c '%u %g' "$data")
        read -r user group <<<"$owner"
        ((EUID == 0 || EUID == user)) || die "$data belongs to $(id -nu "$user"). Run this as that user or as root, or choose another folder."
        ((user != 0)) || die "$data belongs to root, and Postgres refuses to run as root. Give it away (chown -R) or delete it."
    elif ((EUID == 0)); then
        local name=nobody
        ! getent passwd postgres >/dev/null || name=postgres
        user=$(id -u $name) group=$(id -g $name)
    fi
    as_user=(env -C / LC_ALL=C)
    ((EUID != 0)) || as_user=(setpriv --reuid "$user" --regid "$group" --clear-groups env -C / LC_ALL=C HOME=/)
}

# Sets $home to where the data are, or will be when they fit: DIR, or the folder that an earlier start wrote down. The
# folder's name carries a hash of DIR, so that the copy of a checkout does not share the data of its original.
locate() {
    home=$DIR
    hash=$(printf %s "$DIR" | sha256sum | cut -c 1-12)
    if [[ -r $DIR/cluster-home && $(<"$DIR/cluster-home") == /var/*/oauth-server-$hash-* ]]; then home=$(<"$DIR/cluster-home"); fi
    data=$home/postgres
}

# True when the process of the lock file is a Postgres living in this very folder. After a crash its number may belong
# to anybody, which is why the number alone proves nothing. Sets $pid.
running() {
    pid=$(head -n 1 "$data/postmaster.pid" 2>/dev/null) && [[ /proc/$pid/cwd -ef $data ]]
}

# True while any process at all, such as a child of a killed Postgres, still works in the data.
inhabited() {
    local process
    for process in /proc/[0-9]*; do [[ $process/cwd -ef $data ]] && return; done
    return 1
}

# The fifth line of the lock file names the socket's folder.
running_socket() { sed -n 5p "$data/postmaster.pid"; }

url() {
    echo "Host=$(running_socket);Username=oauth;Database=oauth;Maximum Pool Size=20;Max Auto Prepare=50;Auto Prepare Min Usages=2"
}

# ---- making and starting --------------------------------------------------------------------------------------------

# An empty folder which belongs to the database's user, is closed to everybody else, and can be reached; or failure.
private_folder() {
    rm -rf "$1"
    mkdir -m 700 "$1" 2>/dev/null && chown "$user:$group" "$1" 2>/dev/null &&
        [[ $(stat -c '%a %u' "$1") == "700 $user" ]] && "${as_user[@]}" test -w "$1" 2>/dev/null
}

# Makes the cluster beside its final place and moves it there when complete: half a cluster never gets the name.
create() {
    if ! private_folder "$DIR/postgres.new"; then
        rm -rf "$DIR/postgres.new"
        home=$(mktemp -d "/var/lib/oauth-server-$hash-XXXXXX" 2>/dev/null || mktemp -d "/var/tmp/oauth-server-$hash-XXXXXX")
        chown "$user:$group" "$home"
        private_folder "$home/postgres.new" || die "found no folder for the data that $(id -nu "$user") can use: tried $DIR and $home"
        echo "$home" >"$DIR/cluster-home"
        data=$home/postgres
    fi
    say "creating a private cluster in $data (as $(id -nu "$user"), with $bin)"
    local locale=C complaint
    [[ ! $(locale -a 2>/dev/null) =~ C\.(utf8|UTF-8) ]] || locale=C.UTF-8
    complaint=$("${as_user[@]}" "$bin/initdb" --pgdata="$data.new" --username=oauth --auth-local=trust --auth-host=reject \
        --encoding=UTF8 --locale=$locale ${FAST:+--no-sync} 2>&1) || die "initdb failed: $complaint"
    mv -T "$data.new" "$data"
}

# A folder for the socket with a short path (sockets allow 107 bytes), always the same one for the same DIR so that a
# waiting server finds the database again. In /tmp anybody may have made it first: take it only if it is truly ours.
choose_socket() {
    local suffix
    for suffix in "" -{1..9}; do
        socket=/tmp/oauth-$hash$suffix
        "${as_user[@]}" mkdir -m 700 "$socket" 2>/dev/null || true
        if [[ ! -L $socket && $(stat -c '%F %a %u' "$socket") == "directory 700 $user" ]]; then return; fi
    done
    die "somebody else has taken /tmp/oauth-$hash and its nine neighbours"
}

# setsid: Ctrl-C at the terminal must reach the server, which then stops the database, and never both at once.
# Inherited descriptors are closed, because whoever waits for the end of our output would wait for the database's end.
launch() {
    local descriptor given settings=(
        listen_addresses='' unix_socket_directories="$socket" unix_socket_permissions=0700 port=5432
        timezone=UTC log_timezone=UTC
        log_error_verbosity=terse       # the DETAIL of a refused row repeats the row,
        log_min_error_statement=panic   # the STATEMENT a secret that was typed as it is,
        log_parameter_max_length=0 log_parameter_max_length_on_error=0  # and so would parameters
        max_connections=100 shared_buffers=128MB
    )
    [[ -z ${FAST:-} ]] || settings+=(fsync=off synchronous_commit=off full_page_writes=off autovacuum=off max_connections=300)
    # Of a setting given twice the last one counts.
    read -ra given <<<"${POSTGRES_SETTINGS:-}"
    settings+=("${given[@]}")
    for descriptor in /proc/"$BASHPID"/fd/*; do
        descriptor=${descriptor##*/}
        ((descriptor <= 2)) || eval "exec $descriptor>&-"
    done
    exec setsid "${as_user[@]}" "$bin/postgres" -D "$data" "${settings[@]/#/--}"
}

query() { "$bin/psql" -XAtq -h "$socket" -U oauth -d postgres -v ON_ERROR_STOP=1 -c "$1"; }

# A lock file is opened for reading only: root may have made it in somebody's checkout.
make_folder() {
    mkdir -p "$DIR"
    [[ -w $DIR ]] || die "$DIR belongs to $(stat -c %U "$DIR"). Run this as that user or as root, or choose another folder."
    touch -a "$DIR/cluster.lock" "$DIR/cluster.users" 2>/dev/null || true
}

start() {
    make_folder
    exec 9<"$DIR/cluster.lock"
    flock 9         # two starts at once: the second one waits here, then finds it running
    locate
    choose_user
    need_programs
    if running; then
        [[ $verb == psql || $verb == with ]] || say "already running in $data"
        socket=$(running_socket)
    else
        [[ -d $data ]] || { choose_user; create; }      # again: an installation may have brought the user `postgres`
        choose_socket
        # What a kill -9 or a power cut leaves: children that are about to end, and lock files with a number that may
        # by now be another process's. They may go as soon as nobody works in the data; until then Postgres needs them.
        for _ in {1..300}; do inhabited || break; sleep 0.1; done
        inhabited || rm -f "$data/postmaster.pid" "$socket"/.s.PGSQL.5432*
        [[ ! -e $DIR/postgres.log ]] || mv -f "$DIR/postgres.log" "$DIR/postgres.log.1"
        say "starting ${FAST:+(fast, not durable) }in $data, log in $DIR/postgres.log"
        launch </dev/null >"$DIR/postgres.log" 2>&1 &
        local started=$!
        until "$bin/pg_isready" -q -h "$socket" -U oauth -d postgres; do
            kill -0 $started 2>/dev/null || { tail -n 20 "$DIR/postgres.log" >&2; die "did not start"; }
            sleep 0.1
        done
    fi
    [[ $(query "select 1 from pg_database where datname = 'oauth'") ]] || query "create database oauth"
    exec 9>&-
}

stop() {
    [[ -e $DIR/cluster.lock ]] || return 0
    exec 9<"$DIR/cluster.lock"
    flock 9
    locate
    if running; then
        socket=$(running_socket)
        kill -INT "$pid"        # Postgres's "fast" shutdown: ends sessions, writes everything down
        for _ in {1..600}; do running || break; sleep 0.1; done
        ! running || die "did not stop within a minute (process $pid)"
        rmdir "$socket" 2>/dev/null || true
        say "stopped"
    fi
    exec 9>&-
}

# ---- verbs ----------------------------------------------------------------------------------------------------------

# Runs a command for as long as the database. Several may share one cluster: each holds a shared lock on DIR/cluster.users,
# which the kernel takes back even after a kill -9, and who leaves last stops the cluster.
with() {
    local variable=$1 child='' stopping='' code=0
    shift
    trap 'stopping=1; [[ -z $child ]] || kill -TERM $child 2>/dev/null || true' TERM INT HUP
    make_folder
    exec 8<"$DIR/cluster.users"
    flock -s 8
    start
    export "$variable=$(url)"
    if [[ -z $stopping ]]; then
        # Of the terminal's signals the command gets none itself (bash has it ignore Ctrl-C), only the TERM from above.
        # --pdeathsig: should this script be killed, the command is told to stop instead of holding its port forever.
        (trap '' HUP; exec setpriv --pdeathsig TERM "$@") <&0 8>&- &
        child=$!
        # A trapped signal ends `wait` early, with the signal's code; the command's own is known once it has gone.
        while kill -0 $child 2>/dev/null; do wait $child 2>/dev/null || true; done
        wait $child 2>/dev/null || code=$?
    fi
    trap '' TERM INT HUP
    if flock -xn 8; then stop; fi
    [[ ! $stopping || $code != 143 ]] || code=0     # ended by the very signal that we sent
    return $code
}

verb=${1:---help}
case $verb in
    -h | --help | help) sed -n '2,/^$/s/^# \{0,1\}//p' "$0"; exit ;;
    install) data=; find_programs || install_programs; say "found $("$bin/postgres" --version)"; exit ;;
    start | with | stop | url | status | psql | destroy) [[ -n ${2:-} ]] || die "$verb which cluster? sql/cluster.sh $verb DIR" ;;
    *) die "unknown verb '$verb'. See sql/cluster.sh --help" ;;
esac
DIR=$(realpath -m -- "$2")
shift 2
unset "${!PG@}"         # PGHOST, PGPORT and their like are about some other database
locate

case $verb in
    start) start; url ;;
    with) (($# >= 2)) || die "with what? sql/cluster.sh with DIR NAME COMMAND…"; with "$@" ;;
    stop) stop ;;
    url) running && url || die "not running (in $data)" ;;
    status)
        running || { echo "stopped, data in $data"; exit 3; }
        echo "running (process $pid), data in $data, socket in $(running_socket)"
        ;;
    psql)
        was_running=; ! running || was_running=1
        start
        code=0
        "$bin/psql" -h "$socket" -U oauth -d oauth "$@" || code=$?
        [[ $was_running ]] || stop
        exit $code
        ;;
    destroy)
        [[ -d $DIR ]] || exit 0
        stop
        rm -rf "$data" "$data.new" "$DIR"/postgres.log* "$DIR"/cluster-home "$DIR"/cluster.lock "$DIR"/cluster.users
        [[ $home == "$DIR" ]] || rmdir "$home"
        say "deleted $data"
        ;;
esac
