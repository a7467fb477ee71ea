#!/usr/bin/env bash
# The C example builds with plain cc as C99 against the shared library, says
# what it should, and runs clean under valgrind:
#
#   example_test.sh SOURCE HEADER LIBRARY
set -euo pipefail

source=$1
header_folder=$(dirname "$2")
library=$3
work=${TEST_TMPDIR:?}

cc -std=c99 -pedantic -Wall -Wextra -Werror -I"$header_folder" "$source" \
  "$library" -Wl,-rpath,"$(realpath "$(dirname "$library")")" -o "$work/share"
# A C++ compiler reads the same header.
printf '#include "sluice.h"\nint main() { return sluice_abi_version() - 1; }\n' >"$work/reads.cc"
c++ -std=c++98 -pedantic -Wall -Wextra -Werror -Wno-long-long -I"$header_folder" \
  -fsyntax-only "$work/reads.cc"

expect() {
  if ! grep -qxF "$1" "$work/out"; then
    echo "no line '$1' in:"
    cat "$work/out"
    exit 1
  fi
}

"$work/share" >"$work/out"
expect '66000 bytes in 17 frames'
# 256:64 is four frames of stream 1 for one of stream 3.
shares=$(sed -n 's/^ *[0-9]*: stream \([0-9]*\),.*/\1/p' "$work/out" | head -10 | sort | uniq -c | xargs)
if [ "$shares" != '8 1 2 3' ]; then
  echo "the first ten frames: $shares (count, stream), not '8 1 2 3'"
  exit 1
fi
"$work/share" list >"$work/out"
expect 'rr               equal byte shares for all ready streams'
if "$work/share" nothing 2>"$work/out"; then exit 1; fi
grep -q '^SLUICE_ERROR_NOT_FOUND: no policy .nothing.; known: ' "$work/out"

valgrind --quiet --error-exitcode=9 --leak-check=full --show-leak-kinds=definite,indirect,possible \
  --errors-for-leak-kinds=definite,indirect,possible "$work/share" >/dev/null
