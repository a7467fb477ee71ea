#!/usr/bin/env python3
"""Checks the tables of mutants against the sources, without building anything: each
change is of lines that its file has once. So a table does not rot as the code goes on.

It also runs from the root of the tree:

    tests/mutation/table_test.py
"""

import os
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(os.path.abspath(__file__)).parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE))
sys.dont_write_bytecode = True
import mutants  # pylint: disable=wrong-import-position

GOOD = "a-name\nIt breaks this.\na/file\n-two\n+2\n three\n//tests/a:b_test\n"


class TablesTest(unittest.TestCase):

    def test_each_mutant_changes_lines_that_its_file_has_once(self):
        faults = []
        for mutant in mutants.read_tables(HERE):
            try:
                mutant.applied_to((ROOT / mutant.file).read_text(encoding="utf-8"))
            except (mutants.TableError, OSError) as fault:
                faults.append(str(fault))
        self.assertEqual(faults, [])

    def test_each_names_tests_of_a_package_that_is_there(self):
        for mutant in mutants.read_tables(HERE):
            self.assertRegex(mutant.breaks, r"^[A-Z].*\.$", mutant.where)
            for test in mutant.tests:
                self.assertRegex(test, "^//tests/", mutant.where)

    def test_there_are_enough_of_each_room(self):
        rooms = {}
        for mutant in mutants.read_tables(HERE):
            room = mutant.file.split("/")[0]
            rooms[room] = rooms.get(room, 0) + 1
        self.assertGreaterEqual(sum(rooms.values()), 40)
        for room in ("priority", "scheduler", "h2", "adapters"):
            self.assertGreaterEqual(rooms.get(room, 0), 8, room)


class ReaderTest(unittest.TestCase):

    def read(self, text):
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder) / "some.mutants"
            table.write_text(text, encoding="utf-8")
            return list(mutants.read_table(table))

    def test_a_block_is_a_mutant(self):
        first, second = self.read("# of the room\n\n" + GOOD + "\n" +
                                  GOOD.replace("a-name", "other") + "equivalent: it is.\n")
        self.assertEqual((first.name, first.breaks, first.file, first.tests, first.equivalent),
                         ("a-name", "It breaks this.", "a/file", ["//tests/a:b_test"], ""))
        self.assertEqual((second.name, second.equivalent, second.where),
                         ("other", "it is.", "some.mutants:11"))

    def test_a_change_is_of_whole_lines(self):
        mutant, = self.read(GOOD)
        self.assertEqual(mutant.applied_to("one\ntwo\nthree\n"), "one\n2\nthree\n")
        self.assertEqual(mutant.applied_to("two\nthree\nfour\n"), "2\nthree\nfour\n")

    def test_lines_that_are_missing_or_there_twice_are_a_fault(self):
        mutant, = self.read(GOOD)
        for text, times in (("two\nthree and\n", 0), ("a two\nthree\n", 0),
                            ("two\nthree\nand\ntwo\nthree\n", 2)):
            with self.assertRaisesRegex(mutants.TableError,
                                        "some.mutants:1: a/file .* a-name %d times" % times):
                mutant.applied_to(text)

    def test_a_fault_of_a_table_names_its_line(self):
        for old, new, fault in (
                ("a-name", "A name", "some.mutants:1: the name is 'A name'; lower case"),
                ("-two\n+2", "-two\n+two", "some.mutants:1: a-name changes nothing"),
                ("-two\n+2\n three", "+2", "some.mutants:1: a-name changes nothing"),
                ("//tests/a:b_test", "tests/a", "come its tests.* given: 'tests/a'"),
                ("+2\n three\n//tests/a:b_test\n", "", "some.mutants:1: a mutant has a name")):
            with self.assertRaisesRegex(mutants.TableError, fault):
                self.read(GOOD.replace(old, new))


if __name__ == "__main__":
    unittest.main()
