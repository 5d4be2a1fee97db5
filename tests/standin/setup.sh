#!/usr/bin/env bash
# Makes the Python environment of the AWS stand-in, once, in the user's cache folder.
# The last line on standard output is the folder of the environment; everything for people goes to standard error.
. "$(dirname "$0")/../tools/step.sh"
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
command -v "$python" >/dev/null || { say "Python 3.11 or newer is needed for the AWS stand-in: install it or set PYTHON"; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "Python 3.11 or newer is needed for the AWS stand-in, $python is $("$python" -V): install it or set PYTHON"; exit 1; }

# The key covers every pinned version and the interpreter, so that a changed one makes another environment.
key=$({ cat "$here/requirements.txt"; "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; } | sha256sum | cut -c1-12)
venv="$cache/standin/$key"

mkdir -p "$cache/standin"
exec 9>"$venv.lock"
flock 9

install() {
  rm -rf "$venv"
  "$python" -m venv "$venv" || { echo "python3 -m venv failed: on Debian and Ubuntu install python3-venv"; return 1; }
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps -r "$here/requirements.txt" &&
    "$venv/bin/python" -m pip check || return 1
  # Files that the lock's holder compiles now are not compiled by every test.
  "$venv/bin/python" -m compileall -q "$venv/lib" >/dev/null 2>&1 || true
  touch "$venv/complete"
}

# `complete` is written last: without it the folder is a half-made one and is made again. An environment cannot be
# built elsewhere and moved here, because its scripts name their own folder.
if [[ ! -e "$venv/complete" ]]; then
  step "the AWS stand-in" "20 seconds" install
fi

printf '%s\n' "$venv"
