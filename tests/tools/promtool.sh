#!/usr/bin/env bash
# promtool, for the tests of metrics and alerts: $PROMTOOL, then the one on the path, else it is built.
. "$(dirname "$0")/build-once.sh"

if [[ -n "${PROMTOOL:-}" ]]; then
  [[ -x "$PROMTOOL" ]] || { echo "promtool: PROMTOOL=$PROMTOOL is no executable file: unset it or correct it" >&2; exit 1; }
  printf '%s\n' "$PROMTOOL"
elif ! command -v promtool; then
  # Without the clients of clouds by which Prometheus finds its targets: rules and metrics need none.
  go_tool promtool github.com/prometheus/prometheus github.com/prometheus/prometheus/cmd/promtool "half a minute" -tags remove_all_sd
fi
