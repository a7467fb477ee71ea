#!/usr/bin/python3
"""Makes Debian packages of all components:

    ./bazelw run //:debs -- --out=DIR

//:install installs them into a folder, and debhelper packs that. Exit status: 0; 2
with a sentence on standard error, as when Debian's tools are missing; or that of
the tool that failed.
"""

import argparse
import email.utils
import os
import re
import shutil
import subprocess
import sys
import tempfile

# The commands that it runs, and their packages.
TOOLS = {
    "dpkg-architecture": "dpkg-dev",
    "dpkg-buildpackage": "dpkg-dev",
    "dh": "debhelper",
    "dh_python3": "dh-python",
}
CHANGES = """\
sluice (%s-1) unstable; urgency=medium

  * See CHANGELOG.md in libsluice-dev.

 -- The Sluice authors <maintainers@sluice.invalid>  %s
"""
VERSION = re.compile(r'^#define SLUICE_VERSION "([^"]+)"$', re.MULTILINE)


def fail(sentence):
    print("debs: " + sentence, file=sys.stderr)
    sys.exit(2)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def user_path(path):
    """An absolute path: `bazel run` starts programs in a folder of its own."""
    called_from = os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd())
    return os.path.normpath(os.path.join(called_from, os.path.expanduser(path)))


def run(command, **keywords):
    """Runs a command; its failure is ours."""
    result = subprocess.run(command, text=True, **keywords)
    if result.returncode != 0:
        print("debs: %s failed" % command[0], file=sys.stderr)
        sys.exit(result.returncode)
    return result


def output_of(*command):
    return run(command, stdout=subprocess.PIPE).stdout.strip()


def installer(options):
    """The command that installs: by default //:install, on the Bazel server that
    started this program and has released it by now."""
    if options.installer:
        return [os.path.abspath(options.installer)]
    if "BUILD_WORKSPACE_DIRECTORY" not in os.environ:
        fail("start it by ./bazelw run //:debs")
    bazel = ["env", "--chdir=" + os.environ["BUILD_WORKSPACE_DIRECTORY"], "bazel"]
    output_base, execroot, _ = os.getcwd().partition("/execroot/")
    if execroot:
        bazel.append("--output_base=" + output_base)
    return bazel + ["run", "//:install", "--"]


def write_changelog(tree, path):
    version = VERSION.search(read(os.path.join(tree, "signals/version.h"))).group(1)
    seconds = os.environ.get("SOURCE_DATE_EPOCH")
    date = email.utils.formatdate(float(seconds) if seconds else None)
    with open(path, "w", encoding="utf-8") as changelog:
        changelog.write(CHANGES % (version, date))


def main():
    parser = argparse.ArgumentParser(prog="debs", description="Makes Debian packages.")
    parser.add_argument("--out", required=True, metavar="DIR", help="for the .deb files")
    parser.add_argument("--installer", metavar="PROGRAM",
                        help="another than //:install: as configured, for tests")
    options = parser.parse_args()
    missing = {package for tool, package in TOOLS.items() if not shutil.which(tool)}
    if missing:
        fail("Debian's tools are missing; run: apt-get install --no-install-recommends "
             + " ".join(sorted(missing)))
    out = user_path(options.out)
    os.makedirs(out, exist_ok=True)
    triplet = output_of("dpkg-architecture", "--query", "DEB_HOST_MULTIARCH")
    tree = os.getcwd()  # the runfiles, laid out as the workspace
    with tempfile.TemporaryDirectory() as scratch:
        source = os.path.join(scratch, "sluice")
        shutil.copytree(os.path.join(tree, "debian"), os.path.join(source, "debian"))
        write_changelog(tree, os.path.join(source, "debian/changelog"))
        run([*installer(options), "--prefix=/usr", "--libdir=lib/" + triplet,
             "--destdir=" + os.path.join(source, "debian/tmp")])
        run(["dpkg-buildpackage", "--build=binary", "--no-sign", "--no-pre-clean",
             "--no-check-builddeps"], cwd=source)
        for file in sorted(os.listdir(scratch)):
            if file != "sluice":
                shutil.copy(os.path.join(scratch, file), out)
                print(os.path.join(out, file))


if __name__ == "__main__":
    main()
