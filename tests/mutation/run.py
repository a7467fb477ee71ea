#!/usr/bin/env python3
"""Breaks the library on purpose, one mutant at a time, and says which the tests see.

    ./bazelw run //tests/mutation:run -- [--out=DIR] [--jobs=N] [NAME…]

All mutants of the tables beside this, or the named ones. Each is applied to a copy of
the tree in DIR (default ~/.cache/sluice/mutation), which has its own Bazel, and its
tests are built and run there: a minute each. First all tests must pass unchanged.

Prints a line for each mutant and a table, and writes DIR/results.json and
DIR/logs/NAME.log. A run that was stopped goes on where it was, as long as the tree is
the same. With --keep it may differ: mutants that an earlier tree's tests saw are not
tried again. Named ones always are. Ends with 1 if a mutant survives without an
explanation in its table, is seen in spite of one, or does not compile.
"""

import argparse
import collections
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import time

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import mutants  # pylint: disable=wrong-import-position
import whole_file  # pylint: disable=wrong-import-position

HERE = pathlib.Path(os.path.abspath(__file__)).parent
KILLED, SURVIVED, BROKEN = "killed", "survived", "does not compile"
# Bazel's exit codes.
TESTS_PASSED, BUILD_FAILED, TESTS_FAILED = 0, 1, 3
FAILED_TEST = re.compile(r"^(//\S+) +(?:FAILED|(TIMEOUT))", re.MULTILINE)
TIMEOUT = 300  # s, of each test; many mutants are loops without an end


class Tree:
    """A copy of the user's tree, which is never touched, and its Bazel."""

    def __init__(self, root, out, jobs):
        self.copy = out / "tree"
        self.logs = out / "logs"
        self.logs.mkdir(parents=True, exist_ok=True)
        cache = os.environ.get("SLUICE_DISK_CACHE", pathlib.Path.home() / ".cache/sluice/bazel")
        self.bazel = ["./bazelw", "--output_base=%s" % (out / "base"),
                      "--local_startup_timeout_secs=600"]
        # No sandbox: it takes a symbolic link for each header of each action.
        self.flags = ["--disk_cache=%s" % cache, "--jobs=%d" % jobs, "--test_timeout=%d" % TIMEOUT,
                      "--spawn_strategy=local", "--symlink_prefix=/", "--noshow_progress",
                      "--color=no", "--curses=no"]
        self.digest = self._bring_up_to_date(root)

    def _bring_up_to_date(self, root):
        """Writes only what differs, so that Bazel builds only that."""
        names = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
            check=True, stdout=subprocess.PIPE, text=True).stdout.split("\0")
        names = {name for name in names if name and (root / name).is_file()}
        digest = hashlib.sha256()
        for name in sorted(names):
            new, old = root / name, self.copy / name
            content = new.read_bytes()
            digest.update(("%s\0%d\0" % (name, len(content))).encode() + content)
            if not old.is_file() or old.read_bytes() != content:
                old.parent.mkdir(parents=True, exist_ok=True)
                old.unlink(missing_ok=True)
                shutil.copy2(new, old)
        for old in list(self.copy.rglob("*")):
            if old.is_file() and str(old.relative_to(self.copy)) not in names:
                old.unlink()
        return digest.hexdigest()

    def test(self, name, tests, *flags):
        """Returns Bazel's exit code, and what it printed."""
        with open(self.logs / (name + ".log"), "w", encoding="utf-8") as log:
            code = subprocess.run([*self.bazel, "test", *self.flags, *flags, "--", *tests],
                                  cwd=self.copy, check=False, stdout=log,
                                  stderr=subprocess.STDOUT).returncode
        return code, pathlib.Path(log.name).read_text(encoding="utf-8", errors="replace")

    def try_mutant(self, mutant):
        """Returns what became of it, and the tests that saw it."""
        path = self.copy / mutant.file
        text = path.read_text(encoding="utf-8")
        try:
            path.write_text(mutant.applied_to(text), encoding="utf-8")
            # Nobody else builds a mutant, so no cache keeps it.
            code, printed = self.test(mutant.name, mutant.tests, "--keep_going",
                                      "--noremote_upload_local_results")
        finally:
            path.write_text(text, encoding="utf-8")
        if code not in (TESTS_PASSED, BUILD_FAILED, TESTS_FAILED):
            sys.exit("run: Bazel ended with %d; see %s" % (code, self.logs))
        seen_by = sorted({test + (timeout and " (timeout)")
                          for test, timeout in FAILED_TEST.findall(printed)})
        if seen_by:
            return KILLED, seen_by
        return (SURVIVED if code == TESTS_PASSED else BROKEN), []

    def shut_down(self):
        subprocess.run([*self.bazel, "shutdown"], cwd=self.copy, check=False)


def kept_results(path, table, digest, keep_seen):
    """Of an earlier run: those of this tree, and, if they are kept, those that were seen."""
    if not path.exists():
        return {}
    kept = json.loads(path.read_text(encoding="utf-8"))
    rows = {mutant.name: mutant.row() for mutant in table}
    return {name: result for name, result in kept["mutants"].items()
            if result["row"] == rows.get(name)
            and (kept["tree"] == digest or (keep_seen and result["outcome"] == KILLED))}


def is_fault(mutant, outcome):
    return outcome != (SURVIVED if mutant.equivalent else KILLED)


def print_table(tried, results):
    rooms = collections.defaultdict(collections.Counter)
    for mutant in tried:
        outcome = results[mutant.name]["outcome"]
        explained = mutant.equivalent and outcome == SURVIVED
        for room in (mutant.file.split("/")[0], "all"):
            rooms[room]["mutants"] += 1
            rooms[room]["explained" if explained else outcome] += 1
    columns = ("mutants", KILLED, "explained", SURVIVED, BROKEN)
    print("\n%-10s" % "room" + "".join("%18s" % column for column in columns))
    for room in sorted(rooms, key=lambda room: (room == "all", room)):
        print("%-10s" % room + "".join("%18d" % rooms[room][column] for column in columns))
    for mutant in tried:
        outcome = results[mutant.name]["outcome"]
        if is_fault(mutant, outcome):
            print("%s: %s %s: %s" % (mutant.where, mutant.name, outcome, mutant.breaks))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, metavar="DIR",
                        default=pathlib.Path.home() / ".cache/sluice/mutation")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), metavar="N")
    parser.add_argument("--keep", action="store_true",
                        help="trust what the tests of an earlier tree saw")
    parser.add_argument("names", nargs="*", metavar="NAME")
    options = parser.parse_args()
    # `bazel run` starts programs elsewhere.
    here = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    root = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", HERE.parent.parent))
    try:
        table = mutants.read_tables(root / "tests/mutation")
    except mutants.TableError as fault:
        sys.exit("run: %s" % fault)
    unknown = set(options.names) - {mutant.name for mutant in table}
    if unknown:
        parser.error("no mutant is named %s" % ", ".join(sorted(unknown)))
    tried = [mutant for mutant in table if not options.names or mutant.name in options.names]

    tree = Tree(root, here / options.out, options.jobs)
    path = here / options.out / "results.json"
    results = kept_results(path, table, tree.digest, options.keep)
    for name in options.names:
        results.pop(name, None)
    left = [mutant for mutant in tried if mutant.name not in results]
    tests = sorted({test for mutant in left for test in mutant.tests})
    if left:
        print("%d mutants; first their %d tests, unchanged" % (len(left), len(tests)),
              flush=True)
        code, _ = tree.test("unchanged", tests)
        if code != TESTS_PASSED:
            sys.exit("run: the tests fail without a mutant; see %s" % (tree.logs / "unchanged.log"))
    for number, mutant in enumerate(left, 1):
        began = time.monotonic()
        outcome, seen_by = tree.try_mutant(mutant)
        results[mutant.name] = {"outcome": outcome, "seen_by": seen_by, "row": mutant.row()}
        whole_file.write(path, json.dumps({"tree": tree.digest, "mutants": results}, indent=1))
        print("[%d/%d] %-17s %-42s %4d s  %s"
              % (number, len(left), outcome, mutant.name, time.monotonic() - began,
                 " ".join(seen_by)), flush=True)
    tree.shut_down()
    print_table(tried, results)
    print("\n%s has all of it" % path)
    sys.exit(any(is_fault(mutant, results[mutant.name]["outcome"]) for mutant in tried))


if __name__ == "__main__":
    main()
