#!/usr/bin/python3
"""No caller brings the interpreter down, and nothing is kept for ever.

misuse_test.py MODULE [SEEDS]

What a caller can do by hand: streams linked and unlinked behind the tree's
back, `_streams` written to, objects whose __init__() has not run, ids whose
methods call the tree again.
"""

import gc
import os
import random
import sys
import unittest
import weakref

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from modules import ours  # noqa: E402

SEEDS = range(int(sys.argv[2]) if len(sys.argv) > 2 else 300)
REFUSALS = (ours.PriorityError, ArithmeticError, AssertionError, AttributeError, LookupError,
            RuntimeError, TypeError, ValueError)


def tree_of(*ids):
    tree = ours.PriorityTree()
    for stream_id in ids:
        tree.insert_stream(stream_id)
    return tree


def look(stream):
    return (repr(stream), stream.parent, stream.children, stream.child_queue,
            stream.last_weight, stream._deficit)


def attempt(call, *arguments):
    try:
        call(*arguments)
    except REFUSALS:
        pass


class CallingId(int):
    """An id that calls `hook`, once at a time, whenever it is looked at."""

    hook = None
    busy = False

    def _call(self):
        kind = CallingId
        if kind.hook is not None and not kind.busy:
            kind.busy = True
            attempt(kind.hook)
            kind.busy = False

    def __hash__(self):
        self._call()
        return int.__hash__(self)

    def __eq__(self, other):
        self._call()
        return int(self) == other

    def __bool__(self):
        self._call()
        return int(self) != 0

    def __del__(self):
        self._call()


class MisuseTest(unittest.TestCase):
    def test_a_stream_without_a_parent_is_refused(self):
        def unlinked(tree):
            tree._root_stream.remove_child(tree._streams[1])

        def foreign(tree):
            tree._streams[1] = ours.Stream(1)

        for spoil in (unlinked, foreign):
            for call in (lambda tree: tree.remove_stream(1),
                         lambda tree: tree.reprioritize(1, depends_on=2)):
                tree = tree_of(1, 2)
                spoil(tree)
                with self.assertRaises(AttributeError):
                    call(tree)
                self.assertEqual(next(tree), 1 if spoil is foreign else 2)

    def test_one_stream_by_two_ids_does_not_depend_on_itself(self):
        tree = tree_of(1, 2)
        tree._streams[9] = tree._streams[1]
        with self.assertRaises(ours.PriorityLoop):
            tree.reprioritize(1, depends_on=9)
        tree._streams[8] = tree._root_stream
        with self.assertRaises(AttributeError):
            tree.reprioritize(8, depends_on=1)
        self.assertEqual([next(tree) for _ in range(4)], [1, 2, 1, 2])

    def test_an_object_that_is_no_stream_is_refused(self):
        stream = ours.Stream(1)
        for call in (stream.add_child, stream.add_child_exclusive, stream.remove_child):
            for child in (None, 1, "x", ours.PriorityTree()):
                with self.assertRaises(TypeError):
                    call(child)
        for other in (None, "x", ours.Stream.__new__(ours.Stream)):
            tree = tree_of(1)
            tree._streams[9] = other
            for call in (tree.block, tree.remove_stream, tree.reprioritize):
                with self.assertRaises(REFUSALS):
                    call(9)
            attempt(tree.insert_stream, 11, 9)
            self.assertEqual(next(tree), 1)

    def test_a_keyword_must_be_a_string(self):
        for keyword in (None, 2, 3.5, b"weight", (1, 2), 10**40):
            for call in (ours.PriorityTree, ours.Stream, ours.PriorityTree().block):
                with self.assertRaises(TypeError):
                    call(**{keyword: 1})

    def test_an_uninitialised_object_is_refused(self):
        stream = ours.Stream.__new__(ours.Stream)
        tree = ours.PriorityTree.__new__(ours.PriorityTree)
        whole = ours.Stream(1)
        for call in (
            lambda: stream.weight, lambda: stream.active, lambda: stream.children, lambda: stream < whole,
            lambda: whole < stream, lambda: whole == stream, lambda: repr(stream), stream.schedule,
            lambda: whole.add_child(stream), lambda: stream.add_child(whole),
            lambda: tree._streams, lambda: tree._root_stream, tree.next,
            lambda: tree._get_or_insert_parent(3), lambda: tree.__init__(0),
        ):
            with self.assertRaises(REFUSALS):
                call()
        tree.__init__(5)
        tree.insert_stream(3)
        self.assertEqual(next(tree), 3)

    def test_streams_linked_by_hand_across_trees_do_not_crash(self):
        for seed in SEEDS:
            chance = random.Random(seed)
            trees = [tree_of(1, 2, 3, 4), tree_of(1, 2, 3, 4)]
            loose = [ours.Stream(stream_id) for stream_id in range(20, 24)]
            for _ in range(80):
                tree = chance.choice(trees)
                pool = loose + [stream for one in trees for stream in one._streams.values()]
                first, second = chance.choice(pool), chance.choice(pool)
                stream_id, other_id = chance.randrange(30), chance.randrange(30)
                attempt(*chance.choice((
                    (first.add_child, second), (first.add_child_exclusive, second),
                    (first.remove_child, second), (first.remove_child, second, False),
                    (setattr, first, "active", chance.random() < 0.5),
                    (setattr, first, "weight", chance.randint(0, 256)),
                    (first.schedule,), (next, tree), (tree._streams.update, {stream_id: first}),
                    (tree._streams.pop, stream_id), (tree.insert_stream, stream_id, other_id),
                    (tree.reprioritize, stream_id, other_id), (tree.remove_stream, stream_id),
                    (tree.block, stream_id))))
                attempt(look, first)
                if chance.random() < 0.02:
                    trees[chance.randrange(2)] = tree_of(1, 2, 3, 4)
                    loose.pop()
                    loose.append(ours.Stream(25))

    def test_ids_that_call_the_tree_again_do_not_crash(self):
        calls = 0
        for seed in SEEDS:
            chance = random.Random(seed)
            tree = tree_of(1, 2, 3, 4)

            def act():
                nonlocal calls
                calls += 1
                stream_id, parent = (CallingId(chance.randrange(9)) for _ in range(2))
                settings = (chance.randint(1, 256), chance.random() < 0.3)
                attempt(*chance.choice((
                    (tree.insert_stream, stream_id, parent, *settings),
                    (tree.reprioritize, stream_id, parent, *settings),
                    (tree.remove_stream, stream_id), (tree.block, stream_id),
                    (tree.unblock, stream_id), (next, tree), (tree._streams.pop, stream_id),
                    (tree._get_or_insert_parent, parent))))

            CallingId.hook = act
            for _ in range(40):
                act()
            CallingId.hook = None
        self.assertGreater(calls, 100 * len(SEEDS))

    def test_a_limit_may_replace_itself_while_it_is_read(self):
        class Limit(int):
            def __lt__(self, other):
                tree._maximum_streams = 5
                return NotImplemented

        tree = ours.PriorityTree(Limit(5))
        tree.insert_stream(1)
        self.assertEqual(next(tree), 1)

    def test_objects_that_refer_to_themselves_are_collected(self):
        class Tree(ours.PriorityTree):
            """With a dictionary of CPython's."""

        def itself(tree):
            tree.me = tree

        def through_a_stream(tree):
            tree.insert_stream(1)
            tree._streams[1].tree = tree

        def through_the_streams(tree):
            tree._streams["tree"] = tree

        for kind in (ours.PriorityTree, Tree):
            for link in (itself, through_a_stream, through_the_streams):
                tree = kind()
                link(tree)
                seen = weakref.ref(tree)
                del tree
                gc.collect()
                self.assertIsNone(seen(), "%s %s" % (kind, link))
        stream = ours.Stream(1)
        stream.me = stream
        seen = weakref.ref(stream)
        del stream
        gc.collect()
        self.assertIsNone(seen())

    def test_no_object_is_leaked(self):
        def use():
            tree = tree_of(*range(1, 20))
            for call in (
                tree.next, lambda: tree.block(5), lambda: tree.reprioritize(3, 7, 9, True),
                lambda: tree.insert_stream(30, depends_on=31), lambda: tree.remove_stream(31),
                lambda: look(tree._streams[7]), lambda: tree._streams[4].add_child(tree._streams[9]),
                lambda: tree.block(999), lambda: tree.insert_stream(4), lambda: tree.insert_stream("x"),
                lambda: tree.insert_stream(weight=3), lambda: tree.insert_stream(55, weight=0),
                lambda: tree.block([]), lambda: ours.PriorityTree(0), lambda: ours.PriorityTree(x=3),
                lambda: ours.Stream(1, 0), ours.Stream, lambda: ours.Stream(2**90, weight=9),
            ):
                attempt(call)

        for _ in range(20):
            use()
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(200):
            use()
        gc.collect()
        self.assertLess(sys.getallocatedblocks() - before, 100)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
