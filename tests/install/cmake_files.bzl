"""The rule of //tests/install:cmake_files: what the BUILD files list, for CMake."""

load("//third_party:sluice.bzl", "SLUICE_COPTS")
load("//third_party:system_library.bzl", "absl_module")

_FilesInfo = provider(
    doc = "What a target and its deps are made of.",
    fields = {
        "absl": "depset of Abseil's modules",
        "copts": "depset of structs: a file of srcs and its options",
        "files": "depset of paths",
        "hdrs": "depset of paths: the target's own",
        "public": "depset of paths: hdrs of its direct deps",
    },
)

def _paths(ctx, attribute):
    return [
        file.short_path
        for file in getattr(ctx.rule.files, attribute, [])
        if file.is_source and not file.owner.workspace_name
    ]

def _aspect_impl(target, ctx):
    deps = [dep for dep in getattr(ctx.rule.attr, "deps", []) if _FilesInfo in dep]
    if ctx.label.workspace_name:
        is_absl = ctx.label.workspace_name == "com_google_absl"
        modules = [absl_module(ctx.label.name)] if is_absl else []
        return [_FilesInfo(absl = depset(modules), copts = depset(), files = depset(), hdrs = depset(), public = depset())]
    copts = [copt for copt in getattr(ctx.rule.attr, "copts", []) if copt not in SLUICE_COPTS]
    sources = _paths(ctx, "srcs")
    return [_FilesInfo(
        absl = depset(transitive = [dep[_FilesInfo].absl for dep in deps]),
        copts = depset(
            [struct(file = file, copts = ";".join(copts)) for file in sources if copts],
            transitive = [dep[_FilesInfo].copts for dep in deps],
        ),
        files = depset(
            sources + _paths(ctx, "hdrs"),
            transitive = [dep[_FilesInfo].files for dep in deps],
        ),
        hdrs = depset(_paths(ctx, "hdrs")),
        public = depset(transitive = [dep[_FilesInfo].hdrs for dep in deps]),
    )]

_files_aspect = aspect(
    implementation = _aspect_impl,
    attr_aspects = ["deps", "actual"],
)

def _described(target):
    info = target[_FilesInfo]
    return struct(
        absl = info.absl.to_list(),
        copts = info.copts.to_list(),
        files = info.files.to_list(),
        public = info.public.to_list(),
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
    headers = depset(transitive = [
        target[CcInfo].compilation_context.headers
        for target in ctx.attr.libraries
        if CcInfo in target
    ])
    ctx.actions.run(
        inputs = depset([data], transitive = [headers]),
        outputs = [out],
        arguments = [data.path, out.path],
        executable = ctx.executable._write,
    )
    return [DefaultInfo(files = depset([out]))]

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
    doc = "The files, Abseil's modules and options of libraries and tests, as CMake's variables.",
)
