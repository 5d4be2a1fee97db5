#!/usr/bin/env bash
# Builds the static binary of the image, for the Dockerfile and for the test of it, with the list of its dependencies inside
# (cargo-auditable). The last line on standard output is the path of the binary. With arguments it is cargo with these, for release
# and with the same flags: `build.sh test --test bench`.
set -euo pipefail
cd "$(dirname "$0")/../.."

# With a named target the flags are for our crates only, not for build scripts and macros of the compiler.
target="$(uname -m)-unknown-linux-gnu"
export RUSTFLAGS="-C target-feature=+crt-static"
# Addresses that are set when the program starts, 50,000 of them, take 13 kB instead of 1.3 MB of memory. glibc knows the short form
# since 2.36, the Dockerfile's; a linker that does not know it ignores the wish.
if printf '%s\n' "glibc 2.36" "$(getconf GNU_LIBC_VERSION)" | sort --version-sort --check=quiet; then
  RUSTFLAGS+=" -C link-arg=-Wl,-z,pack-relative-relocs"
fi
if (($#)); then
  exec cargo "$@" --release --locked --target "$target"
fi
cargo auditable build --release --locked --target "$target" --bin rolewright >&2
printf '%s\n' "${CARGO_TARGET_DIR:-target}/$target/release/rolewright"
