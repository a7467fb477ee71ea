#!/usr/bin/env bash
# Runs every fuzzer of this folder in turn, and counts.
#
#   ./bazelw run --config=fuzz //tests/fuzz:campaign -- \
#       [--seconds=N] [--out=DIR] [NAME…]
#
# N seconds for each fuzzer (default 60); the named ones, or all. DIR (default: a
# new folder) keeps findings and grown corpora; an earlier DIR is continued. Exits
# with 1 after a finding.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
seconds=60
out=
names=()
for argument in "$@"; do
  case "$argument" in
    --seconds=*) seconds=${argument#*=} ;;
    --out=*) out=${argument#*=} ;;
    -*)
      echo "campaign: unknown flag $argument" >&2
      exit 2
      ;;
    *) names+=("$argument") ;;
  esac
done
out=${out:-$(mktemp -d)}
# `bazel run` starts programs elsewhere.
case "$out" in /*) ;; *) out=${BUILD_WORKING_DIRECTORY:-$PWD}/$out ;; esac
if [ ${#names[@]} -eq 0 ]; then
  for program in "$here"/*_fuzz; do names+=("$(basename "$program")"); done
fi

# run NAME SECONDS: one run, which ends at the first finding.
run() {
  local name=$1 arguments=()
  [ ! -f "$here/$name.dict" ] || arguments+=("-dict=$here/$name.dict")
  [ ! -d "$here/corpus/$name" ] || arguments+=("$here/corpus/$name")
  "$here/$name" -max_total_time="$2" -timeout=30 -rss_limit_mb=3000 \
    -print_final_stats=1 -artifact_prefix="$out/$name-" \
    "$out/corpus/$name" "${arguments[@]}" >"$out/$name.log" 2>&1
}

found=0
total=0
printf '%-22s %14s %10s %9s\n' fuzzer executions seconds findings
for name in "${names[@]}"; do
  mkdir -p "$out/corpus/$name"
  executions=0
  findings=0
  began=$SECONDS
  while left=$((seconds - (SECONDS - began))) && [ "$left" -gt 0 ]; do
    run "$name" "$left"
    status=$?
    units=$(sed -n 's/^stat::number_of_executed_units: *//p' "$out/$name.log")
    executions=$((executions + ${units:-0}))
    [ "$status" -ne 0 ] || break
    findings=$((findings + 1))
    cp "$out/$name.log" "$out/$name.finding-$findings.log"
    # The same finding again and again says nothing.
    [ "$findings" -lt 5 ] || break
  done
  printf '%-22s %14d %10d %9d\n' \
    "$name" "$executions" $((SECONDS - began)) "$findings"
  total=$((total + executions))
  found=$((found + findings))
done
printf '%-22s %14d %10d %9d\n' all "$total" "$SECONDS" "$found"
echo "Findings, logs and corpora: $out"
[ "$found" -eq 0 ]
