#!/usr/bin/python3
"""Installs the libraries, headers, Python module and command-line tool:

    ./bazelw run //:install -- --prefix=DIR [--destdir=STAGE]

DIR is the folder of their use. STAGE, for packagers, goes before it while
copying. Existing files are replaced. Files that only an earlier version had are
removed; MANIFEST lists them. Exit status: 0, or 2 with a sentence on standard
error.
"""

import argparse
import os
import re
import shutil
import sys
import sysconfig

VERSION = "2.0.0"
PACKED = "adapters/install/"
MANIFEST = "share/sluice/manifest.txt"
INCLUDE = re.compile(r'^#include <sluice/([^>]+)>', re.MULTILINE)


def fail(sentence):
    print("install: " + sentence, file=sys.stderr)
    sys.exit(2)


def runfiles():
    """The folder that is laid out as the workspace."""
    beside = os.path.abspath(sys.argv[0]) + ".runfiles/sluice"
    return beside if os.path.isdir(beside) else os.getcwd()


def user_path(path):
    """An absolute path. `bazel run` starts programs in a folder of its own, and
    shells leave the ~ of --prefix=~/there alone."""
    called_from = os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd())
    return os.path.normpath(os.path.join(called_from, os.path.expanduser(path)))


class Installer:
    def __init__(self, source, root):
        self._source, self._root = source, os.path.join(root, "")
        self.paths = set()

    def read(self, source):
        with open(os.path.join(self._source, source), encoding="utf-8") as text:
            return text.read()

    def _replace(self, path, make):
        """Replaces a file; a program that has the old one open keeps it."""
        target = os.path.join(self._root, path)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        new = target + ".new"
        if os.path.lexists(new):
            os.remove(new)
        make(new)
        os.replace(new, target)
        self.paths.add(path)

    def copy(self, source, path, mode=0o644):
        def make(new):
            shutil.copyfile(os.path.join(self._source, source), new)
            os.chmod(new, mode)

        self._replace(path, make)

    def link(self, path, to):
        self._replace(path, lambda new: os.symlink(to, new))

    def fill(self, source, path, words, mode=0o644):
        """Copies a text and replaces its @words@."""
        self._write(re.sub("@([a-z_]+)@", lambda word: words[word.group(1)], self.read(source)),
                    path, mode)

    def _write(self, text, path, mode):
        def make(new):
            with open(new, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(new, mode)

        self._replace(path, make)

    def take_over(self):
        """Removes files that only an earlier version had, and lists the present ones."""
        try:
            with open(os.path.join(self._root, MANIFEST), encoding="utf-8") as earlier:
                listed = set(earlier.read().splitlines())
        except FileNotFoundError:
            listed = set()
        for path in listed - self.paths - {MANIFEST}:
            stale = os.path.normpath(os.path.join(self._root, path))
            if stale.startswith(self._root) and os.path.lexists(stale):
                os.remove(stale)
        paths = sorted(self.paths | {MANIFEST})
        self._write("".join(path + "\n" for path in paths), MANIFEST, 0o644)

    def files_in(self, source):
        """The files in a folder and below."""
        for folder, _, files in os.walk(os.path.join(self._source, source)):
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), self._source)

    def public_headers(self):
        """The headers that a program may include, and those that they include."""
        found, wanted = set(), self.read(PACKED + "headers.txt").split()
        while wanted:
            header = wanted.pop()
            if header not in found:
                found.add(header)
                wanted += INCLUDE.findall(self.read(header))
        return sorted(found)


def install_everything(install, prefix):
    absl = {library: install.read(PACKED + library + "-absl.txt").split()
            for library in ("sluice", "sluice-c")}
    words = {
        "prefix": prefix,
        "version": VERSION,
        "absl_modules": " ".join(absl["sluice"]),
        "absl_modules_c": " ".join(absl["sluice-c"]),
        "absl_targets": ";".join(name.replace("absl_", "absl::", 1) for name in absl["sluice"]),
        "absl_targets_c": ";".join(
            name.replace("absl_", "absl::", 1) for name in absl["sluice-c"]),
    }
    for header in install.public_headers():
        install.copy(header, "include/sluice/" + header)
    install.copy("adapters/c/sluice.h", "include/sluice.h")
    for library, folder, abi in (("libsluice", PACKED, 2), ("libsluice-c", "adapters/c/", 1)):
        shared = "%s.so.%d" % (library, abi)
        install.copy(PACKED + library + ".a", "lib/%s.a" % library)
        install.copy(folder + shared, "lib/" + shared, 0o755)
        install.link("lib/%s.so" % library, shared)
    for module in ("sluice.pc", "sluice-c.pc"):
        install.fill(PACKED + module + ".in", "lib/pkgconfig/" + module, words)
    for module in ("sluiceConfig.cmake", "sluiceConfigVersion.cmake"):
        install.fill(PACKED + module + ".in", "lib/cmake/sluice/" + module, words)
    install.copy("adapters/python/priority.so",
                 "lib/python3/dist-packages/priority" + sysconfig.get_config_var("EXT_SUFFIX"))
    install.fill(PACKED + "sluice.sh", "bin/sluice", words, 0o755)
    for tool, program in (("compare", "benchmarks/lab/compare"),
                          ("server", "examples/server/server"),
                          ("replay", "trace/replay")):
        install.copy(program, "libexec/sluice/" + tool, 0o755)
    data = install.read(PACKED + "compare-data.txt").split()
    licences = install.files_in("benchmarks/lab/pages")
    for file in sorted(set(data).union(licences)):
        install.copy(file, "share/sluice/runfiles/sluice/" + file)
    install.copy("LICENSE", "share/doc/sluice/LICENSE")


def main():
    parser = argparse.ArgumentParser(prog="install", description="Installs Sluice.")
    parser.add_argument("--prefix", required=True, metavar="DIR",
                        help="where it will be used, such as /usr/local")
    parser.add_argument("--destdir", default="", metavar="STAGE",
                        help="put before DIR while copying, for packagers")
    options = parser.parse_args()
    if not options.prefix:
        fail("--prefix is empty")
    prefix = user_path(options.prefix)
    # They would need quotes for pkg-config, make and the shell in turn.
    if re.search(r"""[\s"'$#\\]""", prefix):
        fail("pkg-config cannot name a folder with spaces, quotes, $, # or \\: " + prefix)
    root = prefix
    if options.destdir:
        root = os.path.join(user_path(options.destdir), prefix.lstrip("/"))
    install = Installer(runfiles(), root)
    try:
        install_everything(install, prefix)
        install.take_over()
    except OSError as error:
        fail("%s: %s" % (error.filename, error.strerror))
    print("installed %d files in %s" % (len(install.paths), root))


if __name__ == "__main__":
    main()
