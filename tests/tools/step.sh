# Sourced by the scripts that build or install something. They print what people read on standard error.
#
#   step NAME DURATION COMMAND…   runs a command that takes a while, and says so first; DURATION is what people are told, as "3 minutes"
#
# What the command prints goes to a log file in the cache folder. It is shown only when the command fails.
# STEP is the beginning of each line, as "demo: 2 of 6"; tests/tools/parts.sh sets it.

cache="${XDG_CACHE_HOME:-$HOME/.cache}/rolewright"

say() { printf '%s\n' "${STEP:-set-up}: $*" >&2; }

step() {
  local name=$1 duration=$2 log begin=$SECONDS
  shift 2
  log="$cache/log/${name//[ \/]/-}.log"
  mkdir -p "$cache/log"
  say "$name (usually $duration on two cores, once)"
  "$@" >"$log" 2>&1 || failed "$name" "$log" $((SECONDS - begin))
}

# Name of the step, its log file, seconds.
failed() {
  tail -n 40 "$2" >&2
  say "$1 failed after $3 s. The lines above are the end of $2"
  return 1
}
