"""Grids of page loads as Bazel actions.

    load("//benchmarks/lab:sweep.bzl", "lab_sweep")

    lab_sweep(
        name = "mine",
        pages = ["//benchmarks/lab:real_pages", "my.har"],
        policies = ["all"],
        signals = ["chromium_h2_156"],
        networks = ["3g_fast", "cable"],
        send_buffers = [0, 16384],
        seeds = [1],
    )

`./bazelw build //:mine` writes bazel-bin/mine.html, mine.md and mine.csv.

One action runs one cell: a page on a network with a send buffer and a seed,
under every policy and signal set. So Bazel caches cells, resumes a sweep that
was interrupted, runs as many at a time as --jobs allows, here or on a cluster
(docs/sweeps.md), and does again only what a change can reach. An action reads its
page and the program and nothing else. It is not one page load, since to start an
action costs some 25 ms, as much as ten to twenty page loads.
"""

# In bytes: those that docs/reproductions/send_buffer.md compares.
SEND_BUFFERS = [
    0,
    16384,
    65536,
    131072,
    286720,
    1048576,
]

LabRunsInfo = provider(
    doc = "The results of a sweep's cells.",
    fields = {
        "csv": "list of files, in the order of the grid",
        "runs": "list of files that //benchmarks/lab:report reads, in the same order",
    },
)

# As `data` of a test, too.
def _files(ctx, files):
    return DefaultInfo(files = depset(files), runfiles = ctx.runfiles(files = files))

# Replaces characters of a network's options that a file's name may not have.
def _file_part(text):
    return "".join([c if c.isalnum() or c in "-._" else "_" for c in text.elems()])

def _lab_cells_impl(ctx):
    csv = []
    runs = []
    for network in ctx.attr.networks:
        for send_buffer in ctx.attr.send_buffers:
            for seed in ctx.attr.seeds:
                for page in ctx.files.pages:
                    page_name = page.basename[:-len(page.extension) - 1]
                    stem = "%s/%s.%d.seed%d/%s" % (
                        ctx.label.name,
                        _file_part(network),
                        send_buffer,
                        seed,
                        page_name,
                    )
                    cell_csv = ctx.actions.declare_file(stem + ".csv")
                    cell_runs = ctx.actions.declare_file(stem + ".runs")
                    arguments = ctx.actions.args()
                    arguments.add("--quiet")
                    arguments.add(page, format = "--pages=%s")
                    arguments.add_joined(ctx.attr.policies, join_with = ",", format_joined = "--policies=%s")
                    arguments.add_joined(ctx.attr.signals, join_with = ",", format_joined = "--signals=%s")
                    arguments.add(network, format = "--network=%s")
                    arguments.add(str(send_buffer), format = "--send_buffer=%s")
                    arguments.add(str(seed), format = "--seed=%s")
                    arguments.add(cell_csv, format = "--csv=%s")
                    arguments.add(cell_runs, format = "--runs=%s")
                    ctx.actions.run(
                        executable = ctx.executable.tool,
                        inputs = [page],
                        outputs = [cell_csv, cell_runs],
                        arguments = [arguments],
                        env = {},
                        mnemonic = "LabCell",
                        progress_message = "Loading %s on %s, send buffer %d, seed %d" % (
                            page_name,
                            network,
                            send_buffer,
                            seed,
                        ),
                    )
                    csv.append(cell_csv)
                    runs.append(cell_runs)
    return [
        _files(ctx, csv + runs),
        LabRunsInfo(csv = csv, runs = runs),
    ]

lab_cells = rule(
    implementation = _lab_cells_impl,
    doc = "The cells of a grid, without a report.",
    attrs = {
        "networks": attr.string_list(mandatory = True, allow_empty = False),
        "pages": attr.label_list(mandatory = True, allow_empty = False, allow_files = True),
        "policies": attr.string_list(mandatory = True, allow_empty = False),
        "seeds": attr.int_list(mandatory = True, allow_empty = False),
        "send_buffers": attr.int_list(mandatory = True, allow_empty = False),
        "signals": attr.string_list(mandatory = True, allow_empty = False),
        # Built for the machine that runs actions, so optimized in every
        # configuration: cells are the same in all.
        "tool": attr.label(
            default = "//benchmarks/lab:compare_without_pages",
            cfg = "exec",
            executable = True,
        ),
    },
)

def _csv_of(ctx):
    return [cell for sweep in ctx.attr.sweeps for cell in sweep[LabRunsInfo].csv]

def _runs_of(ctx):
    return [cell for sweep in ctx.attr.sweeps for cell in sweep[LabRunsInfo].runs]

def _path_list(ctx, cells):
    arguments = ctx.actions.args()
    arguments.add_all(cells)
    arguments.use_param_file("@%s", use_always = True)
    arguments.set_param_file_format("multiline")
    return arguments

_TABLE = attr.label(
    default = "//benchmarks/lab/tables:table",
    cfg = "exec",
    executable = True,
)

_SWEEPS = attr.label_list(mandatory = True, allow_empty = False, providers = [LabRunsInfo])

def _run_report(ctx, suffix, flag):
    output = ctx.actions.declare_file(ctx.label.name + suffix)
    runs = _runs_of(ctx)
    arguments = ctx.actions.args()
    arguments.add(output, format = flag + "=%s")
    arguments.add(ctx.attr.baseline, format = "--baseline=%s")
    ctx.actions.run(
        executable = ctx.executable._report,
        inputs = runs,
        outputs = [output],
        arguments = [arguments, _path_list(ctx, runs)],
        env = {},
        mnemonic = "LabReport",
        progress_message = "Reporting %d cells as %s" % (len(runs), output.basename),
    )
    return output

def _lab_report_impl(ctx):
    cells = _csv_of(ctx)
    markdown = ctx.actions.declare_file(ctx.label.name + ".md")
    csv = ctx.actions.declare_file(ctx.label.name + ".csv")
    arguments = ctx.actions.args()
    arguments.add(markdown, format = "--output=%s")
    arguments.add(csv, format = "--csv=%s")
    arguments.add(ctx.attr.baseline, format = "--baseline=%s")
    ctx.actions.run(
        executable = ctx.executable._table,
        inputs = cells,
        outputs = [markdown, csv],
        arguments = [arguments, _path_list(ctx, cells)],
        env = {},
        mnemonic = "LabReport",
        progress_message = "Reporting %d cells of %s" % (len(cells), ctx.label),
    )
    html = _run_report(ctx, ".html", "--html")
    return [
        _files(ctx, [html, markdown, csv]),
        # Every pick of every run is large: made only on request.
        OutputGroupInfo(jsonl = depset([_run_report(ctx, ".jsonl", "--json")])),
    ]

lab_report = rule(
    implementation = _lab_report_impl,
    doc = """One report of all cells of some sweeps.

    NAME.html to look at, NAME.md with the tables, NAME.csv with all runs; with
    --output_groups=jsonl also NAME.jsonl, with all picks.
    """,
    attrs = {
        "baseline": attr.string(default = "rr", doc = "of NAME.html and NAME.md"),
        "sweeps": _SWEEPS,
        "_report": attr.label(
            default = "//benchmarks/lab:report",
            cfg = "exec",
            executable = True,
        ),
        "_table": _TABLE,
    },
)

def lab_sweep(
        name,
        pages,
        policies,
        signals,
        networks,
        send_buffers,
        seeds,
        baseline = "rr",
        **kwargs):
    """A grid of page loads with its report.

    Args:
      name: of the report; the cells are called NAME_cells.
      pages: labels of files, in the bundled format or HAR.
      policies: as in --policies of //:compare; ["all"] is every policy.
      signals: as in --signals.
      networks: as in --network.
      send_buffers: in bytes.
      seeds: of the networks' losses.
      baseline: the policy that the report compares with.
      **kwargs: tags, visibility and so on, for both targets.
    """
    lab_cells(
        name = name + "_cells",
        networks = networks,
        pages = pages,
        policies = policies,
        seeds = seeds,
        send_buffers = send_buffers,
        signals = signals,
        **kwargs
    )
    lab_report(
        name = name,
        baseline = baseline,
        sweeps = [name + "_cells"],
        **kwargs
    )

def _pairs(items, separator):
    return separator.join(["%s=%s" % item for item in items])

def _lab_table_impl(ctx):
    cells = _csv_of(ctx)
    table = ctx.actions.declare_file(ctx.label.name + ".md")
    arguments = ctx.actions.args()
    arguments.add(table, format = "--output=%s")
    arguments.add(ctx.attr.rows, format = "--rows=%s")
    arguments.add(ctx.attr.baseline, format = "--baseline=%s")
    arguments.add("--sorted" if ctx.attr.sorted else "--nosorted")
    arguments.add(_pairs(ctx.attr.where.items(), " "), format = "--where=%s")
    arguments.add_joined(ctx.attr.columns, join_with = ";", format_joined = "--columns=%s")
    if ctx.attr.published:
        arguments.add(
            ctx.attr.published_title + ";" + _pairs(ctx.attr.published.items(), ";"),
            format = "--published=%s",
        )
    ctx.actions.run(
        executable = ctx.executable._table,
        inputs = cells,
        outputs = [table],
        arguments = [arguments, _path_list(ctx, cells)],
        env = {},
        mnemonic = "LabTable",
        progress_message = "Making table %s" % ctx.label,
    )
    return [_files(ctx, [table])]

lab_table = rule(
    implementation = _lab_table_impl,
    doc = "Makes one table of the cells of some sweeps (run_table.h): NAME.md.",
    attrs = {
        "baseline": attr.string(default = "rr"),
        "columns": attr.string_list(
            mandatory = True,
            allow_empty = False,
            doc = "each TITLE|METRIC STATISTIC NAME=VALUE…",
        ),
        "published": attr.string_dict(doc = "others' figures by the row's value"),
        "published_title": attr.string(default = "published"),
        "rows": attr.string(default = "policy"),
        "sorted": attr.bool(doc = "rows by the first column, falling"),
        "sweeps": _SWEEPS,
        "where": attr.string_dict(doc = "runs that the table selects"),
        "_table": _TABLE,
    },
)
