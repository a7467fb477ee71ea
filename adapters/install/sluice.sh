#!/bin/sh
# The command-line tool. It finds its programs and pages from its own place, so
# the whole prefix may move.
set -eu

usage='usage: sluice compare|server|replay|probe|run [flags]

  compare   loads pages once for each policy, and prints what arrived when
  server    serves the files of a folder over HTTP/2
  replay    explains a decision log, and plays it to another policy
  probe     finds out what any HTTP/2 server does with priorities
  run       starts a server on libnghttp2 with a policy in charge

sluice COMMAND --help lists the flags of each.'

case ${1-} in
  compare | server | replay | probe | run) ;;
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
    printf "sluice: '%s' is no command\n%s\n" "$1" "$usage" >&2
    exit 2
    ;;
esac
command=$1
shift
prefix=$(dirname "$(dirname "$(readlink -f "$0")")")
# The caller may be a program under Bazel, with data of its own there.
unset RUNFILES_MANIFEST_FILE RUNFILES_MANIFEST_ONLY
RUNFILES_DIR=$prefix/share/sluice/runfiles
export RUNFILES_DIR
program=$prefix/libexec/sluice/$command
if [ ! -x "$program" ]; then
  component=tools
  [ "$command" != run ] || component=preload
  echo "sluice: '$command' is not installed; it is in the component '$component'" >&2
  exit 2
fi
exec "$program" "$@"
