#!/usr/bin/env bash
# Installs cargo-auditable once, in the user's cache folder.
# The last line on standard output is the folder of the binary; everything for people goes to standard error.
set -euo pipefail

say() { printf '%s\n' "cargo-auditable: $*" >&2; }

version=$(sed -nE 's/^ARG AUDITABLE=(.*)/\1/p' "$(dirname "$0")/../../Dockerfile")
root="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright/tools/cargo-auditable-$version"

mkdir -p "$root"
exec 9>"$root/.lock"
flock 9

# `cargo install` puts the binary in place last: without it the installation is a half-made one and is made again.
if [[ ! -x "$root/bin/cargo-auditable" ]]; then
  say "installing $version (usually a minute on two cores, once; kept in $root)"
  begin=$SECONDS
  build=$(mktemp -d)
  trap 'rm -rf "$build"' EXIT
  # Not the caller's target folder: its profile and flags are those of rolewright.
  CARGO_TARGET_DIR="$build" cargo install --quiet --locked --root "$root" --version "$version" cargo-auditable >&2
  say "installed in $((SECONDS - begin)) s"
fi

printf '%s\n' "$root/bin"
