#!/usr/bin/python3
"""Everything a caller can see of python3-priority is there in our module.

api_test.py MODULE
"""

import inspect
import os
import pickle
import sys
import unittest
import unittest.mock

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from modules import original, ours, outcome  # noqa: E402

MODULES = (original, ours)
ERRORS = [name for name, value in vars(original).items()
          if isinstance(value, type) and issubclass(value, Exception)]


class ApiTest(unittest.TestCase):
    def same(self, call):
        """`call(module)` has one outcome; returned for a look at it."""
        seen = [outcome(call, module) for module in MODULES]
        self.assertEqual(seen[1], seen[0])
        return seen[0]

    def test_every_public_name_is_there(self):
        names = {name for name in dir(original) if not name.startswith("_")}
        self.assertEqual(names, {name for name in dir(ours) if not name.startswith("_")})
        self.assertIs(ours.priority.PriorityTree, ours.PriorityTree)
        self.assertEqual(ours.__version__, original.__version__)
        for name in ("Stream", "PriorityTree"):
            members = {member for member in vars(getattr(original, name))
                       if not member.startswith("_")}
            self.assertLessEqual(members, set(dir(getattr(ours, name))), name)
            self.assertEqual(getattr(ours, name).__module__, "priority.priority")

    def test_help_says_something_about_every_name(self):
        self.assertIn("tree.insert_stream(", ours.__doc__)
        for kind in (ours.Stream, ours.PriorityTree, *(getattr(ours, name) for name in ERRORS)):
            self.assertTrue(kind.__doc__, kind)
        for kind in (ours.Stream, ours.PriorityTree):
            for name in dir(kind):
                if not name.startswith("_"):
                    self.assertGreater(len(inspect.getdoc(getattr(kind, name)) or ""), 20, name)

    def test_errors_have_the_originals_bases(self):
        self.assertEqual(len(ERRORS), 8)
        for name in ERRORS:
            bases = [[base.__name__ for base in getattr(module, name).__mro__]
                     for module in MODULES]
            self.assertEqual(bases[1], bases[0])
        self.assertTrue(issubclass(ours.MissingStreamError, KeyError))

    def test_errors_survive_a_pickle(self):
        sys.modules["priority"], sys.modules["priority.priority"] = ours, ours.priority
        try:
            again = pickle.loads(pickle.dumps(ours.DeadlockError("x")))
        finally:
            del sys.modules["priority"], sys.modules["priority.priority"]
        self.assertIs(type(again), ours.DeadlockError)

    def test_refusals_have_the_originals_type_and_text(self):
        def tree(module, count=3):
            made = module.PriorityTree(maximum_streams=10)
            for stream_id in range(1, count + 1):
                made.insert_stream(stream_id)
            return made

        for refused in (
            lambda m: tree(m).insert_stream(1),
            lambda m: tree(m).insert_stream(0),
            lambda m: tree(m).insert_stream(9, depends_on=9),
            lambda m: tree(m).insert_stream(9, weight=0),
            lambda m: tree(m).insert_stream(9, weight=257),
            lambda m: tree(m).insert_stream(9, weight=2**80),
            lambda m: tree(m).insert_stream(9, weight="16"),
            lambda m: tree(m).insert_stream(9, weight=16.0),
            lambda m: tree(m, 9).insert_stream(10),
            lambda m: tree(m, 9).insert_stream(10, weight=0),
            lambda m: tree(m, 9).reprioritize(1, depends_on=20),
            lambda m: tree(m).reprioritize(0),
            lambda m: tree(m).reprioritize(9),
            lambda m: tree(m).reprioritize(1, depends_on=1),
            lambda m: tree(m).reprioritize(1, weight=None),
            lambda m: tree(m).remove_stream(0),
            lambda m: tree(m).remove_stream(9),
            lambda m: tree(m).remove_stream(2**90),
            lambda m: tree(m).block(0),
            lambda m: tree(m).block(9),
            lambda m: tree(m).unblock(0),
            lambda m: tree(m).unblock(-9),
            lambda m: next(m.PriorityTree()),
            lambda m: m.PriorityTree().next(),
            lambda m: m.PriorityTree(maximum_streams=0),
            lambda m: m.PriorityTree(maximum_streams=-1),
            lambda m: m.PriorityTree(maximum_streams="10"),
            lambda m: m.PriorityTree(maximum_streams=10.0),
            lambda m: m.Stream(1, weight=0),
            lambda m: m.Stream(1, weight=None),
            lambda m: m.Stream(1).schedule(),
        ):
            bases, _ = self.same(refused)
            self.assertIn("builtins.Exception", bases, inspect.getsource(refused))
        for module in MODULES:
            with self.assertRaises(TypeError):
                hash(module.Stream(1))
            with self.assertRaises(TypeError):
                module.Stream(1) < 1  # pylint: disable=expression-not-assigned

    def test_keywords_have_the_originals_names(self):
        def use(module):
            tree = module.PriorityTree(maximum_streams=10)
            tree.insert_stream(stream_id=1, depends_on=None, weight=7, exclusive=False)
            tree.insert_stream(3, 1, 9, True)
            tree.reprioritize(stream_id=3, depends_on=0, weight=5, exclusive=True)
            tree.block(stream_id=1)
            tree.unblock(stream_id=1)
            tree.remove_stream(stream_id=1)
            return [next(tree), tree.next(), tree.__next__()]

        self.assertEqual(self.same(use), [3, 3, 3])

    def test_calls_that_do_not_fit_are_refused_in_pythons_words(self):
        for call, names in (("block", 1), ("unblock", 1), ("remove_stream", 1),
                            ("insert_stream", 4), ("reprioritize", 4)):
            for arguments, keywords in (
                ([], {}), ([], {"weight": 16}), ([1] * (names + 1), {}), ([1] * (names + 3), {}),
                ([1], {"stream_id": 2}), ([1], {"stream": 2}), ([], {"stream_id": 1, "wait": 2}),
                ([], {"stream\u00a0id": 1}),
            ):
                bases, _ = self.same(lambda module: getattr(module.PriorityTree(), call)(
                    *arguments, **keywords))
                self.assertEqual(bases[0], "builtins.TypeError")
        for made, arguments, keywords in (
            ("PriorityTree", [1, 2], {}), ("PriorityTree", [], {"streams": 1}),
            ("PriorityTree", [1], {"maximum_streams": 1}), ("Stream", [], {}),
            ("Stream", [1, 2, 3], {}), ("Stream", [1], {"stream_id": 1}),
            ("Stream", [1], {"wait": 2}), ("Stream", [], {"weight": 2}),
        ):
            bases, _ = self.same(lambda module: getattr(module, made)(*arguments, **keywords))
            self.assertEqual(bases[0], "builtins.TypeError")

    def test_methods_have_the_originals_signatures(self):
        for call in ("next", "block", "unblock", "remove_stream", "insert_stream", "reprioritize"):
            self.same(lambda module: [
                (parameter.name, parameter.kind, parameter.default) for parameter in
                inspect.signature(getattr(module.PriorityTree(), call)).parameters.values()])
        for made in ("PriorityTree", "Stream"):
            self.same(lambda module: [
                (parameter.name, parameter.kind, parameter.default) for parameter in
                inspect.signature(getattr(module, made)).parameters.values()])

    def test_errors_of_a_parameter_reach_the_caller(self):
        class Torn:
            """Neither true nor false."""

            def __bool__(self):
                raise ZeroDivisionError("torn")

        for call in (lambda m: m.PriorityTree().insert_stream(1, exclusive=Torn()),
                     lambda m: m.PriorityTree().insert_stream(1, depends_on=Torn()),
                     lambda m: m.PriorityTree().block([])):
            self.same(call)

    def test_a_tree_is_its_own_iterator(self):
        tree = ours.PriorityTree()
        tree.insert_stream(5)
        self.assertIs(iter(tree), tree)
        for stream_id in tree:
            self.assertEqual(stream_id, 5)
            break

    def test_streams_order_and_print_like_the_originals(self):
        def compare(module):
            streams = [module.Stream(stream_id=i, weight=w)
                       for i, w in ((1, 16), (1, 3), (2, 16), (2**90, 1), (2**91, 1), (-5, 256))]
            return [(repr(a), a == b, a != b, a < b, a <= b, a > b, a >= b)
                    for a in streams for b in streams] + [streams[0] == 1, streams[0] != 1]

        self.same(compare)

    def test_a_streams_attributes_are_the_originals(self):
        def look(module):
            tree = module.PriorityTree()
            tree.insert_stream(1, weight=3)
            tree.insert_stream(3, depends_on=1, weight=200)
            tree.insert_stream(5, depends_on=7)
            tree.block(1)
            ran = [next(tree) for _ in range(7)]
            return ran, tree._maximum_streams, tree._root_stream.stream_id, [
                (i, s.stream_id, s.weight, s.active, s.parent and s.parent.stream_id,
                 [c.stream_id for c in s.children], s.last_weight, s._deficit,
                 [(level, c.stream_id) for level, c in s.child_queue])
                for i, s in tree._streams.items()]

        self.same(look)

    def test_a_streams_attributes_can_be_set(self):
        def use(module):
            tree = module.PriorityTree()
            tree.insert_stream(1)
            tree.insert_stream(3)
            tree._streams[1].active = False
            tree._streams[3].weight = 9
            try:
                tree._streams[3].weight = 0
            except module.BadWeightError as error:
                text = str(error)
            return next(tree), tree._streams[3].weight, text, tree._streams[1] is tree._streams[1]

        self.same(use)

    def test_trees_and_streams_take_attributes_of_the_callers(self):
        def use(module):
            tree = module.PriorityTree()
            tree.insert_stream(1)
            tree.owner, tree._streams[1].owner = "me", "you"
            with unittest.mock.patch.object(tree, "block") as block:
                tree.block(1)
            tree._maximum_streams = 2
            refused = outcome(tree.insert_stream, 3)
            stream = module.Stream(1)
            activities = []
            for active in (0, 1, None, "yes", []):
                stream.active = active
                activities.append(bool(stream.active))
            return tree.owner, tree._streams[1].owner, block.call_count, refused, activities

        self.same(use)

    def test_texts_about_the_types_are_the_originals(self):
        for refused in (
            lambda m: m.Stream(1) < 1, lambda m: hash(m.Stream(1)), lambda m: m.Stream(1).name,
            lambda m: m.PriorityTree()[1], lambda m: len(m.PriorityTree()),
            lambda m: m.PriorityTree() < m.PriorityTree(), lambda m: m.PriorityTree().name,
        ):
            self.assertIsInstance(self.same(refused), tuple)

    def test_a_value_that_equals_an_id_names_the_stream(self):
        def use(module):
            tree = module.PriorityTree()
            for stream_id in (1, 3, 5):
                tree.insert_stream(stream_id)
            tree.block(True)
            tree.reprioritize(3.0, depends_on=5.0)
            return [outcome(call, stream_id) for stream_id in (False, 0.0, 0j, 1.5) for call in
                    (tree.insert_stream, tree.reprioritize, tree.block, tree.unblock,
                     tree.remove_stream) if call != tree.insert_stream or stream_id != 1.5
                    ] + [next(tree) for _ in range(5)]

        self.same(use)

    def test_streams_can_be_linked_by_hand(self):
        def use(module):
            root = module.Stream(0, weight=1)
            root.active = False
            streams = [module.Stream(i, weight=10 * i) for i in range(1, 5)]
            root.add_child(streams[0])
            root.add_child(streams[1])
            root.add_child_exclusive(streams[2])
            streams[2].active = False
            ran = [root.schedule() for _ in range(6)]
            streams[2].remove_child(streams[0])
            return (ran, [root.schedule() for _ in range(3)],
                    [c.stream_id for c in streams[2].children])

        self.same(use)

    def test_any_python_int_is_a_stream_id(self):
        ids = [-(2**100), -7, True, 2**31, 2**63, 2**63 + 1, 2**200]

        def use(module):
            tree = module.PriorityTree()
            for stream_id in ids:
                tree.insert_stream(stream_id)
            tree.block(2**63)
            tree.reprioritize(2**200, depends_on=2**63 + 1)
            ran = [next(tree) for _ in range(9)]
            return ran, [type(stream_id).__name__ for stream_id in ran]

        self.same(use)

    def test_a_subclass_works(self):
        class Tree(ours.PriorityTree):
            """As servers make them."""

            def __init__(self):
                super().__init__(maximum_streams=3)
                self.name = "mine"

        tree = Tree()
        tree.insert_stream(1)
        self.assertEqual((next(tree), tree.name), (1, "mine"))

        class Forgetful(ours.PriorityTree):
            """Without the base's."""

            def __init__(self):  # pylint: disable=super-init-not-called
                pass

        with self.assertRaises(TypeError):
            next(Forgetful())
        raw = ours.PriorityTree.__new__(ours.PriorityTree)
        for call in (lambda: next(raw), raw.next, lambda: raw.block(1),
                     lambda: raw.insert_stream(1)):
            with self.assertRaises(TypeError):
                call()
        with self.assertRaises(TypeError):
            ours.PriorityTree.block(ours.Stream(1), 1)

        class Both(ours.Stream, ours.PriorityTree):
            """Where the tree is not the object's first part."""

            def __init__(self):
                ours.Stream.__init__(self, 7)
                ours.PriorityTree.__init__(self)

        both = Both()
        both.insert_stream(5)
        both.block(5)
        both.unblock(5)
        self.assertEqual((next(both), both.next(), both.stream_id), (5, 5, 7))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
