#!/usr/bin/env bash
# The judge of tests/gitops/judge: does to an object what Argo CD, Flux and Helm do to tell its health.
. "$(dirname "$0")/build-once.sh"

folder=$(cd "$tools/../gitops/judge" && pwd)
# The key covers the code and every module sum.
sums=$(cat "$folder"/*.go "$folder/go.mod" "$folder/go.sum" | sha256sum | cut -c1-12)
build_once "judge-$sums" judge "$sums" "2 minutes" go_build "$folder" rolewright.dev/tests/gitops/judge
