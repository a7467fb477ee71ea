"""Pages that are changed for one comparison."""

def _pages_without_pauses_impl(ctx):
    pages = []
    for page in ctx.files.pages:
        changed = ctx.actions.declare_file("%s/%s" % (ctx.label.name, page.basename))
        ctx.actions.run(
            executable = "/usr/bin/python3",
            inputs = [ctx.file._script, page],
            outputs = [changed],
            arguments = [ctx.file._script.path, page.path, changed.path],
            mnemonic = "LabPage",
        )
        pages.append(changed)
    return [DefaultInfo(files = depset(pages))]

pages_without_pauses = rule(
    implementation = _pages_without_pauses_impl,
    doc = "The pages without the time between a discovery and a request.",
    attrs = {
        "pages": attr.label_list(mandatory = True, allow_files = True),
        "_script": attr.label(
            default = ":without_pauses.py",
            allow_single_file = True,
        ),
    },
)
