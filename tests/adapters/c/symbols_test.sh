#!/usr/bin/env bash
# The shared C library exports these symbols under this version, and no other:
#
#   symbols_test.sh LIBRARY DEBIAN_SYMBOLS
#
# A symbol that goes breaks programs: then SLUICE_ABI_VERSION grows. A new symbol
# gets a line with the version of Sluice that has it first.
set -euo pipefail

library=$1
expected=$2

actual=$(nm -D --defined-only "$library" | awk '$2 != "A" {print $3}' | LC_ALL=C sort)
if ! diff <(sed -n 's/^ \(sluice_.*\)@\(.*\) .*/\1@@\2/p' "$expected") <(printf '%s\n' "$actual"); then
  echo "exported symbols differ (<: expected, >: in the library)"
  exit 1
fi
soname=$(readelf --dynamic "$library" | sed -n 's/.*Library soname: \[\(.*\)\]/\1/p')
if [ "$soname" != libsluice-c.so.1 ]; then
  echo "the soname is '$soname'"
  exit 1
fi
