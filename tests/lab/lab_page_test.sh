#!/usr/bin/env bash
# docs/lab.md names every column of the CSV files and every flag of compare, and
# no column or flag that does not exist. README.md shows what compare prints.
set -u
compare=$PWD/$1
page=$PWD/docs/lab.md
readme=$PWD/README.md
failures=0
cd "$TEST_TMPDIR" || exit 1

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

"$compare" --quiet --pages=squoosh --policies=rr --signals=none --csv=runs.csv ||
  fail "a run"
head -n 1 runs.csv | tr , '\n' | sort >columns
[ "$(wc -l <columns)" -gt 20 ] || fail "no columns"
while read -r column; do
  grep -qF "\`$column\`" "$page" || fail "docs/lab.md lacks the column $column"
done <columns

# FlagsHelp() lists "  --name" and what it means.
"$compare" --help | grep -oE '^ +--[a-z_]+' | tr -d ' ' | sort >flags
[ "$(wc -l <flags)" -gt 10 ] || fail "no flags: $(cat flags)"
while read -r flag; do
  grep -qE -- "$flag\b" "$page" || fail "docs/lab.md lacks the flag $flag"
done <flags

# In the table of metrics, the first cell of a row.
sed -n '/^## Metrics/,/^## How/p' "$page" | grep '^| `' | cut -d'|' -f2 |
  grep -oE '[a-z_]+' | sort >metrics
comm -23 metrics columns | grep . && fail "no such column"
sed -n '/^## A run/,/^## What comes out/p' "$page" | grep -E '^\| `?--' | cut -d'|' -f2 |
  grep -oE -- '--[a-z_]+' | sort >described
comm -23 described flags | grep . && fail "no such flag"

# The excerpt is the code block of vk. Lines that it cuts end with "…".
"$compare" >printed 2>/dev/null || fail "compare without flags"
awk '/^```/ { if (shows) printf "%s", block; block = ""; shows = 0; next }
     /^vk: / { shows = 1 } { block = block $0 "\n" }' "$readme" |
  sed 's/ *…$//' | grep . >excerpt
[ "$(wc -l <excerpt)" -gt 8 ] || fail "README.md has no excerpt"
while IFS= read -r line; do
  grep -qF -- "$line" printed || fail "README.md has a line that compare does not print: $line"
done <excerpt

[ "$failures" -eq 0 ] && echo "passed"
exit "$failures"
