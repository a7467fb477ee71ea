#!/usr/bin/env bash
# //:compare and //:server are fast without a flag of Bazel's, and are the
# programs that they stand for:
#
#   root_programs_test.sh BUILD COMPARE SERVER
#
# BUILD is how --help has to call them.
set -u
build=$1 compare=$PWD/$2 server=$PWD/$3
cd "$TEST_TMPDIR" || exit 1
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

for program in "$compare" "$server"; do
  "$program" --help >out || fail "--help of $program ends with $?"
  tail -1 out | grep -qF "This build is $build" || fail "$program: $(tail -1 out)"
  "$program" --nonsense 2>err
  status=$?
  [ "$status" -eq 2 ] || fail "a mistake ends $program with $status"
  grep -q "^${program##*/}: there is no flag" err || fail "$program: $(cat err)"
done

# With its data, and an argument of several words.
"$compare" --quiet --pages=squoosh --policies=rr,fifo --signals=none \
  --csv='two words.csv' ||
  fail "a page load ends with $?"
[ "$(wc -l <'two words.csv')" -eq 3 ] || fail "not two runs: $(cat 'two words.csv')"

[ "$failures" -eq 0 ]
