#!/usr/bin/python3
"""What one next() of the module `priority` costs, beside python3-priority's.

./bazelw run //benchmarks/python:priority_module

Processor time, least of several runs that take turns, so that what else the
machine does matters little. `weights`: all 16, or spread over 1 to 256.
"""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(sys.argv[2]))))
from modules import original, ours  # noqa: E402

RUNS = 7
READY = (1, 2, 10, 100, 1000, 5000)
BLOCKED = ((1, 10), (1, 100), (1, 1000), (10, 1000), (1, 5000))


def make(module, ready, blocked, spread):
    tree = module.PriorityTree(maximum_streams=ready + blocked + 1)
    for place in range(ready + blocked):
        stream_id = 2 * place + 1
        tree.insert_stream(stream_id, weight=place * 37 % 256 + 1 if spread else 16)
        if place >= ready:
            tree.block(stream_id)
    return tree


def run(tree, count):
    start = time.process_time()
    for _ in range(count):
        next(tree)
    return (time.process_time() - start) / count


def compare(ready, blocked, spread):
    trees = [make(module, ready, blocked, spread) for module in (original, ours)]
    # A twentieth of a second a run.
    counts = [max(2, int(0.05 / max(run(tree, 2), 1e-7))) for tree in trees]
    best = [min(times) for times in zip(
        *([run(tree, count) for tree, count in zip(trees, counts)] for _ in range(RUNS)))]
    print("%6d %8d  %-7s %12.0f %9.0f %8.0f x" % (
        ready, blocked, "1…256" if spread else "16", best[0] * 1e9, best[1] * 1e9,
        best[0] / best[1]), flush=True)


def main():
    print(" ready  blocked  weights  original, ns  ours, ns    faster")
    for ready, blocked in [(count, 0) for count in READY] + list(BLOCKED):
        for spread in (False, True):
            compare(ready, blocked, spread)


if __name__ == "__main__":
    main()
