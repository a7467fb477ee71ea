#!/usr/bin/python3
"""Plays random programs into python3-priority and into our module: every
result, error and text must be the same, and the sequence of next() with them.

differential_test.py MODULE [PROGRAMS [FIRST_SEED]]

Left out is only what the original does wrong: a stream reprioritised under its
own descendant that has children, a removed stream that has children (it does
not share their parent's weight, RFC 7540 §5.3.4), a repetition that changes
nothing. defects_test.py holds our module to the RFC there.
"""

import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from modules import original, ours, outcome  # noqa: E402

BEYOND_64_BITS = [2**70 + n for n in range(5)] + [-(2**80) + n for n in range(5)]


def descends(tree, stream_id, ancestor_id):
    stream = tree._streams.get(stream_id)
    while stream is not None and stream.stream_id != ancestor_id:
        stream = stream.parent
    return stream is not None


def bites(tree, call, stream_id, keywords):
    """Whether one of the original's defects would."""
    stream = tree._streams.get(stream_id)
    if stream is None or stream_id == 0:
        return False
    if call == "remove_stream":
        return bool(stream.children)
    if call != "reprioritize":
        return False
    parent_id = keywords["depends_on"] or 0
    if parent_id in tree._streams and parent_id != stream_id:
        if descends(tree, parent_id, stream_id) and tree._streams[parent_id].children:
            return True
    return (parent_id == stream.parent.stream_id and keywords["weight"] == stream.weight
            and not keywords["exclusive"])


def look(tree):
    return {
        stream_id: (
            repr(stream), stream.active, stream.weight, stream.last_weight, stream._deficit,
            stream.parent and stream.parent.stream_id,
            [child.stream_id for child in stream.children],
            sorted((level, child.stream_id) for level, child in stream.child_queue))
        for stream_id, stream in tree._streams.items()
    }


def play(seed):
    """One program; the number of its calls and of its decisions."""
    chance = random.Random(seed)
    maximum = chance.choice([5, 12, 40])
    trees = [module.PriorityTree(maximum_streams=maximum) for module in (original, ours)]
    ids = list(range(26))
    if chance.random() < 0.2:
        ids += BEYOND_64_BITS
    weights = chance.choice([[16], [1, 256], range(1, 257), [0, 1, 3, 5, 257, 16, "16", None]])
    program, decisions = [], 0
    for _ in range(chance.choice([20, 100, 300])):
        stream_id = chance.choice(ids)
        call = chance.choices(
            ["__next__", "block", "unblock", "insert_stream", "reprioritize", "remove_stream"],
            [45, 8, 8, 18, 14, 7])[0]
        arguments, keywords = ([] if call == "__next__" else [stream_id]), {}
        if call in ("insert_stream", "reprioritize"):
            keywords = {"depends_on": chance.choice([None, 0, chance.choice(ids)]),
                        "weight": chance.choice(weights), "exclusive": chance.random() < 0.2}
        if bites(trees[0], call, stream_id, keywords):
            continue
        program.append((call, arguments, keywords))
        decisions += call == "__next__"
        seen = [outcome(getattr(tree, call), *arguments, **keywords) for tree in trees]
        if chance.random() < 0.03:
            seen = [(result, look(tree)) for result, tree in zip(seen, trees)]
        if seen[0] != seen[1]:
            for line in program:
                print(line)
            sys.exit("seed %d, call %d: the original %r, ours %r" % (seed, len(program), *seen))
    return len(program), decisions


def main():
    programs = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    calls = decisions = 0
    for seed in range(first, first + programs):
        played = play(seed)
        calls += played[0]
        decisions += played[1]
    print("%d programs, %d calls, %d decisions: the same" % (programs, calls, decisions))
    if calls < 50 * programs or decisions < 20 * programs:
        sys.exit("too few calls to prove anything")


if __name__ == "__main__":
    main()
