#!/usr/bin/python3
"""The wheel is one for Debian 12, and what is in it works.

wheel_test.py WHEEL
"""

import base64
import csv
import hashlib
import os
import platform
import subprocess
import sys
import sysconfig
import zipfile

WHEEL = sys.argv[1]
HOME = os.path.join(os.environ["TEST_TMPDIR"], "site")


def main():
    name, version, python, abi, machine = os.path.basename(WHEEL)[: -len(".whl")].split("-")
    assert (name, python, abi) == ("priority", "cp311", "cp311"), WHEEL
    libc, libc_version = platform.libc_ver()
    assert (libc, machine) == ("glibc", "manylinux_%s_x86_64" % libc_version.replace(".", "_"))
    with zipfile.ZipFile(WHEEL) as wheel:
        assert wheel.testzip() is None
        wheel.extractall(HOME)
    with open("%s/%s-%s.dist-info/RECORD" % (HOME, name, version), encoding="utf-8") as record:
        for path, digest, size in csv.reader(record):
            if not digest:
                continue
            with open(os.path.join(HOME, path), "rb") as file:
                content = file.read()
            actual = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            assert (digest, int(size)) == ("sha256=" + actual, len(content)), path
    with open("%s/%s-%s.dist-info/LICENSE" % (HOME, name, version), encoding="utf-8") as licence:
        assert "MIT License" in licence.read()
    symbols = subprocess.run(
        ["nm", "--dynamic", "--defined-only", os.path.join(HOME, "priority" + sysconfig.get_config_var(
            "EXT_SUFFIX"))], check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    assert symbols[2:] == ["PyInit_priority"], symbols
    out = subprocess.run(
        [sys.executable, "-c",
         "import importlib.metadata, priority, priority.priority; tree = priority.PriorityTree();"
         "tree.insert_stream(7); print(next(tree), priority.__file__,"
         "importlib.metadata.version('priority'))"],
        env={"PYTHONPATH": HOME}, check=True, stdout=subprocess.PIPE, text=True).stdout.split()
    assert out[0] == "7" and out[1].startswith(HOME) and out[2] == version, out


if __name__ == "__main__":
    main()
