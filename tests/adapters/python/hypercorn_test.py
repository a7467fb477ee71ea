#!/usr/bin/python3
"""Debian's Hypercorn serves real clients with our module in place of
python3-priority, and shares no worse.

hypercorn_test.py MODULE THROTTLED_CLIENT SERVER

How close either comes to the 7 that is asked for is up to Hypercorn, not to the
order: its send task takes one frame of a response at a time from a buffer that
the application's task fills, and takes the application as paused until a pick
has found the buffer nearly empty (StreamBuffer). A stream whose buffer is empty
is blocked until the application's task has run, and whoever else has bytes
sends. So an application that writes a frame at a time gets about 1, one that
writes its response at once gets what was asked for.
"""

import os
import shutil
import signal
import statistics
import subprocess
import sys
import unittest

MODULE, CLIENT, SERVER = sys.argv[1:4]
sys.path.insert(0, os.path.dirname(os.path.abspath(CLIENT)))
import throttled_client as client  # noqa: E402

RATE = 8_000_000  # bytes a second
ROUNDS = 2


class HypercornTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = os.environ["TEST_TMPDIR"]
        cls.certificate = client.make_certificate(folder)
        cls.site = os.path.join(folder, "site")
        os.mkdir(cls.site)
        shutil.copy(MODULE, os.path.join(cls.site, "priority.so"))

    def serve(self, ours, lowat=0, piece=16384):
        command = [sys.executable, os.path.abspath(SERVER), *self.certificate,
                   str(lowat), str(piece)]
        environment = dict(os.environ, PYTHONPATH=self.site if ours else "",
                           PYTHONDONTWRITEBYTECODE="1")
        # Asked to end politely, it complains of connections that are open.
        return client.Server(command, stop=signal.SIGKILL, env=environment,
                             stderr=subprocess.DEVNULL)

    def test_nghttp_and_curl_are_served(self):
        with self.serve(ours=True) as server:
            url = "https://127.0.0.1:%d/" % server.port
            file = subprocess.run(["curl", "--silent", "--insecure", "--http2", url + "priority"],
                                  check=True, stdout=subprocess.PIPE, text=True).stdout
            self.assertEqual(file, os.path.join(self.site, "priority.so"))
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

    def measure(self, lowat, piece):
        """{the original or ours: (share, KB before the urgent one)}, medians of
        rounds that take turns."""
        seen = {False: [], True: []}
        for _ in range(ROUNDS):
            for ours, results in seen.items():
                with self.serve(ours, lowat, piece) as server:
                    results.append((
                        client.share(server.port, "/4000000", RATE),
                        client.bytes_before_urgent(server.port, "/200000", "/100000", RATE)))
        medians = {ours: [statistics.median(column) for column in zip(*results)]
                   for ours, results in seen.items()}
        for ours, (share, waited) in medians.items():
            print("%s, %d bytes a write, notsent_lowat %s: 32:224 shares 1:%.2f; "
                  "%.0f KB before the urgent one's end"
                  % ("ours" if ours else "the original", piece, lowat or "as it is", share,
                     waited))
        return medians

    def test_it_shares_no_worse_than_with_the_original(self):
        for lowat, piece in ((0, 16384), (16384, 16384), (16384, 4000000)):
            medians = self.measure(lowat, piece)
            # Both take the same decisions; the rest is the machine's.
            self.assertGreater(medians[True][0], 0.7 * medians[False][0])
            self.assertLess(medians[True][1], 1.3 * medians[False][1] + 200)
        # The last: the application has written all, so the tree decides.
        for share, _ in medians.values():
            self.assertAlmostEqual(share, 7, delta=0.7)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
