#!/usr/bin/python3
"""Where our module differs from python3-priority 2.0.0, and what the RFC says.

defects_test.py MODULE
"""

import collections
import itertools
import os
import resource
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from modules import original, ours  # noqa: E402


def shape(tree):
    """{stream: its parent}, and that parents and children agree."""
    parents = {}
    for stream_id, stream in tree._streams.items():
        for child in stream.children:
            assert child.parent.stream_id == stream_id, "two parents"
            assert child.stream_id not in parents, "two parents"
            parents[child.stream_id] = stream_id
    for stream_id in parents:
        seen = set()
        while stream_id:
            assert stream_id not in seen, "a cycle"
            seen.add(stream_id)
            stream_id = parents[stream_id]
    return parents


FAMILY = {1: 0, 2: 0, 3: 1, 4: 1, 5: 3, 6: 3, 7: 5, 8: 7}


def family(module):
    tree = module.PriorityTree()
    for stream_id, parent in FAMILY.items():
        tree.insert_stream(stream_id, depends_on=parent)
    return tree


def ancestors(stream_id):
    while FAMILY.get(stream_id):
        stream_id = FAMILY[stream_id]
        yield stream_id


class DefectsTest(unittest.TestCase):
    # RFC 7540 §5.3.3: the new parent first moves to the old one, "retaining
    # its weight", and its own dependents go with it.
    def test_a_stream_can_move_under_any_of_its_descendants(self):
        pairs = [(a, d) for d in FAMILY for a in ancestors(d)]
        self.assertEqual(len(pairs), 13)
        for (mover, parent), exclusive in itertools.product(pairs, (False, True)):
            tree = family(ours)
            tree.reprioritize(mover, depends_on=parent, weight=99, exclusive=exclusive)
            parents = shape(tree)
            self.assertEqual(set(parents), set(FAMILY))
            self.assertEqual(parents[mover], parent)
            self.assertEqual(parents[parent], FAMILY[mover])
            for stream_id in FAMILY:
                if FAMILY[stream_id] == parent:
                    self.assertEqual(parents[stream_id], mover if exclusive else parent)
            for stream_id in FAMILY:
                tree.remove_stream(stream_id)
                self.assertNotIn(stream_id, shape(tree))
                alive = set(shape(tree))
                for _ in range(20 if alive else 0):
                    self.assertIn(next(tree), alive)

    def test_the_original_fails_at_it(self):
        tree = family(original)
        tree.reprioritize(1, depends_on=3)
        with self.assertRaises(AssertionError):
            shape(tree)

    # RFC 7540 §5.3.4.
    def test_the_children_of_a_removed_stream_share_its_weight(self):
        tree = ours.PriorityTree()
        tree.insert_stream(1, weight=1)
        tree.insert_stream(3, weight=1)
        for stream_id in range(5, 205, 2):
            tree.insert_stream(stream_id, depends_on=1, weight=16)
        tree.remove_stream(1)
        ran = collections.Counter(next(tree) for _ in range(20000))
        self.assertAlmostEqual(ran[3] / 20000, 1 / 2, delta=0.01)
        self.assertEqual(tree._streams[5].weight, 1)

    def test_an_only_child_takes_the_weight_whole(self):
        tree = ours.PriorityTree()
        tree.insert_stream(1, weight=200)
        tree.insert_stream(3, depends_on=1, weight=4)
        tree.remove_stream(1)
        self.assertEqual(tree._streams[3].weight, 200)

    # Weights are kept in 1/65536: what is left for the least of them is less.
    def test_a_removed_streams_weight_may_be_too_little_to_share(self):
        tree = ours.PriorityTree()
        tree.insert_stream(1, weight=1)
        tree.insert_stream(3, depends_on=1, weight=1)
        heavy = range(5, 605, 2)
        for stream_id in heavy:
            tree.insert_stream(stream_id, depends_on=1, weight=256)
        tree.remove_stream(1)
        self.assertEqual(set(shape(tree)), {3, *heavy})
        # All begin at one level; then the least waits for all others.
        served = collections.Counter(next(tree) for _ in range(2 * 300 + 1))
        self.assertEqual(served, {3: 1, **dict.fromkeys(heavy, 2)})

    # The original lets the light stream have nearly all.
    def test_repeating_a_priority_gains_nothing(self):
        shares = {}
        for module in (original, ours):
            tree = module.PriorityTree()
            tree.insert_stream(1, weight=1)
            tree.insert_stream(3, weight=256)
            ran = collections.Counter()
            for _ in range(2570):
                ran[next(tree)] += 1
                tree.reprioritize(1, weight=1)
            shares[module] = ran[1]
        self.assertLessEqual(shares[ours], 11)
        self.assertGreater(shares[original], 1000)

    def test_a_chain_may_be_of_any_depth(self):
        depth = 100000

        def small_stack():
            resource.setrlimit(resource.RLIMIT_STACK, (256 * 1024, 256 * 1024))

        program = """
import sys
sys.path.insert(0, %r)
from modules import ours
tree = ours.PriorityTree(maximum_streams=%d)
for stream_id in range(1, %d + 1):
    tree.insert_stream(stream_id, depends_on=stream_id - 1)
for stream_id in range(1, %d):
    tree.block(stream_id)
assert next(tree) == %d
tree.reprioritize(1, depends_on=%d)
assert next(tree) == %d
tree.remove_stream(%d)
tree.block(%d)
try:
    next(tree)
except ours.DeadlockError:
    print("deep enough")
del tree
""" % (os.path.dirname(os.path.abspath(__file__)), depth + 2, depth, depth, depth, depth, depth,
            depth // 2, depth)
        done = subprocess.run([sys.executable, "-c", program, sys.argv[1]], check=False,
                              preexec_fn=small_stack, capture_output=True, text=True)
        self.assertEqual(done.stdout, "deep enough\n", done)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
