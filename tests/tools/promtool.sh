#!/usr/bin/env bash
# Finds promtool: $PROMTOOL, then the one on the path, else it is built from the Go module beside this file, once, in the user's
# cache folder. The last line on standard output is the path of the binary; everything for people goes to standard error.
set -euo pipefail

say() { printf '%s\n' "promtool: $*" >&2; }

if [[ -n "${PROMTOOL:-}" ]]; then
  [[ -x "$PROMTOOL" ]] || { say "PROMTOOL=$PROMTOOL is no executable file: unset it or correct it"; exit 1; }
  printf '%s\n' "$PROMTOOL"
  exit 0
fi
if found=$(command -v promtool); then
  printf '%s\n' "$found"
  exit 0
fi

here=$(cd "$(dirname "$0")" && pwd)
version=$(sed -nE 's|^(require )?[[:space:]]*github.com/prometheus/prometheus (v[0-9.]+).*|\2|p' "$here/promtool/go.mod" | head -1)
# The key covers every module sum and this script, so that a changed flag builds again.
sums=$(cat "$here/promtool/go.mod" "$here/promtool/go.sum" "$0" | sha256sum | cut -c1-12)
root="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright/tools/promtool-$version-$sums"
binary="$root/promtool"

mkdir -p "$root"
exec 9>"$root/.lock"
flock 9

if [[ ! -x "$binary" ]]; then
  command -v go >/dev/null || { say "Go 1.26 or newer is needed to build promtool: install it, or set PROMTOOL"; exit 1; }
  say "building $version (usually 3 minutes on two cores, once; kept in $root)"
  begin=$SECONDS
  # Without the clients of clouds by which Prometheus finds its targets: rules and metrics need none.
  (cd "$here/promtool" && CGO_ENABLED=0 go build -trimpath -tags remove_all_sd -ldflags "-s -w" -o "$root/.promtool.partial" \
    github.com/prometheus/prometheus/cmd/promtool) >&2
  mv "$root/.promtool.partial" "$binary"
  say "built in $((SECONDS - begin)) s"
fi

printf '%s\n' "$binary"
