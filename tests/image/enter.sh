#!/usr/bin/env bash
# Runs the binary of the image inside of IMAGE_ROOT as user and group 65532. Where we are not root, a user namespace gives us that number.
set -euo pipefail
if [[ $(id -u) == 0 ]]; then
  exec chroot --userspec=65532:65532 "$IMAGE_ROOT" /rolewright "$@"
fi
exec unshare --user --map-user=65532 --map-group=65532 --root="$IMAGE_ROOT" --wd=/ /rolewright "$@"
