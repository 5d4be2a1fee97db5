#!/usr/bin/env bash
# Builds the oldest kube-apiserver that rolewright supports, once, into the cache. The last line on standard output is its path.
# With --if-built it builds nothing: it names the file if it is there, and fails without a word if not.
. "$(dirname "$0")/../tools/step.sh"
set -euo pipefail

here=$(cd "$(dirname "$0")/oldest" && pwd)
version=$(sed -nE 's|^\tk8s.io/kubernetes (v[0-9.]+) .*|\1|p' "$here/go.mod")
minor=${version#v1.}; minor=${minor%%.*}
base=k8s.io/component-base/version
flags=(-trimpath -gcflags=all=-l -ldflags "-s -w -X $base.gitVersion=$version -X $base.gitMajor=1 -X $base.gitMinor=$minor")
sums=$({ cat "$here"/go.mod "$here"/go.sum; printf '%s\n' "${flags[@]}"; } | sha256sum | cut -c1-12)
binary="$cache/controlplane/oldest-$version-$sums/kube-apiserver"

if [[ ! -x $binary && ${1:-} == --if-built ]]; then exit 1; fi

compile() {
  cd "$here" && CGO_ENABLED=0 go build "${flags[@]}" -o "$binary.partial" k8s.io/kubernetes/cmd/kube-apiserver
}

mkdir -p "${binary%/*}"
exec 9>"${binary%/*}/.lock"
flock 9
if [[ ! -x $binary ]]; then
  command -v go >/dev/null || { say "Go 1.26 or newer is needed to build the control plane: install it"; exit 1; }
  step "kube-apiserver $version" "3 minutes" compile
  mv "$binary.partial" "$binary"
fi
printf '%s\n' "$binary"
