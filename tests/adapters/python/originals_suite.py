#!/usr/bin/python3
"""Runs the test suite of python-priority 2.0.0 itself, as Debian's source
package has it, on our module:

./bazelw run //tests/adapters/python:originals_suite [-- PYTEST_ARGUMENT…]

apt-get fetches the source package by its name, from the servers that this
system uses. Needs the network, python3-pytest and python3-hypothesis, so no
other test runs it. The suite is unpacked into a temporary folder and left as it
is.
"""

import glob
import hashlib
import io
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile

PACKAGE = "python-priority"
ARCHIVE = "python-priority_2.0.0.orig.tar.gz"
SHA256 = "c965d54f1b8d0d0b19479db3924c7c36cf672dbf2aec92d43fbdaf4492ba18c0"
SUITE = "priority-2.0.0/test/test_priority.py"


def write_source_lists(folder):
    """Writes the system's package sources to `folder`, for source packages."""
    for path in (glob.glob("/etc/apt/sources.list") +
                 glob.glob("/etc/apt/sources.list.d/*.list") +
                 glob.glob("/etc/apt/sources.list.d/*.sources")):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        text = re.sub(r"(?m)^deb ", "deb-src ", text)
        text = re.sub(r"(?m)^Types:.*$", "Types: deb-src", text)
        with open(os.path.join(folder, os.path.basename(path)), "w", encoding="utf-8") as file:
            file.write(text)


def fetch_archive(folder):
    """Returns the upstream archive of the source package, fetched to `folder`."""
    sources = os.path.join(folder, "sources")
    lists = os.path.join(folder, "lists")
    os.makedirs(sources)
    os.makedirs(os.path.join(lists, "partial"))
    write_source_lists(sources)
    options = ["-o", "Dir::Etc::SourceList=/dev/null", "-o", "Dir::Etc::SourceParts=" + sources,
               "-o", "Dir::State::Lists=" + lists, "-o", "APT::Sandbox::User=",
               "-o", "Dir::Cache=" + folder]
    subprocess.run(["apt-get", "-q", *options, "update"], check=True)
    subprocess.run(["apt-get", "-q", *options, "source", "--download-only", "--tar-only",
                    PACKAGE], check=True, cwd=folder)
    with open(os.path.join(folder, ARCHIVE), "rb") as file:
        return file.read()


def main():
    module = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        archive = fetch_archive(folder)
    if hashlib.sha256(archive).hexdigest() != SHA256:
        sys.exit("originals_suite: %s is not the file that is expected" % ARCHIVE)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(os.path.dirname(module), os.path.join(folder, "priority"))
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            suite = files.extractfile(SUITE).read()
        with open(os.path.join(folder, "test_priority.py"), "wb") as copy:
            copy.write(suite)
        environment = dict(os.environ, PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE="1")
        file = subprocess.run(
            [sys.executable, "-c", "import priority; print(priority.__file__)"], cwd=folder,
            env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        if file != os.path.join(folder, "priority/__init__.py"):
            sys.exit("originals_suite: the module would be %s" % file)
        sys.exit(subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_priority.py",
             *sys.argv[2:]], cwd=folder, env=environment).returncode)


if __name__ == "__main__":
    main()
