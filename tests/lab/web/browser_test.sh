#!/usr/bin/env bash
# Runs a test of Node's test runner with Playwright and Debian's Chromium:
#
#   browser_test.sh TEST NODE_MODULES FILE…
#
# The test gets the absolute paths of the programs and other files in FILES,
# separated by colons, and a folder of its own in TEST_TMPDIR.
set -eu
test=$PWD/$1
modules=$PWD/$2
shift 2
files=
for file in "$@"; do files+=$PWD/$file:; done
export NODE_MODULES=$modules FILES=${files%:}
export HOME=$TEST_TMPDIR  # Chromium writes there
exec node --test "$test"
