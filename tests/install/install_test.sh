#!/usr/bin/env bash
# Installs into fresh folders, then builds and runs programs against them: by Make
# and pkg-config, by CMake, in Python. The installed tool starts.
#
#   install_test.sh INSTALL CONSUMER_FILE…
set -euo pipefail

install=$1
shift
work=${TEST_TMPDIR:?}/work
prefix=${TEST_TMPDIR:?}/prefix
mkdir "$work"
cp -L "$@" "$work"

say() { printf -- '- %s (%ss)\n' "$1" "$SECONDS"; }

fail() {
  echo "FAILED: $1"
  exit 1
}

# refused WORDS COMMAND…: exits with 2 and a sentence that has the words.
refused() {
  local words=$1 status=0 said
  shift
  said=$("$@" 2>&1 >/dev/null) || status=$?
  [ "$status" -eq 2 ] || fail "exit status $status of: $*"
  grep -qF -- "$words" <<<"$said" || fail "no '$words' in: $said"
}

# links PROGRAM: the libraries of ours that it needs when it runs.
links() {
  readelf --dynamic "$1" | sed -n 's/.*Shared library: \[\(libsluice.*\)\]/\1/p' | xargs
}

runs_own_stack() {
  "$1" >"$work/frames"
  [ "$(head -8 "$work/frames" | sort | uniq -c | xargs)" = \
    '1 stream 1: 4096 bytes 7 stream 3: 4096 bytes' ] || fail "$1 does not share 1:7"
}

runs_share() {
  "$1" | tail -n 1 | grep -qx '66000 bytes in 17 frames' || fail "$1 says something else"
}

# It prints its port; a request and a byte count prove the core.
runs_small_server() {
  : >"$work/port" # an earlier server's port is gone before this one starts
  "$1" 0 >>"$work/port" &
  local server=$! port='' got
  until port=$(sed -n 's/.* port //p' "$work/port") && [ -n "$port" ]; do
    kill -0 "$server" || fail "$1 does not start"
    sleep 0.05
  done
  got=$(curl --silent --http2-prior-knowledge --output /dev/null \
    --write-out '%{size_download}' "http://127.0.0.1:$port/300000")
  kill "$server"
  [ "$got" = 300000 ] || fail "$1 served $got bytes of 300000"
}

say 'refusals'
refused '--prefix' "$install"
refused 'nothing' "$install" --prefix="$prefix" nothing
refused 'spaces' "$install" --prefix="$work/a b"
refused "of \$#\\;,(): $work/a,b/lib" "$install" --prefix="$work/a,b"
refused "$work/Makefile" "$install" --prefix="$work/Makefile"
refused "'lib'; the components are c, cpp, nghttp2, preload, python, tools" \
  "$install" --prefix="$prefix" --component=c,lib
refused '--libdir is /lib64, which is not a folder in --prefix, /usr' \
  "$install" --prefix=/usr --libdir=/lib64

say 'a stage for packagers names the place of use only'
"$install" --prefix=/opt/sluice --destdir="$work/stage" --libdir=lib/here >/dev/null
grep -qx 'prefix=/opt/sluice' "$work/stage/opt/sluice/lib/here/pkgconfig/sluice.pc"
if grep -rlF "$TEST_TMPDIR" "$work/stage"; then fail 'the files above name the stage'; fi

say 'Python looks where the module lands under /usr and /usr/local'
for root in /usr /usr/local; do
  "$install" --prefix="$root" --destdir="$work/stage" --component=python >"$work/said"
  if grep PYTHONPATH "$work/said"; then fail "$root needs the line above"; fi
  landed=$(cd "$work/stage" && find ".$root" -type d -name priority)
  /usr/bin/python3 -c 'import os, sys; sys.exit(os.path.dirname(sys.argv[1]) not in sys.path)' \
    "${landed#.}" || fail "python3 does not look in ${landed#.}"
done
"$install" --prefix=/opt/sluice --destdir="$work/stage" --component=python |
  grep -qx '.* set PYTHONPATH=/opt/sluice/lib/python3/dist-packages'

say 'the C library alone needs no development files of others'
c=${TEST_TMPDIR:?}/c
lib=lib/$(cc -print-multiarch)
(umask 077 && "$install" --prefix="$c" --component=c --libdir="$lib" >/dev/null)
if find "$c" -type d ! -perm 755 | grep .; then fail 'others cannot read the folders above'; fi
if find "$c" -name '*.h' ! -path "$c/include/sluice.h" | grep .; then fail 'headers of C++'; fi
# Only its own .pc file can be seen.
flags=$(PKG_CONFIG_LIBDIR=$c/$lib/pkgconfig pkg-config --cflags --libs sluice-c)
[ "$(xargs <<<"$flags")" = "-I$c/include -L$c/$lib -lsluice-c" ] || fail "flags: $flags"
# shellcheck disable=SC2086 # words
cc -std=c99 "$work/share.c" $flags -Wl,-rpath,"$c/$lib" -o "$work/share-alone"
runs_share "$work/share-alone"
mkdir "$work/c_project"
cp "$work/share.c" "$work/c_project"
cat >"$work/c_project/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.16)
project(c_project C)
find_package(sluice-c 3.0 REQUIRED)
add_executable(share share.c)
target_link_libraries(share PRIVATE sluice::sluice-c)
# Abseil's libraries are where the linker looks.
add_executable(share-static share.c)
target_link_libraries(share-static PRIVATE sluice::sluice-c-static)
END
cmake -S "$work/c_project" -B "$work/c_project/build" -DCMAKE_PREFIX_PATH="$c" >/dev/null
if grep absl_DIR "$work/c_project/build/CMakeCache.txt"; then fail 'CMake looked for Abseil'; fi
cmake --build "$work/c_project/build" >/dev/null
runs_share "$work/c_project/build/share"
runs_share "$work/c_project/build/share-static"
readelf --dynamic "$c/$lib/libsluice-c.so.1" |
  sed -n 's/.*NEEDED.*\[lib\(.*\)\.so.*/\1/p' >"$work/needed"
# docs/plugging-in.md has them.
abseil=$(sed -n 's/^absl_//p' "$work/needed" | sed 's/_internal$//' | sort | paste -sd, | sed 's/,/, /g')
grep -qF "Abseil's $abseil |" "$work/plugging-in.md" || fail "the page does not say: $abseil"
if grep -vE '^(absl_.*|stdc\+\+|gcc_s|c|m|ld-linux.*)$' "$work/needed"; then
  fail 'libsluice-c needs the libraries above'
fi

say 'Make and pkg-config'
"$install" --prefix="$prefix" >/dev/null
manifest=$prefix/share/sluice/manifest
# What two components have, such as the command itself, is in both.
[ "$(cd "$prefix" && find . ! -type d -printf '%P\n' | LC_ALL=C sort)" = \
  "$(cat "$manifest"-*.txt | LC_ALL=C sort -u)" ] ||
  fail 'the manifests list something else than what is there'
# Again: the second replaces the first, and what only that had goes. What others
# put there stays, another component's files included.
touch "$prefix/include/sluice/gone.h" "$prefix/include/sluice/others.h" "$work/outside"
printf '%s\n' include/sluice/gone.h ../work/outside >>"$manifest-cpp.txt"
"$install" --prefix="$prefix" --component=c,tools >/dev/null
[ -e "$prefix/include/sluice/gone.h" ] || fail 'c removes a header of cpp'
"$install" --prefix="$prefix" --component=cpp >/dev/null
[ ! -e "$prefix/include/sluice/gone.h" ] || fail 'a header of an earlier version stays'
rm "$prefix/include/sluice/others.h" "$work/outside"
# What could not be removed is still listed.
mkdir "$prefix/include/sluice/gone.h"
echo include/sluice/gone.h >>"$manifest-cpp.txt"
refused gone.h "$install" --prefix="$prefix" --component=cpp
grep -q gone.h "$manifest-cpp.txt" || fail 'a file of an earlier version is forgotten'
rmdir "$prefix/include/sluice/gone.h"
"$install" --prefix="$prefix" --component=cpp >/dev/null
# Version 2 had one manifest, of everything.
touch "$prefix/lib/libsluice.so.2"
printf '%s\n' lib/libsluice.so.2 include/sluice.h share/sluice/manifest.txt >"$manifest.txt"
"$install" --prefix="$prefix" --component=python >/dev/null
[ ! -e "$prefix/lib/libsluice.so.2" ] || fail 'the library of version 2 stays'
[ "$(cd "$prefix" && find . ! -type d -printf '%P\n' | LC_ALL=C sort)" = \
  "$(cat "$manifest"-*.txt | LC_ALL=C sort -u)" ] ||
  fail 'the manifests list something else than what is there now'
if find "$prefix" -name '*.new' | grep .; then fail 'left behind'; fi
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
pkg-config --print-requires sluice | grep -q '^absl_' || fail 'no Abseil in Requires'
make -C "$work" --silent --jobs=2 LDFLAGS=
export LD_LIBRARY_PATH=$prefix/lib
runs_own_stack "$work/own_stack"
runs_small_server "$work/small_server"
runs_share "$work/share"
refused 'usage:' "$work/nghttp2_server"
[ "$(links "$work/nghttp2_server")" = 'libsluice-nghttp2.so.3 libsluice.so.3' ] ||
  fail "nghttp2_server needs $(links "$work/nghttp2_server")"
[ "$(links "$work/own_stack")" = libsluice.so.3 ] || fail 'own_stack is not shared'
[ "$(links "$work/share")" = libsluice-c.so.1 ] || fail 'share is not shared'
unset LD_LIBRARY_PATH
runs_own_stack "$work/own_stack-static"
runs_share "$work/share-static"
runs_share "$work/both-static"
refused 'usage:' "$work/nghttp2_server-static"
for program in own_stack share both nghttp2_server; do
  [ -z "$(links "$work/$program-static")" ] || fail "$program-static is not static"
done

say 'the commands of docs/plugging-in.md'
commands=0
while read -r command; do
  (cd "$work" && sh -c "$command -o from_page") || fail "$command"
  commands=$((commands + 1))
done < <(grep -E '^(c\+\+|cc) ' "$work/plugging-in.md")
[ "$commands" -eq 4 ] || fail "$commands commands"
runs_share "$work/from_page" # the last one's: static

say 'symbols are versioned, and ours'
while read -r library symbols; do
  if nm -D --defined-only "$prefix/lib/$library" | awk '$2 != "A" {print $3}' |
    grep -vE "sluice.*@@$symbols\$"; then
    fail "$library exports the symbols above"
  fi
done <<<'libsluice.so.3 SLUICE_3
libsluice-nghttp2.so.3 SLUICE_3
libsluice-c.so.1 SLUICE_C_1(_1)?'
if nm --extern-only --defined-only "$prefix/lib/libsluice-c.a" | awk 'NF == 3 {print $3}' |
  grep -v '^sluice_'; then
  fail 'libsluice-c.a defines the symbols above'
fi

say 'the whole prefix moves: CMake, Python, the tool'
moved=${TEST_TMPDIR:?}/moved
mv "$prefix" "$moved"
unset PKG_CONFIG_PATH
# Abseil and libnghttp2 are somewhere else, too, and static programs link those.
others=${TEST_TMPDIR:?}/others
for folder in include "lib/$(cc -print-multiarch)"; do
  mkdir -p "$others/$folder"
  ln -s "/usr/$folder"/{,lib}{absl,nghttp2}* "$others/$folder" 2>/dev/null || true
done
mkdir "$others/$folder/cmake"
cp -r "/usr/$folder/cmake/absl" "$others/$folder/cmake"
cmake -S "$work" -B "$work/build" -DCMAKE_PREFIX_PATH="$moved;$others" >/dev/null
cmake --build "$work/build" --parallel 2 >/dev/null
for program in own_stack nghttp2_server share; do
  link=$work/build/CMakeFiles/$program-static.dir/link.txt
  if grep -E -- '-l(absl|nghttp2)|/usr/[^ ]*lib(absl|nghttp2)' "$link"; then
    fail "$program-static links others than those of CMAKE_PREFIX_PATH"
  fi
  grep -q "$others/$folder/libabsl_" "$link" || fail "$program-static links no Abseil"
done
grep -q "$others/$folder/libnghttp2" "$work/build/CMakeFiles/nghttp2_server-static.dir/link.txt" ||
  fail 'no libnghttp2'
runs_small_server "$work/build/small_server"
runs_own_stack "$work/build/own_stack-static"
runs_share "$work/build/share"
runs_share "$work/build/share-static"
refused 'usage:' "$work/build/nghttp2_server"
refused 'usage:' "$work/build/nghttp2_server-static"

# finds YES_OR_NO PACKAGE WORDS: whether find_package(PACKAGE WORDS) finds it.
finds() {
  printf 'cmake_minimum_required(VERSION 3.19)\nproject(finder CXX)\n%s\n' "
    find_package($2 $3)
    if(NOT $2_FOUND STREQUAL $1)
      message(FATAL_ERROR \"$2_FOUND is \${$2_FOUND}\")
    endif()" >"$work/finder/CMakeLists.txt"
  cmake -S "$work/finder" -B "$work/finder/build" -DCMAKE_PREFIX_PATH="$moved" \
    >"$work/finder/log" 2>&1 || fail "find_package($2 $3): $(cat "$work/finder/log")"
  rm "$work/finder/build/CMakeCache.txt"
}
mkdir "$work/finder"
finds 1 sluice 'REQUIRED COMPONENTS sluice sluice-c sluice-nghttp2 OPTIONAL_COMPONENTS nothing'
finds 0 sluice 'COMPONENTS nothing'
finds 1 sluice '3.0...3.9'
finds 0 sluice 2.0
finds 0 sluice 4.0
# The ABI of the C library is that of version 1.
finds 1 sluice-c 1.0
finds 0 sluice-c 4.0
version() {
  cat >"$work/version.cmake" <<END
set(PACKAGE_FIND_VERSION 3.0)
set(PACKAGE_FIND_VERSION_MAJOR 3)
set(PACKAGE_FIND_VERSION_RANGE 3.0...$1)
set(PACKAGE_FIND_VERSION_RANGE_MAX $2)
set(PACKAGE_FIND_VERSION_MAX $1)
include($moved/lib/cmake/sluice/sluiceConfigVersion.cmake)
message(\${PACKAGE_VERSION_COMPATIBLE})
END
  [ "$(cmake -P "$work/version.cmake" 2>&1)" = "$3" ] || fail "3.0...$1 $2 is not $3"
}
version 2.9 INCLUDE FALSE
version 3.0 INCLUDE TRUE
version 3.0 EXCLUDE FALSE

PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$moved/lib/python3/dist-packages /usr/bin/python3 -c '
import priority
tree = priority.PriorityTree()
tree.insert_stream(1)
assert next(tree) == 1
print(priority.__file__)' | grep -qF "$moved" || fail 'another module named priority'

mkdir "$work/bin"
ln -s "$moved/bin/sluice" "$work/bin/"
export PATH=$work/bin:$PATH
# As Bazel leaves them for what a test starts.
export RUNFILES_DIR=/nowhere RUNFILES_MANIFEST_FILE=/nowhere/MANIFEST
cd /
sluice compare --pages=synthetic_meenan_bytes --policies=rr,rfc9218 --signals=safari9218 \
  --html="$work/compare.html" >"$work/compare" || fail 'sluice compare'
grep -q ' rfc9218 ' "$work/compare"
sluice --help | grep -q 'sluice compare|server|replay|probe'
sluice --version | grep -qE '^sluice [0-9.]+$'
sluice server --help >"$work/help" || true
grep -q -- --notsent_lowat "$work/help"
sluice replay --help | grep -q 'decision log'
sluice probe http://localhost/ --dry-run | grep -q 'at most [0-9]* connections' || fail 'sluice probe'
refused 'usage:' sluice
refused "'nothing' is no command" sluice nothing
refused 'no_such_page' sluice compare --pages=no_such_page
refused 'cannot read' sluice replay /nowhere/log
refused 'a program to run is missing' sluice run --policy=rr --
# Any program may be named; the library leaves it as it is.
[ "$(SLUICE_PROGRAMS='' sluice run --policy=rr -- printenv LD_PRELOAD)" = \
  "$moved/lib/sluice/libsluice-nghttp2.so" ] || fail 'sluice run'

say 'manual pages have every flag, and groff understands them'
man=$moved/share/man/man1
[ "$(cd "$man" && echo *)" = \
  'sluice-compare.1 sluice-probe.1 sluice-replay.1 sluice-server.1 sluice.1' ] || fail 'other manual pages'
for tool in compare server replay probe; do
  sluice "$tool" --help | sed -n 's/^  --\([a-z0-9_]*\)$/\1/p' >"$work/flags"
  [ -s "$work/flags" ]
  groff -k -man -Tascii -P-bcu "$man/sluice-$tool.1" >"$work/page" # no bold: as typed
  while read -r flag; do
    grep -qE -- "^ *--(\[no\])?$flag(=VALUE)?\$" "$work/page" ||
      fail "sluice-$tool.1 has no --$flag"
  done <"$work/flags"
done
for page in "$man"/*; do
  groff -k -man -Tutf8 -ww -z "$page" >"$work/warnings" 2>&1
  [ ! -s "$work/warnings" ] || fail "$(cat "$work/warnings")"
done

say 'uninstalled by its manifest'
cd "$moved"
uninstall=$(sed -n 's|^(cd /usr/local && \(.*\))$|\1|p' "$work/plugging-in.md")
sh -c "$uninstall"
if find . ! -type d | grep .; then fail "the files above are left by: $uninstall"; fi
say 'done'
