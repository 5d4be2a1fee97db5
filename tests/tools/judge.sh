#!/usr/bin/env bash
# Builds the judge of tests/gitops/judge, which does to an object what Argo CD, Flux and Helm do to tell its health, once, in the
# user's cache folder. The last line on standard output is the path of the binary; everything for people goes to standard error.
set -euo pipefail

say() { printf '%s\n' "judge: $*" >&2; }

source=$(cd "$(dirname "$0")/../gitops/judge" && pwd)
# The key covers the code, every module sum and this script.
sums=$(cat "$source"/*.go "$source/go.mod" "$source/go.sum" "$0" | sha256sum | cut -c1-12)
root="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright/tools/judge-$sums"
binary="$root/judge"

mkdir -p "$root"
exec 9>"$root/.lock"
flock 9

if [[ ! -x "$binary" ]]; then
  command -v go >/dev/null || { say "Go 1.26 or newer is needed to build the judge of the GitOps tests: install it"; exit 1; }
  say "building (usually 2 minutes on two cores, once; kept in $root)"
  begin=$SECONDS
  (cd "$source" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$root/.judge.partial" .) >&2
  mv "$root/.judge.partial" "$binary"
  say "built in $((SECONDS - begin)) s"
fi

printf '%s\n' "$binary"
