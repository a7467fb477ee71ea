#!/usr/bin/env python3
"""Checks docs/core.md: against the headers of h2/, and against the tests.

Each call, event, kind of error, setting, option and limit that the headers
declare has a row; so has each behaviour named here. Each row names a test, and
each test that is named exists.
"""

import pathlib
import re
import sys

BEHAVIOURS = """
priority frame; priority frame errors; priority update; priority field;
no RFC 7540 priorities; streams that we reset; streams that the peer reset;
streams closed by END_STREAM; half-closed (remote); skipped ids;
memory of closed streams; above our GOAWAY; window overflow;
window increment of 0; data beyond our window; padding; frame sizes;
unwanted pushes; pushes on a stream that we reset; inbound names and values;
inbound pseudo-header fields; malformed messages; tunnels; cookies; outbound fields;
content-length; alternative services; preface; every error is answered;
HPACK errors; fields that repeat; settings acknowledgement; reset of an idle stream;
concurrent streams; settings timeout; events before an error;
state tables; views of events; memory of views; DATA in pieces;
large messages; long lives
"""
# Limits that are no fields of Limits: settings of ours, and libnghttp2's.
OTHER_LIMITS = {"inbound frame size", "concurrent streams", "one field"}


def read(path):
    return pathlib.Path(path).read_text(encoding="utf-8")


def body(text, begin, end):
    """What stands between the two patterns; there must be something."""
    match = re.search(begin + r"(.*?)" + end, text, re.DOTALL)
    assert match, f"nothing between {begin} and {end}"
    return re.sub(r"//[^\n]*", "", match.group(1))


def fields(struct, options):
    """The data members of a struct, which all have a default."""
    found = re.findall(r"\b(\w+)\s*=", body(options, rf"struct {struct} \{{", r"\n\};"))
    assert found, f"no fields in {struct}"
    return set(found)


def declared():
    """Section of docs/core.md → the keys that its table must have."""
    connection = body(read("h2/connection.h"), r"class Connection \{", r"\n private:")
    calls = set(re.findall(r"(?<!::)\b([A-Z]\w+)\(", re.sub(r"=\s*[^;]*;", ";", connection)))
    events = body(read("h2/events.h"), r"using Event = std::variant<", r">;")
    errors = body(read("h2/errors.h"), r"enum class ErrorKind \{", r"\n\};")
    settings = body(read("h2/types.h"), r"enum class SettingId : uint16_t \{", r"\n\};")
    options = read("h2/options.h")
    return {
        "Configuration": fields("ConnectionOptions", options),
        "Calls": calls - {"Connection"},
        "Events": set(re.findall(r"\w+", events)),
        "Errors": set(re.findall(r"\bk(\w+)", errors)),
        "Settings": set(re.findall(r"\bk(\w+)", settings)),
        "Behaviour that is easy to get wrong":
            {re.sub(r"\s+", " ", b).strip() for b in BEHAVIOURS.split(";")},
        "Limits": fields("Limits", options) | fields("BudgetSet", options) | OTHER_LIMITS,
    }


def existing_tests():
    names = set()
    for path in pathlib.Path("tests/h2").glob("*.cc"):
        text = read(path)
        names.update(f"{suite}.{test}" for suite, test in
                     re.findall(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)\)", text, re.MULTILINE))
        if path.name.startswith("error_table_"):
            # A row begins with its name; so do the calls that make one.
            names.update(f"ErrorTable/{row}" for row in
                         re.findall(r'[{(]\s*"([A-Z]\w+)",\s*"RFC', text))
    return names


def main():
    page = read("docs/core.md")
    tests = existing_tests()
    faults, rows, named = [], 0, set()
    sections = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL))
    for section, keys in declared().items():
        found = set()
        for line in sections.get(section, "").splitlines():
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if not line.startswith("| `") or len(cells) != 3:
                if line.startswith("|") and not re.match(r"^\|[-| ]+$|^\| \w", line):
                    faults.append(f"{section}: cannot read {line}")
                continue
            key = cells[0].strip("`")
            if key in found:
                faults.append(f"{section}: two rows for {key}")
            found.add(key)
            proofs = re.findall(r"`([^`]+)`", cells[2])
            if not proofs:
                faults.append(f"{section}: no test for {key}")
            rows += 1
            named.update(proofs)
            faults += [f"{section}, {key}: no test is named {proof}"
                       for proof in proofs if proof not in tests]
        faults += [f"{section}: no row for {key}" for key in sorted(keys - found)]
        faults += [f"{section}: nothing is called {key}" for key in sorted(found - keys)]
    # Tests named outside the tables.
    faults += [f"no test is named {name}" for name in re.findall(r"`(\w+Test\.\w+)`", page)
               if name not in tests]
    for fault in faults:
        print(f"FAILED: {fault}")
    print(f"{rows} rows, {len(named)} of {len(tests)} tests named, {len(faults)} faults")
    return 1 if faults or rows == 0 else 0


if __name__ == "__main__":
    sys.exit(main())
