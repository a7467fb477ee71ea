"""The tables of mutants (*.mutants): how they are read, and how one is applied.

A mutant is a block of lines, and an empty line stands behind it:

    tree-idle-limit                         its name: lower case, digits, '-'
    One idle stream too few has room.       a sentence: what it breaks
    priority/priority_tree.h                the file, from the root of the tree
    -           size() + count <= max_nodes_;
    +           size() + count < max_nodes_;
    //tests/priority:priority_tree_test     the tests that shall see it

In the lines of the change the first character is '-' (as the file has it), '+' (as the
mutant has it) or ' ' (both have it). The file must have the '-' and ' ' lines together,
whole, exactly once. Of several tests one that fails is enough. A mutant that no test can
see has another line at its end, with the reason: 'equivalent: …'. A line that begins
with '#' outside of a block is a comment.
"""

import dataclasses
import pathlib
import re

EQUIVALENT = "equivalent: "


class TableError(Exception):
    """A fault of a table; the text names the table, the line and the fault."""


@dataclasses.dataclass
class Mutant:
    name: str
    breaks: str
    file: str
    before: str
    after: str
    tests: list[str]
    equivalent: str  # why; empty: a test must see it
    where: str  # TABLE:LINE

    def row(self):
        """What a result is a result of."""
        return [self.breaks, self.file, self.before, self.after, self.tests]

    def applied_to(self, text):
        """The text of the file with the mutation."""
        wanted = "\n" + self.before + "\n"
        times = ("\n" + text).count(wanted)
        if times != 1:
            raise TableError("%s: %s has the lines of %s %d times; once is right"
                             % (self.where, self.file, self.name, times))
        return ("\n" + text).replace(wanted, "\n" + self.after + "\n")[1:]


def _block(lines, where):
    if len(lines) < 5:
        raise TableError("%s: a mutant has a name, a sentence, a file, a change and tests"
                         % where)
    name, breaks, file, *rest = lines
    if not re.fullmatch(r"[a-z0-9-]+", name):
        raise TableError("%s: the name is '%s'; lower case, digits and '-' are allowed"
                         % (where, name))
    change = [line for line in rest if line[0] in "-+ "]
    rest = rest[len(change):]
    equivalent = ""
    if rest and rest[-1].startswith(EQUIVALENT):
        equivalent = rest.pop()[len(EQUIVALENT):]
    tests = " ".join(rest).split()
    wrong = [test for test in tests if not re.fullmatch(r"//[\w/]+:\w+", test)]
    if wrong or not tests:
        raise TableError("%s: after the change of %s come its tests, such as "
                         "//tests/h2:limits_test; given: '%s'" % (where, name, " ".join(rest)))
    before = [line[1:] for line in change if line[0] != "+"]
    after = [line[1:] for line in change if line[0] != "-"]
    if before == after or not before:
        raise TableError("%s: %s changes nothing" % (where, name))
    return Mutant(name, breaks, file, "\n".join(before), "\n".join(after), tests,
                  equivalent, where)


def read_table(path):
    path = pathlib.Path(path)
    block, first = [], 0
    for number, line in enumerate([*path.read_text(encoding="utf-8").splitlines(), ""], 1):
        if line and not (line.startswith("#") and not block):
            first = first if block else number
            block.append(line)
        elif block:
            yield _block(block, "%s:%d" % (path.name, first))
            block = []


def read_tables(folder):
    """All mutants of the folder; their names are unique."""
    mutants = {}
    for path in sorted(pathlib.Path(folder).glob("*.mutants")):
        for mutant in read_table(path):
            other = mutants.setdefault(mutant.name, mutant)
            if other is not mutant:
                raise TableError("%s: the name %s is that of %s too"
                                 % (mutant.where, mutant.name, other.where))
    return list(mutants.values())
