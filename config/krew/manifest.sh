#!/usr/bin/env bash
# Prints the whole manifest for krew: manifest.sh ADDRESS ARCHIVE…, where ADDRESS is the https folder that the archives of
# archive.sh will lie in. Version and platforms are read from their names, checksums from their bytes. HOMEPAGE is added when set.
set -euo pipefail

stop() { printf '%s\n' "manifest.sh: $*" >&2; exit 1; }

[[ $# -ge 2 ]] || stop "an address and at least one archive are needed"
address=${1%/}
shift
[[ "$address" == https://* ]] || stop "$address is no https address: write the folder that the archives will lie in"

pattern='^rolewright-(v[0-9]+\.[0-9]+\.[0-9]+[0-9A-Za-z.+-]*)-(linux|darwin)-(amd64|arm64)\.tar\.gz$'
version=
platforms=
for archive in "$@"; do
  name=$(basename "$archive")
  [[ -f "$archive" ]] || stop "$archive is not there: make it with archive.sh"
  [[ "$name" =~ $pattern ]] || stop "$name is no name of archive.sh"
  [[ "${version:-${BASH_REMATCH[1]}}" == "${BASH_REMATCH[1]}" ]] || stop "$name is of another version than $version: take archives of one"
  version=${BASH_REMATCH[1]}
  platforms+="
    - selector:
        matchLabels:
          os: ${BASH_REMATCH[2]}
          arch: ${BASH_REMATCH[3]}
      uri: $address/$name
      sha256: $(sha256sum "$archive" | cut -d' ' -f1)
      bin: rolewright"
done

# `spec` is the last key of the file: what follows belongs to it.
sed '/^#/d' "$(dirname "$0")/rolewright.yaml"
[[ -z "${HOMEPAGE:-}" ]] || printf '  homepage: %s\n' "$HOMEPAGE"
printf '  version: %s\n  platforms:%s\n' "$version" "$platforms"
