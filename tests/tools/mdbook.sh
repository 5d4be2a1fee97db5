#!/usr/bin/env bash
# mdBook, for `make docs`. Without its server, which would need a hundred more crates.
. "$(dirname "$0")/build-once.sh"

cargo_tool mdbook 0.5.4 "3 minutes" --no-default-features --features search
