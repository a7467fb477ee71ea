#!/usr/bin/env bash
# //benchmarks/lab/ns3:compare as a user meets it.
set -u
program=$PWD/$1
failures=0
cd "$TEST_TMPDIR" || exit 1
export BUILD_WORKING_DIRECTORY=$PWD

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# load NAME ARGS…: writes NAME.jsonl, NAME.csv and the table NAME.txt.
load() {
  local name=$1
  shift
  "$program" --pages=wikipedia_mobile --policies=rr,rfc9218 \
    --signals=chrome9218_2023 --json="$name.jsonl" --csv="$name.csv" "$@" \
    >"$name.txt" 2>/dev/null || fail "$name: status $?"
}

# Same seed, same bytes, for the congestion control that draws random numbers
# itself too; another seed, other losses.
for cc in cubic bbr; do
  load one --network=ns3:3g_fast,loss=2,cc=$cc --seed=5
  load two --network=ns3:3g_fast,loss=2,cc=$cc --seed=5
  load three --network=ns3:3g_fast,loss=2,cc=$cc --seed=6
  cmp one.jsonl two.jsonl || fail "$cc: two runs write different JSON"
  cmp one.csv two.csv || fail "$cc: two runs write different CSV"
  cmp one.txt two.txt || fail "$cc: two runs print different tables"
  cmp -s <(sed 's/"seed":[0-9]*//' one.jsonl) \
    <(sed 's/"seed":[0-9]*//' three.jsonl) && fail "$cc: seeds are alike"
  grep -q '"network":"ns3:3g_fast,loss=2%,cc='$cc'"' one.jsonl ||
    fail "$cc: the network is not in the JSON"
  grep -q ',"ns3:3g_fast,loss=2%,cc='$cc'",' one.csv ||
    fail "$cc: the network is not quoted in the CSV"
done

# Alone and after other runs.
"$program" --pages=wikipedia_mobile --policies=rfc9218 \
  --signals=chrome9218_2023 --network=ns3:3g_fast,loss=2,cc=bbr --seed=5 \
  --json=alone.jsonl >/dev/null 2>&1 || fail "alone: status $?"
cmp alone.jsonl <(grep '"policy":"rfc9218"' two.jsonl) ||
  fail "a run knows what ran before it"

# The other networks are here too.
load link --network=3g_fast

"$program" --network=ns3:3g_fast,cc=vegas >out 2>err
[ $? -eq 2 ] || fail "a bad network does not end with 2"
[ ! -s out ] || fail "a bad network prints to stdout"
grep -qF -- '--network: ns3: "cc=vegas" is unknown; known are cubic' err ||
  fail "a bad network says: $(cat err)"
"$program" --help >out 2>/dev/null
grep -q 'ns3:…: real TCP' out || fail "--help does not list ns3"

[ "$failures" -eq 0 ] && echo "passed"
exit "$failures"
