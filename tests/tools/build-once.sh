# Sourced by the scripts beside it. Each names one tool, and prints the path of its binary as the last line on standard output;
# everything for people goes to standard error. The tool is built on first use and kept in the user's cache folder.
#
#   go_tool NAME MODULE PACKAGE DURATION [FLAG…]   of the Go module in the folder NAME beside this file; flags of `go build`
#   cargo_tool NAME VERSION DURATION [FLAG…]       of crates.io; flags of `cargo install`
#
# DURATION is what people are told, as "3 minutes". With IF_BUILT=1 nothing is built: what is missing is a failure without a word.

set -euo pipefail

tools=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
. "$tools/step.sh"

# Without inlining the compiler needs a quarter less time. The tests do not need the speed that it gives.
go_flags=(-trimpath -gcflags=all=-l -ldflags "-s -w")

# Key of the folder, binary in it, version, duration, command: it is given the file to write. One caller builds, the others wait.
build_once() {
  local root="$cache/tools/$1" binary=$2 version=$3 duration=$4
  local name=${binary##*/}
  shift 4
  [[ -z ${IF_BUILT:-} || -x "$root/$binary" ]] || return 1
  mkdir -p "$root/$(dirname "$binary")"
  exec 9>"$root/.lock"
  flock 9
  # Moved into place when it is whole: what an interrupted build leaves counts for nothing.
  if [[ ! -x "$root/$binary" ]]; then
    step "$name $version" "$duration" "$@" "$root/.partial"
    mv "$root/.partial" "$root/$binary"
  fi
  printf '%s\n' "$root/$binary"
}

go_tool() {
  local name=$1 module=$2 package=$3 duration=$4 folder="$tools/$1" version sums
  shift 4
  version=$(sed -nE "s|^(require )?[[:space:]]*$module (v[0-9.]+).*|\2|p" "$folder/go.mod" | head -1)
  # The key covers every module sum and the flags, so that a change of either builds again.
  sums=$({ cat "$folder/go.mod" "$folder/go.sum"; printf '%s\n' "$package" "${go_flags[@]}" "$@"; } | sha256sum | cut -c1-12)
  build_once "$name-$version-$sums" "$name" "$version" "$duration" go_build "$folder" "$package" "$@"
}

# Folder, package, flags, and at the end the file to write.
go_build() {
  command -v go >/dev/null || { echo "Go 1.26 or newer is needed: install it"; return 1; }
  local folder=$1 package=$2 output=${*: -1}
  (cd "$folder" && CGO_ENABLED=0 go build "${go_flags[@]}" "${@:3:$#-3}" -o "$output" "$package")
}

cargo_tool() {
  build_once "$1-$2" "bin/$1" "$2" "$3" cargo_install "$1" "$2" "${@:4}"
}

# Name, version, flags, and at the end the file to write.
cargo_install() {
  local build status=0 output=${*: -1}
  build=$(mktemp -d)
  # Not the caller's target folder, and not the lints of `make ci`: profile, flags and lints are those of rolewright.
  CARGO_TARGET_DIR="$build/target" RUSTC_WORKSPACE_WRAPPER='' cargo install --quiet --locked --root "$build" --version "$2" "${@:3:$#-3}" "$1" || status=$?
  [[ $status == 0 ]] && mv "$build/bin/$1" "$output"
  rm -rf "$build"
  return "$status"
}
