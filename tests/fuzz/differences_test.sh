#!/usr/bin/env bash
# Each row of docs/beside-libnghttp2.md has a file in the corpus that shows it, and
# the files show no other difference.
set -euo pipefail
replay=$1
page=$2
shift 2
said=$(SLUICE_FUZZ_ROWS=1 "$replay" differential_fuzz "$@" 2>&1)
status=0
while IFS= read -r other; do
  echo "no row has this difference: $other"
  status=1
done < <(grep '^|' <<<"$said" || true)
rows=0
while IFS=: read -r line row; do
  rows=$((rows + 1))
  grep -qx "row of line $line" <<<"$said" && continue
  echo "no file of the corpus shows line $line: $row"
  status=1
done < <(grep -nE '^\| (server|client|both) \|' "$page")
echo "$rows rows, $# files"
[ "$rows" -gt 0 ] && exit "$status"
