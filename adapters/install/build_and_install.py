#!/usr/bin/python3
"""Builds components of Sluice, optimised, and installs them:

    ./bazelw run //:install -- --prefix=DIR [--libdir=DIR] [--destdir=STAGE]
        [--component=c,cpp,nghttp2,python,tools]

DIR is the folder of their use. STAGE, for packagers, goes before it while
copying. Existing files are replaced. Files that only an earlier version of a
component had are removed; share/sluice/manifest-COMPONENT.txt lists them. Exit
status: 0; 2 with a sentence on standard error; or Bazel's.

Bazel builds the data of a program before the program sees its flags. So this
one has none, and asks Bazel for the files of its components.
"""

import os
import subprocess
import sys

import install

PACKAGE = "adapters/install"


def bazel(*arguments, **keywords):
    """Runs Bazel beside the workspace, on the server that started this program:
    `bazel run` has released it by now."""
    command = ["bazel"]
    output_base, execroot, _ = os.getcwd().partition("/execroot/")
    if execroot:
        command.append("--output_base=" + output_base)
    return subprocess.run([*command, *arguments], cwd=os.environ["BUILD_WORKSPACE_DIRECTORY"],
                          check=True, text=True, **keywords)


def main():
    options = install.read_options(sys.argv[1:])
    if "BUILD_WORKSPACE_DIRECTORY" not in os.environ:
        install.fail("start it by ./bazelw run //:install")
    print("install: building " + ", ".join(options.components), flush=True)
    try:
        bazel("build", *("//%s:%s" % (PACKAGE, component) for component in options.components))
        built = bazel("info", "bazel-bin", stdout=subprocess.PIPE,
                      stderr=subprocess.DEVNULL).stdout.strip()
    except subprocess.CalledProcessError as error:
        sys.exit(error.returncode)
    for component in options.components:
        program = os.path.join(built, PACKAGE, component)
        install.install_component(component, install.runfiles(program), options)


if __name__ == "__main__":
    main()
