#!/bin/sh
# The command-line tool. Its programs and pages are found from where this file
# stands, so that the whole prefix may move.
set -eu

usage='usage: sluice compare|server|replay [flags]

  compare   loads pages once for each policy, and prints what came when
  server    serves the files of a folder over HTTP/2
  replay    plays a recorded log of decisions again

sluice COMMAND --help tells the flags of each.'

case ${1-} in
  compare | server | replay) ;;
  -h | --help)
    printf '%s\n' "$usage"
    exit 0
    ;;
  --version)
    echo 'sluice @version@'
    exit 0
    ;;
  '')
    printf '%s\n' "$usage" >&2
    exit 2
    ;;
  *)
    printf "sluice: what is '%s'?\n%s\n" "$1" "$usage" >&2
    exit 2
    ;;
esac
command=$1
shift
prefix=$(dirname "$(dirname "$(readlink -f "$0")")")
# Where a program under Bazel would look for its data; the caller may be one.
unset RUNFILES_MANIFEST_FILE RUNFILES_MANIFEST_ONLY
RUNFILES_DIR=$prefix/share/sluice/runfiles
export RUNFILES_DIR
exec "$prefix/libexec/sluice/$command" "$@"
