#!/bin/sh
# sluice run: starts a server on libnghttp2 with the preloaded library.
set -eu

usage='usage: sluice run [flags] -- PROGRAM [ARGUMENT…]

Runs a server that stands on libnghttp2, and a policy decides which stream it
sends next.

  --policy=SPEC         a policy and its options (auto)
  --notsent_lowat=BYTES what the kernel may hold unsent of a connection (16384,
                        more on a fast link); 0: as the server has it
  --trace=FILE          write decision logs to FILE, FILE.2, …, for sluice replay'

refuse() {
  printf 'sluice run: %s\n' "$1" >&2
  exit 2
}

prefix=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")
while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      printf '%s\n' "$usage"
      exit 0
      ;;
    --)
      shift
      break
      ;;
    --policy | --trace | --notsent_lowat | --notsent-lowat)
      [ $# -gt 1 ] || refuse "$1 needs a value"
      flag=$1
      value=$2
      shift
      ;;
    --*=?*)
      flag=${1%%=*}
      value=${1#*=}
      ;;
    -*) flag=$1 ;;
    *) break ;;
  esac
  case $flag in
    --policy)
      "$prefix/libexec/sluice/check-policy" "$value" || exit 2
      export SLUICE_POLICY="$value"
      ;;
    --trace)
      folder=$(dirname -- "$value")
      if [ ! -d "$folder" ] || [ ! -w "$folder" ] || { [ -e "$value" ] && [ ! -f "$value" ]; }; then
        refuse "--trace is $value; it must be a file in a folder that can be written"
      fi
      export SLUICE_TRACE="$value"
      ;;
    --notsent_lowat | --notsent-lowat)
      case $value in
        *[!0-9]*) refuse "--notsent_lowat is $value; it must be a number of bytes" ;;
      esac
      export SLUICE_NOTSENT_LOWAT="$value"
      ;;
    *) refuse "'$1' is no flag; there are --policy=SPEC, --notsent_lowat=BYTES and --trace=FILE" ;;
  esac
  shift
done
[ $# -gt 0 ] || refuse 'a program to run is missing, such as: sluice run -- nghttpd 8443 key cert'
command -v -- "$1" >/dev/null || refuse "there is no program '$1'"
library=$prefix/@libdir@/sluice/libsluice-nghttp2.so
[ -e "$library" ] || refuse "$library is missing"

# Who is named here is meant, whatever its name.
export SLUICE_PROGRAMS="${SLUICE_PROGRAMS-$(basename -- "$1")}"
export LD_PRELOAD="$library${LD_PRELOAD:+:$LD_PRELOAD}"
exec "$@"
