#!/usr/bin/env bash
# make release: what a version is published as, in .local/release/VERSION: the program for linux-x64, the image, the NuGet packages,
# the bill of materials (CycloneDX), the release notes, checksums. Nothing is uploaded. VERSION is the one of Directory.Build.props.
# Refuses a tree with changes that are not committed, and a version whose section in CHANGELOG.md is missing, empty or without a date.
# Two runs of one commit on one SDK make the same files, but for the image.
#
#   BASE_IMAGE=…      the image's base instead of mcr.microsoft.com/dotnet/aspnet:10.0-noble-chiseled
#   IMAGE=none        make no image, where no registry can be reached

set -euo pipefail
cd "$(dirname "$0")/.."
started=$SECONDS
say() { echo "release: $*"; }
die() { echo "release: $*" >&2; exit 1; }

version=$(sed -n 's|.*<Version>\(.*\)</Version>.*|\1|p' Directory.Build.props)
[[ $version =~ ^[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.]+)?$ ]] || die "Directory.Build.props names no version"
[[ ! $(git status --porcelain) ]] || { git status --short >&2; die "commit or remove these changes first: a release is a commit"; }
heading=$(grep -F "## [$version]" CHANGELOG.md) || die "CHANGELOG.md has no section ## [$version]: write what is new for those who upgrade"
[[ $heading =~ -\ [0-9]{4}-[0-9]{2}-[0-9]{2}$ ]] || die "write the date into CHANGELOG.md, $heading, and commit it"
notes=$(awk -v heading="$heading" '$0 == heading { inside = 1; next } /^## \[/ { inside = 0 } inside' CHANGELOG.md)
(($(grep -v '^#' <<< "$notes" | grep -oE '[[:alpha:]]{2,}' | wc -l) >= 5)) || die "the section ## [$version] of CHANGELOG.md says nothing"

out=.local/release/$version
build=.local/release/build
name=oauth-server-$version
rm -rf "$out" "$build"
mkdir -p "$out" "$build"
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
say "$version of $(git rev-parse --short HEAD), with .NET SDK $(dotnet --version)"

# $1: what it is about; the rest: a command, whose words are shown when it fails.
quietly() {
    local what=$1 begun=$SECONDS
    shift
    "$@" > "$build/log" 2>&1 || { tail -n 30 "$build/log" >&2; die "$what failed"; }
    say "$what, $((SECONDS - begun)) s"
}
settings=(--configuration Release --artifacts-path "$PWD/$build" -p:ContinuousIntegrationBuild=true --nologo --verbosity quiet)
published=(--runtime linux-x64 --self-contained false -p:PublishReadyToRun=true)

folder=$build/$name
quietly "the program" dotnet publish src/OAuthServer "${published[@]}" "${settings[@]}" --output "$folder"
cp -r LICENSE README.md CHANGELOG.md SECURITY.md deploy "$folder/"
mkdir "$folder/docs" && cp docs/*.md "$folder/docs/"
rm -rf "$folder/deploy/secrets" "$folder/deploy/release.sh"
chmod -R u=rwX,go=rX "$folder"
tar --sort=name --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" --format=posix --pax-option=delete=atime,delete=ctime \
    -C "$build" -cf - "$name" | gzip --no-name --best > "$out/$name-linux-x64.tar.gz"

for project in src/OAuthServer.Resource samples/Template; do
    quietly "the package of $project" dotnet pack "$project" "${settings[@]}" --output "$out"
done

if [[ ${IMAGE:-} == none ]]; then
    say "no image, as asked"
else
    quietly "the image (IMAGE=none goes without)" dotnet publish src/OAuthServer "${published[@]}" "${settings[@]}" /t:PublishContainer \
        ${BASE_IMAGE:+-p:ContainerBaseImage="$BASE_IMAGE"} -p:ContainerArchiveOutputPath="$PWD/$out/$name-image.tar"
fi

bill() {
    dotnet tool install CycloneDX --version 6.3.1 --tool-path "$build/tools"
    dotnet restore src/OAuthServer --runtime linux-x64 -p:PublishReadyToRun=true --verbosity quiet --artifacts-path "$PWD/$build"
    "$build/tools/dotnet-CycloneDX" src/OAuthServer/OAuthServer.csproj --disable-package-restore --base-intermediate-output-path "$PWD/$build" \
        --no-serial-number --set-name oauth-server --set-version "$version" --spec-version 1.6 --output-format Json --output "$build" --filename bom.json
    # The moment is the commit's: the same files for the same commit. The program's own licence is known here only.
    jq --arg at "$(date -u -d "@$SOURCE_DATE_EPOCH" +%FT%TZ)" \
        '.metadata.timestamp = $at | .metadata.component.licenses = [{ license: { id: "Apache-2.0" } }]' "$build/bom.json" > "$out/$name.cdx.json"
    jq -e '(.components | length) > 5 and all(.components[]; (.licenses | length) > 0 and (.hashes | length) > 0)' "$out/$name.cdx.json"
}
quietly "the bill of materials" bill

printf '# %s\n%s\n' "${heading#'## '}" "$notes" > "$out/RELEASE_NOTES.md"
(cd "$out" && sha256sum -- * > SHA256SUMS)
say "in $out after $((SECONDS - started)) s:"
(cd "$out" && wc -c -- * | sed 's/^/    /')
