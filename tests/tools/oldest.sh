#!/usr/bin/env bash
# The oldest kube-apiserver that rolewright supports. With IF_BUILT=1 it builds nothing, and fails without a word where there is none.
. "$(dirname "$0")/build-once.sh"

version=$(sed -nE 's|^\tk8s.io/kubernetes (v[0-9.]+) .*|\1|p' "$tools/oldest/go.mod")
minor=${version#v1.}; minor=${minor%%.*}
base=k8s.io/component-base/version
go_tool oldest k8s.io/kubernetes k8s.io/kubernetes/cmd/kube-apiserver "3 minutes" \
  -ldflags "-s -w -X $base.gitVersion=$version -X $base.gitMajor=1 -X $base.gitMinor=$minor"
