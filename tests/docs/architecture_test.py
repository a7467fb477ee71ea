#!/usr/bin/env python3
"""Checks docs/architecture.md against the sources.

Each row of a walk names a function and a file: the file defines the function,
and the row named in the last column calls it. The walk of a PRIORITY frame
keeps its limits. The table of rooms is that of .ci/rooms.

It also runs from the root of the tree, where it sees every file:

    tests/docs/architecture_test.py
"""

import ast
import pathlib
import re
import sys
import unittest

PAGE = "docs/architecture.md"
ROOT = pathlib.Path.cwd()
SOURCES = (".cc", ".h")
ROOMS = ("signals", "h2", "priority", "scheduler", "adapters", "examples", "benchmarks",
         "support")


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def code_of(path):
    """The text without comments, strings and preprocessor lines."""
    text = re.sub(r"//[^\n]*|^\s*#[^\n]*(?:\\\n[^\n]*)*", "", read(path), flags=re.MULTILINE)
    text = re.sub(r"'(?:\\.|[^'\\\n])'", "' '", text)
    return re.sub(r'"(?:\\.|[^"\\\n])*"', '""', text)


def end_of(text, start):
    """The index after the bracket that closes the one at `start`."""
    pairs = {"(": ")", "{": "}"}
    opening, closing, depth = text[start], pairs[text[start]], 0
    for i in range(start, len(text)):
        if text[i] == opening:
            depth += 1
        elif text[i] == closing:
            depth -= 1
            if depth == 0:
                return i + 1
    return len(text)


def definitions(text, name):
    """Yields (parameters, body) of each function that `name(` defines in `text`."""
    for match in re.finditer(r"(?<![\w.>])" + name + r"\s*\(", text):
        after = end_of(text, match.end() - 1)
        rest = re.match(r"\s*(?:const|noexcept|override|final|\s)*"
                        r"(?:->[^{;]*)?(?::[^{;]*)?\{", text[after:])
        if rest:
            brace = after + rest.end() - 1
            yield text[match.end():after - 1], text[brace:end_of(text, brace)]


def body_of(function, path):
    """The body of `Class::Name` or `Class::Name(Type)` in a file; None: not there."""
    name, _, parameter = function.rstrip(")").partition("(")
    text = code_of(path)
    *classes, last = name.split("::")
    qualified = r"\s*::\s*".join(c + r"(?:<[^>]*>)?" for c in classes + [last])
    found = list(definitions(text, qualified))
    if classes:  # in the class itself
        for match in re.finditer(r"\b(?:class|struct) (?:\w+::)*" + classes[-1] + r"\b[^;{(]*\{",
                                 text):
            found += definitions(text[match.end():end_of(text, match.end() - 1)], last)
    for parameters, body in found:
        if not parameter or re.search(r"\b%s\b" % parameter, parameters):
            return body
    return None


def places_of(function):
    """The files that define it, of all that are here."""
    files = (p for room in ROOMS for p in sorted((ROOT / room).rglob("*")) if p.suffix in SOURCES)
    names = (str(p.relative_to(ROOT)) for p in files)
    return [name for name in names if body_of(function, name) is not None]


class Walk:
    def __init__(self, title, table):
        self.name, *limits = [part.strip() for part in title.split(",")]
        self.limits = [int(number) for limit in limits for number in re.findall(r"\d+", limit)]
        self.rows = {}
        for line in table.strip().splitlines()[2:]:
            number, function, path, caller = [cell.strip() for cell in line.strip("|").split("|")]
            self.rows[int(number)] = (function.split("`")[1], path.strip("`"), caller)


def walks():
    found = re.findall(r"<!-- walk: (.*?) -->\n((?:\|.*\n)+)", read(PAGE))
    return [Walk(title, table) for title, table in found]


class ArchitectureTest(unittest.TestCase):
    def test_each_function_is_in_its_file(self):
        self.assertEqual([walk.name for walk in walks()], ["PRIORITY", "byte", "HAR"])
        for walk in walks():
            for number, (function, path, _) in walk.rows.items():
                with self.subTest(walk=walk.name, row=number):
                    if not (ROOT / path).is_file():
                        self.fail("%s: %s, row %d: no file %s (under Bazel it must be in `data` "
                                  "of tests/docs/BUILD); %s is defined in %s"
                                  % (PAGE, walk.name, number, path, function,
                                     places_of(function)))
                    if body_of(function, path) is None:
                        self.fail("%s: %s, row %d: %s is not defined in %s, but in %s"
                                  % (PAGE, walk.name, number, function, path,
                                     places_of(function)))

    def test_the_row_in_the_last_column_calls_the_function(self):
        for walk in walks():
            for number, (function, _, caller) in walk.rows.items():
                by = re.search(r"\d+", caller)
                if by is None:
                    continue
                with self.subTest(walk=walk.name, row=number):
                    said = re.search(r"`(\w+)`", caller)
                    name = said.group(1) if said else \
                        function.partition("(")[0].split("::")[-1]
                    above, path, _ = walk.rows[int(by.group())]
                    body = body_of(above, path) if (ROOT / path).is_file() else None
                    if body is None:
                        self.skipTest("row %s is wrong itself" % by.group())
                    call = r"\b%s\b" % name if said else r"\b%s\s*\(" % name
                    if not re.search(call, body):
                        self.fail("%s: %s, row %d: %s in %s does not name %s"
                                  % (PAGE, walk.name, number, above, path, name))

    def test_a_priority_frame_walks_row_by_row_within_its_limits(self):
        walk = walks()[0]
        calls, files = walk.limits
        self.assertLessEqual((calls, files), (9, 8))
        self.assertLessEqual(len(walk.rows), calls, "calls of a PRIORITY frame")
        self.assertLessEqual(len({path for _, path, _ in walk.rows.values()}), files,
                             "files of a PRIORITY frame")
        for number, (_, _, caller) in walk.rows.items():
            if number > 1:
                self.assertIn(str(number - 1), re.findall(r"\d+", caller),
                              "row %d is not called by row %d" % (number, number - 1))
        self.assertIn("PriorityTree", walk.rows[len(walk.rows)][0])

    def test_the_table_of_rooms_is_the_one_that_ci_enforces(self):
        rooms = ast.literal_eval(
            re.search(r"^MAY_INCLUDE = (\{.*?^\})", read(".ci/rooms").replace("ROOMS", "None"),
                      re.MULTILINE | re.DOTALL).group(1))
        section = read(PAGE).split("\n## The rooms\n")[1].split("\n## ")[0]
        table = {}
        for line in section.splitlines():
            if line.startswith("| `"):
                names, _, may = [cell.strip() for cell in line.strip("|").split("|")]
                # "never" and "all but" say what is left out; "alone", an exception.
                table.update({name: set(re.findall(r"`(\w+)/`", may.split(";")[0]))
                              if "all but" not in may and "everything" not in may else None
                              for name in re.findall(r"`(\w+)/`", names)})
        for room, may_include in rooms.items():
            self.assertIn(room, table, "%s has no row for %s/" % (PAGE, room))
            if may_include is not None and table[room] is not None:
                self.assertEqual(table[room], set(may_include), "%s: row %s/" % (PAGE, room))


if __name__ == "__main__":
    if not (ROOT / PAGE).is_file():
        sys.exit("run it from the root of the tree")
    unittest.main(verbosity=2)
