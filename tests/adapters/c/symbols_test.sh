#!/usr/bin/env bash
# The shared C library exports these symbols and versions of symbols, and no other:
#
#   symbols_test.sh LIBRARY DEBIAN_SYMBOLS
#
# A symbol that goes breaks programs: then SLUICE_ABI_VERSION grows. A new symbol
# gets a line with the version of Sluice that has it first (docs/stability.md).
set -euo pipefail

library=$1
expected=$2

# The versions themselves are absolute.
actual=$(nm -D --defined-only "$library" |
  awk '$2 == "A" {$3 = $3 "@@" $3} {print $3}' | LC_ALL=C sort)
if ! diff <(sed -n 's/^ \(.*\)@\(.*\) .*/\1@@\2/p' "$expected") <(printf '%s\n' "$actual"); then
  echo "exported symbols differ (<: expected, >: in the library)"
  exit 1
fi
soname=$(readelf --dynamic "$library" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')
if [ "$soname" != libsluice-c.so.1 ]; then
  echo "the soname is '$soname'"
  exit 1
fi
