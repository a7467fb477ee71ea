"""The compiler options of this project, and its C++ rules."""

SLUICE_COPTS = [
    "-Wall",
    "-Wextra",
    "-Werror",
]

# The rooms whose headers are installed.
_INSTALLED = ["signals", "h2", "priority", "scheduler", "trace", "adapters", "adapters/nghttp2"]

def sluice_cc_library(name, copts = [], **kwargs):
    # An installed header is included by the same name here and by users:
    # <sluice/h2/connection.h>.
    if native.package_name() in _INSTALLED:
        kwargs["include_prefix"] = "sluice"
        kwargs["strip_include_prefix"] = "/"

    # Linked into each program, in other workspaces too: as a shared object it
    # would need libraries that --as-needed drops from the program.
    native.cc_library(name = name, copts = SLUICE_COPTS + copts, linkstatic = True, **kwargs)

def sluice_cc_binary(name, copts = [], **kwargs):
    native.cc_binary(name = name, copts = SLUICE_COPTS + copts, **kwargs)

def sluice_cc_test(name, copts = [], size = "small", **kwargs):
    native.cc_test(name = name, copts = SLUICE_COPTS + copts, size = size, **kwargs)

def preloaded_fault(name):
    """NAME.so, made of NAME.cc, which a test loads into a program by LD_PRELOAD."""
    sluice_cc_binary(
        name = name + ".so",
        testonly = True,
        srcs = [name + ".cc"],
        linkopts = ["-ldl"],
        linkshared = True,
    )

# Whether the command line names a mode, a sanitizer or policies; the program
# then obeys it. Bazel's own actions, for which `optimised` is built, see no
# //:policies.
def _as_configured(ctx):
    return any([
        ctx.var["COMPILATION_MODE"] != "fastbuild",
        ctx.attr._policies.label != Label("//:no_policies"),
    ] + [
        copt.startswith("-fsanitize")
        for copt in ctx.fragments.cpp.copts
    ])

def _optimised_program_impl(ctx):
    program = ctx.attr.as_configured if _as_configured(ctx) else ctx.attr.optimised
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        output = executable,
        target_file = program[DefaultInfo].files_to_run.executable,
        is_executable = True,
    )
    return [DefaultInfo(
        executable = executable,
        runfiles = program[DefaultInfo].default_runfiles,
    )]

_optimised_program = rule(
    implementation = _optimised_program_impl,
    attrs = {
        "as_configured": attr.label(mandatory = True, cfg = "target"),
        # Bazel optimises what its own actions run. Sweeps are such actions, so
        # their libraries are not compiled once more for this.
        "optimised": attr.label(mandatory = True, cfg = "exec"),
        "_policies": attr.label(default = "//:policies"),
    },
    executable = True,
    fragments = ["cpp"],
)

def optimised_program(name, program, **kwargs):
    """The program, optimised unless the command line configures it.

    Args:
      name: of the target and of the program.
      program: the label of a binary.
      **kwargs: visibility and so on.
    """
    _optimised_program(
        name = name,
        as_configured = program,
        optimised = program,
        **kwargs
    )
