#!/usr/bin/env bash
# Builds etcd, kube-apiserver, kubectl and kube-controller-manager from the Go modules beside this file, once, into the cache:
# build.sh [BINARY…], all four when none is named. The last line on standard output is the folder that holds the binaries; everything
# for people goes to standard error.
. "$(dirname "$0")/../tools/step.sh"
set -euo pipefail

binaries=("$@")
((${#binaries[@]})) || binaries=(etcd kube-apiserver kubectl kube-controller-manager)

if [[ -n "${KUBEBUILDER_ASSETS:-}" ]]; then
  for binary in "${binaries[@]}"; do
    [[ -x "$KUBEBUILDER_ASSETS/$binary" ]] && continue
    say "KUBEBUILDER_ASSETS=$KUBEBUILDER_ASSETS has no executable $binary: unset it to have everything built, or add the file from the same Kubernetes release"
    [[ $binary == kube-controller-manager ]] && say "the folders that setup-envtest makes have none; the tests that delete namespaces need it"
    exit 1
  done
  printf '%s\n' "$KUBEBUILDER_ASSETS"
  exit 0
fi

here=$(cd "$(dirname "$0")" && pwd)
version() { sed -nE "s|^(require )?[[:space:]]*$2 (v[0-9.]+).*|\\2|p" "$here/$1/go.mod" | head -1; }
kubernetes=$(version kubernetes k8s.io/kubernetes)
etcd=$(version etcd go.etcd.io/etcd/server/v3)
minor=${kubernetes#v1.}; minor=${minor%%.*}
base=k8s.io/component-base/version
# Without inlining the compiler needs a quarter less time. The tests do not need the speed that it gives.
flags=(-trimpath -gcflags=all=-l -ldflags "-s -w -X $base.gitVersion=$kubernetes -X $base.gitMajor=1 -X $base.gitMinor=$minor")

# The key covers versions, every module sum and the flags, so that a change of one of them builds again.
sums=$({ cat "$here"/*/go.mod "$here"/*/go.sum; printf '%s\n' "${flags[@]}"; } | sha256sum | cut -c1-12)
assets="$cache/controlplane/k8s-$kubernetes-etcd-$etcd-$sums"

mkdir -p "$assets"
exec 9>"$assets/.lock"
flock 9

build() { # module folder, package, binary, usual duration on two cores
  [[ -x "$assets/$3" ]] && return
  command -v go >/dev/null || { say "Go 1.26 or newer is needed to build the control plane: install it or set KUBEBUILDER_ASSETS"; exit 1; }
  step "$3" "$4" compile "$@"
  mv "$assets/.$3.partial" "$assets/$3"
}

compile() { # as build
  cd "$here/$1" && CGO_ENABLED=0 go build "${flags[@]}" -o "$assets/.$3.partial" "$2"
}

for binary in "${binaries[@]}"; do
  case $binary in
    etcd) build etcd go.etcd.io/etcd/server/v3 etcd "half a minute" ;;
    kube-apiserver) build kubernetes k8s.io/kubernetes/cmd/kube-apiserver "$binary" "3 minutes" ;;
    kubectl) build kubernetes k8s.io/kubernetes/cmd/kubectl "$binary" "15 seconds" ;;
    kube-controller-manager) build kubernetes k8s.io/kubernetes/cmd/kube-controller-manager "$binary" "a minute" ;;
    *) say "there is no binary $binary"; exit 1 ;;
  esac
done

printf '%s\n' "$assets"
