#!/usr/bin/env bash
# Builds the static binary of the image, for the Dockerfile and for the test of it, with the list of its dependencies inside
# (cargo-auditable). The last line on standard output is the path of the binary.
set -euo pipefail
cd "$(dirname "$0")/../.."

# With a named target the flags are for our crates only, not for build scripts and macros of the compiler.
target="$(uname -m)-unknown-linux-gnu"
export RUSTFLAGS="-C target-feature=+crt-static"
cargo auditable build --release --locked --target "$target" --bin rolewright >&2
printf '%s\n' "${CARGO_TARGET_DIR:-target}/$target/release/rolewright"
