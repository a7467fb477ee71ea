#!/usr/bin/env bash
# Each installed header compiles in a program that includes nothing else, and
# includes it twice:
#
#   headers_test.sh INSTALL
set -euo pipefail

install=$1
prefix=${TEST_TMPDIR:?}/prefix
work=${TEST_TMPDIR:?}/work
mkdir "$work"
"$install" --prefix="$prefix" --component=c,cpp,nghttp2

cd "$prefix/include"
find . -name '*.h' -printf '%P\n' | sort >"$work/headers"
if grep -E '_impl\.h$|/frame.*\.h$' "$work/headers"; then
  echo 'FAILED: the internal headers above are installed'
  exit 1
fi
[ "$(wc -l <"$work/headers")" -gt 30 ]
# By the flags that its users have.
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig
flags=$(pkg-config --cflags sluice-nghttp2)
export flags
compile() {
  # shellcheck disable=SC2086 # words
  printf '#include <%s>\n#include <%s>\nint main() {}\n' "$1" "$1" |
    c++ -std=c++20 -Wall -Wextra -Werror -fsyntax-only $flags -x c++ - ||
    {
      echo "FAILED: a program with only <$1>"
      return 1
    }
}
export -f compile
# shellcheck disable=SC2016 # the inner shell expands it
xargs --max-args=1 --max-procs=2 bash -c 'compile "$1"' bash <"$work/headers"
echo "$(wc -l <"$work/headers") headers"
