#!/usr/bin/env bash
# A policy of this workspace runs in the programs of Sluice, unchanged:
#
#   policy_test.sh COMPARE SERVER
set -euo pipefail
compare=$1
server=$2

"$compare" --quiet --pages=squoosh --signals=none --csv="$TEST_TMPDIR/runs.csv" \
  --policies=mice:limit=4096,rr
policies=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; ++i) if ($i == "policy") column = i }
  { print $column }' "$TEST_TMPDIR/runs.csv" | xargs)
if [ "$policies" != 'policy mice:limit=4096 rr' ]; then
  echo 'FAILED: other runs than those of mice and rr:'
  cat "$TEST_TMPDIR/runs.csv"
  exit 1
fi
for program in "$compare" "$server"; do
  "$program" --help >"$TEST_TMPDIR/help"
  if ! grep -q '^  mice: ' "$TEST_TMPDIR/help"; then
    echo "FAILED: $program --help does not list mice"
    exit 1
  fi
done
