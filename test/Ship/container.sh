#!/usr/bin/env bash
# The image of `dotnet publish /t:PublishContainer`, started by podman as deploy/compose.yaml starts it: a user that is nobody, a
# root that is read only, no capabilities, secrets as files; the roles of deploy/, migrated, served, asked by the health verb.
#
# The base image is made from this machine's runtime and libraries, without a shell, and offered by a registry on loopback: what
# is published is the same but for that layer. BASE_IMAGE=mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled takes the real one.
# Rootless with a user that has a range in /etc/subuid (ENGINE_USER=…, else the caller or the first one there); else as root.
#
#   KEEP=FOLDER   leaves the image there, as image.tar

set -euo pipefail
cd "$(dirname "$0")/../.."
say() { echo "container: $*"; }
die() { say "$*" >&2; exit 1; }

test/tools.sh need container
work=$(mktemp -d "${TMPDIR:-/var/tmp}/oauth-container-XXXXXX")
chmod 755 "$work"
engine_user=${ENGINE_USER:-}
if ((EUID == 0)) && [[ ! $engine_user ]]; then
    while IFS=: read -r name _; do id -u "$name" > /dev/null 2>&1 && { engine_user=$name; break; }; done < <(cat /etc/subuid 2> /dev/null)
fi
as_user=()
if ((EUID == 0)) && [[ $engine_user ]]; then as_user=(setpriv --reuid "$engine_user" --regid "$(id -g "$engine_user")" --clear-groups); fi

# A store of its own, beside the machine's; limits that a sandbox may set; runc also where cgroups are of both kinds.
cat > "$work/containers.conf" <<CONF
[containers]
default_ulimits = ["nofile=1024:$(ulimit -Hn | sed 's/unlimited/65536/')", "nproc=1024:1024"]
cgroups = "no-conmon"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
CONF
mkdir "$work/store" "$work/run" "$work/home"
[[ ! $engine_user ]] || ((EUID)) || chown "$engine_user:" "$work/store" "$work/run" "$work/home"
podman() {
    (cd "$work/home" && HOME=$work/home XDG_RUNTIME_DIR=$work/run CONTAINERS_CONF=$work/containers.conf \
        "${as_user[@]}" podman --storage-driver vfs --root "$work/store" --runroot "$work/run" "$@")
}
served=
finish() {
    local code=$?
    [[ ! $served ]] || podman rm --force --time 1 served > /dev/null 2>&1 || true
    [[ ! ${registry:-} ]] || kill "$registry" 2> /dev/null || true
    sql/cluster.sh destroy "$work/cluster" > /dev/null 2>&1 || true
    [[ ! -d $work/store ]] || podman unshare rm -rf "$work/store" > /dev/null 2>&1 || true
    rm -rf --one-file-system "$work"
    exit $code
}
trap finish EXIT

base_folder() {
    local root=$1 sdk part lib
    sdk=$(dirname "$(readlink -f "$(command -v dotnet)")")
    mkdir -p "$root"/{etc/ssl/certs,tmp,usr/bin,home/app}
    for part in host/fxr shared/Microsoft.NETCore.App shared/Microsoft.AspNetCore.App; do
        mkdir -p "$root/usr/share/dotnet/$part"
        cp -a "$(find "$sdk/$part" -mindepth 1 -maxdepth 1 -name '10.*' | sort -V | tail -n 1)" "$root/usr/share/dotnet/$part/"
    done
    cp -a "$sdk/dotnet" "$root/usr/share/dotnet/"
    ln -s /usr/share/dotnet/dotnet "$root/usr/bin/dotnet"
    {
        find "$root/usr/share/dotnet" -type f \( -name '*.so' -o -name dotnet \) -exec ldd {} + 2> /dev/null |
            awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/.*ld-linux/ { print $1 }' | grep -v "^$root"
        /sbin/ldconfig -p | awk '/lib(ssl|crypto)\.so\.3|libnss_(files|dns)\.so\.2|libresolv\.so\.2/ { print $NF }'
    } | sort -u | while read -r lib; do
        mkdir -p "$root${lib%/*}"
        cp -L "$lib" "$root$lib"
    done
    cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
    printf 'app:x:1654:1654::/home/app:/sbin/nologin\n' > "$root/etc/passwd"
    printf 'app:x:1654:\n' > "$root/etc/group"
    printf 'passwd: files\ngroup: files\nhosts: files dns\n' > "$root/etc/nsswitch.conf"
}

say "PostgreSQL, and a base image of this machine's runtime"
FAST=1 sql/cluster.sh start "$work/cluster" > "$work/url"
socket=$(grep -oP '(?<=Host=)[^;]*' "$work/url")
base_folder "$work/base"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime=@0 -C "$work/base" -cf "$work/base.tar" .
node test/Ship/base-image.mjs "$work/base.tar" "$work/ports" "$socket/.s.PGSQL.5432" & registry=$!
until [[ -s $work/ports ]]; do kill -0 $registry || die "the registry ended"; sleep 0.1; done
read -r registry_port database_port < "$work/ports"

say "dotnet publish /t:PublishContainer"
dotnet publish src/OAuthServer --configuration Release --runtime linux-x64 --self-contained false -p:PublishReadyToRun=true -p:RunAnalyzers=false \
    -p:EnforceCodeStyleInBuild=false /t:PublishContainer -p:ContainerBaseImage="${BASE_IMAGE:-localhost:$registry_port/dotnet/aspnet:10.0}" \
    -p:ContainerArchiveOutputPath="$work/image.tar" --artifacts-path "$work/artifacts" --nologo --verbosity quiet > "$work/publish.log" 2>&1 ||
    { tail -n 20 "$work/publish.log"; die "the image could not be published"; }
[[ ! ${KEEP:-} ]] || cp "$work/image.tar" "$KEEP/image.tar"

# What is in it.
index() { tar -xOf "$work/image.tar" "$@"; }
blob() { index "blobs/${1/://}"; }
config=$(blob "$(blob "$(index index.json | jq -r '.manifests[0].digest')" | jq -r .config.digest)" | jq -c .config)
say "$(jq -c '{User, Entrypoint, Cmd, ExposedPorts}' <<< "$config")"
jq -e '.User == "1654" and .Entrypoint == ["/app/oauth-server"] and .Cmd == ["serve"] and (.ExposedPorts | has("8080/tcp"))
    and .Labels["org.opencontainers.image.licenses"] == "Apache-2.0"' <<< "$config" > /dev/null || die "the image is not what it should be"

chmod 644 "$work/image.tar"
image=$(podman load --quiet --input "$work/image.tar" | sed -n 's/^Loaded image: *//p')
[[ $image ]] || die "podman cannot load it"
say "podman $(podman version --format '{{.Client.Version}}'), $([[ $(podman info --format '{{.Host.Security.Rootless}}') == true ]] && echo rootless || echo 'as root')"

# As compose.yaml has them: the same secrets and roles, the network is the host's.
deploy/make-secrets.sh "$work/secrets" "127.0.0.1;Port=$database_port" > /dev/null
SECRETS=$work/secrets POSTGRES_USER=oauth POSTGRES_DB=oauth PATH=$PATH:$(dirname "$(readlink -f "$(find /usr/lib/postgresql -name psql -path '*/bin/*' | sort -V | tail -n 1)")") \
    PGHOST=$socket deploy/postgres-roles.sh
port=$(for try in {20000..20999}; do (exec 3<> "/dev/tcp/127.0.0.1/$try") 2> /dev/null || { echo "$try"; break; }; done)
chmod 755 "$work/secrets"
run() {
    podman run --network host --read-only --read-only-tmpfs=false --cap-drop all --security-opt no-new-privileges "$@" 2> >(grep -v '^Resource limits are not supported' >&2)
}
with() { for name in "$@"; do echo --volume "$work/secrets/${name%%:*}:/run/secrets/${name#*:}:ro"; done; }
settings=(--env "OAuth__Issuer=https://auth.example.com" --env "OAuth__Listen=http://127.0.0.1:$port")

say "$(run --rm "$image" --version)"
run --rm --entrypoint /bin/sh "$image" -c true > /dev/null 2>&1 && die "the image has a shell"
# shellcheck disable=SC2046 # words on purpose
{
    say "$(run --rm "${settings[@]}" $(with OwnerConnectionString:ConnectionStrings__OAuth) "$image" migrate | head -c 60)…"
    served=yes
    run --detach --name served "${settings[@]}" $(with ConnectionStrings__OAuth OAuth__KeyEncryptionKey) "$image" > /dev/null
}
for try in {1..120}; do
    answer=$(podman exec served /app/oauth-server health 2>&1) && break
    ((try < 120)) || { podman logs served | tail -n 20; die "not healthy: $answer"; }
    sleep 0.5
done
say "$answer"
podman exec served /app/oauth-server health --url http://127.0.0.1:1 > /dev/null 2>&1 && die "nobody listens there, and health says 0"
curl -sf -H 'Host: auth.example.com' "http://127.0.0.1:$port/.well-known/oauth-authorization-server" | jq -e '.issuer == "https://auth.example.com"' > /dev/null
written=$(podman diff served | grep -vE '^. /(etc|run|proc|sys|dev)(/|$)' || true)
[[ ! $written ]] || die "written to the image's root: $written"
podman logs served 2>&1 | grep -iE 'read-only file system|permission denied' && die "it tried to write"

started=$SECONDS
podman stop --time 40 served > /dev/null
code=$(podman inspect --format '{{.State.ExitCode}}' served)
[[ $code == 0 ]] || die "after SIGTERM it ended with $code"
say "ended by SIGTERM after $((SECONDS - started)) s, exit code 0"
