#!/usr/bin/python3
"""Every place that names the version agrees with signals/version.h.

version_test.py VERSION_H FILE…
"""

import os
import re
import sys
import unittest

VERSION_H = sys.argv[1]
FILES = {os.path.normpath(path): path for path in sys.argv[2:]}

# The file, and a pattern whose groups must be what WANTED makes of the version.
# A file without a match fails.
PLACES = (
    ("adapters/c/sluice.h", r'#define SLUICE_VERSION "(.*)"', "{major}.{minor}.{patch}"),
    ("adapters/c/sluice.h", r"#define SLUICE_VERSION_MAJOR (\d+)", "{major}"),
    ("adapters/c/sluice.h", r"#define SLUICE_VERSION_MINOR (\d+)", "{minor}"),
    ("adapters/c/sluice.h", r"#define SLUICE_VERSION_PATCH (\d+)", "{patch}"),
    ("adapters/c/sluice.h", r"#define SLUICE_VERSION_NUMBER (\w+)",
     "0x{major:02x}{minor:02x}{patch:02x}"),
    ("CITATION.cff", r"^version: (.*)$", "{major}.{minor}.{patch}"),
    ("CHANGELOG.md", r"^## (\S+) \(", "{major}.{minor}.{patch}"),
    ("adapters/python/BUILD", r"\+sluice([\d.]+)-", "{major}.{minor}.{patch}"),
    ("docs/python.md", r"\+sluice([\d.]+\d)", "{major}.{minor}.{patch}"),
    ("examples/small_server/CMakeLists.txt", r"find_package\(sluice ([\d.]+)",
     "{major}.{minor}"),
    ("tests/install/CMakeLists.txt", r"find_package\(sluice ([\d.]+)", "{major}.{minor}"),
    ("docs/plugging-in.md", r"find_package\(sluice ([\d.]+)", "{major}.{minor}"),
)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


class VersionTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.header = read(VERSION_H)
        cls.version = {part: int(re.search(r"_%s (\d+)" % part.upper(), cls.header).group(1))
                       for part in ("major", "minor", "patch")}

    def test_the_header_agrees_with_itself(self):
        self.assertIn('SLUICE_VERSION "{major}.{minor}.{patch}"\n'.format(**self.version),
                      self.header)
        self.assertIn("SLUICE_VERSION_NUMBER 0x{major:02x}{minor:02x}{patch:02x}\n"
                      .format(**self.version), self.header)

    def test_every_place_has_the_version(self):
        for name, pattern, wanted in PLACES:
            with self.subTest(name=name, pattern=pattern):
                found = re.search(pattern, read(FILES[name]), re.MULTILINE)
                self.assertIsNotNone(found)
                self.assertEqual(found.group(1), wanted.format(**self.version))

    def test_sonames_symbols_and_packages_have_one_number(self):
        [number] = re.findall(r'^_ABI = "(\d+)"$', read(FILES["adapters/install/BUILD"]),
                              re.MULTILINE)
        self.assertIn("SLUICE_%s {" % number, read(FILES["adapters/install/libsluice.map"]))
        self.assertRegex(read(FILES["adapters/install/libsluice.abi"]),
                         r"libsluice\.so\.%s\n" % number)
        packages = re.findall(r"^Package: (libsluice(?:-nghttp2-)?\d+)$",
                              read(FILES["debian/control"]), re.MULTILINE)
        self.assertEqual(sorted(packages), ["libsluice-nghttp2-" + number, "libsluice" + number])

    def test_the_changelog_goes_back_in_time(self):
        entries = re.findall(r"^## (\S+) \((.*)\)$", read(FILES["CHANGELOG.md"]), re.MULTILINE)
        versions = [tuple(map(int, version.split("."))) for version, _ in entries]
        self.assertEqual(versions, sorted(versions, reverse=True))
        # Only the newest may be without a date.
        dates = [date for _, date in entries if date != "not released"]
        self.assertGreaterEqual(len(dates), len(entries) - 1)
        self.assertEqual(dates, sorted(dates, reverse=True))
        for date in dates:
            self.assertRegex(date, r"^\d{4}-\d\d-\d\d$")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
