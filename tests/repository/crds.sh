#!/usr/bin/env bash
# Finds the CRDs of Argo CD and Flux, which the example repository's manifests are checked against: they are taken out of the
# projects' Go modules, once, into the user's cache folder. The last line on standard output is the path of the folder; everything
# for people goes to standard error.
. "$(dirname "$0")/../tools/step.sh"
set -euo pipefail

# Module, version, its checksum as in go.sum, and the files.
modules=(
  "github.com/argoproj/argo-cd/v3 v3.5.7 h1:Xm1BF+I5OgDKUG3SDK49vn2/Y5AMyaNVko+/JT08gj0= manifests/crds/application-crd.yaml manifests/crds/applicationset-crd.yaml manifests/crds/appproject-crd.yaml"
  "github.com/fluxcd/kustomize-controller v1.9.6 h1:XB+G3A0mky0j5uVHZWv4oSlS2RvZBoNIUhstIvY0JKE= config/crd/bases/kustomize.toolkit.fluxcd.io_kustomizations.yaml"
)

root="$cache/tools/gitops-crds-$(printf '%s\n' "${modules[@]}" | sha256sum | cut -c1-12)"
mkdir -p "$root"
exec 9>"$root/.lock"
flock 9

fetch() (
  # A cache of its own, thrown away afterwards: the modules are 250 MB.
  stage=$(mktemp -d)
  trap 'rm -rf "$stage"' EXIT
  export GOMODCACHE="$stage/modules" GOFLAGS=-modcacherw
  mkdir "$stage/crds"
  cd "$stage"
  for line in "${modules[@]}"; do
    read -r module version sum files <<<"$line"
    answer=$(go mod download -json "$module@$version") || { echo "$module@$version can't be fetched: $answer"; exit 1; }
    field() { sed -nE "s/^[[:space:]]*\"$1\": \"(.*)\",?$/\1/p" <<<"$answer"; }
    [[ "$(field Sum)" == "$sum" ]] || { echo "$module@$version has the checksum $(field Sum), not $sum"; exit 1; }
    for file in $files; do cp "$(field Dir)/$file" "$stage/crds/" || exit 1; done
  done
  rm -rf "$root/.crds.partial"
  cp -r "$stage/crds" "$root/.crds.partial" && mv "$root/.crds.partial" "$root/crds"
)

if [[ ! -d "$root/crds" ]]; then
  command -v go >/dev/null || { say "Go 1.26 or newer is needed to fetch the CRDs of Argo CD and Flux: install it"; exit 1; }
  step "the CRDs of Argo CD and Flux" "a few seconds" fetch
fi

printf '%s\n' "$root/crds"
