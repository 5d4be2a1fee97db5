#!/usr/bin/env bash
# cargo-auditable of the version that the Dockerfile names, for `make image`.
. "$(dirname "$0")/build-once.sh"

cargo_tool cargo-auditable "$(sed -nE 's/^ARG AUDITABLE=(.*)/\1/p' "$tools/../../Dockerfile")" "a minute"
