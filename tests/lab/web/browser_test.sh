#!/usr/bin/env bash
# Runs a test of Node's test runner with Playwright and Debian's Chromium:
#
#   browser_test.sh TEST NODE_MODULES HAR PROGRAM…
#
# The test gets the absolute paths of the HAR in HAR and of the programs in
# PROGRAMS, separated by colons, and a folder of its own in TEST_TMPDIR.
set -eu
test=$PWD/$1
modules=$PWD/$2
har=$PWD/$3
shift 3
programs=
for program in "$@"; do programs+=$PWD/$program:; done
export NODE_MODULES=$modules HAR=$har PROGRAMS=${programs%:}
export HOME=$TEST_TMPDIR  # Chromium writes there
exec node --test "$test"
