#!/usr/bin/env python3
"""Computes the lab's metrics once more, from HAR files of --har alone.

    recompute.py check RUNS.csv FOLDER   0: the metrics of --csv are the same
    recompute.py definitions FOLDER      rr ÷ policy by other definitions

It shares nothing with the lab's program but the formulas of docs/lab.md.
"""

import collections
import csv
import datetime
import json
import pathlib
import statistics
import sys

LEVELS = ["VeryHigh", "High", "Medium", "Low", "VeryLow"]
DEFAULT_LEVEL = {
    "html": "VeryHigh", "css": "VeryHigh", "js": "High", "font": "VeryHigh",
    "image": "Low", "fetch": "High", "media": "Low", "manifest": "Medium",
    "beacon": "VeryLow", "other": "Low",
}
EPOCH = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone.utc)
ROUNDING_MS = 0.001  # of the time of a request


class Load:
    """One page load: times in milliseconds, resources by their number."""

    def __init__(self, path):
        log = json.loads(path.read_text())["log"]
        self.run = log["_run"]
        resources = log["_page_fixture"]["resources"]
        self.page = {r["id"]: r for r in resources if not r.get("redirect")}
        self.redirects = {r["id"] for r in resources if r.get("redirect")}
        self.document = self._document(resources)
        self.requested, self.done, self.chunks = {}, {}, []
        for entry in log["entries"]:
            label = entry["request"]["url"].rsplit("/", 1)[1]
            number = int("".join(c for c in label if c.isdigit()))
            begin = datetime.datetime.fromisoformat(
                entry["startedDateTime"].replace("Z", "+00:00"))
            self.requested[number] = (begin - EPOCH) / datetime.timedelta(milliseconds=1)
            self.done[number] = self.requested[number] + entry["time"]
            for chunk in entry["_chunks"]:
                self.chunks.append((chunk["ts"], chunk["bytes"], number))
                self.done[number] = chunk["ts"]
        self.chunks.sort()

    @staticmethod
    def _document(resources):
        by_id = {r["id"]: r for r in resources}
        marked = [r for r in resources if r.get("render_blocking") == "document"]
        roots = [r for r in resources if r.get("initiator") is None and not r.get("trigger")]
        document = (marked or roots)[0]
        if not document.get("redirect"):
            return document["id"]

        def is_target(resource):
            if resource.get("redirect") or resource["type"] != "html":
                return False
            initiator = resource.get("initiator")
            while initiator is not None:
                if not by_id[initiator].get("redirect"):
                    return False
                initiator = by_id[initiator].get("initiator")
            return True

        return next(r["id"] for r in resources if is_target(r))

    def level(self, number):
        resource = self.page[number]
        first = resource.get("chrome_priority", DEFAULT_LEVEL[resource["type"]])
        return LEVELS.index(resource.get("change_of_mind", {}).get("level", first))

    def critical(self):
        return {n for n, r in self.page.items()
                if n == self.document or r.get("render_blocking") in ("render", "parser")}

    def first_screen(self, all_css=True):
        def styles(resource):
            first = resource.get("chrome_priority", DEFAULT_LEVEL["css"])
            return all_css and resource["type"] == "css" and first != "VeryLow"

        return self.critical() | {
            n for n, r in self.page.items()
            if styles(r) or r["type"] == "font" or (r["type"] == "image" and r.get("in_viewport"))}

    def last(self, numbers):
        return max((self.done[n] for n in numbers), default=0)

    def area(self, numbers):
        pieces = [(at, size) for at, size, n in self.chunks if n in numbers]
        return sum(at * size for at, size in pieces) / sum(size for _, size in pieces)

    def progress(self):
        """[when, how many bytes of the first screen are shown then]."""
        start = self.last(self.critical())
        screen = self.first_screen()
        for at, size, number in self.chunks:
            if number in screen:
                image = self.page[number]["type"] == "image"
                yield max(start, at if image else self.done[number]), size

    def painted_area(self):
        pieces = list(self.progress())
        return sum(at * size for at, size in pieces) / sum(size for _, size in pieces)

    def lcp_candidate(self):
        in_view = {n for n, r in self.page.items()
                   if r["type"] == "image" and r.get("in_viewport")}
        largest = max((self.page[n]["bytes"] for n in in_view), default=None)
        ours = {n for n in in_view if self.page[n]["bytes"] == largest} or {self.document}
        named = {n for n, r in self.page.items() if r.get("lcp")}
        if named != ours:
            sys.exit(f"{self.run['page']}: the LCP candidates are {named}, by the rule {ours}")
        return max(self.last(self.critical()), min(self.done[n] for n in named))

    def lower_first(self):
        total = 0
        for at, size, number in self.chunks:
            level = self.level(number)
            if any(self.level(n) < level and self.done[n] >= at
                   and self.requested[n] + ROUNDING_MS < at for n in self.page):
                total += size
        return total

    def metrics(self):
        yield "render_critical_ms", self.last(self.critical())
        yield "atf_ms", self.last(self.first_screen())
        yield "atf_area_ms", self.area(self.first_screen())
        yield "page_load_ms", self.last(self.done)
        yield "painted_area_ms", self.painted_area()
        yield "lcp_candidate_ms", self.lcp_candidate()
        yield "lower_first_bytes", self.lower_first()
        for kind in DEFAULT_LEVEL:
            of_kind = [n for n, r in self.page.items() if r["type"] == kind]
            yield f"{kind}_done_ms", self.last(of_kind) if of_kind else None
        high = [n for n, r in self.page.items() if r.get("role") == "high"]
        low = [n for n, r in self.page.items() if r.get("role") == "low"]
        if not high:
            return
        asked = min(self.requested[n] for n in high)
        yield "reaction_ms", max(self.done[n] - self.requested[n] for n in high)
        yield "low_open", sum(
            self.requested[n] <= asked < self.done[n] - ROUNDING_MS for n in low)
        yield "low_left_bytes", sum(self.page[n]["bytes"] for n in low) - sum(
            size for at, size, n in self.chunks if n in low and at <= asked + ROUNDING_MS)


def key(run):
    late = str(int(run["late_signals"] in (True, "1")))
    return (run["page_sha256"], run["policy"], run["signals"], late, run["network"],
            str(run["send_buffer_bytes"]), str(run["max_streams"]), str(run["seed"]))


def check(table, folder):
    with open(table, newline="") as lines:
        runs = {key(run): run for run in csv.DictReader(lines)}
    compared = 0
    for path in sorted(pathlib.Path(folder).glob("*.har")):
        load = Load(path)
        run = runs.pop(key(load.run))
        for name, value in load.metrics():
            compared += 1
            if value is None or run[name] == "":
                same = value is None and run[name] == ""
            elif name.endswith("_ms"):
                same = abs(float(run[name]) - value) < 2 * ROUNDING_MS
            else:
                same = int(run[name]) == value
            if not same:
                sys.exit(f"{path.name}: {name} is {run[name]}, computed again {value}")
    if runs or not compared:
        sys.exit(f"{len(runs)} runs have no HAR, and {compared} metrics were compared")
    print(f"{compared} metrics are the same")


def definitions(folder):
    loads = [Load(path) for path in sorted(pathlib.Path(folder).glob("*.har"))]
    measures = {
        "as in the lab": lambda load: load.area(load.first_screen()),
        "only CSS that blocks": lambda load: load.area(load.first_screen(all_css=False)),
        "from the first byte on":
            lambda load: load.area(load.first_screen()) - load.chunks[0][0],
    }
    ratios = collections.defaultdict(list)
    for name, measure in measures.items():
        areas = {(load.run["page"], load.run["policy"]): measure(load) for load in loads}
        for (page, policy), area in areas.items():
            ratios[policy, name].append(areas[page, "rr"] / area)
    print("| policy |" + "".join(f" {name} |" for name in measures))
    print("|---" + "|---:" * len(measures) + "|")
    policies = {load.run["policy"] for load in loads} - {"rr"}
    for policy in sorted(policies, key=lambda p: -statistics.median(ratios[p, "as in the lab"])):
        cells = [f" {statistics.median(ratios[policy, name]):.3f} |" for name in measures]
        print(f"| `{policy}` |" + "".join(cells))


def main():
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        check(*sys.argv[2:])
    elif len(sys.argv) == 3 and sys.argv[1] == "definitions":
        definitions(sys.argv[2])
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
