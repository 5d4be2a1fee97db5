#!/usr/bin/env bash
# Makes the Python environment of the AWS stand-in, once, in the user's cache folder.
# The last line on standard output is the folder of the environment; everything for people goes to standard error.
set -euo pipefail

say() { printf '%s\n' "standin: $*" >&2; }

here=$(cd "$(dirname "$0")" && pwd)
python=${PYTHON:-python3}
command -v "$python" >/dev/null || { say "Python 3.11 or newer is needed for the AWS stand-in: install it or set PYTHON"; exit 1; }
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || {
  say "Python 3.11 or newer is needed for the AWS stand-in, $python is $("$python" -V): install it or set PYTHON"; exit 1; }

# The key covers every pinned version and the interpreter, so that a changed one makes another environment.
key=$({ cat "$here/requirements.txt"; "$python" -c 'import sys; print(sys.version, sys.base_prefix)'; } | sha256sum | cut -c1-12)
cache="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright/standin"
venv="$cache/$key"

mkdir -p "$cache"
exec 9>"$cache/$key.lock"
flock 9

# `complete` is written last: without it the folder is a half-made one and is made again. An environment cannot be
# built elsewhere and moved here, because its scripts name their own folder.
if [[ ! -e "$venv/complete" ]]; then
  say "installing moto and the AWS command line (usually half a minute on two cores, once; kept in $venv)"
  begin=$SECONDS
  rm -rf "$venv"
  "$python" -m venv "$venv" || { say "python3 -m venv failed: on Debian and Ubuntu install python3-venv"; exit 1; }
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input --no-deps -r "$here/requirements.txt" >&2
  "$venv/bin/python" -m pip check >&2
  # Files that the lock's holder compiles now are not compiled by every test.
  "$venv/bin/python" -m compileall -q "$venv/lib" >/dev/null 2>&1 || true
  touch "$venv/complete"
  say "installed in $((SECONDS - begin)) s"
fi

printf '%s\n' "$venv"
