#!/usr/bin/env bash
# Runs kept by several compare programs, made into one report by another, as a
# user meets them: the same results as those of one program.
set -u
compare=$PWD/$1
report=$PWD/$2
# shellcheck source=tests/lab/cli_testing.sh
. tests/lab/cli_testing.sh
cd "$TEST_TMPDIR" || exit 1

run=(--quiet --best_order=0 --pages=wikipedia_mobile --signals=firefox7540)
"$compare" "${run[@]}" --policies=rr,fifo --json=one.jsonl --csv=one.csv \
  --html=one.html --runs=one.runs || fail "one program"
"$compare" "${run[@]}" --policies=rr --runs=rr.runs || fail "rr alone"
"$compare" "${run[@]}" --policies=fifo --runs=fifo.runs || fail "fifo alone"

# In the order of the files, named or listed.
mkdir -p caller
printf 'rr.runs\nfifo.runs\n' >list
"$report" rr.runs fifo.runs --json=two.jsonl --csv=two.csv --html=two.html ||
  fail "two files"
"$report" @list --html=listed.html || fail "a list of files"
for kind in jsonl csv html; do
  cmp "one.$kind" "two.$kind" || fail "two files give another .$kind"
done
cmp one.html listed.html || fail "a list gives another page"
"$report" rr.runs fifo.runs --runs=again.runs || fail "files of runs to one"
cmp one.runs again.runs || fail "files of runs cannot be joined"
"$report" one.runs --baseline=fifo --html=fifo.html || fail "a baseline"
cmp -s one.html fifo.html && fail "the baseline changes nothing"
"$report" one.runs --baseline=p+ --html=short.html || fail "p+"
"$report" one.runs --baseline=parallel_plus --html=long.html || fail "its name"
cmp short.html long.html || fail "p+ is another baseline than parallel_plus"

# Paths are the caller's.
BUILD_WORKING_DIRECTORY=$PWD/caller "$report" ../one.runs --csv=here.csv ||
  fail "files of the caller's folder"
cmp one.csv caller/here.csv || fail "--csv is not in the caller's folder"

# The page is whole, and nothing in it is of this machine.
for text in '<!doctype html>' 'Apache License' '</html>'; do
  grep -qF "$text" one.html || fail "no '$text' in the page"
done
grep -qF "$PWD" one.html && fail "a path in the page"
grep -qF '<!--' one.html && fail "something was not put in its place"

refuses "$report" 'no file of runs is given'
refuses "$report" 'no result is asked for; give --html' one.runs
refuses "$report" 'cannot read' nowhere.runs --csv=x
refuses "$report" 'one.csv: is not a file of runs' one.csv --csv=x
head -c 1000 one.runs >cut.runs
refuses "$report" 'cut.runs: is cut off in run' cut.runs --csv=x
refuses "$report" '--baseline: ' one.runs --csv=x --baseline=best
refuses "$report" '--html: cannot write' one.runs --html=nowhere/x
refuses "$report" '--html is one.runs, which is read' one.runs --html=one.runs
refuses "$report" 'page wikipedia_mobile with policy rr, signals firefox7540' \
  rr.runs one.runs --html=x

# No mistake leaves a file, or half of one, nor harms one that is there.
refuses "$report" 'cut.runs: is cut off in run' cut.runs --csv=one.csv
cmp one.csv two.csv || fail "a mistake changed a file"
refuses "$report" '--html: another flag writes x as well' one.runs --csv=x --html=x
for left in x x.part *.part; do
  [ -e "$left" ] && fail "$left is left"
done

[ "$failures" -eq 0 ]
