"""The rules of //:install, which work on cc_library targets."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("//third_party:system_library.bzl", "absl_module")

def _linker_inputs(deps, ctx):
    """The linking contexts of the deps: this workspace's, and the libraries'."""
    ours, others = [], []
    for dep in deps:
        for linker_input in dep[CcInfo].linking_context.linker_inputs.to_list():
            is_ours = linker_input.owner.workspace_name == ctx.label.workspace_name
            (ours if is_ours else others).append(linker_input)
    return ours, others

def _archives(linker_inputs):
    archives = {}
    for linker_input in linker_inputs:
        for library in linker_input.libraries:
            archive = library.pic_static_library or library.static_library
            if archive:
                archives[archive] = True
    return archives.keys()

def _merged_library_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    ours, others = _linker_inputs(ctx.attr.deps, ctx)
    there = _archives(_linker_inputs(ctx.attr.without, ctx)[0])
    archives = [archive for archive in _archives(ours) if archive not in there]
    merged = ctx.actions.declare_file(ctx.attr.name + ".o")
    ctx.actions.run(
        inputs = depset(archives, transitive = [toolchain.all_files]),
        outputs = [merged],
        arguments = [
            toolchain.ld_executable,
            toolchain.nm_executable,
            toolchain.objcopy_executable,
            ctx.attr.keep_global,
            merged.path,
        ] + [archive.path for archive in archives],
        executable = ctx.executable._merge,
        mnemonic = "MergeArchives",
        progress_message = "Merging %d archives into %s" % (len(archives), merged.short_path),
    )
    out = ctx.actions.declare_file(ctx.attr.name + ".a")
    ctx.actions.run(
        inputs = depset([merged], transitive = [toolchain.all_files]),
        outputs = [out],
        arguments = ["rcsD", out.path, merged.path],
        executable = toolchain.ar_executable,
        mnemonic = "ArchiveMerged",
    )
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    linker_input = cc_common.create_linker_input(
        owner = ctx.label,
        libraries = depset([cc_common.create_library_to_link(
            actions = ctx.actions,
            feature_configuration = features,
            cc_toolchain = toolchain,
            pic_static_library = out,
            alwayslink = True,
        )]),
    )
    return [
        DefaultInfo(files = depset([out])),
        CcInfo(linking_context = cc_common.create_linking_context(
            linker_inputs = depset([linker_input] + others, order = "topological"),
        )),
    ]

merged_library = rule(
    implementation = _merged_library_impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "keep_global": attr.string(
            default = "*",
            doc = "A wildcard: the symbols that stay global.",
        ),
        "without": attr.label_list(
            doc = "Libraries that the program links beside it.",
            providers = [CcInfo],
        ),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_merge": attr.label(
            allow_single_file = True,
            cfg = "exec",
            default = ":merge_objects.sh",
            executable = True,
        ),
    },
    doc = "One static archive, position-independent, of the deps and theirs in this workspace.",
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _absl_modules_impl(ctx):
    modules = {}
    for linker_input in _linker_inputs(ctx.attr.deps, ctx)[1]:
        if linker_input.owner.workspace_name == "com_google_absl":
            modules[absl_module(linker_input.owner.name)] = True
    out = ctx.actions.declare_file(ctx.attr.name + ".txt")
    ctx.actions.write(out, "\n".join(sorted(modules.keys())) + "\n")
    return [DefaultInfo(files = depset([out]))]

absl_modules = rule(
    implementation = _absl_modules_impl,
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
    doc = "The pkg-config modules of Abseil that the deps use, one a line.",
)

def _system_libraries_impl(ctx):
    # Each module names its libraries in the order of their use, so the last of
    # those with the same name comes after all that use it.
    libraries = []
    for linker_input in _linker_inputs(ctx.attr.deps, ctx)[1]:
        for flags in linker_input.user_link_flags:
            for flag in flags if type(flags) == "list" else [flags]:
                if flag.startswith("-l"):
                    if flag in libraries:
                        libraries.remove(flag)
                    libraries.append(flag)
    out = ctx.actions.declare_file(ctx.attr.name + ".txt")
    ctx.actions.write(out, "\n".join(libraries) + "\n")
    return [DefaultInfo(files = depset([out]))]

system_libraries = rule(
    implementation = _system_libraries_impl,
    attrs = {"deps": attr.label_list(providers = [CcInfo])},
    doc = "The -l flags of the libraries outside of this workspace that the deps use, one a line.",
)

_HeadersInfo = provider(
    doc = "Headers that a target shows to those that depend on it.",
    fields = {
        "own": "its hdrs",
        "of_deps": "those of its direct deps",
    },
)

def _headers_aspect_impl(target, ctx):
    return [_HeadersInfo(
        own = depset(target[CcInfo].compilation_context.direct_public_headers),
        of_deps = depset(transitive = [
            dep[_HeadersInfo].own
            for dep in getattr(ctx.rule.attr, "deps", [])
            if _HeadersInfo in dep
        ]),
    )]

_headers_aspect = aspect(
    implementation = _headers_aspect_impl,
    attr_aspects = ["deps"],
)

def _public_headers_impl(ctx):
    library = ctx.attr.library
    out = ctx.actions.declare_file(ctx.attr.name + ".txt")

    # Each one is there twice: as a source, and as a link under sluice/.
    public = [
        header.short_path
        for header in library[_HeadersInfo].of_deps.to_list()
        if header.is_source
    ]
    ctx.actions.write(out, "\n".join(sorted(public)) + "\n")
    headers = [
        header
        for header in library[CcInfo].compilation_context.headers.to_list()
        if header.is_source and header.owner.workspace_name == ctx.label.workspace_name
    ]
    return [DefaultInfo(files = depset([out] + headers))]

public_headers = rule(
    implementation = _public_headers_impl,
    attrs = {"library": attr.label(providers = [CcInfo], aspects = [_headers_aspect])},
    doc = "The list of the headers of the library's deps, and all headers that they may include.",
)

def _program_data_impl(ctx):
    program = ctx.attr.program[DefaultInfo]
    data = [
        file
        for file in program.default_runfiles.files.to_list()
        if file != program.files_to_run.executable
    ]
    out = ctx.actions.declare_file(ctx.attr.name + ".txt")
    ctx.actions.write(out, "\n".join(sorted([file.short_path for file in data])) + "\n")
    return [DefaultInfo(files = depset([out] + data))]

program_data = rule(
    implementation = _program_data_impl,
    attrs = {"program": attr.label(mandatory = True)},
    doc = "The list of the files that a program reads, and these files.",
)

# What Bazel's toolchain does not do by itself, as CMakeLists.txt does too.
# //tests/install:hardened.py has the whole list.
_HARDENED = [
    "-U_FORTIFY_SOURCE",
    "-D_FORTIFY_SOURCE=2",
    "-fstack-protector-strong",
    "-fstack-clash-protection",
]

def _mode_transition_impl(settings, attr):
    result = dict(settings)
    if attr.optimised:
        result["//command_line_option:compilation_mode"] = "opt"
        result["//command_line_option:copt"] = (
            result["//command_line_option:copt"] + ["-DNDEBUG", "-fomit-frame-pointer"] + _HARDENED
        )

        # The libraries need it; so the programs need no objects of their own.
        result["//command_line_option:force_pic"] = True
    return result

_MODE = [
    "//command_line_option:compilation_mode",
    "//command_line_option:copt",
    "//command_line_option:force_pic",
]

_mode_transition = transition(
    implementation = _mode_transition_impl,
    inputs = _MODE,
    outputs = _MODE,
)

def _installed_files_impl(ctx):
    files = depset(transitive = [src[DefaultInfo].files for src in ctx.attr.srcs])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

installed_files = rule(
    implementation = _installed_files_impl,
    attrs = {
        "optimised": attr.bool(
            doc = "As --config=opt makes them, and hardened, whatever the command line says.",
        ),
        "srcs": attr.label_list(allow_files = True, cfg = _mode_transition),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    doc = "The files of srcs.",
)
