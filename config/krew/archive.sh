#!/usr/bin/env bash
# Packs a built binary for krew: archive.sh BINARY OS-ARCH FOLDER, for example archive.sh target/release/rolewright linux-amd64 dist.
# The same binary gives the same bytes, so that a checksum can be repeated. Prints the path of the archive.
set -euo pipefail

[[ $# == 3 ]] || { printf '%s\n' "archive.sh: BINARY OS-ARCH FOLDER are needed" >&2; exit 1; }
binary=$1 platform=$2 folder=$3
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(sed -nE '1,/^version/s/^version = "(.*)"/\1/p' "$root/Cargo.toml")

stage=$(mktemp -d)
trap 'rm -rf "$stage"' EXIT
install -m 0755 "$binary" "$stage/rolewright"
install -m 0644 "$root/LICENSE" "$stage/LICENSE"
mkdir -p "$folder"
archive="$folder/rolewright-v$version-$platform.tar.gz"
tar --create --directory "$stage" --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner LICENSE rolewright | gzip --no-name >"$archive"
printf '%s\n' "$archive"
