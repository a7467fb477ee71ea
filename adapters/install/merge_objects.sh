#!/bin/sh
# Merges archives and objects into one static archive of one object: a program
# that links any of it links all of it, the policies included, which no code
# names. KEEP is a wildcard, the symbols that stay global; all do if it is empty.
#
#   merge_objects.sh LD NM OBJCOPY AR KEEP OUT.a INPUT…
set -eu

ld=$1 nm=$2 objcopy=$3 ar=$4 keep=$5 out=$6
shift 6
trap 'rm -f "$out.o" "$out.unique"' EXIT
if [ -n "$keep" ]; then
  # Keeps its own copy of every inline function: the linker may discard a group,
  # and a local name in it would lose its code.
  "$ld" -r --force-group-allocation -o "$out.o" --whole-archive "$@"
  # "Unique" symbols stay global unless they are made weak first.
  "$nm" --defined-only "$out.o" | awk '$2 == "u" {print $3}' >"$out.unique"
  "$objcopy" --weaken-symbols="$out.unique" "$out.o"
  "$objcopy" --wildcard --keep-global-symbol="$keep" "$out.o"
else
  "$ld" -r -o "$out.o" --whole-archive "$@"
fi
rm -f "$out"
"$ar" rcsD "$out" "$out.o"
