#!/usr/bin/env python3
"""Holds the lab's predictions beside recorded loads of a real browser.

  validation.py print|write|check --compare=PROGRAM

PROGRAM is //:compare. `print` shows the tables, `write` puts them into the page,
`check` fails where the page shows others. Other flags name other files than the
recordings and the plan beside this script. Runs in the root of the workspace;
needs node, for the pages as their sites were made (site.mjs).
"""

import argparse
import collections
import functools
import hashlib
import itertools
import json
import math
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
from datetime import datetime, timezone

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

METRICS = ("fcp", "lcp")
TWO_FRAMES_MS = 2000 / 60  # paints are counted in frames
MOST_CHANCE = 0.01  # of a difference between equal policies
GOAL_ORDER = 0.9
GOAL_SIGNS = 0.9
# From the root of the workspace, or of a program's runfiles.
HERE = pathlib.Path("benchmarks/lab/validation")
EPOCH = datetime(2020, 1, 1, tzinfo=timezone.utc)  # of the lab's HAR files


class Load:
    """Times of one load, in ms since the request of the document."""

    def __init__(self, done, fcp, lcp, lcp_resource=None):
        self.done = done  # by resource, without the document
        self.fcp = fcp
        self.lcp = lcp
        self.lcp_resource = lcp_resource  # an id; the document's stands for text


def make_pages(folder, names):
    """Makes the sites in `folder`; their pages by name."""
    subprocess.run(["node", str(HERE / "site.mjs"), str(folder)] +
                   [str(HERE.parent / f"pages/{name}.json") for name in names], check=True)
    return {name: json.loads((folder / name / "page.json").read_text()) for name in names}


def hash_of(page):
    """As record.mjs has it."""
    text = json.dumps(page, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def read_recordings(path, records, pages):
    """{(browser, page, network, policy): [Load, …]}."""
    cells = collections.defaultdict(list)
    hashes = {name: hash_of(page) for name, page in pages.items()}
    for record in records:
        done = record["done"][1:]
        if record["site"] != hashes[record["page"]]:
            sys.exit(f"validation: {path}: the site of {record['page']} was another: "
                     "record it again")
        if None in done or record["fcp"] is None or record["lcp"] is None:
            sys.exit(f"validation: {path}: a load of {record['page']} is not complete")
        cells[record["browser"], record["page"], record["network"], record["policy"]].append(
            Load(done, record["fcp"], record["lcp"], record["lcp_resource"]))
    return cells


def predict(compare, plan, browser, names, pages, folder):
    """{(page, network, policy): Load}: what the lab says."""
    predictions = {}
    for network in plan["networks"]:
        with tempfile.TemporaryDirectory() as scratch:
            subprocess.run(
                [compare, "--quiet", "--best_order=0",
                 "--pages=" + ",".join(str(folder / name / "page.json") for name in names),
                 "--policies=" + ",".join(plan["policies"]), "--signals=" + plan["signals"][browser],
                 f"--network={network['lab_network']}", f"--send_buffer={network['send_buffer_bytes']}",
                 f"--json={scratch}/runs.jsonl", f"--har={scratch}/har"], check=True)
            metrics = {}
            for line in pathlib.Path(scratch, "runs.jsonl").read_text().splitlines():
                run = json.loads(line)
                metrics[run["page"], run["policy"]] = run
            for har in pathlib.Path(scratch, "har").glob("*.har"):
                page, policy, done = read_har(har, pages)
                run = metrics[page, policy]
                predictions[page, network["name"], policy] = Load(
                    done, run["render_critical_ms"], run["lcp_candidate_ms"])
    return predictions


def read_har(path, pages):
    log = json.loads(path.read_text())["log"]
    page = log["pages"][0]["title"]
    policy = path.name.split("__")[2]
    ends = {}
    for entry in log["entries"]:
        start = datetime.fromisoformat(entry["startedDateTime"].replace("Z", "+00:00"))
        ends[entry["request"]["url"]] = (start - EPOCH).total_seconds() * 1000 + entry["time"]
    return page, policy, [ends[r["url"]] for r in pages[page]["resources"][1:]]


def ranks(values):
    """Mean ranks of equals."""
    order = sorted(range(len(values)), key=lambda i: values[i])
    result = [0.0] * len(values)
    for _, group in itertools.groupby(enumerate(order), key=lambda item: values[item[1]]):
        group = list(group)
        mean = statistics.mean(place for place, _ in group)
        for _, i in group:
            result[i] = mean
    return result


def spearman(a, b):
    a, b = ranks(a), ranks(b)
    mean_a, mean_b = statistics.mean(a), statistics.mean(b)
    cov = sum((x - mean_a) * (y - mean_b) for x, y in zip(a, b))
    var = (sum((x - mean_a) ** 2 for x in a) * sum((y - mean_b) ** 2 for y in b)) ** 0.5
    return cov / var if var else 1.0


def median_order(loads):
    return [statistics.median(times) for times in zip(*(load.done for load in loads))]


def own_order(loads):
    """How well one load of the browser tells the order of its others."""
    return statistics.median(
        spearman(load.done, median_order(loads[:i] + loads[i + 1:]))
        for i, load in enumerate(loads))


def differences(plan, cells, predictions, browser, pages):
    """Pairs of policies; one counts if its loads differ beyond chance, and their medians
    by more than two frames."""
    rows = []
    for page, network, metric in itertools.product(pages, plan["networks"], METRICS):
        network = network["name"]
        for a, b in itertools.combinations(plan["policies"], 2):
            loads = [cells.get((browser, page, network, policy)) for policy in (a, b)]
            if not all(loads):
                continue
            times = [[getattr(load, metric) for load in both] for both in loads]
            seen = statistics.median(times[1]) - statistics.median(times[0])
            said = (getattr(predictions[page, network, b], metric) -
                    getattr(predictions[page, network, a], metric))
            rows.append({"page": page, "network": network, "metric": metric, "a": a, "b": b,
                         "seen": seen, "said": said, "chance": chance(*times),
                         "counts": chance(*times) < MOST_CHANCE and abs(seen) > TWO_FRAMES_MS,
                         "right": said * seen > 0})
    return rows


@functools.lru_cache(maxsize=None)
def rankings(n, m, u):
    """In how many orders of n and m loads a load of the n follows one of the m u times."""
    if u < 0:
        return 0
    if n == 0 or m == 0:
        return int(u == 0)
    return rankings(n - 1, m, u - m) + rankings(n, m - 1, u)


def chance(a, b):
    """How likely loads that do not differ lie at least as far apart: the exact rank test
    of Mann and Whitney, on both sides."""
    later = sum((x > y) + (x == y) / 2 for x in a for y in b)
    least = math.ceil(min(later, len(a) * len(b) - later))
    orders_so_far = sum(rankings(len(a), len(b), u) for u in range(least + 1))
    return min(1.0, 2 * orders_so_far / math.comb(len(a) + len(b), len(a)))


def orders(plan, cells, predictions, browser, pages):
    rows = []
    for page, network, policy in itertools.product(pages, plan["networks"], plan["policies"]):
        loads = cells.get((browser, page, network["name"], policy))
        if not loads or len(loads) < 2:
            continue
        rows.append({"page": page, "network": network["name"], "policy": policy,
                     "rho": spearman(median_order(loads),
                                     predictions[page, network["name"], policy].done),
                     "own": own_order(loads), "loads": len(loads)})
    return rows


def table(head, rows):
    if not rows:
        return "There are none."
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(c) for c in row) + " |" for row in rows])


def networks_of(plan, rows):
    seen = {row["network"] for row in rows}
    return [network["name"] for network in plan["networks"] if network["name"] in seen]


def order_table(plan, rows):
    out = []
    networks = networks_of(plan, rows)
    for policy in plan["policies"]:
        row = [f"`{policy}`"]
        for network in networks:
            of = [r for r in rows if r["policy"] == policy and r["network"] == network]
            row.append(f"{statistics.median(r['rho'] for r in of):.2f} "
                       f"({min(r['rho'] for r in of):.2f}; "
                       f"{statistics.median(r['own'] for r in of):.2f})" if of else "–")
        out.append(row)
    return table(["policy"] + networks, out)


def sign_table(plan, rows):
    out = []
    for network, metric in itertools.product(networks_of(plan, rows), METRICS):
        of = [r for r in rows if r["network"] == network and r["metric"] == metric]
        count = [r for r in of if r["counts"]]
        right = sum(r["right"] for r in count)
        share = f"{100 * right / len(count):.0f} %" if count else "–"
        out.append([network, metric.upper(), len(of), len(count), right, share])
    return table(["network", "paint", "pairs", "count", "right", "share"], out)


def miss_table(rows):
    return table(
        ["page", "network", "paint", "policies", "browser", "chance", "lab"],
        [[r["page"], r["network"], r["metric"].upper(), f"`{r['a']}` → `{r['b']}`",
          f"{r['seen']:+.0f} ms", f"{100 * r['chance']:.2f} %", f"{r['said']:+.0f} ms"]
         for r in sorted(rows, key=lambda r: -abs(r["seen"]))
         if r["counts"] and not r["right"]])


def low_orders(rows):
    return table(["page", "network", "policy", "ρ", "the browser with itself"],
                 [[r["page"], r["network"], f"`{r['policy']}`", f"{r['rho']:.2f}",
                   f"{r['own']:.2f}"]
                  for r in sorted(rows, key=lambda r: r["rho"]) if r["rho"] < GOAL_ORDER])


def paint_table(plan, cells, predictions, browser, pages):
    out = []
    for page, network in itertools.product(pages, plan["networks"]):
        if not any(key[:3] == (browser, page, network["name"]) for key in cells):
            continue
        for metric in METRICS:
            row = [page, network["name"], metric.upper()]
            for policy in plan["policies"]:
                loads = cells.get((browser, page, network["name"], policy))
                if not loads:
                    row.append("–")
                    continue
                times = sorted(getattr(load, metric) for load in loads)
                said = getattr(predictions[page, network["name"], policy], metric)
                row.append(f"{statistics.median(times):.0f} ({times[0]:.0f}–{times[-1]:.0f}); "
                           f"{said:.0f}")
            out.append(row)
    return table(["page", "network", "paint"] + [f"`{p}`" for p in plan["policies"]], out)


def element_table(pages, cells, browser, names):
    """Which resource was the largest paint."""
    def label(page, resource):
        found = [r for r in page["resources"] if r["id"] == resource]
        return f"{found[0]['type']} {resource}" if found and found[0]["type"] != "html" else "text"

    out = []
    for name in names:
        images = [r for r in pages[name]["resources"] if r.get("in_viewport")]
        largest = max(images, key=lambda r: r["bytes"]) if images else pages[name]["resources"][0]
        seen = collections.Counter(
            label(pages[name], load.lcp_resource)
            for key, loads in cells.items() if key[:2] == (browser, name) for load in loads)
        out.append([name, label(pages[name], largest["id"]),
                    ", ".join(f"{what} ({count})" for what, count in seen.most_common())])
    return table(["page", "the lab's candidate", "the browser's (loads)"], out)


def sections(plan, pages, cells, predict_pages):
    """{name: Markdown}. `predict_pages(browser, names)` asks the lab."""
    result = {}
    for browser, role in itertools.product(sorted({key[0] for key in cells}), ("test", "teach")):
        names = [p for p in plan[role] if any(k[:2] == (browser, p) for k in cells)]
        if not names:
            continue
        predictions = predict_pages(browser, names)
        order = orders(plan, cells, predictions, browser, names)
        signs = differences(plan, cells, predictions, browser, names)
        result[f"{browser} {role} sign misses"] = miss_table(signs)
        result[f"{browser} {role} order misses"] = low_orders(order)
        result[f"{browser} {role} order"] = order_table(plan, order)
        result[f"{browser} {role} signs"] = sign_table(plan, signs)
        result[f"{browser} {role} paints"] = paint_table(plan, cells, predictions, browser, names)
        result[f"{browser} {role} elements"] = element_table(pages, cells, browser, names)
    return result


def fill(text, tables):
    """Puts each table behind its marker, <!-- table: NAME -->."""
    for name, content in tables.items():
        begin, end = f"<!-- table: {name} -->\n", "<!-- end -->"
        if begin not in text:
            continue
        before, rest = text.split(begin, 1)
        text = before + begin + content + "\n" + end + rest.split(end, 1)[1]
    return text


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("mode", choices=["print", "write", "check"])
    parser.add_argument("--compare", required=True)
    parser.add_argument("--recordings", type=pathlib.Path, default=HERE / "recordings.jsonl")
    parser.add_argument("--plan", type=pathlib.Path, default=HERE / "plan.json")
    arguments = parser.parse_args()
    plan = json.loads(arguments.plan.read_text())
    records = [json.loads(line) for line in arguments.recordings.read_text().splitlines()[1:]]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        pages = make_pages(folder, sorted({record["page"] for record in records}))
        cells = read_recordings(arguments.recordings, records, pages)
        tables = sections(plan, pages, cells, lambda browser, names: predict(
            arguments.compare, plan, browser, names, pages, folder))
    if arguments.mode == "print":
        for name, content in tables.items():
            print(f"## {name}\n\n{content}\n")
        return 0
    doc = pathlib.Path(os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."), "docs/validation.md")
    text = doc.read_text()
    filled = fill(text, tables)
    if arguments.mode == "write":
        whole_file.write(doc, filled)
        return 0
    if filled != text:
        print(f"validation: {doc} shows other figures than the lab now computes: "
              "./bazelw run //benchmarks/lab/validation:write")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
