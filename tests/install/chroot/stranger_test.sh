#!/usr/bin/env bash
# A stranger's path: makes the Debian packages, looks at them, installs them by apt
# in a fresh Debian, and builds and runs there what the packages' examples say.
#
#   stranger_test.sh DEBS INSTALL INSIDE.SH HARDENED.PY
#
# Needs root, for chroot, and the network, for apt. Everything it mounts is gone
# with its processes.
set -euo pipefail

debs=$1
install=$2
inside=$3
hardened=$PWD/$4
suite=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release) # whose libraries they need
work=${TEST_TMPDIR:?}/stranger

say() { printf -- '- %s (%ss)\n' "$1" "$SECONDS"; }

fail() {
  echo "FAILED: $1"
  exit 1
}

export PATH=$PATH:/usr/sbin:/sbin # Bazel's has no chroot
[ "$(id -u)" -eq 0 ] || fail 'a chroot needs root'
for tool in dh lintian mmdebstrap; do
  command -v "$tool" >/dev/null || fail "$tool is missing; .ci/setup installs it"
done
mkdir "$work" "$work/probe"
chmod 755 "$work"
(cd "$work/probe" && apt-get download base-files >/dev/null 2>&1) ||
  fail 'apt-get cannot download a package: there is no network'

say 'packages'
"$debs" --out="$work/packages" --installer="$install" >"$work/log" 2>&1 ||
  fail "//:debs: $(tail -n 40 "$work/log")"
say 'lintian'
# The one tag asks for the number of a bug in Debian's own tracker.
lintian --allow-root --fail-on error,warning --tag-display-limit 0 \
  --suppress-tags initial-upload-closes-no-bugs "$work"/packages/*.changes
size=$(stat --format=%s "$work"/packages/libsluice-c1_*.deb)
for package in "$work"/packages/*.deb; do
  printf '  %7d bytes  %s, depends on %s\n' "$(stat --format=%s "$package")" \
    "$(basename "$package")" "$(dpkg-deb --field "$package" Depends)"
done
[ "$size" -le 400000 ] || fail "libsluice-c1 has $size bytes, more than 400,000"
say 'hardened'
"$install" --prefix=/usr --destdir="$work/installed" >/dev/null
for package in "$work"/packages/*.deb; do
  dpkg-deb --extract "$package" "$work/unpacked"
done
"$hardened" "$work/installed" "$work/unpacked" || fail 'see above'

say "a fresh $suite"
# What a stranger has: compilers and clients, nothing that our packages bring.
mmdebstrap --quiet --mode=root --variant=apt --skip=cleanup/apt \
  --include=ca-certificates,cmake,curl,g++,libssl-dev,make,nghttp2-client,openssl,pkg-config,python3 \
  "$suite" "$work/root"
mkdir "$work/root/packages"
cp "$work"/packages/*.deb "$work/root/packages"
cp "$inside" "$work/root/packages/inside.sh"
say 'inside'
# shellcheck disable=SC2016 # $0 is the inner shell's
unshare --mount --pid --fork --kill-child sh -c \
  'mount -t proc proc "$0/proc" && exec chroot "$0" bash /packages/inside.sh' "$work/root"
say 'done'
# The namespaces have taken their mounts along.
[ -z "$(ls "$work/root/proc")" ] || fail "$work/root/proc is still mounted"
rm -rf --one-file-system "$work/root"
