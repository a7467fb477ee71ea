#!/usr/bin/env python3
"""Measures what docs/performance.md shows, and writes that page.

    ./bazelw run --config=opt //benchmarks/micro:performance -- --write

The figures go to benchmarks/micro/performance.json, and the page is made from
that file and performance_tried.md alone. Takes about eight minutes. Options:
--render writes the page again from the figures that are there, --check compares
it with them, --only core,decisions,memory,servers measures these parts only and
keeps the figures of the others.

Times are CPU time. The rows of a part run in random order, each some times; a
figure is the median, with the quartiles in brackets.
"""

import argparse
import collections
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

PAGE = "docs/performance.md"
FOLDER = "benchmarks/micro"
REPETITIONS = 9
MIN_TIME = "0.04"  # seconds, of each repetition

CORE = ("^(Exchange/|Paths/|Churn/|OwnStack/.*/10/|Hpack/.*/1/|(Api|Grpc|Idle1000|Priority|OneByteReads)/"
        ".*/10/|(Server|Client)/.*/10/1024$|Upload/.*/10/(1024|1048576)$)")
DECISIONS = "^(Pick|Frame)/[a-z0-9_]+/flat/(10|100|10000)$"  # and not recorded
LIBRARIES = ("sluice", "nghttp2_copy", "nghttp2_no_copy")
FRAME = 16384  # bytes of DATA in a frame


# --- Measuring ----------------------------------------------------------------

def significant(value):
    """Four digits are more than the noise leaves."""
    return float(f"{value:.4g}")


def summary(samples):
    low, middle, high = statistics.quantiles(samples, n=4, method="inclusive")
    return {"median": significant(middle), "low": significant(low), "high": significant(high)}


def run_benchmark(program, rows):
    """The repetitions of each row, by its name."""
    result = subprocess.run(
        [program, "--benchmark_format=json", f"--benchmark_filter={rows}",
         f"--benchmark_repetitions={REPETITIONS}", f"--benchmark_min_time={MIN_TIME}",
         "--benchmark_enable_random_interleaving=true"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    repetitions = collections.defaultdict(list)
    for entry in json.loads(result.stdout)["benchmarks"]:
        if entry.get("run_type") != "aggregate" and "error_message" not in entry:
            repetitions[entry["run_name"]].append(entry)
    return repetitions


def measure_core(program):
    rows = {}
    for name, entries in run_benchmark(program, CORE).items():
        rows[name] = summary([1e9 / entry["items_per_second"] for entry in entries])
        for counter in ("copied_bytes", "allocations"):
            rows[name][counter] = significant(statistics.median(
                entry[counter] for entry in entries))
    return rows


def measure_decisions(program):
    return {name: summary([1e9 / entry["items_per_second"] for entry in entries])
            for name, entries in run_benchmark(program, DECISIONS).items()
            if "_recorded_" not in name}


def measure_memory(program):
    """Bytes, which are the same in each run."""
    result = subprocess.run([program, "--benchmark_format=json", "--benchmark_min_time=0.01"],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=True)
    return {entry["name"]: {key: round(value) for key, value in entry.items() if "bytes" in key}
            for entry in json.loads(result.stdout)["benchmarks"]}


def measure_servers(program, server, peer):
    with tempfile.TemporaryDirectory() as folder:
        file = pathlib.Path(folder, "idle.json")
        subprocess.run([sys.executable, program, server, peer, f"--json={file}",
                        "--servers=rfc9218,rfc7540,auto,nghttpd,h2o"],
                       stdout=subprocess.DEVNULL, check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def version(*command, parse=lambda line: line.split()[-1].rpartition("/")[2]):
    """What `parse` takes from the command's first line: the last word, without the name."""
    try:
        result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                text=True, check=False)
    except FileNotFoundError:
        return "not installed"
    line = result.stdout.partition("\n")[0]
    return parse(line) if line.strip() else "unknown"


def h2o_version():
    """Of the library; the server is of the same source, and need not be on the path."""
    return version("dpkg-query", "--show", "--showformat=${source:Upstream-Version}",
                   "libh2o-evloop-dev", parse=lambda line: line.partition("+")[0])


def machine():
    cpuinfo = pathlib.Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"model name\s*: (.*)", cpuinfo)
    release = pathlib.Path("/etc/os-release").read_text(encoding="utf-8")
    return {
        "date": time.strftime("%-d %B %Y"),
        "processor": model.group(1) if model else "unknown",
        "cores": os.cpu_count(),
        "load before the run": round(os.getloadavg()[0], 1),
        "priority": "usual" if os.sched_getscheduler(0) == os.SCHED_OTHER else "real-time",
        "system": re.search(r'PRETTY_NAME="(.*)"', release).group(1),
        "kernel": os.uname().release.split("-")[0],
        "g++": version("g++", "--version"),
        "nghttp2": version("nghttpd", "--version"),
        "h2o": h2o_version(),
    }


PARTS = {"core": lambda args: measure_core(args.core),
         "decisions": lambda args: measure_decisions(args.policies),
         "memory": lambda args: measure_memory(args.connection_memory),
         "servers": lambda args: measure_servers(args.idle, args.server, args.peer)}


# --- The page -----------------------------------------------------------------

def number(value):
    """About three digits."""
    if value < 10:
        return f"{value:.2f}"
    if value < 100:
        return f"{value:.1f}"
    return f"{value:,.0f}"


def with_spread(figure, scale=1.0):
    return (f"{number(figure['median'] * scale)} "
            f"({number(figure['low'] * scale)}–{number(figure['high'] * scale)})")


def table(head, rows):
    return ["| " + " | ".join(head) + " |", "|" + "---|" * len(head),
            *("| " + " | ".join(row) + " |" for row in rows), ""]


def body(size):
    if size == 0:
        return "none"
    return f"{size >> 20} MB" if size >= 1 << 20 else f"{size >> 10} KB"


def title(operation, in_flight, size):
    return f"{operation}, {in_flight} in flight, body: {body(size)}"


def core_rows(core, operations):
    """(operation, in flight, bytes) that all libraries have, in order."""
    found = set()
    for name in core:
        operation, system, in_flight, size = name.split("/")
        if system == "sluice" and operation in operations:
            found.add((operations.index(operation), int(in_flight), int(size)))
    return [(operations[index], in_flight, size) for index, in_flight, size in sorted(found)]


def ratio(core, operation, in_flight, size):
    """Of Sluice's time to that of the better libnghttp2."""
    ours, *theirs = (core[f"{operation}/{system}/{in_flight}/{size}"]["median"]
                     for system in LIBRARIES)
    return ours / min(theirs)


def ratios(core, operation):
    """The range of the rows with small bodies or none."""
    found = [ratio(core, *row) for row in core_rows(core, [operation]) if row[2] <= 1 << 10]
    return f"{min(found):.2f} to {max(found):.2f}"


def core_table(figures, operations):
    core, instructions = figures["core"], figures["instructions"]
    rows = []
    for operation, in_flight, size in core_rows(core, operations):
        names = [f"{operation}/{system}/{in_flight}/{size}" for system in LIBRARIES]
        counts = [f"{instructions[name]:,}" if name in instructions else "–" for name in names]
        rows.append([
            title(operation, in_flight, size),
            *(with_spread(core[name], 1e-3) for name in names),
            f"**{ratio(core, operation, in_flight, size):.2f}**",
            " / ".join(f"{core[name]['copied_bytes']:,.0f}" for name in names),
            " / ".join(f"{core[name]['allocations']:.1f}" for name in names),
            " / ".join(counts) if counts != ["–"] * 3 else "–",
        ])
    return table(["µs a request", "Sluice", "nghttp2 copy", "nghttp2 NO_COPY",
                  "ratio to the better", "bytes copied", "allocations", "instructions"], rows)


def hpack_section(figures):
    core, instructions = figures["core"], figures["instructions"]
    names = ("Hpack/nghttp2/1/0", "Exchange/nghttp2_copy/1/0")
    return table(["", "µs a request", "HPACK's share", "instructions", "HPACK's share"],
                 [[f"`{name}`", with_spread(core[name], 1e-3),
                   f"{core[names[0]]['median'] / core[name]['median']:.0%}",
                   f"{instructions[name]:,}",
                   f"{instructions[names[0]] / instructions[name]:.0%}"] for name in names])


def adapter_table(figures):
    core, instructions = figures["core"], figures["instructions"]
    rows = []
    for in_flight in (1, 10, 100):
        for size in (1 << 10, 1 << 20):
            for policy, adapter in (("rfc7540", "adapter"), ("auto", "adapter_auto")):
                for copy in ("copy", "no_copy"):
                    alone = f"Exchange/nghttp2_{copy}/{in_flight}/{size}"
                    adapted = f"Exchange/nghttp2_{adapter}_{copy}/{in_flight}/{size}"
                    before, after = core[alone]["median"], core[adapted]["median"]
                    more = after - before
                    frames = -(-size // FRAME)
                    count = "–"
                    if alone in instructions and adapted in instructions:
                        extra = instructions[adapted] - instructions[alone]
                        count = f"{extra:,} ({extra / instructions[alone]:+.1%})"
                    rows.append([
                        f"`{policy}`, {copy.replace('_', ' ')}, {in_flight} in flight, "
                        f"{body(size)}",
                        with_spread(core[alone], 1e-3), with_spread(core[adapted], 1e-3),
                        f"{more:,.0f}", f"{more / frames:,.0f}",
                        f"**{after / before - 1:+.1%}**", count])
    return table(["µs a request", "nghttp2 alone", "with the adapter", "ns a request more",
                  "ns a frame more", "overhead", "instructions a request more"], rows)


def c_abi_table(figures):
    core, instructions = figures["core"], figures["instructions"]
    rows = []
    for policy in ("rfc7540", "auto"):
        for size in (1 << 10, 1 << 20):
            name = f"OwnStack/sluice_c_{policy}/10/{size}"
            figure = core[name]
            theirs = min((f"Exchange/{system}/10/{size}" for system in LIBRARIES[1:]),
                         key=lambda row: core[row]["median"])
            count = instructions.get(name)
            rows.append([f"`{policy}`, 10 in flight, {body(size)}", with_spread(figure),
                         number(figure["median"] / -(-size // FRAME)),
                         f"**{figure['median'] / core[theirs]['median']:.1%}**",
                         f"{count:,}" if count else "–"])
    return table(["", "ns a request", "ns a frame", "of nghttp2's time for the request",
                  "instructions a request"], rows)


def decision_table(figures):
    cells = collections.defaultdict(dict)
    for name, figure in figures["decisions"].items():
        operation, system, _, size = name.split("/")
        cells[operation, system][int(size)] = figure
    sizes = sorted({size for row in cells.values() for size in row})
    return table(["ns a decision, ready streams"] + [f"{size:,}" for size in sizes],
                 [[f"{operation} `{system}`"] + [
                     with_spread(row[size]) if size in row else "–" for size in sizes]
                  for (operation, system), row in sorted(cells.items())])


def memory_table(figures):
    cells = collections.defaultdict(dict)
    for name, counters in figures["memory"].items():
        system, _, requests = name.split("/iterations:")[0].partition("/requests:")
        # Resident bytes need a process for each row.
        cells[system.split("/", 1)[1]][int(requests or 0)] = counters["heap_bytes"]
    counts = sorted({count for row in cells.values() for count in row})
    return table([""] + [f"after {count} requests" for count in counts],
                 [[f"`{system}`"] + [
                     f"{row[count]:,}" if count in row else "–" for count in counts]
                  for system, row in cells.items()])


def servers_table(figures):
    servers = figures["servers"]
    rows = []
    for name, cells in servers["servers"].items():
        if "skipped" in cells:
            rows.append([f"`{name}`", cells["skipped"], "–"])
        else:
            rows.append([f"`{name}`"] + [
                f"{cell['median']:,} ({cell['least']:,}–{cell['most']:,})"
                for cell in cells.values()])
    return table([f"resident bytes of one of {servers['connections']:,}", "after the handshake",
                  "after one request"], rows)


def render(figures, tried):
    facts = "; ".join(f"{key}: {value}" for key, value in figures["machine"].items())
    lines = [
        "# Performance",
        "",
        "A connection remembers the fields of its last messages (`h2/repeated_fields.h`), so it",
        "matters what a benchmark repeats. No message of `Paths` comes twice: each request has a",
        "path of its own, and each response an etag and, with a body, a length. The other fields",
        "repeat. In all other rows each message is the one before, as with polling or calls of",
        "one method. Where each message changes the dynamic table of HPACK, nothing is found:",
        "[what was tried](#receiving) has such a row.",
        "With bodies of at most 1 KB, Sluice takes of the time of libnghttp2:",
        "",
        f"- {ratios(figures['core'], 'Paths')} where no message comes twice (`Paths`)",
        f"- {ratios(figures['core'], 'Exchange')} where each is the one before (`Exchange`)",
        "",
        "The figures come from one run of each benchmark with its rows in random order:",
        "",
        "    ./bazelw run --config=opt //benchmarks/micro:performance -- --write",
        "",
        "That command writes this page, too. Do not edit it: the words are in",
        f"`{FOLDER}/performance.py`, what was tried in `{FOLDER}/performance_tried.md`.",
        f"Times are CPU time, medians of {REPETITIONS} repetitions with the quartiles in brackets.",
        "Compare within a row: another machine, or a busy one, has other times.",
        "",
        f"{facts[0].upper()}{facts[1:]}.",
        "",
        "## Beside libnghttp2",
        "",
        "A client and a server in one process, joined by memory",
        "(`//benchmarks/micro:core` says what each operation is). Bytes copied, allocations and",
        "instructions are of one request: Sluice / nghttp2 copy / nghttp2 NO_COPY. The",
        "instructions are those of `//benchmarks/micro:core_instructions`.",
        "",
        "No message comes twice:",
        "",
        *core_table(figures, ["Paths"]),
        "Each message is the one before:",
        "",
        *core_table(figures, ["Exchange"]),
        "So are these, with other messages, other conditions and each end alone:",
        "",
        *core_table(figures, ["Api", "Grpc", "Upload", "Idle1000", "Churn", "Server", "Client",
                              "OneByteReads", "Priority"]),
        "## HPACK",
        "",
        "Both libraries deflate and inflate fields by libnghttp2's `nghttp2_hd_*`; Sluice does",
        "so only for the fields that it does not remember. The row `Hpack` does it for all",
        "fields of an exchange, both ways, and nothing else.",
        "",
        *hpack_section(figures),
        "## The adapters",
        "",
        "libnghttp2 at both ends, with `adapters/nghttp2` in charge of the server, beside",
        "libnghttp2 alone:",
        "",
        *adapter_table(figures),
        "A server on a stack of its own calls `adapters/c/sluice.h`: open, ready, a pick and a",
        "charge for each frame, close. The share is of the better nghttp2's exchange:",
        "",
        *c_abi_table(figures),
        "## A decision",
        "",
        "`Pick` is a pick and a charge of 16 KB among streams that are all ready, siblings in the",
        "tree. `Frame` is a whole DATA frame of a `DataScheduler`: windows, pick, frame header,",
        "charge. [priority_tree.md](priority_tree.md) has other shapes of the tree.",
        "",
        *decision_table(figures),
        "## An idle connection",
        "",
        "The heap bytes of one connection, by `//benchmarks/micro:connection_memory`:",
        "",
        *memory_table(figures),
        "Resident memory of whole servers in cleartext, by `//benchmarks/servers:idle`; the rows",
        "named after policies are our server:",
        "",
        *servers_table(figures),
        tried.rstrip("\n"),
        "",
    ]
    return "\n".join(lines)


# --- The command line ---------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("core", "policies", "connection_memory", "idle", "server", "peer"):
        parser.add_argument(f"--{name}", help="program, which the target names")
    parser.add_argument("--root", help="the project's folder (default: bazel's workspace)")
    parser.add_argument("--only", default=",".join(PARTS))
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="measure, write figures and page")
    mode.add_argument("--render", action="store_true", help="write the page")
    mode.add_argument("--check", action="store_true", help="is the page that of the figures?")
    args = parser.parse_args()
    root = pathlib.Path(args.root or os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    file = root / FOLDER / "performance.json"
    figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if args.write:
        wanted = args.only.split(",")
        unknown = [part for part in wanted if part not in PARTS]
        if unknown:
            parser.error(f"--only names {unknown[0]!r}; the parts are {', '.join(PARTS)}")
        figures["machine"] = machine()
        for part in wanted:
            print(f"measuring {part} …", flush=True)
            figures[part] = PARTS[part](args)
        figures["instructions"] = json.loads(
            (root / FOLDER / "instructions.json").read_text(encoding="utf-8"))
        whole_file.write(file, json.dumps(figures, indent=1) + "\n")
    missing = [part for part in PARTS if part not in figures]
    if missing:
        sys.exit(f"performance: no figures of {', '.join(missing)} yet: run --write")
    page = render(figures, (root / FOLDER / "performance_tried.md").read_text(encoding="utf-8"))
    if not args.check:
        whole_file.write(root / PAGE, page)
        print(f"wrote {PAGE}")
    elif (root / PAGE).read_text(encoding="utf-8") != page:
        print(f"{PAGE} is not what {FOLDER}/performance.json and performance_tried.md give; run\n"
              "  ./bazelw run //benchmarks/micro:performance -- --render")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
