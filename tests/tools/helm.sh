#!/usr/bin/env bash
# Helm, for the tests of the chart.
. "$(dirname "$0")/build-once.sh"

go_tool helm helm.sh/helm/v4 helm.sh/helm/v4/cmd/helm "20 seconds"
