#!/usr/bin/python3
"""Installs components from a folder that Bazel filled with their files.

build_and_install.py has them built and calls this. Exit status: 0, or 2 with a
sentence on standard error.
"""

import argparse
import glob
import os
import re
import shutil
import site
import sys
import zipfile

PACKED = "adapters/install/"
MANIFEST = "share/sluice/manifest-%s.txt"
# Up to version 2 one manifest had all.
OLD_MANIFEST = "share/sluice/manifest.txt"
INCLUDE = re.compile(r'^#include <sluice/([^>]+)>', re.MULTILINE)
VERSION = re.compile(r'^#define SLUICE_VERSION "([^"]+)"$', re.MULTILINE)


def fail(sentence):
    print("install: " + sentence, file=sys.stderr)
    sys.exit(2)


def runfiles(program):
    """The folder of a program's data, laid out as the workspace."""
    beside = os.path.abspath(program) + ".runfiles/sluice"
    return beside if os.path.isdir(beside) else os.getcwd()


def user_path(path):
    """An absolute path. `bazel run` starts programs in a folder of its own, and
    shells leave the ~ of --prefix=~/there alone."""
    called_from = os.environ.get("BUILD_WORKING_DIRECTORY", os.getcwd())
    return os.path.normpath(os.path.join(called_from, os.path.expanduser(path)))


class Installer:
    """Copies the files of one component, and remembers their paths."""

    def __init__(self, source, root, component):
        self._source, self._root = source, os.path.join(root, "")
        self._manifest = MANIFEST % component
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

    def unpack(self, archive, folder, unwanted):
        with zipfile.ZipFile(self.only(archive)) as files:
            for name in files.namelist():
                if os.path.basename(name) not in unwanted:
                    self._write(files.read(name), os.path.join(folder, name), 0o644)

    def _write(self, content, path, mode):
        def make(new):
            with open(new, "wb") as out:
                out.write(content.encode() if isinstance(content, str) else content)
            os.chmod(new, mode)

        self._replace(path, make)

    def take_over(self):
        """Lists the component's files. Those that only an earlier version had go
        first: after a failure they are still listed."""
        self.paths.add(self._manifest)
        stale = self._listed(self._manifest) | self._listed(OLD_MANIFEST)
        stale -= self.paths
        for manifest in glob.glob(os.path.join(glob.escape(self._root), MANIFEST % "*")):
            if os.path.relpath(manifest, self._root) != self._manifest:
                stale -= self._listed(manifest)
        # The list of version 2 goes last.
        for path in sorted(stale, key=lambda path: path == OLD_MANIFEST):
            path = os.path.normpath(os.path.join(self._root, path))
            if path.startswith(self._root) and os.path.lexists(path):
                os.remove(path)
        self._write("".join(path + "\n" for path in sorted(self.paths)), self._manifest, 0o644)

    def _listed(self, manifest):
        try:
            with open(os.path.join(self._root, manifest), encoding="utf-8") as lines:
                return set(lines.read().splitlines())
        except FileNotFoundError:
            return set()

    def only(self, pattern):
        """The path of the file that has such a name."""
        [path] = glob.glob(os.path.join(glob.escape(self._source), pattern))
        return path

    def files_in(self, source):
        """The files in a folder and below."""
        for folder, _, files in os.walk(os.path.join(self._source, source)):
            for file in files:
                yield os.path.relpath(os.path.join(folder, file), self._source)

    def headers(self, library):
        """The headers that a program may include, and those that they include."""
        found, wanted = set(), self.read(PACKED + library + "-headers.txt").split()
        while wanted:
            header = wanted.pop()
            if header not in found:
                found.add(header)
                wanted += INCLUDE.findall(self.read(header))
        return found

    def library(self, name, folder, words):
        """A library, shared and static, and its pkg-config and CMake files."""
        libdir = words["libdir"] + "/"
        shared = os.path.basename(self.only(folder + name + ".so.?"))
        package = name.removeprefix("lib")
        words = dict(words, shared=shared)
        self.copy(PACKED + name + ".a", libdir + name + ".a")
        self.copy(folder + shared, libdir + shared, 0o755)
        self.link(libdir + name + ".so", shared)
        self.fill(PACKED + package + ".pc.in", libdir + "pkgconfig/" + package + ".pc", words)
        for kind, source in (("Config", package + "Config"), ("ConfigVersion", "Version")):
            self.fill(PACKED + source + ".cmake.in",
                      libdir + "cmake/%s/%s%s.cmake" % (package, package, kind), words)


def cmake_targets(absl_modules):
    return ";".join(name.replace("absl_", "absl::", 1) for name in absl_modules)


def install_c(install, words):
    libraries = install.read(PACKED + "sluice-c-libraries.txt").split()
    install.copy("adapters/c/sluice.h", "include/sluice.h")
    install.library("libsluice-c", "adapters/c/", dict(
        words, libraries=" ".join(libraries), libraries_cmake=";".join(libraries),
        c_absl_targets=cmake_targets(install.read(PACKED + "sluice-c-absl.txt").split())))


def install_cpp(install, words):
    absl = install.read(PACKED + "sluice-absl.txt").split()
    for header in install.headers("sluice"):
        install.copy(header, "include/sluice/" + header)
    install.library("libsluice", PACKED, dict(
        words, absl_modules=" ".join(absl), absl_targets=cmake_targets(absl)))


def install_nghttp2(install, words):
    for header in install.headers("sluice-nghttp2") - install.headers("sluice"):
        install.copy(header, "include/sluice/" + header)
    install.library("libsluice-nghttp2", PACKED, words)


def install_preload(install, words):
    # Not in libdir itself, where the linker would find it for -lsluice-nghttp2.
    install.copy("adapters/preload/libsluice-nghttp2.so",
                 words["libdir"] + "/sluice/libsluice-nghttp2.so", 0o755)
    install.fill("adapters/preload/run.sh", "libexec/sluice/run", words, 0o755)
    install.copy("adapters/preload/check_policy", "libexec/sluice/check-policy", 0o755)
    install_command(install, words)


def install_command(install, words):
    """Of two components, so that each is enough for its own commands."""
    install.fill(PACKED + "sluice.sh", "bin/sluice", words, 0o755)
    install.copy(PACKED + "man/sluice.1", "share/man/man1/sluice.1")


def python_folder(prefix):
    """The folder for modules, relative to the prefix, and whether this Python looks
    there. Debian's looks in lib/python3/dist-packages under /usr, and in that of the
    version under /usr/local."""
    looked_in = [folder for folder in site.getsitepackages()
                 if os.path.commonpath([folder, prefix]) == prefix]
    shared = [folder for folder in looked_in if "/python3/" in folder]
    folder = (shared or looked_in or [prefix + "/lib/python3/dist-packages"])[0]
    return os.path.relpath(folder, prefix), bool(looked_in)


def install_python(install, words):
    folder, looked_in = python_folder(words["prefix"])
    if not looked_in:
        print("python: not where python3 looks; set PYTHONPATH=%s/%s" % (words["prefix"], folder))
    # Without a RECORD, pip leaves files that it did not install alone.
    install.unpack("adapters/python/*.whl", folder, ["RECORD"])


def install_tools(install, words):
    install_command(install, words)
    for tool, program in (("compare", "benchmarks/lab/compare"),
                          ("server", "examples/server/server"),
                          ("replay", "trace/replay"),
                          ("probe", "benchmarks/probe/probe")):
        install.copy(program, "libexec/sluice/" + tool, 0o755)
    data = set(install.files_in("benchmarks/lab/pages"))  # with the licences
    for tool in ("compare", "probe"):
        data.update(install.read(PACKED + tool + "-data.txt").split())
    for file in sorted(data):
        install.copy(file, "share/sluice/runfiles/sluice/" + file)
    for page in sorted(install.files_in(PACKED + "man")):
        install.copy(page, "share/man/man1/" + os.path.basename(page))


COMPONENTS = {
    "c": install_c,
    "cpp": install_cpp,
    "nghttp2": install_nghttp2,
    "preload": install_preload,
    "python": install_python,
    "tools": install_tools,
}

# In share/doc, by their paths in the source.
DOCUMENTS = {
    "c": ["examples/c/share.c"],
    "cpp": ["README.md", "SECURITY.md", "docs", "examples/own_stack/own_stack.cc",
            "examples/small_server/CMakeLists.txt", "examples/small_server/small_server.cc"],
    "nghttp2": ["examples/nghttp2_server/nghttp2_server.cc"],
    "preload": ["docs/zero-touch.md"],
    "python": ["docs/python.md", "examples/hypercorn_server/hypercorn_server.py"],
    "tools": ["docs/lab.md", "docs/policies.md", "docs/probe.md"],
}


def read_options(arguments):
    """The options; prefix is absolute, libdir relative to it, components a list."""
    parser = argparse.ArgumentParser(prog="install", description="Installs Sluice.")
    parser.add_argument("--prefix", required=True, metavar="DIR",
                        help="where it will be used, such as /usr/local")
    parser.add_argument("--libdir", default="lib", metavar="DIR",
                        help="the folder of libraries, in DIR of --prefix; lib without it")
    parser.add_argument("--destdir", default="", metavar="STAGE",
                        help="put before DIR while copying, for packagers")
    parser.add_argument("--component", default=",".join(COMPONENTS), metavar="NAME,NAME",
                        help="some of %s; all without it" % ", ".join(COMPONENTS))
    options = parser.parse_args(arguments)
    if not options.prefix:
        fail("--prefix is empty")
    options.prefix = user_path(options.prefix)
    libdir = os.path.join(options.prefix, options.libdir)
    # They would need quotes for pkg-config, make, the shell, CMake and -Wl, in turn.
    if re.search(r"""[\s"'$#\\;,()]""", libdir):
        fail("pkg-config cannot name a folder with spaces, quotes or any of $#\\;,(): " + libdir)
    options.libdir = os.path.relpath(libdir, options.prefix)
    if options.libdir.split("/")[0] in ("..", "."):
        fail("--libdir is %s, which is not a folder in --prefix, %s" % (libdir, options.prefix))
    options.components = options.component.split(",")
    for component in options.components:
        if component not in COMPONENTS:
            fail("--component has '%s'; the components are %s" % (component, ", ".join(COMPONENTS)))
    return options


def install_component(component, source, options):
    """Copies a component's files from a folder that is laid out as the workspace."""
    root = options.prefix
    if options.destdir:
        root = os.path.join(user_path(options.destdir), options.prefix.lstrip("/"))
    os.umask(0o022)  # folders as readable as the files
    install = Installer(source, root, component)
    words = {
        "prefix": options.prefix,
        "libdir": options.libdir,
        "libdir_to_prefix": os.path.relpath(options.prefix,
                                            os.path.join(options.prefix, options.libdir)),
        "version": VERSION.search(install.read("signals/version.h")).group(1),
    }
    try:
        COMPONENTS[component](install, words)
        for document in ["LICENSE", "CHANGELOG.md"] + DOCUMENTS[component]:
            for file in sorted(install.files_in(document)) or [document]:
                install.copy(file, "share/doc/sluice-%s/%s" % (component, file))
        install.take_over()
    except OSError as error:
        fail("%s: %s" % (error.filename, error.strerror))
    print("%s: %d files in %s" % (component, len(install.paths), root))


def main():
    options = read_options(sys.argv[1:])
    for component in options.components:
        install_component(component, runfiles(sys.argv[0]), options)


if __name__ == "__main__":
    main()
