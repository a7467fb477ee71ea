#!/usr/bin/env python3
"""Counts the instructions of one request, by valgrind, which gives the same
counts on a busy machine and on a quiet one.

    ./bazelw run //benchmarks/micro:core_instructions [-- ROW…]

Prints a table of the rows (all of instructions.json without arguments) beside
the counts that the file has. --write puts the new ones there. --check ends
with exit status 1 where a count is more than --tolerance percent off.

A run of a row is counted with few and with many iterations. The difference is
free of what the program does before and after.
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

FEW, MANY = 10, 30


# The C library's plain copies and searches, whatever the processor has.
PLAIN = dict(os.environ, GLIBC_TUNABLES="glibc.cpu.hwcaps=" + ",".join(
    "-" + feature for feature in ("AVX512F", "AVX512VL", "AVX512BW", "AVX2", "AVX", "BMI2", "BMI1",
                                  "LZCNT", "MOVBE", "ERMS", "FSRM", "SSE4_2", "SSE4_1", "SSSE3")))


def counted(program, row, iterations):
    """Instructions of the whole program."""
    run = subprocess.run(
        ["valgrind", "--tool=cachegrind", "--cache-sim=no",
         "--cachegrind-out-file=/dev/null", program, f"--benchmark_filter=^{row}/iterations:",
         f"--iterations={iterations}"],
        env=PLAIN, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    total = re.search(r"I +refs: +([\d,]+)", run.stderr)
    if run.returncode != 0 or not total or row not in run.stdout:
        sys.exit(f"core_instructions: no count for {row}:\n{run.stdout}{run.stderr}")
    return int(total.group(1).replace(",", ""))


def instructions(program, row):
    """Of one request."""
    in_flight = int(row.split("/")[2])
    return round((counted(program, row, MANY) - counted(program, row, FEW))
                 / (MANY - FEW) / in_flight)


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program", help="benchmarks/micro/core, optimised")
    parser.add_argument("file", type=pathlib.Path, help="the counts that are kept")
    parser.add_argument("rows", nargs="*", help="names such as Exchange/sluice/10/1024")
    parser.add_argument("--write", action="store_true", help="keep the new counts")
    parser.add_argument("--check", action="store_true", help="fail where a count differs")
    parser.add_argument("--tolerance", type=float, default=2.0, help="percent (default 2)")
    args = parser.parse_args()
    kept = json.loads(args.file.read_text())
    rows = args.rows or list(kept)
    print(f"{'instructions of one request':40} {'kept':>9} {'now':>9} {'change':>8}")
    off = []
    for row in rows:
        now = instructions(args.program, row)
        before = kept.get(row)
        change = 100 * (now - before) / before if before else float("nan")
        print(f"{row:40} {before or '':>9} {now:9} {change:+7.1f}%", flush=True)
        if not abs(change) <= args.tolerance:
            off.append(row)
        kept[row] = now
    if args.write:
        folder = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
        whole_file.write(folder / "benchmarks/micro/instructions.json",
                         json.dumps(kept, indent=2) + "\n")
    elif args.check and off:
        print(f"\n{len(off)} rows are more than {args.tolerance:g} % off what "
              "benchmarks/micro/instructions.json has. Where the change is meant, run\n"
              "  ./bazelw run //benchmarks/micro:core_instructions -- --write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
