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


def crowd(seed):
    """A group most of which is blocked, through many decisions between one
    change and the next; the number of its decisions."""
    chance = random.Random(seed)
    common = chance.randint(2, 128)
    like = list(range(common, 2 * common))
    weights = chance.choice([[16], [1, 256], [common, 256 - common], range(1, 257), like,
                             2 * len(like) * [common] + like])
    ids = chance.sample(range(1, 1000), chance.choice([6, 10, 70]))
    if chance.random() < 0.1:
        ids += BEYOND_64_BITS
    ready = chance.choice([1, 2, 5])
    trees = [module.PriorityTree() for module in (original, ours)]

    def both(call, *arguments, **keywords):
        seen = [outcome(getattr(tree, call), *arguments, **keywords) for tree in trees]
        if seen[0] != seen[1]:
            sys.exit("crowd %d, %s: the original %r, ours %r" % (seed, call, *seen))

    parents = [0] if chance.random() < 0.7 else [0, ids[0], ids[1]]
    for place, stream_id in enumerate(ids):
        both("insert_stream", stream_id, weight=chance.choice(weights),
             depends_on=chance.choice(parents if place > 1 else [0]))
        if place >= ready:
            both("block", stream_id)
    decisions = 0
    longest = chance.choice([4, 8, 200])
    for _ in range(3000 // longest // len(ids) + 5):
        run = chance.randint(1, longest)
        for _ in range(run):
            both("__next__")
        decisions += run
        for _ in range(chance.choice([0, 1, 1, 4])):
            both(chance.choice(["block", "unblock"]), chance.choice(ids[:4 * ready]))
        if chance.random() < 0.3:
            stream_id, weight = chance.choice(ids), chance.choice(weights)
            for tree in trees:
                tree._streams[stream_id].weight = weight
        if chance.random() < 0.1:
            both("reprioritize", chance.choice(ids), weight=chance.choice(weights),
                 exclusive=True)
        if chance.random() < 0.7:
            seen = [look(tree) for tree in trees]
            if seen[0] != seen[1]:
                sys.exit("crowd %d, after %d decisions: the original %r, ours %r"
                         % (seed, decisions, *seen))
    return decisions


# Where a blocked child is between two rules for what a log of decisions did to
# it: (the weights of the ready, the child's id and weight, decisions before it
# and its siblings are looked at and after). The last changes its weight then.
CORNERS = (
    ({1: 4, 3: 4, 7: 2}, 6, [8], 11, 5),
    ({1: 59, 8: 1}, 4, [64], 6, 1),
    ({7: 116, 6: 116}, 1, [232, 172], 19, 4),
)


def corner(ready, stream_id, weights, before, after):
    looks = []
    for module in (original, ours):
        tree = module.PriorityTree()
        for ready_id, weight in ready.items():
            tree.insert_stream(ready_id, weight=weight)
        tree.insert_stream(stream_id, weight=weights[0])
        tree.block(stream_id)
        ran = [next(tree) for _ in range(before)]
        tree._streams[stream_id].weight = weights[-1]
        looks.append([look(tree), ran + [next(tree) for _ in range(after)], look(tree)])
    if looks[0] != looks[1]:
        sys.exit("corner %r: the original %r, ours %r" % (weights, *looks))


def main():
    programs = int(sys.argv[2]) if len(sys.argv) > 2 else 1500
    first = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    calls = decisions = 0
    for seed in range(first, first + programs):
        played = play(seed)
        calls += played[0]
        decisions += played[1]
    for case in CORNERS:
        corner(*case)
    crowded = sum(crowd(seed) for seed in range(first, first + programs // 5))
    print("%d programs, %d calls, %d decisions; %d crowds, %d decisions: the same"
          % (programs, calls, decisions, programs // 5, crowded))
    if calls < 50 * programs or decisions < 20 * programs:
        sys.exit("too few calls to prove anything")


if __name__ == "__main__":
    main()
