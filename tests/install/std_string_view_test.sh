#!/usr/bin/env bash
# The public headers, and a program without a type of Abseil's, compile for an
# Abseil whose string_view is std::string_view. Debian's has a class of its own,
# and //tests/install:std_types_test compiles and runs with that.
#
#   std_string_view_test.sh PROGRAM LIST_OF_HEADERS…
set -euo pipefail

program=$1
shift
include=${TEST_TMPDIR:?}/include
mkdir -p "$include/absl/base"
ln -s "$PWD" "$include/sluice" # as users see the headers

compile() { "${CXX:-c++}" -std=c++20 "-I$include" "$@"; }

options=$(compile -E -x c++ - <<<'#include "absl/base/options.h"' |
  sed -n 's|^# 1 "\(.*/absl/base/options.h\)".*|\1|p')
sed 's/\(define ABSL_OPTION_USE_STD_STRING_VIEW\) .*/\1 1/' "$options" \
  >"$include/absl/base/options.h"

{
  sed 's|.*|#include <sluice/&>|' "$@"
  echo 'static_assert(std::is_same_v<absl::string_view, std::string_view>);'
} >"$TEST_TMPDIR/headers.cc"
for source in "$TEST_TMPDIR/headers.cc" "$program"; do
  compile -Wall -Wextra -Werror -fsyntax-only "$source"
  echo "- $(basename "$source")"
done
