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

while [ $# -gt 0 ]; do
  case $1 in
    -h | --help)
      printf '%s\n' "$usage"
      exit 0
      ;;
    --policy=?*) export SLUICE_POLICY="${1#*=}" ;;
    --trace=?*)
      folder=$(dirname -- "${1#*=}")
      { [ -d "$folder" ] && [ -w "$folder" ]; } ||
        refuse "--trace is ${1#*=}; its folder must exist, and be writable"
      export SLUICE_TRACE="${1#*=}"
      ;;
    --notsent_lowat=?* | --notsent-lowat=?*)
      case ${1#*=} in
        *[!0-9]*) refuse "--notsent_lowat is ${1#*=}; it must be a number of bytes" ;;
      esac
      export SLUICE_NOTSENT_LOWAT="${1#*=}"
      ;;
    --)
      shift
      break
      ;;
    -*) refuse "'$1' is no flag; there are --policy=SPEC, --notsent_lowat=BYTES and --trace=FILE" ;;
    *) break ;;
  esac
  shift
done
[ $# -gt 0 ] || refuse 'a program to run is missing, such as: sluice run -- nghttpd 8443 key cert'
library=$(dirname "$(dirname "$(dirname "$(readlink -f "$0")")")")/@libdir@/sluice/libsluice-nghttp2.so
[ -e "$library" ] || refuse "$library is missing"

# Who is named here is meant, whatever its name.
export SLUICE_PROGRAMS="${SLUICE_PROGRAMS-$(basename -- "$1")}"
export LD_PRELOAD="$library${LD_PRELOAD:+:$LD_PRELOAD}"
exec "$@"
