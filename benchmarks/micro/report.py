#!/usr/bin/env python3
"""Runs benchmarks/micro:priority_tree, prints the ratios, writes them to docs/.

    bazel build -c opt //benchmarks/micro:priority_tree
    benchmarks/micro/report.py bazel-bin/benchmarks/micro/priority_tree

Options: --repetitions N (default 9, interleaved at random), --min_time S,
--filter REGEX, --json FILE (reads a result instead of running), --out FILE
(default docs/priority_tree.md). Times are CPU time: the machine may be shared.
A ratio is a quotient of medians; beside each median stand the quartiles.
"""

import argparse
import collections
import json
import os
import statistics
import subprocess
import sys

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

SYSTEMS = ["sluice", "sluice_exact", "h2o", "nghttp2", "heap"]
ROWS = ["Pick", "Toggle", "BlockUnblock", "Reweight", "Regroup",
        "ExclusiveInsert", "Churn"]


def run(arguments):
    command = [
        arguments.binary,
        "--benchmark_format=json",
        "--benchmark_filter=" + arguments.filter,
        "--benchmark_repetitions=%d" % arguments.repetitions,
        "--benchmark_min_time=%s" % arguments.min_time,
        "--benchmark_enable_random_interleaving=true",
    ]
    result = subprocess.run(command, stdout=subprocess.PIPE,
                            stderr=subprocess.DEVNULL, check=True)
    return json.loads(result.stdout)


def nanoseconds(value):
    if value < 100:
        return "%.1f" % value
    if value < 10000:
        return "%.0f" % value
    return "{:,.0f}".format(value)


def table(data):
    times = collections.defaultdict(list)
    counters = {}
    for entry in data["benchmarks"]:
        if entry.get("run_type") == "aggregate":
            continue
        parts = entry["name"].split("/")
        operation, system, shape, size = parts[:4]
        if operation in ("Memory", "Fairness"):
            for counter in ("worst_ratio", "bytes_a_node"):
                if counter in entry:
                    counters[operation, shape, int(size), system] = \
                        entry[counter]
            continue
        times[operation, shape, int(size), system].append(entry["cpu_time"])
    lines = ["| operation, shape, n | " + " | ".join(SYSTEMS) +
             " | sluice / h2o | sluice / nghttp2 |",
             "|---|" + "---|" * (len(SYSTEMS) + 2)]
    rows = sorted({key[:3] for key in times},
                  key=lambda k: (ROWS.index(k[0]), k[1], k[2]))
    for row in rows:
        cells, medians = [], {}
        for system in SYSTEMS:
            samples = sorted(times.get(row + (system,), []))
            if not samples:
                cells.append("–")
                continue
            medians[system] = statistics.median(samples)
            low = samples[len(samples) // 4]
            high = samples[len(samples) * 3 // 4]
            cells.append("%s (%s–%s)" % (nanoseconds(medians[system]),
                                         nanoseconds(low),
                                         nanoseconds(high)))
        for peer in ("h2o", "nghttp2"):
            if peer in medians and "sluice" in medians:
                cells.append("%.3g" % (medians["sluice"] / medians[peer]))
            else:
                cells.append("–")
        lines.append("| %s %s %s | %s |" % (row[0], row[1],
                                            "{:,}".format(row[2]),
                                            " | ".join(cells)))
    if counters:
        lines += ["", "| | " + " | ".join(SYSTEMS) + " |",
                  "|---|" + "---|" * len(SYSTEMS)]
        for row in sorted({key[:3] for key in counters}):
            unit = "worst ratio to the bound, " if row[0] == "Fairness" \
                else "bytes a node, "
            lines.append("| %s%s %s | %s |" % (
                unit, row[1], "{:,}".format(row[2]), " | ".join(
                    "%.3f" % counters[row + (s,)]
                    if row + (s,) in counters else "–" for s in SYSTEMS)))
    return "\n".join(lines)


HEAD = """# The priority tree beside others

Written by two commands:

    ./bazelw build --config=opt //benchmarks/micro:priority_tree
    benchmarks/micro/report.py bazel-bin/benchmarks/micro/priority_tree

CPU nanoseconds an operation: the median of the repetitions, with the quartiles in
parentheses. The machine is shared, so compare within a row. One binary has all systems:

- `sluice`: the tree as it ships (sorted lists up to eight active children, or sixteen of
  one weight; one calendar, then splay trees); `sluice_exact`: without slots (lists, then
  splay trees)
- `h2o`: the scheduler of libh2o-evloop, which counts callbacks and no bytes
- `nghttp2`: a session of libnghttp2 1.52 that writes one frame
- `heap`: a binary heap of finish tags without a tree

"Pick" is a pick and a charge of 16 KiB. Sluice is slower than h2o, which counts
callbacks in 64 fixed buckets, on these shapes:

- Flat levels of 8 to 100: a decision touches a bitmap, a slot's list and a division,
  about 150 to 210 instructions against h2o's 155. Dividing by the known quantum, lists
  linked without branches, and lists that touch one node less gained nothing that lasted.
- Flat levels of 100,000, about equal: a decision waits for four cache lines.
- Firefox's groups: three large levels; one has the calendar, the others have splay
  trees. `large_queues` gives them calendars too, for 16.5 KiB each.
- Opening, closing and moving: the tree looks up ids and keeps limits and ages; with h2o
  that is the caller's work.

"""


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("binary", nargs="?")
    parser.add_argument("--repetitions", type=int, default=9)
    parser.add_argument("--min_time", default="0.05")
    parser.add_argument("--filter", default=".")
    parser.add_argument("--json")
    parser.add_argument("--out")
    arguments = parser.parse_args()
    if arguments.json:
        with open(arguments.json) as file:
            data = json.load(file)
    elif arguments.binary:
        data = run(arguments)
    else:
        parser.error("a binary or --json is needed")
    text = table(data)
    print(text)
    out = arguments.out or os.path.join(
        os.path.dirname(os.path.abspath(__file__)), "../../docs",
        "priority_tree.md")
    whole_file.write(out, HEAD + text + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
