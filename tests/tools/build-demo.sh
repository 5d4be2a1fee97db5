#!/usr/bin/env bash
# Builds the demonstration and the controller that it starts. It prints nothing when there is nothing to compile.
. "$(dirname "$0")/step.sh"
set -euo pipefail

name="the controller" log="$cache/log/controller.log"
mkdir -p "$cache/log"

# Cargo alone knows what has to be compiled, so the step is announced at the first line that says so.
watch() {
  local line said=
  while IFS= read -r line; do
    case $line in
      *Updating* | *Download* | *Compiling*)
        [[ -n $said ]] || say "$name (usually 2 minutes on two cores, and less after the first time)"
        said=yes
        ;;
      *Blocking*) say "${line#"${line%%[![:space:]]*}"}" ;;
    esac
  done
}

begin=$SECONDS
cargo test --locked --test demo --no-run 2>&1 | tee "$log" | watch || failed "$name" "$log" $((SECONDS - begin))
