#!/usr/bin/python3
"""The lab's results in pandas: the lines that docs/lab.md gives open the files, the files
agree with each other, and the example draws its figure of them."""

import os
import pathlib
import re
import runpy
import subprocess
import sys

import pandas as pd

COMPARE, FIGURE, MANUAL = (os.path.abspath(path) for path in sys.argv[1:4])
PAGES = "filamentgroup_2017_chrome,sitespeedio_2017,wikipedia_mobile,react_starter,squoosh,pwa_rocks"
POLICIES = ["rr", "fifo", "rfc9218"]

failures = []


def expect(holds, what):
    if not holds:
        failures.append(what)


def open_as_the_manual_says():
    """The names that the Python block of the section "From Python" makes."""
    section = pathlib.Path(MANUAL).read_text().split("\n## From Python\n")[1].split("\n## ")[0]
    block = re.search(r"```python\n(.*?)```", section, re.DOTALL).group(1)
    lines = [line for line in block.splitlines() if line]
    # "One documented line each", after the import.
    expect([line.split(" ")[0] for line in lines] == ["import", "runs", "waterfalls", "verdicts"],
           f"other lines in the manual: {lines}")
    names = {}
    exec(block, names)
    return names["runs"], names["waterfalls"], names["verdicts"]


def check_frames(runs, waterfalls, verdicts):
    expect(len(runs) == 6 * len(POLICIES), f"{len(runs)} runs")
    expect(set(runs.policy) == set(POLICIES), f"policies {set(runs.policy)}")
    expect(runs.edit.eq("none").all(), "an edit")

    # The last byte of the waterfall is the page load time of the same run.
    last = waterfalls.groupby(["page", "policy"]).done_ms.max()
    loads = runs.set_index(["page", "policy"]).page_load_ms
    expect(len(last) == len(runs), f"{len(last)} waterfalls")
    expect((last - loads).abs().max() < 0.0011, "waterfalls end elsewhere than the page loads")
    expect((waterfalls.requested_ms <= waterfalls.first_byte_ms).all(), "bytes before requests")
    expect((waterfalls.first_byte_ms <= waterfalls.done_ms).all(), "a first byte after the last")

    # The verdicts' medians again, by pandas from the runs.
    for metric in ("painted_area_ms", "atf_area_ms", "page_load_ms"):
        times = runs.pivot(index="page", columns="policy", values=metric)
        medians = times.rdiv(times.rr, axis=0).median()
        of_metric = verdicts[verdicts.metric == metric].set_index("variant")
        expect(of_metric.pages.eq(6).all(), f"{metric} on other pages")
        expect(sorted(of_metric.index) == ["fifo", "rfc9218"], f"variants of {metric}")
        for policy in of_metric.index:
            expect(abs(of_metric["median"][policy] - medians[policy]) < 2e-5,
                   f"{metric} of {policy}: {of_metric['median'][policy]}, not {medians[policy]}")
    expect(verdicts.pages.between(1, 6).all(), "verdicts on other pages")  # some lack a class
    expect((verdicts.interval_low <= verdicts["median"]).all(), "a median below its interval")
    expect((verdicts["median"] <= verdicts.interval_high).all(), "a median above its interval")
    expect(set(verdicts.verdict) <= {"better", "worse", "inside the noise", "too few pages"},
           f"verdicts {set(verdicts.verdict)}")


def draw(output, *arguments):
    """What the example says when it refuses; None: it drew."""
    sys.argv = ["lab_figure.py", "runs.csv", "verdicts.csv", output, *arguments]
    try:
        runpy.run_path(FIGURE, run_name="__main__")
    except SystemExit as refused:
        return str(refused)
    return None


def check_figures():
    for output, magic in (("gain.pdf", b"%PDF"), ("gain.svg", b"<?xml")):
        expect(draw(output) is None, f"{output} was refused")
        contents = pathlib.Path(output).read_bytes()
        expect(contents.startswith(magic), f"{output} begins with {contents[:8]}")
    draw("again.svg")
    expect(pathlib.Path("again.svg").read_bytes() == pathlib.Path("gain.svg").read_bytes(),
           "the same results, another figure")
    refused = draw("x.pdf", "--metric=no_such_ms")
    expect("no verdict on no_such_ms" in (refused or ""), f"an unknown metric: {refused}")
    expect(not pathlib.Path("x.pdf").exists(), "a figure of nothing")


def main():
    os.chdir(os.environ["TEST_TMPDIR"])
    os.environ["MPLCONFIGDIR"] = os.getcwd()
    os.environ.pop("BUILD_WORKING_DIRECTORY", None)
    subprocess.run([COMPARE, "--quiet", f"--pages={PAGES}", f"--policies={','.join(POLICIES)}",
                    "--signals=chrome9218_2023", "--csv=runs.csv", "--json=runs.jsonl",
                    "--verdicts=verdicts.csv"], check=True)
    check_frames(*open_as_the_manual_says())
    check_figures()
    for failure in failures:
        print("FAILED:", failure)
    print("pandas", pd.__version__, "failed" if failures else "passed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
