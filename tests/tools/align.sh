#!/usr/bin/env bash
# Gives modules that several of the tests' Go programs use the same version in every go.mod: the highest of them. Then Go compiles them
# once. Run it after a change of a version, and look at the difference.
set -euo pipefail
cd "$(dirname "$0")/.."

folders=(controlplane/etcd controlplane/kubernetes gitops/judge tools/helm tools/promtool)
trap 'rm -f go.work go.work.sum' EXIT
go work init "${folders[@]/#/./}"
go work sync
rm -f go.work go.work.sum
for folder in "${folders[@]}"; do (cd "$folder" && go mod tidy); done
