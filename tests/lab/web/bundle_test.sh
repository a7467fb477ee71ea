#!/usr/bin/env bash
# The committed bundle and licences are what the lock file's packages make.
set -u
build=$1
modules=$2
if ! "$build" "$modules" "$TEST_TMPDIR"; then
  echo 'FAILED: the bundle cannot be built'
  exit 1
fi
status=0
for file in echarts.bundle.js licences.txt; do
  if ! cmp "$TEST_TMPDIR/$file" "$(dirname "$build")/$file"; then
    echo "FAILED: $file is not what $build makes; its head says how to make it"
    status=1
  fi
done
exit "$status"
