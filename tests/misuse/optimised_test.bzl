"""A test as an optimised build has it: -O2 and NDEBUG, so without assertions."""

def _optimised_test_impl(ctx):
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = ctx.executable.of,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = ctx.attr.of[DefaultInfo].default_runfiles,
    )]

# Bazel optimises what its own actions run, so no object is compiled for this
# alone.
optimised_test = rule(
    implementation = _optimised_test_impl,
    attrs = {"of": attr.label(cfg = "exec", executable = True, mandatory = True)},
    doc = "Runs the test `of` in the configuration of Bazel's own actions.",
    test = True,
)
