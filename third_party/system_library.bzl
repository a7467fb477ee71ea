"""Repository rules that turn pkg-config modules into cc_library targets."""

_HEADER = """package(default_visibility = ["//visibility:public"])

"""

_LIBRARY = """cc_library(
    name = "{name}",
    defines = {defines},
    linkopts = {linkopts},
    deps = {deps},
)

"""

# Abseil's Bazel packages and the targets of each that this project names.
# Debian ships one pkg-config module for each target: absl_TARGET.
_ABSL_PACKAGES = {
    "absl/algorithm": ["container"],
    "absl/base": ["config", "core_headers"],
    "absl/cleanup": ["cleanup"],
    "absl/container": ["btree", "fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector", "node_hash_map"],
    "absl/flags": ["commandlineflag", "flag", "parse", "reflection", "usage"],
    "absl/functional": ["any_invocable", "function_ref"],
    "absl/hash": ["hash"],
    "absl/memory": ["memory"],
    "absl/numeric": ["bits", "int128"],
    "absl/random": ["random"],
    "absl/status": ["status", "statusor"],
    "absl/strings": ["cord", "str_format", "strings"],
    "absl/time": ["time"],
    "absl/types": ["span"],
}

# Where the pkg-config module's name is not absl_TARGET.
_ABSL_MODULES = {
    "commandlineflag": "absl_flags_commandlineflag",
    "container": "absl_algorithm_container",
    "flag": "absl_flags",
    "parse": "absl_flags_parse",
    "random": "absl_random_random",
    "reflection": "absl_flags_reflection",
    "usage": "absl_flags_usage",
}

def absl_module(target):
    """The pkg-config module of a target of Abseil's."""
    return _ABSL_MODULES.get(target, "absl_" + target)

def _pkg_config(repository_ctx, module):
    result = repository_ctx.execute(["pkg-config", "--libs", module])
    if result.return_code != 0:
        fail("pkg-config does not know '{}': run ./bazelw, which installs what is missing.\n{}".format(
            module,
            result.stderr,
        ))
    options = [option for option in result.stdout.strip().split(" ") if option]
    return ["-Wl,--as-needed"] + options

def _library(name, linkopts, defines = [], deps = []):
    return _LIBRARY.format(name = name, linkopts = repr(linkopts), defines = repr(defines), deps = repr(deps))

def _absl_repository_impl(repository_ctx):
    for package, targets in _ABSL_PACKAGES.items():
        text = _HEADER
        for target in targets:
            text += _library(target, _pkg_config(repository_ctx, absl_module(target)))
        repository_ctx.file(package + "/BUILD.bazel", text)

absl_repository = repository_rule(
    implementation = _absl_repository_impl,
    doc = "Debian's Abseil under the labels of Abseil's own repository.",
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)

def _system_libraries_impl(repository_ctx):
    defines = repository_ctx.attr.defines
    text = _HEADER
    for name, module in repository_ctx.attr.libraries.items():
        text += _library(name, _pkg_config(repository_ctx, module), defines)
    for name, option in repository_ctx.attr.main.items():
        deps = [":" + library for library in repository_ctx.attr.libraries]
        text += _library(name, [option], defines, deps)
    for name in repository_ctx.attr.header_only:
        text += _library(name, [], defines)
    repository_ctx.file("BUILD.bazel", text)

system_libraries = repository_rule(
    implementation = _system_libraries_impl,
    doc = "Libraries of the system: target name to pkg-config module.",
    attrs = {
        "defines": attr.string_list(),
        "header_only": attr.string_list(),
        "libraries": attr.string_dict(mandatory = True),
        "main": attr.string_dict(doc = "Targets that add one link option to all the libraries."),
    },
    environ = ["PKG_CONFIG_PATH"],
    local = True,
)

def _nghttp2_repository_impl(repository_ctx):
    prefix = repository_ctx.os.environ.get("NGHTTP2_PREFIX", "")
    if not prefix:
        repository_ctx.file("BUILD.bazel", _HEADER + _library("nghttp2", _pkg_config(repository_ctx, "libnghttp2")))
        return
    headers = repository_ctx.path(prefix + "/include/nghttp2")
    archives = repository_ctx.execute(["find", "-L", prefix, "-name", "libnghttp2.a"]).stdout.splitlines()
    if not headers.exists or not archives:
        fail("NGHTTP2_PREFIX: %s has no include/nghttp2, or no libnghttp2.a under it" % prefix)
    repository_ctx.symlink(headers, "include/nghttp2")
    repository_ctx.symlink(archives[0], "libnghttp2.a")
    repository_ctx.file("BUILD.bazel", _HEADER + """cc_library(
    name = "nghttp2",
    srcs = ["libnghttp2.a"],
    hdrs = glob(["include/nghttp2/*.h"]),
    includes = ["include"],
)
""")

nghttp2_repository = repository_rule(
    implementation = _nghttp2_repository_impl,
    doc = """Debian's libnghttp2, or another release of it.

`--repo_env=NGHTTP2_PREFIX=/folder/usr` names a folder with include/nghttp2 and,
somewhere below, libnghttp2.a: where a release was installed or a package was
unpacked (docs/plugging-in.md).
""",
    environ = ["NGHTTP2_PREFIX", "PKG_CONFIG_PATH"],
    local = True,
)

def _python_headers_impl(repository_ctx):
    result = repository_ctx.execute([
        "/usr/bin/python3",
        "-c",
        "import sysconfig; print(sysconfig.get_path('include'), end='')",
    ])
    if result.return_code != 0 or not repository_ctx.path(result.stdout).exists:
        fail("the headers of /usr/bin/python3 are missing: run ./bazelw, which installs what is missing.\n" + result.stderr)
    repository_ctx.symlink(result.stdout, "include")

    # Of wheels for this Python and its C library (PEP 600).
    tag = repository_ctx.execute(["/usr/bin/python3", "-c", """
import platform, sys
python = "cp%d%d" % sys.version_info[:2]
libc = platform.libc_ver()[1].replace(".", "_")
print("-".join((python, python, "manylinux_%s_%s" % (libc, platform.machine()))), end="")
"""])
    if tag.return_code != 0:
        fail("/usr/bin/python3 does not say its version:\n" + tag.stderr)
    repository_ctx.file("wheel.bzl", "WHEEL_TAG = " + repr(tag.stdout) + "\n")
    repository_ctx.file("BUILD.bazel", _HEADER + """cc_library(
    name = "headers",
    hdrs = glob(["include/**/*.h"]),
    includes = ["include"],
)
""")

python_headers = repository_rule(
    implementation = _python_headers_impl,
    doc = "Debian's Python, for extension modules: these link with nothing of it.",
    local = True,
)

# The libraries of //benchmarks/lab/ns3, each before those that it uses. Debian's
# .pc files do not help: they name development files of libraries that libns3-dev
# does not depend on, and a missing include path.
_NS3_LIBRARIES = ["internet", "point-to-point", "traffic-control", "network", "core"]

def _ns3_repository_impl(repository_ctx):
    if not repository_ctx.path("/usr/include/ns3/tcp-socket-base.h").exists:
        fail("ns-3 is missing: apt-get install --no-install-recommends libns3-dev")
    repository_ctx.file("BUILD.bazel", _HEADER + _library(
        "ns3",
        ["-Wl,--as-needed"] + ["-lns3-" + name for name in _NS3_LIBRARIES],
    ))

ns3_repository = repository_rule(
    implementation = _ns3_repository_impl,
    doc = "Debian's ns-3 (GPL-2.0), looked at only when a target asks for it.",
    local = True,
)
