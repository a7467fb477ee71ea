#!/usr/bin/env python3
"""without_pauses.py PAGE OUT: the page, asking for what it discovers at once."""

import json
import pathlib
import sys

page = json.loads(pathlib.Path(sys.argv[1]).read_text())
for resource in page["resources"]:
    resource["discovery_delay_ms"] = 0
pathlib.Path(sys.argv[2]).write_text(json.dumps(page))
