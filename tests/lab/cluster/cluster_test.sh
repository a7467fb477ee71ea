#!/usr/bin/env bash
# Sweeps on a cluster: two of Bazel's reference workers behind nginx, in the worker
# image of docs/sweeps.md. Makes the image; sweeps.sh has the rest.
#
#   cluster_test.sh WORKER.JAR
#
# Needs root, for chroot, and the network, for apt.
set -euo pipefail

say() { printf -- '- %s (%ss)\n' "$1" "$SECONDS"; }

fail() {
  echo "FAILED: $1"
  exit 1
}

export PATH=$PATH:/usr/sbin:/sbin # Bazel's has no chroot
here=$PWD/tests/lab/cluster
source=$(cd "$(dirname "$(readlink -f "$0")")/../../.." && pwd)
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) # whose libraries the programs need
work=${TEST_TMPDIR:?}/cluster
[ "$(id -u)" -eq 0 ] || fail 'a chroot needs root'
command -v mmdebstrap >/dev/null || fail 'mmdebstrap is missing; ./bazelw installs it'

say "an image of $suite"
mkdir "$work"
chmod 755 "$work"
mmdebstrap --quiet --mode=root --variant=apt --skip=cleanup/apt --dpkgopt=force-unsafe-io \
  --include=ca-certificates,nginx "$suite" "$work/image"
install -D "$source/bazelw" "$work/image/opt/sluice/bazelw"
say 'its packages, as docs/sweeps.md says'
# shellcheck disable=SC2016 # $0 is the inner shell's
unshare --mount --pid --fork --kill-child sh -c \
  'mount -t proc proc "$0/proc" && exec chroot "$0" /opt/sluice/bazelw --version' \
  "$work/image" >"$work/log" 2>&1 || fail "bazelw in the image: $(tail -n 20 "$work/log")"
mkdir "$work/image/cluster"
cp "$1" "$work/image/cluster/worker.jar"
cp "$here/nginx.conf" "$work/image/cluster"

say 'the sweeps'
# The workers listen on all addresses, and have none but the loopback's. With the
# namespaces end all processes and mounts.
unshare --net --mount --pid --fork --kill-child --mount-proc \
  "$here/sweeps.sh" "$source" "$PWD" "$work"
say 'done'
[ -z "$(ls "$work/image/proc")" ] || fail "$work/image/proc is still mounted"
rm -rf --one-file-system "$work"
