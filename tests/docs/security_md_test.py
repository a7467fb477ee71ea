#!/usr/bin/env python3
"""Checks docs/security.md against the code and the tests.

Each limit is declared in the file that its row names, with the default that
stands there; each option of h2/options.h that limits a peer has a row. Each row
of a table of proofs names a test, and each test that the page names exists; so
has each attack of tests/security a row.

It also runs from the root of the tree:

    tests/docs/security_md_test.py
"""

import pathlib
import re
import sys
import unittest

PAGE = "docs/security.md"
ROOT = pathlib.Path.cwd()
UNITS = {"KiB": 1 << 10, "MiB": 1 << 20, "s": 1}


def read(path):
    return (ROOT / path).read_text(encoding="utf-8")


def tables():
    """The tables that name proofs: lists of rows, which are lists of cells."""
    for title in ("limits", "attacks"):
        text = read(PAGE).split("<!-- %s -->" % title)[1].split("\n## ")[0]
        yield title, [[cell.strip() for cell in line.strip("|").split("|")]
                      for line in text.splitlines()
                      if line.startswith("|") and not re.match(r"\|[-|]+$|\| (limit|attack) ",
                                                               line)]


def existing_tests():
    names = set()
    for path in (ROOT / "tests").rglob("*"):
        if path.suffix == ".cc":
            text = path.read_text(encoding="utf-8")
            names.update("%s.%s" % name for name in re.findall(
                r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", text, re.MULTILINE))
            kind = {"server_attacks.cc": "ServerAttack", "client_attacks.cc": "ClientAttack"}.get(
                path.name, "ErrorTable" if path.name.startswith("error_table_") else None)
            pattern = r'[{(]\s*"([A-Z]\w+)",\s*"RFC' if kind == "ErrorTable" else \
                r'\{(?:\.name = )?"([A-Z]\w+)",'
            if kind:
                names.update("%s/%s" % (kind, row) for row in re.findall(pattern, text))
        elif path.suffix == ".py":
            text = path.read_text(encoding="utf-8")
            # A class and its tests; one that inherits has those of its parent.
            of_class = {}
            for name, parent, body in re.findall(
                    r"^class (\w+)\(([\w.]*)\):\n(.*?)(?=^\S|\Z)", text,
                    re.MULTILINE | re.DOTALL):
                of_class[name] = re.findall(r"^    def (test_\w+)", body, re.MULTILINE) + \
                    of_class.get(parent, [])
                names.update("%s.%s" % (name, test) for test in of_class[name])
    return names


def numbers(text):
    """`64 KiB` → [65536]; `1,000; 100 a second; 8 a unit` → [1000, 100, 8]."""
    return [float(number.replace(",", "")) * UNITS.get(unit, 1) for number, unit in
            re.findall(r"(\d[\d,.]*)(?: (KiB|MiB|s)\b)?", text)]


def default_of(name, path, known):
    """The numbers that the file gives to a name; None: it declares no such name."""
    text = re.sub(r"//[^\n]*", "", read(path))
    found = (re.search(r"\bABSL_FLAG\([\w:]+, %s,\s*(.*?),\s*\"" % name, text, re.DOTALL) or
             re.search(r"[\w>] %s\s*=\s*([^;]*);" % name, text) or
             re.search(r"SettingId::%s, (\w+)\}" % name, text))
    if found is None:
        return None
    value = found.group(1).strip()
    if value.startswith("{"):
        return [float(part) for part in value.strip("{} ").split(",")]
    value = re.sub(r"absl::Seconds\((.*)\)", r"\1", value).replace("'", "")
    # A constant that stands in another row.
    value = re.sub(r"\b(?:\w+::)*([A-Za-z]\w*)", lambda match: str(known[match.group(1)]), value)
    if not re.fullmatch(r"[\d.+*<() ]+", value):
        raise AssertionError("%s of %s is %s, which this test cannot read" % (name, path, value))
    return [float(eval(value))]  # digits and operators


class SecurityMdTest(unittest.TestCase):
    def test_each_limit_has_the_default_that_the_page_says(self):
        known = {}
        for title, rows in tables():
            if title != "limits":
                continue
            self.assertGreater(len(rows), 40)
            for name, path, default, *_ in rows:
                name, path = name.strip("`"), path.strip("`")
                with self.subTest(name, file=path):
                    self.assertTrue((ROOT / path).is_file(), "no such file")
                    value = default_of(name, path, known)
                    self.assertIsNotNone(value, "%s does not declare it" % path)
                    self.assertEqual(numbers(default), value)
                    known[name] = int(value[0])

    def test_each_limit_of_the_core_has_a_row(self):
        options = re.sub(r"//[^\n]*", "", read("h2/options.h"))
        declared = set()
        for struct in ("Limits", "BudgetSet"):
            body = re.search(r"struct %s \{(.*?)\n\};" % struct, options, re.DOTALL).group(1)
            declared.update(re.findall(r"\b(\w+) =", body))
        rows = {name.strip("`") for title, table in tables() for name, *_ in table
                if title == "limits"}
        self.assertEqual(declared - rows - {"budgets"}, set())

    def test_each_test_that_is_named_exists(self):
        tests = existing_tests()
        self.assertGreater(len(tests), 500)
        for _, rows in tables():
            for row in rows:
                with self.subTest(row[0]):
                    proofs = re.findall(r"`([^`]+)`", row[-1])
                    self.assertTrue(proofs, "no test")
                    self.assertEqual([proof for proof in proofs if proof not in tests], [])

    def test_each_attack_of_the_tests_has_a_row(self):
        page = read(PAGE)
        attacks = {test for test in existing_tests()
                   if re.match(r"(Server|Client)Attack/|(Server|Preloaded)Attacks\.", test)}
        self.assertGreater(len(attacks), 90)
        self.assertEqual({attack for attack in attacks if "`%s`" % attack not in page}, set())


if __name__ == "__main__":
    if not (ROOT / PAGE).is_file():
        sys.exit("run it from the root of the tree")
    unittest.main(verbosity=2)
