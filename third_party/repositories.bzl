"""Bazel's view of the Debian packages that this project stands on.

Each repository has its canonical name and labels, and is defined only when the
workspace has no repository of that name yet: a project that already brings
Abseil by http_archive keeps its own.
"""

load("//third_party:shim.bzl", "shim_repository")
load("//third_party:system_library.bzl", "absl_repository", "nghttp2_repository", "ns3_repository", "python_headers", "system_libraries")

def _maybe(rule, name, **kwargs):
    if not native.existing_rule(name):
        rule(name = name, **kwargs)

def sluice_toolchain_repositories():
    """The repositories of Bazel 4.2.3's own C++ and Java rules, without the network."""
    _maybe(shim_repository, "rules_cc")
    _maybe(shim_repository, "remote_coverage_tools")
    _maybe(native.local_repository, "rules_java", path = "/usr/share/bazel/rules/java")
    _maybe(native.local_repository, "rules_proto", path = "/usr/share/bazel/rules/proto")
    _maybe(native.local_repository, "bazel_skylib", path = "/usr/share/bazel/tools/skylib")
    _maybe(native.local_repository, "platforms", path = "/usr/share/bazel/platforms")

def sluice_dependencies():
    """The libraries that //h2, //priority, //scheduler and the programs use."""
    _maybe(absl_repository, "com_google_absl")
    _maybe(
        system_libraries,
        "com_google_googletest",
        libraries = {"gtest": "gmock", "gtest_main": "gmock_main"},
    )
    _maybe(
        system_libraries,
        "com_github_google_benchmark",
        libraries = {"benchmark": "benchmark"},
        main = {"benchmark_main": "-lbenchmark_main"},
    )
    _maybe(nghttp2_repository, "nghttp2")
    _maybe(system_libraries, "h2o", libraries = {"h2o": "libh2o-evloop"})
    _maybe(system_libraries, "openssl", libraries = {"ssl": "libssl", "crypto": "libcrypto"})
    _maybe(
        system_libraries,
        "asio",
        libraries = {},
        header_only = ["asio"],
        defines = ["ASIO_STANDALONE", "ASIO_NO_DEPRECATED"],
    )
    _maybe(system_libraries, "com_github_nlohmann_json", libraries = {}, header_only = ["json"])
    _maybe(ns3_repository, "ns3")
    _maybe(python_headers, "python")
    _maybe(system_libraries, "pybind11", libraries = {}, header_only = ["pybind11"])
    _maybe(system_libraries, "zlib", libraries = {"zlib": "zlib"})
