#!/usr/bin/python3
"""The ABI of the C++ libraries is the one that libsluice.abi has, or their soname
grew. To write the file anew:

    ./bazelw run //tests/install:abi_test -- --write

abi_test.py INSTALL LIBSLUICE_ABI CHANGELOG [--write]
"""

import difflib
import os
import re
import subprocess
import sys
import tempfile
import unittest

import abi

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

INSTALL, RECORDED, CHANGELOG = sys.argv[1:4]
HOME = "adapters/install/libsluice.abi"
HOW_TO_WRITE = "./bazelw run //tests/install:abi_test -- --write"

# A header, what is changed in it, and the start of the entry that shows it.
CHANGES = (
    ("scheduler/policy.h", r"(class Policy .*\{\n public:\n)", r"\1  virtual void New();\n",
     "class sluice::scheduler::Policy,"),
    # A class with a key function: GCC describes it where that is defined.
    ("scheduler/ranked_policy.h", r"void RankAll\(\);", "virtual void RankAll();",
     "class sluice::scheduler::RankedPolicy,"),
    # Bit-fields that change places.
    ("priority/internal/tree_node.h", r"(uint32_t ready : 1 .*\n)(.*uint32_t active : 1 .*\n)",
     r"\2\1", "structure sluice::priority::internal::Node,"),
    ("signals/rfc7540_priority.h", r"(struct Rfc7540Priority \{\n)", r"\1  bool is_new;\n",
     "structure sluice::signals::Rfc7540Priority,"),
    ("h2/connection.h", r"void EndViews\(\)", "void EndViews(int)",
     "sluice::h2::Connection::EndViews()"),
)


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


def compile_all_headers(include, prefix, folder):
    """An object file of a program that includes every installed header."""
    headers = sorted(os.path.relpath(os.path.join(at, file), include)
                     for at, _, files in os.walk(os.path.join(include, "sluice"))
                     for file in files if file.endswith(".h"))
    source = os.path.join(folder, "all.cc")
    with open(source, "w", encoding="utf-8") as out:
        out.write("".join("#include <%s>\n" % header for header in headers))
    flags = subprocess.run(
        ["pkg-config", "--cflags", "sluice-nghttp2"], check=True, stdout=subprocess.PIPE,
        text=True, env=dict(os.environ, PKG_CONFIG_PATH=prefix + "/lib/pkgconfig")).stdout.split()
    subprocess.run(
        ["c++", "-std=c++20", "-g", "-fno-eliminate-unused-debug-types",
         "-fno-eliminate-unused-debug-symbols", "-femit-class-debug-always", "-I" + include, *flags,
         "-c", source, "-o", source + ".o"], check=True)
    return source + ".o"


def libraries(prefix):
    files = sorted(os.listdir(prefix + "/lib"))
    return [os.path.join(prefix, "lib", file) for file in files
            if re.match(r"libsluice(-nghttp2)?\.so\.\d", file)]


class Dump:
    """The text of libsluice.abi: three lines of what it is of, and entries."""

    def __init__(self, soname, version, platform, entries):
        self.soname, self.version, self.platform = soname, version, platform
        self.entries = entries

    @classmethod
    def parse(cls, text):
        head, _, rest = text.partition("\n\n")
        words = dict(line.split(": ", 1) for line in head.splitlines())
        # Members are indented, below their class.
        return cls(words["soname"], words["version"], words["platform"],
                   re.split(r"\n(?! )", rest.rstrip("\n")))

    def text(self):
        return "soname: %s\nversion: %s\nplatform: %s\n\n%s\n" % (
            self.soname, self.version, self.platform, "\n".join(self.entries))


def dump_installed(prefix, folder):
    names = [os.path.basename(library) for library in libraries(prefix)]
    version = subprocess.run(
        ["pkg-config", "--modversion", "sluice"], check=True, stdout=subprocess.PIPE, text=True,
        env=dict(os.environ, PKG_CONFIG_PATH=prefix + "/lib/pkgconfig")).stdout.strip()
    release = dict(re.findall(r'^(\w+)="?([^"\n]*)', read("/etc/os-release"), re.MULTILINE))
    platform = "%s %s %s" % (release["ID"], release.get("VERSION_ID"), os.uname().machine)
    program = compile_all_headers(prefix + "/include", prefix, folder)
    return Dump(" ".join(names), version, platform,
                abi.Abi(program, libraries(prefix)).entries())


def verdict(recorded, now, changelog):
    """What is to be done, or None: a sentence, and whether the dump may be written."""
    def released(version):
        return re.search(r"^## %s \(\d{4}-" % re.escape(version), changelog, re.MULTILINE)

    gone = set(recorded.entries) - set(now.entries)
    if recorded.soname == now.soname:
        if recorded.entries == now.entries:
            return None
        if gone and released(recorded.version):
            return ("programs that were linked with %s of version %s, which is released, would "
                    "break. Raise _ABI in adapters/install/BUILD by one "
                    "(//tests/install:version_test names the other places that have the number); "
                    "then run: %s" % (recorded.soname, recorded.version, HOW_TO_WRITE), False)
        # The file has what the last release had, until the next one.
        if released(recorded.version) and not released(now.version):
            return None
    why = ("the soname is %s" % now.soname if recorded.soname != now.soname else
           "it only grew" if not gone else "version %s is not released" % recorded.version)
    return ("the ABI differs from %s, and may, since %s. Look at the difference; then run: %s"
            % (HOME, why, HOW_TO_WRITE), True)


class AbiTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        cls.prefix = cls.folder + "/prefix"
        subprocess.run([INSTALL, "--prefix=" + cls.prefix, "--component=cpp,nghttp2"],
                       check=True, stdout=subprocess.DEVNULL)
        cls.now = dump_installed(cls.prefix, cls.folder)

    def test_it_is_the_recorded_one(self):
        recorded = Dump.parse(read(RECORDED))
        if recorded.platform != self.now.platform:
            self.skipTest("%s is of %s, this is %s"
                          % (HOME, recorded.platform, self.now.platform))
        found = verdict(recorded, self.now, read(CHANGELOG))
        if found:
            difference = "\n".join(difflib.unified_diff(
                recorded.text().splitlines(), self.now.text().splitlines(),
                "recorded", "now", n=1, lineterm=""))
            self.fail("%s\n%s" % (difference, found[0]))

    def test_a_changed_header_shows(self):
        include = self.folder + "/changed"
        subprocess.run(["cp", "-r", self.prefix + "/include", include], check=True)

        def change(header, old, new):
            path = include + "/sluice/" + header
            text = read(path)
            self.assertTrue(re.search(old, text), old)
            with open(path, "w", encoding="utf-8") as out:
                out.write(re.sub(old, new, text, count=1))

        for header, old, new, _ in CHANGES:
            change(header, old, new)
        program = compile_all_headers(include, self.prefix, self.folder)
        changed = Dump(self.now.soname, "1.0.0", "",
                       abi.Abi(program, libraries(self.prefix)).entries())
        gone = set(self.now.entries) - set(changed.entries)
        for _, _, _, start in CHANGES:
            self.assertTrue(any(entry.startswith(start) for entry in gone), start)
        before = Dump(self.now.soname, "1.0.0", "", self.now.entries)
        sentence, may_write = verdict(before, changed, "## 1.0.0 (2026-01-31)\n")
        self.assertIn("Raise _ABI", sentence)
        self.assertFalse(may_write)
        self.assertTrue(verdict(before, changed, "## 1.0.0 (not released)\n")[1])
        changed.soname = "libsluice.so.9"
        self.assertTrue(verdict(before, changed, "## 1.0.0 (2026-01-31)\n")[1])

    def test_what_is_new_is_no_reason_for_another_soname(self):
        before = Dump(self.now.soname, "1.0.0", "", self.now.entries[1:])
        after = Dump(self.now.soname, "1.1.0", "", self.now.entries)
        changelog = "## 1.1.0 (%s)\n## 1.0.0 (2026-01-31)\n"
        self.assertIsNone(verdict(before, after, changelog % "not released"))
        sentence, may_write = verdict(before, after, changelog % "2026-02-28")
        self.assertIn("only grew", sentence)
        self.assertTrue(may_write)
        self.assertIsNone(verdict(self.now, self.now, ""))


def write():
    AbiTest.setUpClass()
    found = verdict(Dump.parse(read(RECORDED)), AbiTest.now, read(CHANGELOG))
    if found is None:
        print("abi_test: %s is as it should be" % HOME)
        return
    if not found[1]:
        sys.exit("abi_test: " + found[0])
    path = os.path.join(os.environ["BUILD_WORKSPACE_DIRECTORY"], HOME)
    whole_file.write(path, AbiTest.now.text())
    print("wrote " + path)


if __name__ == "__main__":
    if sys.argv[4:] == ["--write"]:
        write()
    else:
        unittest.main(argv=sys.argv[:1], verbosity=2)
