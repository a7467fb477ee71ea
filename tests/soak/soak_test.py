#!/usr/bin/python3
"""The soak in its short form: every kind of client, by count and not by time.

soak_test.py SOAK SERVER PRELOAD LEAK
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest

SOAK, SERVER, PRELOAD, LEAK = (os.path.abspath(path) for path in sys.argv[1:5])
sys.path.insert(0, os.path.dirname(SOAK))
from hostile_clients import support  # noqa: E402
from servers import NGHTTPD  # noqa: E402


class Soak(unittest.TestCase):
    def soak(self, *flags, **environment):
        """The soak's status and its report."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "soak.json")
            status = subprocess.run(
                [sys.executable, "-B", SOAK, SERVER, PRELOAD, "--clients=48", "--seed=18",
                 "--json=" + path, *flags], env={**os.environ, **environment}, check=False).returncode
            with open(path, encoding="utf-8") as file:
                return status, json.load(file)

    def test_no_client_meets_an_error_and_nothing_grows(self):
        if NGHTTPD is None:
            print("nghttpd is skipped: it is missing; it is in Debian's nghttp2-server")
        status, report = self.soak("--server=" + ("sluice,nghttpd" if NGHTTPD else "sluice"))
        self.assertEqual((status, report["faults"]), (0, []))
        for name, server in report["servers"].items():
            lines = server["lines"]
            self.assertEqual(sum(line["clients"] + sum(line["hostile"].values()) for line in lines),
                             48, name)
            self.assertGreater(sum(sum(line["hostile"].values()) for line in lines), 3, name)

    @unittest.skipIf(support.sanitizer_of(SERVER), "a sanitizer's run time has to be loaded first")
    def test_a_server_that_leaks_fails(self):
        status, report = self.soak("--server=sluice", LD_PRELOAD=LEAK)
        self.assertEqual(status, 1)
        for server in ("sluice", "sluice TLS"):
            found = [fault for fault in report["faults"] if fault.startswith(server + ": ")]
            self.assertEqual(len(found), 3, report["faults"])
            self.assertIn("descriptors are open", found[0])
            self.assertIn("resident_kib grew", found[1])
            self.assertIn("descriptors grew", found[2])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
