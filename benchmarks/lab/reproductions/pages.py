#!/usr/bin/env python3
"""Puts tables into pages, or checks that they are there.

    pages.py check FOLDER VERSION_H TABLE…    0: every table stands in some page, as it is
    pages.py write FOLDER VERSION_H TABLE…
    pages.py print TABLE…

A table is a Markdown file NAME.md. Its place in the pages FOLDER/*.md is the line
"<!-- table NAME -->" and the lines after it that begin with "|". A page with tables
says once what they were made with: "Lab version 1.4, pages …", the version that
VERSION_H has.
"""

import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

MADE_WITH = re.compile(r"(Lab\s+version\s+)([0-9.]+)(?=,\s+pages\s)")
PLACE = re.compile(r"(<!-- table (\S+) -->\n)((?:\|.*\n)*)")


def workspace(path):
    """Under `bazel run`, the user's own file and not the copy in runfiles."""
    return pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), path)


def main():
    if len(sys.argv) < 3 or sys.argv[1] not in ("check", "write", "print"):
        sys.exit(__doc__)
    action = sys.argv[1]
    paths = [pathlib.Path(path) for path in sys.argv[2 if action == "print" else 4:]]
    tables = {path.stem: path.read_text() for path in paths}
    if action == "print":
        for name, table in tables.items():
            print(f"{name}:\n\n{table}")
        return 0

    version = re.search(r'kLabVersion = "([0-9.]+)"', pathlib.Path(sys.argv[3]).read_text())[1]
    missing = set(tables)
    problems = []
    for page in sorted(workspace(sys.argv[2]).glob("*.md")):
        text = page.read_text()
        for _, name, present in PLACE.findall(text):
            # Others belong to targets of their own; a name that is misspelt is
            # missing below.
            missing.discard(name)
            if name in tables and present != tables[name]:
                problems.append(f"{page.name}: table {name} is now\n\n{tables[name]}")
        ours = tables.keys() & {name for _, name, _ in PLACE.findall(text)}
        if ours and [made[1] for made in MADE_WITH.findall(text)] != [version]:
            problems.append(f'{page.name}: "Lab version {version}, pages …" is now due, once')
        if action == "write" and ours:
            text = PLACE.sub(lambda place: place[1] + tables.get(place[2], place[3]), text)
            whole_file.write(page, MADE_WITH.sub(lambda made: made[1] + version, text))
    problems += [f"no page has table {name}" for name in sorted(missing)]
    if action == "write":
        problems = [problem for problem in problems if " is now" not in problem]
    for problem in problems:
        print(problem, file=sys.stderr)
    if problems and action == "check":
        print(f"./bazelw run //{paths[0].parent}:write", file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
