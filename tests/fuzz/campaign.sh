#!/usr/bin/env bash
# Builds every fuzzer of this folder, runs one after the other, and counts.
#
#   ./bazelw run //tests/fuzz:campaign -- [--seconds=N] [--out=DIR] [NAME…]
#
# N seconds for each fuzzer (default 60); the named ones, or all. DIR (default: a
# new folder) keeps findings and grown corpora; an earlier DIR is continued. Exits
# with 1 after a finding, and with 2 when it was asked for something else or the
# build failed.
set -uo pipefail
seconds=60
out=
names=()
for argument in "$@"; do
  case "$argument" in
    --seconds=*) seconds=${argument#*=} ;;
    --out=*) out=${argument#*=} ;;
    -*)
      echo "campaign: unknown flag $argument; --seconds=N and --out=DIR are allowed" >&2
      exit 2
      ;;
    *) names+=("$argument") ;;
  esac
done
case "$seconds" in
  *[!0-9]* | '')
    echo "campaign: --seconds=$seconds: a whole number is allowed" >&2
    exit 2
    ;;
esac
out=${out:-$(mktemp -d)}
# `bazel run` starts programs elsewhere.
case "$out" in /*) ;; *) out=${BUILD_WORKING_DIRECTORY:-$PWD}/$out ;; esac
cd "${BUILD_WORKSPACE_DIRECTORY:?run it by ./bazelw run //tests/fuzz:campaign}" || exit 2

here=tests/fuzz
all=()
for source in "$here"/*_fuzz.cc; do all+=("$(basename "$source" .cc)"); done
[ ${#names[@]} -gt 0 ] || names=("${all[@]}")
for name in "${names[@]}"; do
  [ -f "$here/$name.cc" ] && continue
  echo "campaign: $name is no fuzzer; these are: ${all[*]}" >&2
  exit 2
done
./bazelw build --noshow_progress --config=fuzz "${names[@]/#///$here:}" || exit 2
mkdir -p "$out/bin"
for name in "${names[@]}"; do # the next build may replace the others
  cp -f "bazel-bin/$here/$name" "$out/bin/" || exit 2
done

# run NAME SECONDS: one run, which ends at the first finding.
run() {
  local name=$1 arguments=()
  [ ! -f "$here/$name.dict" ] || arguments+=("-dict=$here/$name.dict")
  [ ! -d "$here/corpus/$name" ] || arguments+=("$here/corpus/$name")
  "$out/bin/$name" -max_total_time="$2" -timeout=30 -rss_limit_mb=3000 \
    -print_final_stats=1 -artifact_prefix="$out/$name-" \
    "$out/corpus/$name" "${arguments[@]}" >"$out/$name.log" 2>&1
}

# last PATTERN FILE: the number that the last match of PATTERN ends with.
last() { grep -oE "$1" "$2" | tail -n 1 | grep -oE '[0-9]+$' || echo 0; }
files() { find "$1" -type f | wc -l; }

row='%-20s %12s %8s %8s %9s %10s %9s\n'
# shellcheck disable=SC2059 # the format of each row
printf "$row" fuzzer executions a-second edges features new-files findings
total=0
grown=0
found=0
for index in "${!names[@]}"; do
  name=${names[$index]}
  echo "[$((index + 1))/${#names[@]}] $name, for $seconds seconds" >&2
  mkdir -p "$out/corpus/$name"
  before=$(files "$out/corpus/$name")
  executions=0
  findings=0
  began=$SECONDS
  while left=$((seconds - (SECONDS - began))) && [ "$left" -gt 0 ]; do
    run "$name" "$left"
    status=$?
    log=$out/$name.log
    executions=$((executions + $(last 'number_of_executed_units: *[0-9]+' "$log")))
    [ "$status" -ne 0 ] || break
    findings=$((findings + 1))
    cp "$log" "$out/$name.finding-$findings.log"
    # The same finding again and again says nothing.
    [ "$findings" -lt 5 ] || break
  done
  took=$((SECONDS - began))
  new=$(($(files "$out/corpus/$name") - before))
  # shellcheck disable=SC2059
  printf "$row" "$name" "$executions" $((executions / (took > 0 ? took : 1))) \
    "$(last 'cov: [0-9]+' "$log")" "$(last 'ft: [0-9]+' "$log")" "$new" "$findings"
  total=$((total + executions))
  grown=$((grown + new))
  found=$((found + findings))
done
# shellcheck disable=SC2059
printf "$row" all "$total" $((total / (SECONDS > 0 ? SECONDS : 1))) '' '' "$grown" "$found"
echo "Findings, logs and corpora: $out"
[ "$found" -eq 0 ]
