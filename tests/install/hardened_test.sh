#!/usr/bin/env bash
# hardened.py finds each property that a file lacks, and finds none that is there.
#
#   hardened_test.sh HARDENED.PY
set -u
hardened=$PWD/$1
failures=0
cd "${TEST_TMPDIR:?}" || exit 1

cat >program.c <<'END'
#include <stdio.h>
#include <string.h>
int main(int count, char** words) {
  char name[64], page[20000];
  strcpy(name, words[0]);
  memset(page, count, sizeof page);
  return puts(name) + puts(page);
}
END
all=(-O2 -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2 -fstack-protector-strong
  -fstack-clash-protection -fPIE -pie -z relro -z now -z noexecstack)

# lacks WORDS FLAG…: what hardened.py says of a program, compiled with these flags, too.
lacks() {
  local words=$1 got
  shift
  rm -rf bin
  mkdir bin
  cc "${all[@]}" "$@" program.c -o bin/program || exit 1
  got=$("$hardened" bin | sed -n 's/^bin.program lacks //p')
  if [ "$got" != "$words" ]; then
    echo "FAILED: with $*: '$got', not '$words'"
    failures=$((failures + 1))
  fi
}

lacks ''
lacks -fstack-protector-strong -fno-stack-protector
lacks _FORTIFY_SOURCE -U_FORTIFY_SOURCE
lacks -fstack-clash-protection -fno-stack-clash-protection
lacks -pie -fno-pie -no-pie
lacks '-z noexecstack' -z execstack
lacks '-z relro' -z norelro
lacks '-z now' -z lazy

"$hardened" bin >/dev/null && echo 'FAILED: the status is 0' && exit 1
mkdir empty
"$hardened" empty 2>/dev/null && echo 'FAILED: it is content with nothing' && exit 1

# lacks_archive WORDS FLAG…: of an archive of two objects, one of them with the flags.
lacks_archive() {
  local words=$1 got
  shift
  rm -rf lib
  mkdir lib
  cc "${all[@]}" -c program.c -o one.o
  cc "${all[@]}" -c "$@" -o two.o || exit 1
  ar rc lib/libtwo.a one.o two.o
  got=$("$hardened" lib | sed -n 's/^lib.libtwo.a lacks //p')
  if [ "$got" != "$words" ]; then
    echo "FAILED: an archive with $*: '$got', not '$words'"
    failures=$((failures + 1))
  fi
}
echo 'nop' >plain.s
lacks_archive '' program.c
lacks_archive '-z noexecstack' plain.s
lacks_archive '-fstack-clash-protection' -fno-stack-clash-protection program.c

[ "$failures" -eq 0 ] && echo passed
exit "$failures"
