#!/usr/bin/env bash
# Makes the secrets that deploy/compose.yaml mounts, once: passwords, the connection strings with them, the key-encryption key.
# What is there stays. Back up OAuth__KeyEncryptionKey apart from the database: without it nobody reads the signing keys.
#
#   deploy/make-secrets.sh [FOLDER] [HOST]     default: deploy/secrets, and PostgreSQL's socket as compose.yaml mounts it

set -euo pipefail
folder=${1:-$(dirname "$0")/secrets}
host=${2:-/run/postgresql}

# The folder keeps others out; in containers its files are read under other numbers than the owner's.
install -d -m 700 "$folder"
write() {
    [[ ! -e $folder/$1 ]] || return 0
    (umask 077; cat > "$folder/$1.new")
    chmod 444 "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
    echo "made $folder/$1"
}

random() { head -c 32 /dev/urandom | base64 -w 0; }
write OAuth__KeyEncryptionKey < <(random)
for role in postgres owner app; do write "$role-password" < <(random | tr -d '/+='); done
write OwnerConnectionString < <(printf 'Host=%s;Database=oauth;Username=oauth_owner;Password=%s;GSS Encryption Mode=Disable' "$host" "$(<"$folder/owner-password")")
write ConnectionStrings__OAuth < <(printf 'Host=%s;Database=oauth;Username=oauth_app;Password=%s;GSS Encryption Mode=Disable' "$host" "$(<"$folder/app-password")")
