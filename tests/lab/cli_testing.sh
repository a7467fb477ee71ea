# Shared by the tests of the lab's programs. Source it; `failures` counts.
# shellcheck shell=bash
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# refuses PROGRAM TEXT ARGS…: ends with 2, prints nothing, says TEXT in one line.
refuses() {
  local program=$1 text=$2 status
  shift 2
  "$program" "$@" >out 2>err
  status=$?
  [ "$status" -eq 2 ] || fail "status $status, not 2: $*"
  [ ! -s out ] || fail "printed to stdout: $*"
  [ "$(wc -l <err)" -eq 1 ] || fail "not one line on stderr: $*: $(cat err)"
  grep -qF -- "$text" err || fail "no '$text' for $*: $(cat err)"
}
