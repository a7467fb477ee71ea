"""Packs the module as a wheel: make_wheel.py MODULE LICENSE WHEEL

The wheel's name gives its platform (PEP 427, PEP 600): CPython 3.11 and glibc
2.36, as in Debian 12. It takes the place of the distribution `priority`, so that
packages that require it are satisfied; the local version tells the two apart.
The same module gives the same bytes.
"""

import base64
import hashlib
import sys
import zipfile

MODULE, LICENSE, WHEEL = sys.argv[1:]
NAME, VERSION, TAG = WHEEL.rsplit("/", 1)[-1][: -len(".whl")].split("-", 2)
DIST_INFO = "%s-%s.dist-info/" % (NAME, VERSION)

METADATA = """\
Metadata-Version: 2.1
Name: %s
Version: %s
Summary: python-hyper/priority's interface on Sluice
License: MIT
License-File: LICENSE
Requires-Python: ==3.11.*
""" % (NAME, VERSION)

ROOT_IS_PURELIB = """\
Wheel-Version: 1.0
Generator: sluice
Root-Is-Purelib: false
Tag: %s
""" % TAG


def main():
    with open(MODULE, "rb") as module, open(LICENSE, "rb") as licence:
        files = {
            "priority.cpython-311-x86_64-linux-gnu.so": module.read(),
            DIST_INFO + "LICENSE": licence.read(),
            DIST_INFO + "METADATA": METADATA.encode(),
            DIST_INFO + "WHEEL": ROOT_IS_PURELIB.encode(),
        }
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
