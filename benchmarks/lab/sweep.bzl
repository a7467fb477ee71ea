"""Grids of page loads as Bazel actions.

    load("//benchmarks/lab:sweep.bzl", "lab_sweep")

    lab_sweep(
        name = "mine",
        pages = ["//benchmarks/lab:real_pages", "my.har"],
        policies = ["all"],
        signals = ["chrome9218_2023"],
        networks = ["3g_fast", "cable"],
        send_buffers = [0, 16384],
        seeds = [1],
    )

One action runs one cell: a page on a network with a send buffer and a seed,
under every policy and signal set. So Bazel caches cells, resumes a sweep that
was interrupted, runs as many at a time as --jobs allows, here or on a cluster
(docs/lab.md), and does again only what a change can reach. An action reads its
page and the program and nothing else. Why not an action for each page load:
starting an action costs some 25 ms, as much as ten to twenty page loads.
"""

LabRunsInfo = provider(
    doc = "The results of the cells of one or more sweeps.",
    fields = {
        "csv": "list of files, in the order of the grid",
        "jsonl": "list of files, in the same order",
    },
)

# What a file's name may hold; a network's options may not.
def _file_part(text):
    return "".join([c if c.isalnum() or c in "-._" else "_" for c in text.elems()])

def _lab_cells_impl(ctx):
    csv = []
    jsonl = []
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
                    cell_jsonl = ctx.actions.declare_file(stem + ".jsonl")
                    arguments = ctx.actions.args()
                    arguments.add("--quiet")
                    arguments.add(page, format = "--pages=%s")
                    arguments.add_joined(ctx.attr.policies, join_with = ",", format_joined = "--policies=%s")
                    arguments.add_joined(ctx.attr.signals, join_with = ",", format_joined = "--signals=%s")
                    arguments.add(network, format = "--network=%s")
                    arguments.add(str(send_buffer), format = "--send_buffer=%s")
                    arguments.add(str(seed), format = "--seed=%s")
                    arguments.add(cell_csv, format = "--csv=%s")
                    arguments.add(cell_jsonl, format = "--json=%s")
                    ctx.actions.run(
                        executable = ctx.executable.tool,
                        inputs = [page],
                        outputs = [cell_csv, cell_jsonl],
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
                    jsonl.append(cell_jsonl)
    return [
        DefaultInfo(files = depset(csv + jsonl)),
        LabRunsInfo(csv = csv, jsonl = jsonl),
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
        # For the machine that runs actions, so optimized whatever the
        # configuration of the sweep, and the cells of all are the same.
        "tool": attr.label(
            default = "//benchmarks/lab:compare_without_pages",
            cfg = "exec",
            executable = True,
        ),
    },
)
