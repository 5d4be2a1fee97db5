#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kubectl and kube-controller-manager from the Go modules beside this file, once, into the cache.
# The last line on standard output is the folder that holds the binaries; everything for people goes to standard error.
set -euo pipefail

say() { printf '%s\n' "controlplane: $*" >&2; }

if [[ -n "${KUBEBUILDER_ASSETS:-}" ]]; then
  for binary in etcd kube-apiserver kube-controller-manager kubectl; do
    [[ -x "$KUBEBUILDER_ASSETS/$binary" ]] && continue
    say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS has no executable $binary: unset it to have everything built, or add the file from the same Kubernetes release"
    [[ $binary == kube-controller-manager ]] && say "the folders that setup-envtest makes have none; the tests that delete namespaces need it"
    exit 1
  done
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit 0
fi

command -v go >/dev/null || { say "Go 1.26 or newer is needed to build the control plane: install it or set KUBEBUILDER_ASSETS"; exit 1; }

here=$(cd "$(dirname "$0")" && pwd)
version() { sed -nE "s|^(require )?[[:space:]]*$2 (v[0-9.]+).*|\\2|p" "$here/$1/go.mod" | head -1; }
kubernetes=$(version kubernetes k8s.io/kubernetes)
etcd=$(version etcd go.etcd.io/etcd/server/v3)
# The key covers versions, every module sum and this script, so that a changed flag builds again.
sums=$(cat "$here"/*/go.mod "$here"/*/go.sum "$0" | sha256sum | cut -c1-12)
assets="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright/controlplane/k8s-$kubernetes-etcd-$etcd-$sums"

mkdir -p "$assets"
exec 9>"$assets/.lock"
flock 9

minor=${kubernetes#v1.}; minor=${minor%%.*}
base=k8s.io/component-base/version
ldflags="-s -w -X $base.gitVersion=$kubernetes -X $base.gitMajor=1 -X $base.gitMinor=$minor"

build() { # module folder, package, binary, usual duration on two cores
  [[ -x "$assets/$3" ]] && return
  say "building $3 (usually $4 on two cores, once; kept in $assets)"
  local begin=$SECONDS
  (cd "$here/$1" && CGO_ENABLED=0 go build -trimpath -ldflags "$ldflags" -o "$assets/.$3.partial" "$2") >&2
  mv "$assets/.$3.partial" "$assets/$3"
  say "built $3 in $((SECONDS - begin)) s"
}

build etcd go.etcd.io/etcd/server/v3 etcd "half a minute"
build kubernetes k8s.io/kubernetes/cmd/kube-apiserver kube-apiserver "6 minutes"
build kubernetes k8s.io/kubernetes/cmd/kubectl kubectl "1 minute"
build kubernetes k8s.io/kubernetes/cmd/kube-controller-manager kube-controller-manager "2 minutes"

printf '%s\n' "$assets"
