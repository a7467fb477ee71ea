#!/usr/bin/python3
"""Debian's Hypercorn serves real clients with our module in place of
python3-priority, and shares no worse.

hypercorn_test.py MODULE THROTTLED_CLIENT SERVER
"""

import os
import subprocess
import sys
import unittest
from statistics import median

MODULE, CLIENT, SERVER = sys.argv[1:4]
sys.path[:0] = [os.path.dirname(os.path.abspath(path)) for path in (CLIENT, __file__)]
import throttled_client as client  # noqa: E402
from hypercorn_shares import Hypercorn  # noqa: E402

RATE = 8_000_000  # bytes a second
ROUNDS = 2


class HypercornTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.hypercorn = Hypercorn(client, SERVER, MODULE, os.environ["TEST_TMPDIR"])

    def test_nghttp_and_curl_are_served(self):
        with self.hypercorn.serve(ours=True) as server:
            url = "https://127.0.0.1:%d/" % server.port
            file = subprocess.run(["curl", "--silent", "--insecure", "--http2", url + "priority"],
                                  check=True, stdout=subprocess.PIPE, text=True).stdout
            self.assertEqual(file, os.path.join(self.hypercorn.site, "priority/__init__.py"))
            size = subprocess.run(
                ["curl", "--silent", "--insecure", "--http2", "--output", "/dev/null",
                 "--write-out", "%{http_version} %{size_download}", url + "3000000"],
                check=True, stdout=subprocess.PIPE, text=True).stdout
            self.assertEqual(size, "2 3000000")
            urls = [url + str(size) for size in (500000, 100000, 300000)]
            weights = [word for weight in (1, 256, 16) for word in ("-p", str(weight))]
            table = subprocess.run(["nghttp", "--null-out", "--stat", *weights, *urls],
                                   check=True, stdout=subprocess.PIPE, text=True).stdout
            served = [line.split() for line in table.splitlines() if " 200 " in line]
            self.assertEqual(len(served), 3, table)

    def test_it_shares_no_worse_than_with_the_original(self):
        for lowat, piece in ((0, 16384), (16384, 16384), (16384, 4000000)):
            seen = self.hypercorn.compare(lowat, piece, RATE, ROUNDS)
            for ours, results in seen.items():
                print("%s, %d bytes a write, notsent_lowat %s: 32:224 shares 1:%.2f; "
                      "%.0f KB before the urgent one's end; picks %s"
                      % ("ours" if ours else "the original", piece, lowat or "as it is",
                         median(results.shares), median(results.waited), results.picks))
            # Both take the same decisions; the rest is the machine's.
            self.assertGreater(median(seen[True].shares), 0.7 * median(seen[False].shares))
            self.assertLess(median(seen[True].waited), 1.3 * median(seen[False].waited) + 200)
        # The last: the application has written all, so the tree decides.
        for results in seen.values():
            self.assertAlmostEqual(median(results.shares), 7, delta=0.7)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
