#!/usr/bin/python3
"""A figure for a paper: what each policy gains on the lab's pages.

    ./bazelw run //:compare -- --pages=real --policies=all \\
        --csv=runs.csv --verdicts=verdicts.csv
    python3 examples/lab_figure/lab_figure.py runs.csv verdicts.csv gain.pdf

Left: the median over pages of baseline ÷ policy, with its interval; an open dot is inside
the noise. Right: the ratio of every page, sorted, for the three best policies and the
worst. The name of the output chooses its form: .pdf, .svg or .png. Needs Debian's
python3-pandas and python3-matplotlib.
"""

import argparse

import matplotlib

matplotlib.use("Agg")  # draws without a screen
import matplotlib.pyplot as plt
import pandas as pd

SETTING = ["signals", "edit", "late_signals", "network", "send_buffer_bytes", "max_streams"]


def the_setting(verdicts, metric):
    """The lines of one metric, which must be of one setting."""
    verdicts = verdicts[verdicts.metric == metric]
    if verdicts.empty:
        raise SystemExit(f"lab_figure: no verdict on {metric}: compare on two pages or more")
    if set(verdicts.compared) != {"policy"}:
        raise SystemExit("lab_figure: the verdicts do not compare policies")
    settings = verdicts[SETTING].drop_duplicates()
    if len(settings) > 1:
        raise SystemExit(f"lab_figure: {len(settings)} settings; a figure shows one:\n{settings}")
    return verdicts.sort_values("median")


def ratios_of_pages(runs, metric, baseline):
    """Baseline ÷ policy: a row for each page, a column for each policy."""
    times = runs.pivot_table(index=["page", "seed"], columns="policy", values=metric)
    return times.rdiv(times[baseline], axis=0).groupby("page").median()


def draw_medians(axes, verdicts, baseline):
    places = range(len(verdicts))
    axes.hlines(places, verdicts.interval_low, verdicts.interval_high, color="0.6", lw=2)
    shown = verdicts.verdict.isin(["better", "worse"])
    axes.scatter(verdicts["median"], places, s=24, zorder=3, color="black",
                 facecolors=["black" if clear else "white" for clear in shown])
    axes.axvline(1, color="0.3", lw=0.8, ls=":")
    axes.set_yticks(places, verdicts.variant)
    axes.set_xlabel(f"{baseline} ÷ policy, median of {verdicts.pages.max()} pages")


def draw_pages(axes, ratios, policies, baseline):
    for policy, style in zip(policies, ["-", "--", "-.", ":"]):
        values = ratios[policy].sort_values().to_list()
        axes.plot(range(1, len(values) + 1), values, style, color="black", label=policy, lw=1.2)
    axes.axhline(1, color="0.3", lw=0.8, ls=":")
    axes.set_yscale("log", base=2)
    axes.yaxis.set_major_formatter("{x:g}")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_xlabel("pages, sorted")
    axes.set_ylabel(f"{baseline} ÷ policy")
    axes.legend(frameon=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", help="a file of compare's --csv")
    parser.add_argument("verdicts", help="the file of --verdicts of the same call")
    parser.add_argument("output", help="the figure: .pdf, .svg or .png")
    parser.add_argument("--metric", default="painted_area_ms")
    arguments = parser.parse_args()

    runs = pd.read_csv(arguments.runs)
    verdicts = the_setting(pd.read_csv(arguments.verdicts), arguments.metric)
    baseline = verdicts.baseline.iloc[0]
    ratios = ratios_of_pages(runs, arguments.metric, baseline)

    plt.rcParams.update({"font.size": 8, "svg.hashsalt": "lab"})
    figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3), layout="constrained")
    draw_medians(left, verdicts, baseline)
    best_first = verdicts.variant.to_list()[::-1]
    draw_pages(right, ratios, dict.fromkeys(best_first[:3] + best_first[-1:]), baseline)
    # No date inside: the same results are the same bytes.
    dates = {"pdf": {"CreationDate": None}, "svg": {"Date": None}}
    figure.savefig(arguments.output, dpi=200,
                   metadata=dates.get(arguments.output.rsplit(".", 1)[-1]))


if __name__ == "__main__":
    main()
