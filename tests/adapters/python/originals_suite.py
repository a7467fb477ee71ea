#!/usr/bin/python3
"""Runs the test suite of python-priority 2.0.0 itself, as Debian's source
package has it, on our module:

./bazelw run //tests/adapters/python:originals_suite [-- PYTEST_ARGUMENT…]

Needs the network, python3-pytest and python3-hypothesis, so no other test runs
it. The suite is unpacked into a temporary folder and left as it is.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import urllib.request

SOURCE = ("http://deb.debian.org/debian/pool/main/p/python-priority/"
          "python-priority_2.0.0.orig.tar.gz")
SHA256 = "c965d54f1b8d0d0b19479db3924c7c36cf672dbf2aec92d43fbdaf4492ba18c0"
SUITE = "priority-2.0.0/test/test_priority.py"


def main():
    module = os.path.abspath(sys.argv[1])
    with urllib.request.urlopen(SOURCE, timeout=60) as response:
        archive = response.read()
    if hashlib.sha256(archive).hexdigest() != SHA256:
        sys.exit("originals_suite: %s is not the file that is expected" % SOURCE)
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(module, os.path.join(folder, "priority.so"))
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            suite = files.extractfile(SUITE).read()
        with open(os.path.join(folder, "test_priority.py"), "wb") as copy:
            copy.write(suite)
        environment = dict(os.environ, PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE="1")
        file = subprocess.run(
            [sys.executable, "-c", "import priority; print(priority.__file__)"], cwd=folder,
            env=environment, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
        if file != os.path.join(folder, "priority.so"):
            sys.exit("originals_suite: the module would be %s" % file)
        sys.exit(subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "test_priority.py",
             *sys.argv[2:]], cwd=folder, env=environment).returncode)


if __name__ == "__main__":
    main()
