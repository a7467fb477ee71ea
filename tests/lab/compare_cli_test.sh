#!/usr/bin/env bash
# The compare program as a user meets it: what goes to which stream, where files
# go, and which status each mistake ends with.
set -u
program=$PWD/$1
optimise=$PWD/$2
# shellcheck source=tests/lab/cli_testing.sh
. tests/lab/cli_testing.sh
cd "$TEST_TMPDIR" || exit 1

mkdir -p caller
export BUILD_WORKING_DIRECTORY=$PWD/caller

run=(--best_order=0 --pages=wikipedia_mobile '--policies=rr,fifo' --signals=chrome7540)
"$program" "${run[@]}" --json=runs.jsonl >first 2>progress || fail "a plain run"
cp caller/runs.jsonl first.jsonl || fail "--json is not in the caller's folder"
"$program" "${run[@]}" --json=runs.jsonl >second 2>/dev/null
cmp first second || fail "two runs print different tables"
cmp first.jsonl caller/runs.jsonl || fail "two runs write different JSON"
[ "$(wc -l <first.jsonl)" -eq 2 ] || fail "not one line a run"
grep -qF '[1/2] wikipedia_mobile chrome7540 rr' progress || fail "no progress"
grep -qF '[1/2]' first && fail "progress on stdout"
grep -qF "$PWD" first first.jsonl && fail "a path in the output"

# The best order: the search is seeded, its order is in no file but that of
# optimise, and the policy order:FILE plays it to the microsecond.
best=(--pages=wikipedia_mobile --signals=chrome7540 --network=cable)
"$program" "${best[@]}" --policies=all --best_order=40 --csv=best.csv >out 2>err ||
  fail "a search"
"$program" "${best[@]}" --policies=all --best_order=40 --csv=again.csv --quiet
cmp caller/best.csv caller/again.csv || fail "a search with one seed finds two orders"
grep -q 'wikipedia_mobile chrome7540 best order, 1 of 40' err || fail "a search in silence"
grep -q 'of the possible gain$' out || fail "no column of the possible gain"
grep -Eq 'the best order found has [0-9.]+ ms; no order is below [0-9.]+ ms' out ||
  fail "no bound"
"$optimise" "${best[@]}" --evaluations=40 --output=best.order >out 2>err || fail "optimise: $(cat err)"
grep -q 'best so far' err || fail "optimise is silent"
"$program" "${best[@]}" --policies=rr,order:best.order --best_order=0 --quiet --csv=played.csv ||
  fail "order:FILE"
python3 - caller/best.csv caller/played.csv out <<'END' || fail "order:FILE plays another order"
import csv, re, sys

searched = list(csv.DictReader(open(sys.argv[1])))
played = {run["policy"]: run for run in csv.DictReader(open(sys.argv[2]))}
best = float(searched[0]["best_order_painted_area_ms"])
assert float(played["order:best.order"]["painted_area_ms"]) == best, best
printed = re.search(r"best order found +([0-9.]+) ms", open(sys.argv[3]).read())
assert abs(float(printed[1]) - best) < 0.06, printed
rr = float(played["rr"]["painted_area_ms"])
for run in searched:
    area = float(run["painted_area_ms"])
    assert float(run["best_order_bound_ms"]) <= best <= area, run
    share = (rr - area) / (rr - best)
    assert abs(float(run["share_of_possible_gain"]) - share) < 0.001, run
END
"$optimise" "${best[@]}" --max_streams=3 --late_signals --evaluations=1 >out 2>err
grep -q -- '--max_streams=3 --late_signals .*,order:wikipedia_mobile.order$' out ||
  fail "optimise tells of another setting than its own"
printf '# none\nimg99\n' >caller/broken.order
refuses "$program" '--policies: broken.order, line 2: resource: page wikipedia_mobile has' \
  "${best[@]}" --policies=order:broken.order
refuses "$program" '--policies: cannot read' "${best[@]}" --policies=order:none.order
refuses "$program" '--best_order is -1; it must be from 0 to' --best_order=-1
refuses "$optimise" '--pages names 2, and an order is for one' --pages=vk,squoosh
refuses "$optimise" '--signals names 2, and an order is for one' --page=vk --signals=none,chrome7540
refuses "$optimise" '--evaluations is 0; it must be from 1 to' --page=vk --evaluations=0
refuses "$optimise" '--output: cannot write' --page=vk --output=no/such/x
refuses "$optimise" '--output is "a,b"; a comma' --page=vk --output=a,b
[ ! -e best.order.part ] || fail "optimise leaves a half of its file"
refuses "$optimise" 'stray' stray

# --quiet writes the same file and says nothing.
"$program" "${run[@]}" --quiet --json=quiet.jsonl >out 2>err || fail "--quiet"
if [ -s out ] || [ -s err ]; then fail "--quiet is not quiet"; fi
cmp first.jsonl caller/quiet.jsonl || fail "--quiet writes other runs"

# A trace a run, in the caller's folder; the same runs write the same files.
"$program" "${run[@]}" --qlog=traces/a >/dev/null 2>&1 || fail "--qlog"
"$program" "${run[@]}" --qlog=traces/b >/dev/null 2>&1
traces=(caller/traces/a/*.qlog)
[ "${#traces[@]}" -eq 2 ] || fail "not one trace a run"
diff -r caller/traces/a caller/traces/b || fail "two runs write other traces"

# CSV beside it; another seed is another lossy network; a summary over pages.
lossy=(--best_order=0 "--pages=wikipedia_mobile,vk" "--policies=rr,p+")
lossy+=(--signals=chrome9218_2023)
lossy+=(--network=mobile --send_buffer=0)
for seed in 1 1 2; do
  "$program" "${lossy[@]}" --seed=$seed --csv=runs.csv >"out$seed" 2>/dev/null ||
    fail "a lossy run"
  [ -f "csv$seed" ] && { cmp "csv$seed" caller/runs.csv || fail "same seed"; }
  cp caller/runs.csv "csv$seed"
done
[ "$(wc -l <csv1)" -eq 5 ] || fail "not a header and one line a run in CSV"
grep -q ',parallel_plus,chrome9218_2023,0,mobile,0,100,1,' csv1 || fail "CSV values"
sum=$(sha256sum "$OLDPWD/benchmarks/lab/pages/vk.json" | cut -d' ' -f1)
grep -q "vk,$sum," csv1 || fail "no hash of the page"
cmp -s <(cut -d, -f13- csv1) <(cut -d, -f13- csv2) && fail "seeds are alike"
grep -q 'over 2 pages: median of rr' out1 || fail "no summary over pages"

# Networks, send buffers and seeds are lists, and flags of lists may be repeated.
# Each combination is the run that a call of its own makes.
grid=(--best_order=0 --pages=wikipedia_mobile '--policies=rr,fifo' --signals=chrome7540 --quiet)
"$program" "${grid[@]}" --network=mobile --network=down=400k,up=400k,rtt=400ms,loss=1% \
  --send_buffer=0,16k --seed=1-2 --csv=grid.csv || fail "a grid"
header=$(head -n 1 caller/grid.csv)
echo "$header" >one_by_one
for network in mobile loss=1%,rtt=0.4s,down=400k,up=400k; do
  for buffer in 0 16000; do
    for seed in 1 2; do
      "$program" "${grid[@]}" --network=$network --send_buffer=$buffer --seed=$seed \
        --csv=cell.csv || fail "a cell"
      sed 1d caller/cell.csv >>one_by_one
    done
  done
done
[ "$(wc -l <one_by_one)" -eq 17 ] || fail "not two networks, buffers, seeds and policies"
cmp one_by_one caller/grid.csv || fail "a grid has other runs than its cells"
grep -qF ',"down=400k,up=400k,rtt=400ms,loss=1%",' one_by_one || fail "a network's name"

# An edit is a variant of the page, with its hash, and can be the baseline's.
echo '[{"resource": "img*", "u": 0}]' >caller/hero.json
"$program" --best_order=0 --pages=wikipedia_mobile,vk --policies=rfc9218 --signals=none \
  --edit=none --edit=hero.json --baseline=edit=none --csv=edits.csv >out 2>/dev/null ||
  fail "an edit"
grep -q ",none,,rfc9218," caller/edits.csv || fail "no run without the edit"
grep -q ",hero,$(sha256sum caller/hero.json | cut -d' ' -f1),rfc9218," caller/edits.csv ||
  fail "no hash of the edit"
grep -q 'over 2 pages: median of none ÷ edit' out || fail "no summary of edits"
grep -qE '^  none \+ hero +rfc9218 ' out || fail "no edit in the table"
echo '[{"resource": "img*", "u": 9}]' >caller/hero.json
refuses "$program" 'hero.json:1: [0].u: must be a whole number from 0 to 7, not 9' \
  --pages=vk --edit=hero.json

# Bundled pages are found from any folder.
unset BUILD_WORKING_DIRECTORY
(cd / && "$program" "${run[@]}" 2>/dev/null) >third || fail "a run from /"
cmp first third || fail "a run from / prints another table"
export BUILD_WORKING_DIRECTORY=$PWD/caller

# A user's own pages, by a relative glob.
page='{"format":"h2-page-fixture/1","page":"NAME","resources":['
page+='{"id":0,"type":"html","bytes":5000}]}'
for name in one two; do echo "${page/NAME/$name}" >"caller/page_$name.json"; done
"$program" --best_order=0 --pages='page_*.json' --policies=rr --signals=chrome7540 \
  >out 2>/dev/null || fail "a glob of pages"
grep -q '^one: 1 resources' out || fail "the glob misses page one"
grep -q '^two: 1 resources' out || fail "the glob misses page two"

# HAR files, whatever they are called, say what was inferred; what --har writes
# is the same page again, and the same load.
cp "$OLDPWD/tests/lab/har/webpagetest.har" caller/mine
"$program" --best_order=0 --pages=mine --policies=rr --signals=chrome7540 --har=loads/a \
  >mine 2>err || fail "a HAR"
grep -qF 'mine: HAR of WebPagetest 21.10: 6 of 8 entries' err || fail "no note"
"$program" --best_order=0 --pages='loads/a/*.har' --policies=rr --signals=chrome7540 \
  >again 2>/dev/null || fail "a HAR of --har"
cmp mine again || fail "a HAR of --har is another page"
"$program" --best_order=0 --pages=mine --policies=rr --signals=chrome7540 --har=loads/b \
  --quiet >/dev/null 2>err
cmp caller/loads/a/*.har caller/loads/b/*.har || fail "--har is not the same"
[ -s err ] && fail "--quiet says something"

# HARs that browsers exported become reports.
for har in recorded.devtools recorded.firefox; do
  "$program" --best_order=0 --pages="$OLDPWD/tests/lab/har/$har.har" --policies=rr,rfc9218 \
    --signals=chrome9218_2023 --html=$har.html --json=$har.jsonl \
    >out 2>/dev/null || fail "$har"
  grep -q "^$har: 30 resources, 451747 bytes" out || fail "sizes of $har"
  grep -q '^<!doctype html>' caller/$har.html || fail "no report of $har"
  [ "$(wc -l <caller/$har.jsonl)" -eq 2 ] || fail "not one line a run of $har"
done

# So does what others reported of HARs, and what makes a page suspect is said.
"$program" --best_order=0 --pages="$OLDPWD/tests/lab/har/cases/*.har" --policies=rr \
  --signals=chrome9218_2023 --html=cases.html --json=cases.jsonl \
  >out 2>err || fail "the reported HARs"
[ "$(wc -l <caller/cases.jsonl)" -eq 10 ] || fail "not every reported HAR"
grep -qF 'script_inserted_css: warning: the document alone is render-critical' \
  err || fail "no warning"
grep -qF 'resource_type_other: warning' err && fail "a warning for nothing"

echo '{"format":' >caller/cut.json
echo "${page/5000/-1}" >caller/negative.json
refuses "$program" 'unknown page "nowhere"; bundled are' --pages=nowhere
refuses "$program" 'no file matches "none*.json"' --pages='none*.json'
refuses "$program" 'cut.json: is not complete JSON' --pages=cut.json
refuses "$program" 'negative.json: ' --pages=negative.json
refuses "$program" "known: " --policies=best
refuses "$program" 'known are none, chrome7540' --signals=mosaic
refuses "$program" 'cannot write' --json=no/such/folder/runs.jsonl
refuses "$program" '--csv: cannot write' --csv=no/such/folder/runs.csv
refuses "$program" 'folder/runs.csv: No such file or directory' \
  --csv=no/such/folder/runs.csv
refuses "$program" '--qlog: cannot write into' --qlog=page_one.json
refuses "$program" '--har: cannot write into' --har=page_one.json --csv=new.csv
refuses "$program" '--qlog: cannot write into' --qlog=page_one.json \
  --csv=new.csv --json=runs.jsonl
cp caller/page_one.json page.before || fail "there is no page"
refuses "$program" '--html is page_one.json, which is read' --pages=page_one.json \
  --html=page_one.json
ln caller/page_one.json caller/page_link.json || fail "no link"
refuses "$program" '--csv is ./page_link.json, which is read' --pages=page_one.json \
  --csv=./page_link.json
cmp caller/page_one.json page.before || fail "a result replaces a page"
refuses "$program" '--csv: another flag writes new.csv as well' --csv=new.csv \
  --json=new.csv
refuses "$program" '--csv: another flag writes ./new.csv as well' \
  --csv=./new.csv --json=new.csv
cmp first.jsonl caller/runs.jsonl || fail "a mistake changed a file"
for left in caller/new.csv caller/*.part; do
  [ -e "$left" ] && fail "$left is left"
done
"$program" "${run[@]}" --quiet --json=/dev/stdout >piped || fail "to a pipe"
cmp first.jsonl piped || fail "standard output is another file"
echo '{"log":{"entries":[{"request":{"url":"http://a/"}}]}}' >caller/broken.har
refuses "$program" 'broken.har: log.entries[0] (http://a/): response: is missing' \
  --pages=broken.har
refuses "$program" '--network: unknown network "5g"; known are marx' --network=5g
refuses "$program" 'run //benchmarks/lab/ns3:compare -- --network=ns3:cable' \
  --network=ns3:cable
refuses "$program" '--baseline: ' --baseline=best
refuses "$program" 'seed' --seed=-1
refuses "$program" '--send_buffer is -1; it must be from 0 to' --send_buffer=-1
refuses "$program" '--send_buffer is many; it must be' --send_buffer=many
refuses "$program" '--max_streams is 0; it must be from 1 to' --max_streams=0
refuses "$program" 'max_streams' --max_streams=-1
refuses "$program" 'colour' --colour=red
refuses "$program" '--baseline is given twice' --baseline=rr --baseline=rr
refuses "$program" '--network: "cc=bbr" has an unknown key; known are down, up' \
  --network=cable,cc=bbr
refuses "$program" 'stray' stray

"$program" --help >out 2>err || fail "--help ends with $?"
grep -q 3g_fast out || fail "--help does not list the networks"
grep -q firefox7540 out || fail "--help does not list the signal sets"

[ "$failures" -eq 0 ] && echo "passed"
exit "$failures"
