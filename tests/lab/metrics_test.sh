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

# And it says so where one is not.
"$compare" --quiet --pages=squoosh --policies=rr --csv="$out/run.csv" --har="$out/load"
for name in render_critical_ms atf_ms atf_area_ms page_load_ms painted_area_ms \
  lcp_candidate_ms lower_first_bytes; do
  awk -F, -v OFS=, -v name="$name" '
    NR == 1 { for (i = 1; i <= NF; ++i) if ($i == name) column = i }
    NR == 2 { $column += 5 } 1' "$out/run.csv" >"$out/other.csv"
  if python3 "$recompute" check "$out/other.csv" "$out/load" 2>"$out/err"; then
    echo "another $name is not seen"
    exit 1
  fi
  grep -q 'computed again' "$out/err"
done
