#!/bin/sh
# Merges archives and objects into one object: a program that links any of it
# links all of it, the policies included, which no code names. KEEP is a wildcard,
# the symbols that stay global.
#
#   merge_objects.sh LD NM OBJCOPY KEEP OUT.o INPUT…
set -eu

ld=$1 nm=$2 objcopy=$3 keep=$4 out=$5
shift 5
if [ "$keep" = '*' ]; then
  exec "$ld" -r -o "$out" --whole-archive "$@"
fi
# Keeps its own copy of every inline function: the linker may discard a group, and
# a local name in it would lose its code.
"$ld" -r --force-group-allocation -o "$out" --whole-archive "$@"
# "Unique" symbols stay global unless they are made weak first.
trap 'rm -f "$out.unique"' EXIT
"$nm" --defined-only "$out" | awk '$2 == "u" {print $3}' >"$out.unique"
"$objcopy" --weaken-symbols="$out.unique" "$out"
"$objcopy" --wildcard --keep-global-symbol="$keep" "$out"
