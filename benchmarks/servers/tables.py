#!/usr/bin/env python3
"""Writes the tables of docs/servers.md and README.md from benchmarks/servers/tables.json.

    ./bazelw run //benchmarks/servers:tables -- --take reaction.json share.json throughput.json

takes what the benchmarks wrote by --json, replaces the figures of these benchmarks in
tables.json, and writes the tables. Several files of one benchmark are one table. --render writes them again, --check compares. The
words between the markers are here, all others in the pages.
"""

import argparse
import json
import os
import pathlib
import re
import sys

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

FIGURES = "benchmarks/servers/tables.json"
PAGES = ("docs/servers.md", "README.md")
SECTIONS = ("reaction", "share", "throughput", "short")

# A difference below these says nothing (docs/servers.md, Method).
NOISE_KB, NOISE_TRIPS = 16, 0.2
KEPT = ("low_kb_before", "low_kb_between", "round_trips", "ratio", "cpu_us", "system_calls",
        "requests_per_second", "load")
SIGNALS = (("7540", "RFC 7540"), ("9218", "RFC 9218"), ("both", "both"),
           ("update", "PRIORITY_UPDATE"))
HEADS = {"sluice": "**Sluice**", "nghttpd-9218": "nghttpd `--no-rfc7540-pri`",
         "apache": "Apache httpd", "hypercorn": "Hypercorn", "node": "Node.js", "caddy": "Caddy"}
NOTHING = 1000  # kAll of share_prober.h


# --- Figures ------------------------------------------------------------------

def spread(figure):
    return {key: float(f"{figure[key]:.5g}") for key in ("median", "least", "most")}


def take(all_results):
    """What the tables show of each benchmark. Several results of one have their cells
    together, such as those with BBR and with Cubic."""
    figures = {}
    for results in all_results:
        one = kept(results)
        before = figures.setdefault(results["benchmark"], one)
        if before is not one:
            before["cells"] += one["cells"]
            before["notes"] += [note for note in one["notes"] if note not in before["notes"]]
    return figures


def kept(results):
    return {
        "date": results["date"], "kernel": results["kernel"], "versions": results["versions"],
        "options": {key: value for key, value in results["options"].items()
                    if key != "our_flags"},
        "notes": [re.sub(r" /\S*/", " ", note) for note in results["notes"]],
        "cells": [{**cell["labels"],
                   **{key: spread(cell["figures"][key]) for key in KEPT
                      if key in cell["figures"]},
                   **({"runs": len(cell["runs"])}),
                   **({"error": cell["errors"][-1]} if cell["errors"] else {})}
                  for cell in results["cells"]]}


def write(path, figures):
    """A line for each cell, so that a difference is readable."""
    parts = []
    for name, benchmark in figures.items():
        head = json.dumps({key: value for key, value in benchmark.items() if key != "cells"},
                          ensure_ascii=False)[:-1]
        cells = ",\n".join(json.dumps(cell, ensure_ascii=False) for cell in benchmark["cells"])
        parts.append(f'"{name}": {head}, "cells": [\n{cells}\n]}}')
    whole_file.write(path, "{\n" + ",\n".join(parts) + "\n}\n")


def find(benchmark, **labels):
    for cell in benchmark["cells"]:
        if all(cell.get(key) == value for key, value in labels.items()):
            return cell
    return None


def is_ours(server):
    return server == "sluice" or server.endswith("+sluice")


def head(server, versions):
    name, _, preloaded = server.partition("+")
    words = HEADS.get(name, name)
    if preloaded:
        return f"**{words}, preloaded**"
    return f"{words} {versions[name]}" if name in versions else words


# --- Cells --------------------------------------------------------------------

def control(name):
    """A congestion control, as people write it."""
    return {"bbr": "BBR", "cubic": "Cubic"}.get(name, name)


def with_range(figure, digits, noise):
    """The median, and the range where it is wider than the noise."""
    text = f"{figure['median']:.{digits}f}"
    if figure["most"] - figure["least"] > noise:
        text += f" ({figure['least']:.{digits}f}–{figure['most']:.{digits}f})"
    return text


def reaction_text(cell):
    if cell is None:
        return "–"
    if "round_trips" not in cell:
        return cell.get("error", "–")
    return (with_range(cell["low_kb_before"], 0, NOISE_KB) + "+" +
            with_range(cell["low_kb_between"], 0, NOISE_KB) + " / " +
            with_range(cell["round_trips"], 1, NOISE_TRIPS))


def table(heads, rows):
    return ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads),
            *("| " + " | ".join(row) + " |" for row in rows)]


def servers_of(benchmark, **labels):
    return list(dict.fromkeys(
        cell["server"] for cell in benchmark["cells"]
        if all(cell.get(key) == value for key, value in labels.items())))


def reaction_table(benchmark, columns, **labels):
    """Rows: servers; columns: other labels, which have heads. Without those that were not
    measured."""
    columns = [(name, more) for name, more in columns if find(benchmark, **labels, **more)]
    rows = []
    for server in servers_of(benchmark, **labels):
        cells = [find(benchmark, server=server, **labels, **more) for _, more in columns]
        rows.append([head(server, benchmark["versions"]), *map(reaction_text, cells)])
    return table(["server", *(name for name, _ in columns)], rows)


def beats(cell, ours):
    """By more than the noise, in one figure, and not behind in the other."""
    kb = [sum(one[key]["median"] for key in ("low_kb_before", "low_kb_between"))
          for one in (cell, ours)]
    trips = [one["round_trips"]["median"] for one in (cell, ours)]
    return (kb[0] < kb[1] - NOISE_KB or trips[0] < trips[1] - NOISE_TRIPS) and (
        kb[0] < kb[1] + NOISE_KB and trips[0] < trips[1] + NOISE_TRIPS)


def better_than_ours(benchmark):
    """A line for each cell of another server that beats our server's."""
    lines = []
    for cell in benchmark["cells"]:
        ours = find(benchmark, server="sluice", **{
            key: cell[key] for key in ("transport", "congestion", "queue", "signals")})
        if is_ours(cell["server"]) or "round_trips" not in cell or ours is None:
            continue
        if "round_trips" in ours and beats(cell, ours):
            lines.append(
                f"- {head(cell['server'], benchmark['versions'])}, {cell['signals']}, "
                f"{cell['transport']}, {cell['queue']} queue, {control(cell['congestion'])}, "
                f"{'stock sockets' if cell['mark'] != '16 KB' else 'a mark of 16 KB'}: {reaction_text(cell)}; ours {reaction_text(ours)}.")
    return lines


# --- Sections -----------------------------------------------------------------

def facts(benchmark):
    loads = [cell["load"] for cell in benchmark["cells"] if "load" in cell]
    least = min(load["least"] for load in loads)
    most = max(load["most"] for load in loads)
    return (f"{benchmark['date']} UTC, {benchmark['kernel']}, a load average of {least:.1f} to "
            f"{most:.1f}")


def busy(benchmark, limit=4):
    """The cells whose runs met a busy machine, in words."""
    cells = [cell for cell in benchmark["cells"]
             if "load" in cell and cell["load"]["median"] > limit]
    if not cells:
        return f"No cell has a median load average above {limit}."
    names = sorted({f"{cell['server']} {cell['transport']} {cell.get('queue', '')}".strip()
                    for cell in cells})
    shown = ", ".join(names) if len(names) <= 12 else f"{len(cells)} cells"
    return (f"Measured under load (a median load average above {limit}): {shown} of "
            f"{len(benchmark['cells'])}." if len(names) > 12 else
            f"Measured under load (a median load average above {limit}): {shown}.")


def reaction_section(figures):
    benchmark = figures["reaction"]
    lines = better_than_ours(benchmark)
    first = (["Where another server is better than ours by more than the noise "
              f"({NOISE_KB} KB, {NOISE_TRIPS} round trips):", "", *lines] if lines else
             ["No other server is better than ours by more than the noise "
              f"({NOISE_KB} KB, {NOISE_TRIPS} round",
              "trips) in any column below."])
    parts = [*first, "",
             "Low-priority KB before the urgent response + KB between its first and its last byte",
             "/ round trips to its last byte, on a link of 8 Mbit/s with 100 ms. Medians of "
             f"{benchmark['options']['repeat']} rounds;",
             "the range in brackets where it is wider than the noise.", ""]
    for transport in ("cleartext", "TLS"):
        for congestion in sorted({cell["congestion"] for cell in benchmark["cells"]}):
            for mark in ("16 KB", "system's"):
                columns = [(name, {"signals": key, "queue": "full"}) for key, name in SIGNALS]
                if mark == "16 KB":
                    columns += [(f"drained: {name}", {"signals": key, "queue": "drained"})
                                for key, name in SIGNALS[:2]]
                labels = {"transport": transport, "congestion": congestion, "mark": mark}
                if servers_of(benchmark, **labels):
                    parts += [f"{transport}, {control(congestion)}, "
                              f"{'a low-water mark of 16 KB' if mark == '16 KB' else 'stock sockets'}:",
                              "", *reaction_table(benchmark, columns, **labels), ""]
    parts += [f"Measured: {facts(benchmark)}. {busy(benchmark)}",
              *(f"Left out: {note}." for note in benchmark["notes"]), "",
              "```sh",
              "./bazelw run --config=opt //benchmarks/servers:reaction -- --json=reaction.json",
              "./bazelw run //benchmarks/servers:tables -- --take $PWD/reaction.json",
              "```"]
    return parts


def ratio_text(cell):
    if cell is None:
        return "–"
    if "ratio" not in cell:
        return cell.get("error", "–")
    return "∞" if cell["ratio"]["median"] >= NOTHING else with_range(cell["ratio"], 2, 0.2)


def share_section(figures):
    benchmark = figures["share"]
    columns = [(f"{transport}, {weights}", {"transport": transport, "weights": weights})
               for transport in ("cleartext", "TLS")
               for weights in ("of groups", "of streams")]
    rows = [[head(server, benchmark["versions"]),
             *(ratio_text(find(benchmark, server=server, mark="16 KB", **more))
               for _, more in columns)]
            for server in servers_of(benchmark)]
    return [*table(["server", *(name for name, _ in columns)], rows), "",
            f"Medians of {benchmark['options']['repeat']} rounds. Measured: {facts(benchmark)}, by",
            "", "```sh",
            "./bazelw run --config=opt //benchmarks/servers:share -- --json=share.json", "```"]


def throughput_section(figures):
    benchmark = figures["throughput"]
    loads = list(dict.fromkeys((cell["file"], cell["transport"]) for cell in benchmark["cells"]))
    rows = []
    for file, transport in loads:
        ours = find(benchmark, file=file, transport=transport, server="sluice")
        for server in servers_of(benchmark, file=file, transport=transport):
            cell = find(benchmark, file=file, transport=transport, server=server)
            row = [file, transport, head(server, benchmark["versions"])]
            if "cpu_us" not in cell:
                rows.append([*row, cell.get("error", "–"), "", ""])
                continue
            digits = 0 if cell["cpu_us"]["median"] > 100 else 2
            ratio = ours["cpu_us"]["median"] / cell["cpu_us"]["median"]
            calls = cell.get("system_calls")
            rows.append([*row, with_range(cell["cpu_us"], digits, -1),
                         "" if server == "sluice" else f"{ratio:.2f}",
                         f"{calls['median']:.2f}" if calls else "–"])
    behind = [f"{row[2]} for {row[0]} in {row[1]} ({row[4]})" for row in rows
              if row[4] and float(row[4]) > 1]
    first = (f"Others that take less CPU time than ours (ours ÷ its): {', '.join(behind)}."
             if behind else "No other takes less CPU time than ours.")
    return [first, "",
            *table(["file", "transport", "server", "CPU µs a request", "ours ÷ it",
                    "system calls a request"], rows), "",
            f"Medians of {benchmark['options']['repeat']} rounds, least and most in brackets. "
            f"Measured: {facts(benchmark)}.",
            *(f"Left out: {note}." for note in benchmark["notes"])]


def short_section(figures):
    """README's: one transport, one mark."""
    benchmark = figures["reaction"]
    labels = {"transport": "cleartext", "congestion": "bbr", "mark": "16 KB", "queue": "full"}
    columns = [(name, {"signals": key}) for key, name in SIGNALS]
    return [*reaction_table(benchmark, columns, **labels), "",
            f"({benchmark['date'].partition(' ')[0]}; medians of "
            f"{benchmark['options']['repeat']}; a difference of {NOISE_KB} KB or {NOISE_TRIPS} "
            "round trips is noise.)"]


RENDER = {"reaction": reaction_section, "share": share_section,
          "throughput": throughput_section, "short": short_section}


def with_sections(page, figures):
    for name in SECTIONS:
        begin = f"<!-- {name}: written by //benchmarks/servers:tables -->"
        end = f"<!-- end of {name} -->"
        before, found, rest = page.partition(begin)
        if not found:
            continue
        _, ended, after = rest.partition(end)
        if not ended:
            sys.exit(f"tables: no line {end}")
        page = before + "\n".join([begin, "", *RENDER[name](figures), "", end]) + after
    return page


# --- The command line ---------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--root", help="the project's folder (default: bazel's workspace)")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--take", nargs="+", metavar="JSON", help="results of the benchmarks")
    mode.add_argument("--render", action="store_true", help="write the tables")
    mode.add_argument("--check", action="store_true", help="are the tables those of the figures?")
    args = parser.parse_args()
    root = pathlib.Path(args.root or os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    file = root / FIGURES
    figures = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if args.take:
        folder = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
        figures.update(take([json.loads((folder / path).read_text(encoding="utf-8"))
                             for path in args.take]))
        write(file, figures)
    status = 0
    for name in PAGES:
        page = (root / name).read_text(encoding="utf-8")
        rendered = with_sections(page, figures)
        if not args.check:
            whole_file.write(root / name, rendered)
        elif rendered != page:
            print(f"{name} is not what {FIGURES} gives; run\n"
                  "  ./bazelw run //benchmarks/servers:tables -- --render")
            status = 1
    return status


if __name__ == "__main__":
    sys.exit(main())
