#!/usr/bin/env bash
# record.sh NODE_MODULES LINK SERVER FLAG…: record.mjs with its programs, as Bazel
# gives them. Bazel starts this script by a link with nothing beside it.
set -eu
export NODE_MODULES=$PWD/$1
exec node "$(dirname "$(readlink -f "$0")")/record.mjs" --link="$PWD/$2" --server="$PWD/$3" "${@:4}"
