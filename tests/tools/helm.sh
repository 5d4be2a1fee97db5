#!/usr/bin/env bash
# Builds Helm from the Go module beside this file, once, in the user's cache folder.
# The last line on standard output is the path of the binary; everything for people goes to standard error.
set -euo pipefail

say() { printf '%s\n' "helm: $*" >&2; }

here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -nE 's|^(require )?[[:space:]]*helm.sh/helm/v4 (v[0-9.]+).*|\2|p' "$here/helm/go.mod" | head -1)
# A folder of its own: another Helm builds no API server again. The key covers every module sum and this script.
sums=$(cat "$here/helm/go.mod" "$here/helm/go.sum" "$0" | sha256sum | cut -c1-12)
root="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright/tools/helm-$version-$sums"
binary="$root/helm"

mkdir -p "$root"
exec 9>"$root/.lock"
flock 9

if [[ ! -x "$binary" ]]; then
  command -v go >/dev/null || { say "Go 1.26 or newer is needed to build Helm: install it"; exit 1; }
  say "building $version (usually 3 minutes on two cores, once; kept in $root)"
  begin=$SECONDS
  (cd "$here/helm" && CGO_ENABLED=0 go build -trimpath -ldflags "-s -w" -o "$root/.helm.partial" helm.sh/helm/v4/cmd/helm) >&2
  mv "$root/.helm.partial" "$binary"
  say "built in $((SECONDS - begin)) s"
fi

printf '%s\n' "$binary"
