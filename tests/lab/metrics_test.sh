#!/usr/bin/env bash
# The metrics of all bundled pages are those that another program computes from
# the HAR files of the same runs.
set -eu
compare=$1
recompute=$2
out=$TEST_TMPDIR

"$compare" --quiet --best_order=0 --pages=all --policies=rr,rfc9218,fifo --network=cable \
  --signals=chrome9218_2023,none --csv="$out/runs.csv" --har="$out/loads"
python3 "$recompute" check "$out/runs.csv" "$out/loads"

# And it says so where one is not: columns 11 to 17 are on every line.
for column in 11 12 13 14 15 16 17; do
  awk -F, -v OFS=, -v column="$column" 'NR == 9 { $column += 5 } 1' \
    "$out/runs.csv" >"$out/other.csv"
  if python3 "$recompute" check "$out/other.csv" "$out/loads" 2>"$out/err"; then
    echo "another value in column $column is not seen"
    exit 1
  fi
  grep -q 'computed again' "$out/err"
done
