#!/usr/bin/env bash
# A page is loaded twice in Chromium over the slow link; called again, the harness
# makes no load that it has. record_test.sh RECORD NODE_MODULES LINK SERVER
set -eu
if [ "$(id -u)" -ne 0 ]; then
  echo "skipped: network namespaces need root"
  exit 0
fi
export HOME=$TEST_TMPDIR # Chromium writes there
recordings=$TEST_TMPDIR/recordings.jsonl
record() {
  "$1" "$2" "$3" "$4" --recordings="$recordings" --pages=filamentgroup_2017_chrome \
    --networks=4g_fast --policies=rr --loads=2 --parallel=1 --most_late_ms=10000
}
record "$@"
cp "$recordings" "$TEST_TMPDIR/first"
record "$@"
cmp "$recordings" "$TEST_TMPDIR/first"
python3 - "$recordings" <<'END'
import json, sys

about, *loads = [json.loads(line) for line in open(sys.argv[1])]
assert about["max_frame_size"] == 1391, about
assert [load["load"] for load in loads] == [1, 2], loads
for load in loads:
    assert len(load["done"]) == 15 and None not in load["done"], load
    assert all(sent < done for sent, done in zip(load["sent"], load["done"])), load
    assert 0 < load["fcp"] <= load["lcp"], load
    assert load["levels"][0] == "0" and load["queue"][2] == 0, load
END
