#!/usr/bin/env bash
# Plays the person in a browser, for transcripts and smoke tests: opens an authorization URL, signs in, presses Allow, and
# prints the address the browser is sent to at the end.
#
#   test/sign-in.sh NAME PASSWORD URL

set -euo pipefail
name=$1 password=$2 url=$3
origin=$(grep -oE '^https?://[^/?]+' <<< "$url")
jar=$(mktemp)
trap 'rm -f "$jar" "$jar".*' EXIT

fetch() { curl -sS -b "$jar" -c "$jar" -o "$jar.page" -D "$jar.head" "$@"; }
location() { sed -n 's/\r$//; s/^[Ll]ocation: //p' "$jar.head" | tail -n 1; }
absolute() { [[ $1 == /* ]] && echo "$origin$1" || echo "$1"; }
# name=value of every hidden field and ticked box of the form that has $1 in it, ready for curl.
fields() {
    tr '\n' ' ' < "$jar.page" | sed 's|</form>|&\n|g' | grep -F -- "$1" | grep -oE '<input[^>]*>' | grep -E 'type="hidden"|checked' |
        sed -nE 's/.*name="([^"]*)".*value="([^"]*)".*/\1=\2/p' | sed 's/&amp;/\&/g; s/&#x2B;/+/g'
}
send() {
    local data=() field form=$1
    shift
    while IFS= read -r field; do data+=(--data-urlencode "$field"); done < <(fields "$form")
    fetch "${data[@]}" "$@"
}

fetch "$url"
for step in 1 2 3 4 5 6; do
    next=$(location)
    if [[ $next ]]; then
        url=$(absolute "$next")
        [[ $url == "$origin"/* ]] || { echo "$url"; exit 0; }
        fetch "$url"
    elif grep -q 'type="password"' "$jar.page"; then
        send 'type="password"' --data-urlencode "username=$name" --data-urlencode "password=$password" "$url"
    elif grep -q 'value="allow"' "$jar.page"; then
        send 'value="allow"' --data-urlencode "decision=allow" "$url"
    else
        break
    fi
done
echo "sign-in.sh: no way on from $url" >&2
sed 's/<[^>]*>//g' "$jar.page" | grep -v '^ *$' >&2
exit 1
