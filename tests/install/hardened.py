#!/usr/bin/python3
"""Fails unless every ELF file below the folders is hardened, and names what is missing:

    hardened.py [--unoptimised] FOLDER…

Programs and shared libraries are position-independent, have no executable stack, and
resolve their relocations at the start, after which those are read-only. Their code, and
that of static archives, checks its stack frames, probes large ones page by page, and
calls libc's functions that know the size of a buffer; the last not without an optimiser.
"""

import argparse
import pathlib
import re
import subprocess
import sys

PAGE = 4096
FORTIFIED = re.compile(r" __(?!stack_chk)\w+_chk\b")
# No call in them has a buffer of a size that the compiler knows. All else is compiled with
# the same flags and has one.
NOTHING_TO_FORTIFY = re.compile(r"libsluice-nghttp2\.(a|so\.\d+)$|priority\.cpython.*\.so$")
FRAME = re.compile(r"\bsub +\$0x([0-9a-f]+),%rsp")
# A section of flags without X, in each object; without it the linker assumes the worst.
PLAIN_STACK = re.compile(r" \.note\.GNU-stack +PROGBITS +(?:\S+ +){4}(?!X)\d")


def output_of(*command):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def is_binary(path):
    with open(path, "rb") as file:
        start = file.read(8)
    return start.startswith(b"\x7fELF") or start == b"!<arch>\n"


def lacks_as_code(path, optimised):
    symbols = output_of("readelf", "--wide", "--symbols", path)
    if "__stack_chk_fail" not in symbols:
        yield "-fstack-protector-strong"
    if (optimised and not NOTHING_TO_FORTIFY.search(path.name)
            and not FORTIFIED.search(symbols)):
        yield "_FORTIFY_SOURCE"
    # The compiler probes each page, so no step is larger. A negative one gives back.
    if any(PAGE < int(size, 16) < 1 << 31
           for size in FRAME.findall(output_of("objdump", "--disassemble", path))):
        yield "-fstack-clash-protection"


def lacks_as_archive(path):
    objects = output_of("ar", "t", path).split()
    if len(PLAIN_STACK.findall(output_of("readelf", "--wide", "--sections", path))) < len(objects):
        yield "-z noexecstack"


def lacks_as_linked(path):
    headers = output_of("readelf", "--wide", "--file-header", "--program-headers", "--dynamic",
                        path)
    if not re.search(r"Type: +DYN ", headers):
        yield "-pie"
    if not re.search(r"GNU_STACK +(\S+ +){5}RW +", headers):
        yield "-z noexecstack"
    if "GNU_RELRO" not in headers:
        yield "-z relro"
    if not re.search(r"\(FLAGS(_1)?\).*\b(BIND_)?NOW\b", headers):
        yield "-z now"


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unoptimised", action="store_true", help="compiled without -O")
    parser.add_argument("folders", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    files = [path for folder in options.folders for path in sorted(folder.rglob("*"))
             if path.is_file() and not path.is_symlink() and is_binary(path)]
    if not files:
        sys.exit("hardened.py: no program or library is there")
    status = 0
    for path in files:
        lacks = list(lacks_as_code(path, not options.unoptimised))
        lacks += lacks_as_archive(path) if path.suffix == ".a" else lacks_as_linked(path)
        if lacks:
            print("%s lacks %s" % (path, ", ".join(lacks)))
            status = 1
    print("%d programs and libraries looked at" % len(files))
    sys.exit(status)


if __name__ == "__main__":
    main()
