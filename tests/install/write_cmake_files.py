#!/usr/bin/python3
"""Writes what the BUILD files list as variables of CMake:

    write_cmake_files.py DATA.json OUT.cmake

OUT is the root's files.cmake, which CMakeLists.txt includes.
"""

import json
import re
import sys

INCLUDE = re.compile(r"^#include <sluice/([^>]+)>", re.MULTILINE)
HEAD = """\
# What the BUILD files list, for CMakeLists.txt. Bazel writes this file:
#
#   ./bazelw build //tests/install:cmake_files
#   cp bazel-bin/tests/install/cmake_files.cmake files.cmake
"""


def installed_headers(wanted):
    """The headers that a program may include, and those that they include."""
    found, wanted = set(), list(wanted)
    while wanted:
        header = wanted.pop()
        if header not in found:
            found.add(header)
            with open(header, encoding="utf-8") as text:
                wanted += INCLUDE.findall(text.read())
    return found


def sources(target):
    return {file for file in target["files"] if re.search(r"\.cc?$", file)}


def listed(name, values):
    return "\nset(%s\n%s)\n" % (name, "".join("  %s\n" % value for value in sorted(values)))


def main():
    with open(sys.argv[1], encoding="utf-8") as data:
        given = json.load(data)
    libraries, tests = given["libraries"], given["tests"]
    cpp, c = sources(libraries["SLUICE"]), sources(libraries["SLUICE_C"])
    headers = installed_headers(libraries["SLUICE"]["hdrs_of_deps"])

    text = HEAD + listed("SLUICE_BOTH_SOURCES", cpp & c)
    for name, library in libraries.items():
        beside = c if name == "SLUICE" else cpp
        text += listed(name + "_SOURCES", sources(library) - beside)
    text += listed("SLUICE_HEADERS", headers)
    text += listed("SLUICE_NGHTTP2_HEADERS",
                   installed_headers(libraries["SLUICE_NGHTTP2"]["hdrs_of_deps"]) - headers)
    for name in ("SLUICE", "SLUICE_C"):
        text += listed(name + "_ABSL", libraries[name]["absl"])
    options = {entry["file"]: entry["copts"] for library in libraries.values()
               for entry in library["copts"]}
    for file in sorted(options):
        if file.endswith(".cc"):
            text += '\nset_source_files_properties(%s\n  PROPERTIES COMPILE_OPTIONS "%s")\n' % (
                file, options[file])
    of_tests = set.union(*(sources(test) for test in tests.values()))
    of_tests -= set.union(*(sources(library) for library in libraries.values()))
    main_files = {file for file in of_tests if re.search(r"_test\.cc?$", file)}
    text += listed("SLUICE_TEST_SOURCES", main_files)
    text += listed("SLUICE_TEST_SUPPORT_SOURCES", of_tests - main_files)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(text)


if __name__ == "__main__":
    main()
