#!/usr/bin/env bash
# The judge of tests/gitops/judge: does to an object what Argo CD, Flux and Helm do to tell its health.
. "$(dirname "$0")/build-once.sh"

folder=$(cd "$tools/../gitops/judge" && pwd)
# The key covers the code, every module sum and the flags.
sums=$({ cat "$folder"/*.go "$folder/go.mod" "$folder/go.sum"; printf '%s\n' "${go_flags[@]}"; } | sha256sum | cut -c1-12)
build_once "judge-$sums" judge "$sums" "10 seconds" go_build "$folder" rolewright.dev/tests/gitops/judge
