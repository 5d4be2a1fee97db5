#!/usr/bin/env bash
# Builds or installs what is missing in the cache folder: parts.sh TARGET STEPS PART…
# TARGET is the make target and STEPS the number of its steps: people read "TARGET: 2 of STEPS: …". The parts are the first of them.
# When nothing is missing, it prints nothing.
set -euo pipefail
tests=$(cd "$(dirname "$0")/.." && pwd)

target=$1 steps=$2 number=0
shift 2
for part in "$@"; do
  number=$((number + 1))
  export STEP="$target: $number of $steps"
  case $part in
    etcd | kube-apiserver | kubectl | kube-controller-manager) command=("$tests/controlplane/build.sh" "$part") ;;
    standin) command=("$tests/standin/setup.sh") ;;
    crds) command=("$tests/repository/crds.sh") ;;
    *) command=("$tests/tools/$part.sh") ;;
  esac
  if ! "${command[@]}" >/dev/null; then
    [[ $part == promtool ]] || exit 1
    echo "$STEP: without promtool, the tests of alerts and metrics are skipped" >&2
  fi
done
