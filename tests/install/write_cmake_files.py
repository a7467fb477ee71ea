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


def listed(name, values):
    return "\nset(%s\n%s)\n" % (name, "".join("  %s\n" % value for value in sorted(values)))


def targets(modules):
    return [module.replace("absl_", "absl::", 1) for module in modules]


def main():
    with open(sys.argv[1], encoding="utf-8") as data:
        given = json.load(data)
    libraries = given["libraries"]
    files = {name: {file for file in library["files"] if file.endswith(".cc")}
             for name, library in libraries.items()}
    both = files["sluice"] & files["sluice_c"]
    of_libraries = set.union(*(set(library["files"]) for library in libraries.values()))
    text = HEAD
    text += listed("SLUICE_BOTH_SOURCES", both)
    for name, sources in files.items():
        text += listed(name.upper() + "_SOURCES", sources - both)
    text += listed("SLUICE_HEADERS", installed_headers(libraries["sluice"]["public"]))
    for name, library in libraries.items():
        if library["absl"]:
            text += listed(name.upper() + "_ABSL", targets(library["absl"]))
    options = {entry["file"]: entry["copts"] for library in libraries.values()
               for entry in library["copts"] if entry["file"].endswith(".cc")}
    for file, copts in sorted(options.items()):
        text += "\nset_source_files_properties(%s\n  PROPERTIES COMPILE_OPTIONS \"%s\")\n" % (
            file, copts)
    text += listed("SLUICE_TESTS", given["tests"])
    for name, test in given["tests"].items():
        own = [file for file in test["files"]
               if file not in of_libraries and re.search(r"\.cc?$", file)]
        text += listed("SLUICE_TEST_" + name, own)
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write(text)


if __name__ == "__main__":
    main()
