#!/usr/bin/env bash
# cargo-deny, for `make lint` and `make advisories`.
. "$(dirname "$0")/build-once.sh"

cargo_tool cargo-deny 0.20.2 "3 minutes"
