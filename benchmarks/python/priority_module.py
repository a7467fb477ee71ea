#!/usr/bin/python3
"""What the calls of the module `priority` cost, beside python3-priority's.

./bazelw run --config=opt //benchmarks/python:priority_module

Processor time of one call, as a Python program makes it: in a loop, with the
interpreter's share. Both modules are in this process and take turns; printed
are the median of the rounds and, in brackets, the least and the most.
"""

import itertools
import os
import statistics
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(sys.argv[2]))))
from modules import original, ours  # noqa: E402

ROUNDS = 9
SECONDS = 0.04  # a round of one module
READY = (1, 2, 10, 100, 1000, 5000)
BLOCKED = ((1, 10), (1, 100), (1, 1000), (10, 1000), (100, 1000), (1000, 1000), (1, 5000))


def make(module, ready, blocked, spread):
    tree = module.PriorityTree(maximum_streams=ready + blocked + 2)
    for place in range(ready + blocked):
        stream_id = 2 * place + 1
        tree.insert_stream(stream_id, weight=place * 37 % 256 + 1 if spread else 16)
        if place >= ready:
            tree.block(stream_id)
    return tree


def decide(tree, count):
    for _ in range(count):
        next(tree)


def block_and_unblock(tree, count):
    for _ in range(count):
        tree.block(51)
        tree.unblock(51)


def serve(tree, count):
    """What a server does for a frame whose stream then waits for more."""
    for _ in range(count):
        stream_id = next(tree)
        tree.block(stream_id)
        tree.unblock(stream_id)


def insert_and_remove(tree, count):
    for _ in range(count):
        tree.insert_stream(100001, weight=32)
        tree.remove_stream(100001)


def reprioritize(tree, count):
    for place in range(count):
        tree.reprioritize(51, weight=place % 256 + 1)


def time_of(work, tree, count):
    start = time.process_time()
    work(tree, count)
    return (time.process_time() - start) / count * 1e9


def rounds(work, trees):
    """For each of the trees, its sorted times."""
    counts = [max(2, int(SECONDS * 1e9 / max(time_of(work, tree, 2), 100))) for tree in trees]
    return [sorted(times) for times in zip(
        *([time_of(work, tree, count) for tree, count in zip(trees, counts)]
          for _ in range(ROUNDS)))]


def text(times):
    return "%11.0f (%.0f–%.0f)" % (statistics.median(times), times[0], times[-1])


def compare(label, work, trees):
    seen = rounds(work, trees)
    faster = statistics.median(seen[0]) / statistics.median(seen[1])
    print("%-26s %-34s %-24s %8.*f x" % (
        label, *map(text, seen), 1 if faster < 10 else 0, faster), flush=True)


def main():
    floor, = rounds(decide, [itertools.repeat(1)])
    print("next() of an iterator that does nothing: %s ns" % text(floor).strip())
    print("\n%-26s %-34s %-24s %10s" % (
        "ready blocked weights", "   original, ns", "       ours, ns", "faster"))
    for ready, blocked in [(count, 0) for count in READY] + list(BLOCKED):
        for spread in (False, True):
            compare("%5d %7d %s" % (ready, blocked, "1…256" if spread else "16"), decide,
                    [make(module, ready, blocked, spread) for module in (original, ours)])
    print("\nthe other calls, 100 ready")
    for label, work in (("block, unblock", block_and_unblock),
                        ("next, block, unblock", serve),
                        ("insert, remove", insert_and_remove),
                        ("reprioritize", reprioritize)):
        compare(label, work, [make(module, 100, 0, False) for module in (original, ours)])


if __name__ == "__main__":
    main()
