"""Packs the package as a wheel: make_wheel.py WHEEL LICENSE DESCRIPTION FILE…

The wheel's name gives its platform (PEP 427, PEP 600): a CPython and a glibc, as
in Debian. It takes the place of the distribution `priority`, so that packages
that require it are satisfied; the local version tells the two apart. The same
files give the same bytes.
"""

import base64
import hashlib
import os
import sys
import sysconfig
import zipfile

WHEEL, LICENSE, DESCRIPTION = sys.argv[1:4]
FILES = sys.argv[4:]
NAME, VERSION, TAG = os.path.basename(WHEEL)[: -len(".whl")].split("-", 2)
DIST_INFO = "%s-%s.dist-info/" % (NAME, VERSION)

METADATA = """\
Metadata-Version: 2.1
Name: %s
Version: %s
Summary: python-hyper/priority's interface on Sluice
License: MIT
License-File: LICENSE
Keywords: HTTP/2,priority,scheduling
Classifier: Operating System :: POSIX :: Linux
Classifier: Programming Language :: Python :: Implementation :: CPython
Classifier: Typing :: Typed
Requires-Python: ==%s.*
Description-Content-Type: text/markdown

"""

ROOT_IS_PURELIB = """\
Wheel-Version: 1.0
Generator: sluice
Root-Is-Purelib: false
Tag: %s
"""


def read(path):
    with open(path, "rb") as file:
        return file.read()


def main():
    files = {}
    for path in FILES:
        name = os.path.basename(path)
        if name.endswith(".so"):
            name = name.partition(".")[0] + sysconfig.get_config_var("EXT_SUFFIX")
        files["priority/" + name] = read(path)
    metadata = METADATA % (NAME, VERSION, sysconfig.get_python_version())
    files.update({
        DIST_INFO + "LICENSE": read(LICENSE),
        DIST_INFO + "METADATA": metadata.encode() + read(DESCRIPTION),
        DIST_INFO + "WHEEL": (ROOT_IS_PURELIB % TAG).encode(),
    })
    record = ""
    for name, content in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (name, digest, len(content))
    files[DIST_INFO + "RECORD"] = (record + DIST_INFO + "RECORD,,\n").encode()
    with zipfile.ZipFile(WHEEL, "w", zipfile.ZIP_DEFLATED) as wheel:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)  # of 1980: no clock
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = 0o644 << 16
            wheel.writestr(info, content)


if __name__ == "__main__":
    main()
