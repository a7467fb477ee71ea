#!/usr/bin/python3
"""Prints the C++ of a page: extract.py PAGE. There must be one block of it, so that
none stays without its test.
"""

import re
import sys

with open(sys.argv[1], encoding="utf-8") as page:
    blocks = re.findall(r"^```(?:cpp|c\+\+|cc|c)\n(.*?)^```$", page.read(),
                        re.MULTILINE | re.DOTALL)
if len(blocks) != 1:
    sys.exit("%s has %d blocks of C++; the test builds 1" % (sys.argv[1], len(blocks)))
print(blocks[0], end="")
