#!/usr/bin/python3
"""The server in one file, driven by real clients; what TCP_NOTSENT_LOWAT does.

small_server_test.py SERVER THROTTLED_CLIENT
"""

import os
import subprocess
import sys
import tempfile
import unittest

SERVER, CLIENT = sys.argv[1:3]
sys.path.insert(0, os.path.dirname(os.path.abspath(CLIENT)))
import throttled_client as client  # noqa: E402

RATE = 4_000_000  # bytes a second


def serve(*arguments):
    return client.Server([SERVER, "0", *arguments])


class SmallServerTest(unittest.TestCase):
    def test_it_serves_curl(self):
        with serve() as server:
            got = subprocess.run(
                ["curl", "--silent", "--http2-prior-knowledge", "--output", "/dev/null",
                 "--write-out", "%{http_version} %{size_download}",
                 "http://127.0.0.1:%d/3000000" % server.port],
                check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(got, "2 3000000")

    def test_head_gets_no_content(self):
        with serve() as server:
            got = subprocess.run(
                ["curl", "--silent", "--http2-prior-knowledge", "--head", "--max-time", "20",
                 "--output", "/dev/null", "--write-out", "%{http_code} %{size_download}",
                 "http://127.0.0.1:%d/3000000" % server.port],
                check=True, stdout=subprocess.PIPE, text=True).stdout
        self.assertEqual(got, "200 0")

    def test_it_takes_uploads_of_any_size(self):
        for size in (300_000, 10_000_000):
            with serve() as server, tempfile.NamedTemporaryFile() as upload:
                upload.truncate(size)
                got = subprocess.run(
                    ["curl", "--silent", "--http2-prior-knowledge", "--max-time", "20",
                     "--data-binary", "@" + upload.name, "--output", "/dev/null",
                     "--write-out", "%{http_code} %{size_upload} %{size_download}",
                     "http://127.0.0.1:%d/1000" % server.port],
                    stdout=subprocess.PIPE, text=True)
                self.assertEqual((got.returncode, got.stdout), (0, "200 %d 1000" % size))

    def test_an_upload_during_the_response_is_accepted(self):
        with serve() as server:
            table = subprocess.run(
                ["nghttp", "--null-out", "--stat", "--data", SERVER,
                 "http://127.0.0.1:%d/3000000" % server.port],
                check=True, stdout=subprocess.PIPE, text=True, timeout=50).stdout
        self.assertRegex(table, r" 200 +2M /3000000")

    def test_it_shares_by_weight(self):
        with serve("rfc7540") as server:
            share = client.share(server.port, "/8000000", RATE, tls=False)
        print("32:224 shares 1:%.2f" % share)
        self.assertAlmostEqual(share, 7, delta=0.35)

    def test_no_policy_reorders_bytes_in_the_kernel(self):
        waited = {}
        for lowat in ("16384", "-1"):
            with serve("rfc7540", lowat) as server:
                waited[lowat] = client.bytes_before_urgent(
                    server.port, "/200000", "/100000", RATE, tls=False)
            print("notsent_lowat %s: %.0f KB before the urgent one's end"
                  % (lowat, waited[lowat]))
        self.assertLess(waited["16384"], 200)
        self.assertGreater(waited["-1"], 4 * waited["16384"])

    def test_a_bad_command_line_is_refused(self):
        for arguments in ([], ["0", "none"]):
            refused = subprocess.run([SERVER, *arguments], stderr=subprocess.PIPE, text=True)
            self.assertEqual(refused.returncode, 2)
            self.assertRegex(refused.stderr, "usage|none")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
