#!/usr/bin/env bash
# A sweep's report holds the runs that //:compare makes, to the byte, although
# Bazel built its program another way; and the programs that join runs take
# lists of files, and refuse what they cannot read in one sentence.
set -u
compare=$PWD/$1
report=$PWD/$2
table=$PWD/$3
small=$PWD/benchmarks/lab/sweeps/small
against_fifo=$PWD/tests/lab/small_against_fifo
pages=$PWD/benchmarks/lab/pages
failures=0
cd "$TEST_TMPDIR" || exit 1

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

files=()
for network in 3g_fast cable; do
  for buffer in 0 65536; do
    for page in squoosh wikipedia_mobile; do
      name=$network-$buffer-$page
      "$compare" --quiet --best_order=0 --pages="$pages/$page.json" --policies=rr,fifo,rfc9218 \
        --signals=chrome9218_2023 --network=$network --send_buffer=$buffer \
        --csv="$name.csv" --runs="$name.runs" || fail "$name"
      files+=("$name")
    done
  done
done
printf '%s.csv\n' "${files[@]}" >csv_list
printf '%s.runs\n' "${files[@]}" >runs_list

"$table" --output=direct.md --csv=direct.csv @csv_list || fail "table"
cmp direct.csv "$small.csv" || fail "the sweep's runs are others"
cmp direct.md "$small.md" || fail "the sweep's tables are others"
"$table" "${files[@]/%/.csv}" >stdout.md || fail "table to standard output"
cmp direct.md stdout.md || fail "another table on standard output"

# report reads back the runs that compare wrote.
"$report" --csv=again.csv @runs_list || fail "report"
cmp direct.csv again.csv || fail "kept runs are other runs"

# So are the page and the tables, against the baseline that a sweep names.
"$report" --html=direct.html @runs_list || fail "report to a page"
cmp direct.html "$small.html" || fail "the sweep's page is another"
"$report" --html=fifo.html --baseline=fifo @runs_list || fail "a baseline"
cmp fifo.html "$against_fifo.html" || fail "the page has another baseline"
"$table" --output=fifo.md --baseline=fifo @csv_list || fail "a table's baseline"
cmp fifo.md "$against_fifo.md" || fail "the tables have another baseline"

# A link to a full disk is not removed.
ln -s /dev/full full
"$table" --output=full @csv_list 2>err && fail "to a full disk"
grep -q 'writing full failed' err || fail "a full disk: $(cat err)"
[ -L full ] || fail "a link is removed"

refuses() {
  local text=$1 status
  shift
  "$@" >out 2>err
  status=$?
  [ "$status" -eq 2 ] || fail "status $status, not 2: $*"
  [ "$(wc -l <err)" -eq 1 ] || fail "not one line on stderr: $*: $(cat err)"
  grep -qF -- "$text" err || fail "no '$text' for $*: $(cat err)"
}

refuses 'no CSV file of runs' "$table"
refuses 'cannot read nowhere: No such file' "$table" @nowhere
refuses 'cannot read nowhere.csv: No such file' "$table" nowhere.csv
refuses 'runs_list: is not a CSV file' "$table" runs_list
refuses 'cannot read nowhere: No such file' "$report" --csv=x.csv @nowhere
refuses 'unknown statistic "best"' "$table" --columns='a|atf_ms best' @csv_list
refuses 'is not NAME=VALUE' "$table" --where=here --columns='a|atf_ms value' @csv_list
refuses 'is not ROW=TEXT' "$table" --published='t;x' --columns='a|atf_ms value' @csv_list
refuses 'mixes several values of network' "$table" --columns='a|atf_ms value' @csv_list

[ "$failures" -eq 0 ] && echo "passed"
exit "$failures"
