"""The rule of //tests/install:cmake_files: what the BUILD files list, for CMake."""

load("//third_party:sluice.bzl", "SLUICE_COPTS")
load("//third_party:system_library.bzl", "absl_module")

_FilesInfo = provider(
    doc = "What a target and its deps are made of.",
    fields = {
        "absl": "depset: Abseil's pkg-config modules",
        "copts": "depset of structs: a file and its options",
        "files": "depset: srcs and hdrs in this workspace",
        "hdrs": "depset: the target's own",
        "hdrs_of_deps": "depset: the hdrs of its direct deps",
    },
)

def _own(ctx, attribute):
    return [
        file
        for file in getattr(ctx.rule.files, attribute, [])
        if file.is_source and not file.owner.workspace_name
    ]

def _files_aspect_impl(_target, ctx):
    workspace = ctx.label.workspace_name
    deps = [dep[_FilesInfo] for dep in getattr(ctx.rule.attr, "deps", []) if not workspace]
    copts = [copt for copt in getattr(ctx.rule.attr, "copts", []) if copt not in SLUICE_COPTS]
    srcs, hdrs = _own(ctx, "srcs"), _own(ctx, "hdrs")
    return [_FilesInfo(
        absl = depset(
            [absl_module(ctx.label.name)] if workspace == "com_google_absl" else [],
            transitive = [dep.absl for dep in deps],
        ),
        copts = depset(
            [struct(file = file.path, copts = ";".join(copts)) for file in srcs if copts],
            transitive = [dep.copts for dep in deps],
        ),
        files = depset(srcs + hdrs, transitive = [dep.files for dep in deps]),
        hdrs = depset(hdrs),
        hdrs_of_deps = depset(transitive = [dep.hdrs for dep in deps]),
    )]

_files_aspect = aspect(
    implementation = _files_aspect_impl,
    attr_aspects = ["deps"],
)

def _described(target):
    info = target[_FilesInfo]
    return struct(
        absl = info.absl.to_list(),
        copts = info.copts.to_list(),
        files = [file.path for file in info.files.to_list()],
        hdrs_of_deps = [file.path for file in info.hdrs_of_deps.to_list()],
    )

def _cmake_files_impl(ctx):
    data = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(data, json.encode(struct(
        libraries = {
            name: _described(target)
            for target, name in ctx.attr.libraries.items()
        },
        tests = {target.label.name: _described(target) for target in ctx.attr.tests},
    )))
    out = ctx.actions.declare_file(ctx.label.name + ".cmake")
    files = depset(transitive = [
        target[_FilesInfo].files
        for target in ctx.attr.libraries.keys() + ctx.attr.tests
    ])
    ctx.actions.run(
        inputs = depset([data], transitive = [files]),
        outputs = [out],
        arguments = [data.path, out.path],
        executable = ctx.executable._write,
    )
    return [DefaultInfo(
        files = depset([out]),
        runfiles = ctx.runfiles([out], transitive_files = files),
    )]

cmake_files = rule(
    implementation = _cmake_files_impl,
    attrs = {
        "libraries": attr.label_keyed_string_dict(
            doc = "Each library, and its name in the file.",
            aspects = [_files_aspect],
        ),
        "tests": attr.label_list(aspects = [_files_aspect]),
        "_write": attr.label(
            cfg = "exec",
            default = "//tests/install:write_cmake_files",
            executable = True,
        ),
    },
    doc = """Variables of CMake: the files of libraries and tests, Abseil's modules, options.

Its runfiles are these files.""",
)
