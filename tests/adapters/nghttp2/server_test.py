#!/usr/bin/python3
"""The nghttp2 example, driven by a real client on a throttled connection.

server_test.py WITH_SLUICE PLAIN SOURCE
"""

import os
import re
import subprocess
import sys
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import throttled_client as client  # noqa: E402

WITH_SLUICE, PLAIN, SOURCE = sys.argv[1:4]
RATE = 4_000_000  # bytes a second


class Nghttp2ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key, cls.certificate = client.make_certificate(os.environ["TEST_TMPDIR"])

    def serve(self, program, *arguments):
        return client.Server([program, "0", self.key, self.certificate, *arguments])

    def measure(self, program, *arguments):
        with self.serve(program, *arguments) as server:
            library = server.said.split(",")[0]
            share = client.share(server.port, "/8000000", RATE)
            waited = client.bytes_before_urgent(server.port, "/200000", "/100000", RATE)
        print("%s, %s: 32:224 shares 1:%.2f; %.0f KB before the urgent one's end"
              % (library, " ".join([os.path.basename(program), *arguments]), share, waited))
        release = tuple(int(number) for number in library.split()[1].split("."))
        return share, waited, release

    def test_the_tree_shares_by_weight_and_lets_an_exclusive_response_pass(self):
        for own in ((), ("no-own-priorities",)):
            share, waited, _ = self.measure(WITH_SLUICE, "rfc7540", *own)
            self.assertAlmostEqual(share, 7, delta=0.35)
            # What was with the kernels already, and a TLS record or two.
            self.assertLess(waited, 200)

    def test_without_the_adapter_only_nghttp2s_own_tree_does_it_up_to_1_64(self):
        for own in ((), ("no-own-priorities",)):
            share, waited, release = self.measure(PLAIN, "-", *own)
            if release < (1, 65) and not own:
                self.assertAlmostEqual(share, 7, delta=0.35)
                self.assertLess(waited, 200)
            else:
                self.assertFalse(2 < share < 50, share)
                self.assertGreater(waited, 2000)

    def test_a_request_with_content_is_answered(self):
        for program in (WITH_SLUICE, PLAIN):
            with self.serve(program, "rfc7540") as server:
                got = subprocess.run(
                    ["curl", "--silent", "--insecure", "--http2", "--max-time", "20",
                     "--output", "/dev/null", "--write-out",
                     "%{http_version} %{http_code} %{size_download}", "--data-binary",
                     "@" + SOURCE, "https://127.0.0.1:%d/30000" % server.port],
                    check=True, stdout=subprocess.PIPE, text=True).stdout
                self.assertEqual(got, "2 200 30000")

    def test_head_gets_no_content(self):
        for program in (WITH_SLUICE, PLAIN):
            with self.serve(program, "rfc7540") as server:
                asker = client.ThrottledClient(server.port, RATE)
                stream = asker.request("/30000", method="HEAD")
                asker.receive_until(lambda: stream in asker.ended)
                self.assertEqual(asker.received[stream], 0)
                asker.close()

    def test_switching_the_adapter_on_takes_under_thirty_lines(self):
        with open(SOURCE, encoding="utf-8") as source:
            blocks = re.findall(r"^#ifdef WITH_SLUICE\n(.*?)^#(?:else|endif)\n", source.read(),
                                re.MULTILINE | re.DOTALL)
        lines = sum(block.count("\n") for block in blocks)
        print("%d lines in %d blocks" % (lines, len(blocks)))
        self.assertGreaterEqual(len(blocks), 6)
        self.assertLess(lines, 30)

    def test_an_unknown_policy_is_refused(self):
        with self.assertRaises(SystemExit):
            self.serve(WITH_SLUICE, "none").__enter__()


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
