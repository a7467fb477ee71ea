#!/usr/bin/env bash
# The build by CMake: it builds, its tests pass, and it installs what //:install
# does, static or shared; programs use it installed and as a folder of their own.
#
#   cmake_test.sh INSTALL CMAKE_FILES OWN_STACK.CC SHARE.C HARDENED.PY
set -euo pipefail

install=$1
files=$2
hardened=$PWD/$5
root=$PWD # the runfiles, laid out as the workspace
work=${TEST_TMPDIR:?}/work
mkdir -p "$work/consumer"
cp -L "$3" "$4" "$work/consumer"

say() { printf -- '- %s (%ss)\n' "$1" "$SECONDS"; }

fail() {
  echo "FAILED: $1"
  exit 1
}

say 'files.cmake has the lists of the BUILD files'
diff "$files" files.cmake ||
  fail 'see above; run: ./bazelw build //tests/install:cmake_files && cp bazel-bin/tests/install/cmake_files.cmake files.cmake'

# With /bin first, CMake finds packages in /lib/cmake, and theirs in /include.
export PATH=/usr/local/bin:/usr/bin:/bin
cmake() { command cmake "$@" >"$work/log" 2>&1 || fail "cmake $*: $(tail -n 40 "$work/log")"; }

# Half the time to compile the libraries goes into these: they are parsed once. Each
# file has its own #include lines all the same, or Bazel could not compile it.
common=$work/common.h
printf '#include %s\n' '<algorithm>' '<functional>' '<map>' '<memory>' '<string>' '<vector>' \
  '<absl/container/flat_hash_map.h>' '<absl/status/statusor.h>' '<absl/strings/cord.h>' \
  '<absl/strings/str_cat.h>' '<absl/time/time.h>' >"$common"
c++ -std=c++20 -fPIC -fno-lto -x c++-header "$common" -o "$common.gch"
: >"$common" # for files with other options

say 'cmake -B build && cmake --build build && ctest'
# Neither optimised nor with debug information: half the time. As distributions do,
# with an absolute folder of libraries, and perhaps another linker than GNU's.
cmake -B "$work/build" -DCMAKE_BUILD_TYPE=None -DCMAKE_CXX_FLAGS="-include $common" -DSLUICE_PYTHON=ON \
  -DPython_EXECUTABLE=/usr/bin/python3 -DCMAKE_LINKER=/bin/false \
  -DCMAKE_INSTALL_PREFIX=/prefix -DCMAKE_INSTALL_LIBDIR=/prefix/lib
cmake --build "$work/build" --parallel 2
if grep -i 'warning:' "$work/log"; then fail 'warnings'; fi
say 'ctest'
ctest --test-dir "$work/build" --output-on-failure
tests=$(ctest --test-dir "$work/build" --show-only | sed -n 's/^Total Tests: //p')
[ "$tests" -ge 10 ] || fail "only $tests tests"

# The same files with the same text, but for the kind of library.
"$install" --prefix=/prefix --destdir="$work/bazel" --component=c,cpp,nghttp2 >/dev/null
listed() {
  (cd "$1/prefix" && find . ! -type d | grep -vE "^./share/|/python3|\.$2" | LC_ALL=C sort)
}
same_as_bazel() {
  local installed=$1 file
  diff <(listed "$work/bazel" "$2") <(listed "$installed" "$2") || fail 'other files are installed'
  while read -r file; do
    # Abseil's libraries for a static sluice-c: those of its modules, not those used.
    diff <(sed '/^Libs.private/d; /push-state/d' "$work/bazel/prefix/$file") \
      <(sed '/^Libs.private/d; /push-state/d' "$installed/prefix/$file") || fail "$file differs"
  done < <(listed "$installed" "$2" | grep -E '\.(pc|cmake|h)$')
}

cat >"$work/consumer/CMakeLists.txt" <<'END'
cmake_minimum_required(VERSION 3.25)
project(consumer C CXX)
if(SOURCE)
  add_subdirectory(${SOURCE} sluice)
else()
  find_package(sluice 3 REQUIRED COMPONENTS sluice sluice-nghttp2 sluice-c)
endif()
add_executable(own_stack own_stack.cc)
target_link_libraries(own_stack PRIVATE sluice::sluice sluice::sluice-nghttp2)
add_executable(share share.c)
target_link_libraries(share PRIVATE sluice::sluice-c)
END

# used KIND LIBRARIES: the programs run, and link these libraries of ours.
used() {
  say "programs use the $1 libraries"
  cmake -S "$work/consumer" -B "$work/consumer/$1" -DCMAKE_PREFIX_PATH="$work/$1/prefix"
  cmake --build "$work/consumer/$1" --parallel 2
  "$work/consumer/$1/own_stack" | grep -q '^stream 3: 4096 bytes$' || fail 'own_stack'
  "$work/consumer/$1/share" | tail -n 1 | grep -qx '66000 bytes in 17 frames' || fail 'share'
  [ "$(readelf --dynamic "$work/consumer/$1"/{own_stack,share} |
    sed -n 's/.*library: \[\(libsluice.*\)\]/\1/p' | xargs)" = "$2" ] || fail "not $1"
}

DESTDIR=$work/static cmake --install "$work/build" --prefix /prefix
same_as_bazel "$work/static" 'so(\.[0-9]+)?$'
modules=$(echo "$work"/static/prefix/lib/python3*/dist-packages)
PYTHONPATH=$modules /usr/bin/python3 -B -c '
import importlib.metadata, priority, sys
assert priority.__file__.startswith(sys.argv[1]), priority.__file__
assert "+sluice" in importlib.metadata.version("priority")' "$modules"
used static ''

say 'shared, of the same objects'
cmake -B "$work/build" -DBUILD_SHARED_LIBS=ON
cmake --build "$work/build" --parallel 2
if grep -E 'Building CXX object .*objects-of' "$work/log"; then fail 'compiled again'; fi
ctest --test-dir "$work/build" --output-on-failure
DESTDIR=$work/shared cmake --install "$work/build" --prefix /prefix
same_as_bazel "$work/shared" 'a$'
"$hardened" --unoptimised "$work/shared" || fail 'see above'
used shared 'libsluice.so.3 libsluice-c.so.1'

say 'a folder of another project adds the libraries alone'
cmake -S "$work/consumer" -B "$work/consumer/source" -DSOURCE="$root" -G 'Unix Makefiles'
make -C "$work/consumer/source" help >"$work/targets"
grep -q ' own_stack$' "$work/targets"
if grep -E 'frame_test|sluice-python' "$work/targets"; then fail 'its tests are there, too'; fi
if grep -qE 'sluice/?' "$work/consumer/source/cmake_install.cmake" &&
  grep -q 'libsluice' "$work/consumer/source/sluice/cmake_install.cmake"; then
  fail 'it would install itself'
fi
say 'done'
