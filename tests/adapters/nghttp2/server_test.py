#!/usr/bin/python3
"""The nghttp2 example, driven by a real client on a throttled connection.

server_test.py WITH_SLUICE PLAIN SOURCE REPLAY
"""

import os
import re
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import throttled_client as client  # noqa: E402

WITH_SLUICE, PLAIN, SOURCE, REPLAY = sys.argv[1:5]
RATE = 4_000_000  # bytes a second


class Nghttp2ServerTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.key, cls.certificate = client.make_certificate(os.environ["TEST_TMPDIR"])

    def serve(self, program, *arguments, **options):
        return client.Server([program, "0", self.key, self.certificate, *arguments], **options)

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
            # Bytes in the kernels already, and a TLS record or two.
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

    def read(self, path):
        with open(path, encoding="utf-8") as file:
            return file.read()

    def wait_for(self, done):
        end = time.monotonic() + 20
        while not done():
            self.assertLess(time.monotonic(), end)
            time.sleep(0.01)

    def replay(self, *arguments):
        return subprocess.run([REPLAY, *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, check=False)

    def load(self, server):
        """Three responses of 300,000 bytes at once."""
        asker = client.ThrottledClient(server.port, RATE)
        streams = [asker.request("/300000", weight=weight) for weight in (32, 224, 8)]
        asker.receive_until(lambda: asker.ended.issuperset(streams))
        asker.close()

    def test_each_connections_decision_log_plays_again_and_under_another_policy(self):
        log = os.path.join(os.environ["TEST_TMPDIR"], "calls.jsonl")
        with self.serve(WITH_SLUICE, "rfc7540", "--trace", log) as server:
            self.load(server)
            self.load(server)
            # The rest of a log is written when the server sees the connection's end.
            self.wait_for(lambda: all(self.read(path).count('"call":"close"') == 3
                                      for path in (log, log + ".2")))
        for path in (log, log + ".2"):
            self.assertIn('"call":"time"', self.read(path))
            played = self.replay(path)
            self.assertEqual(played.returncode, 0, played.stderr)
            played = self.replay(path, "--policy=fifo")
            self.assertEqual(played.returncode, 0, played.stderr)
            table = played.stdout.split("when it was done)\n")[1]
            done = [int(line.split()[2]) for line in table.splitlines()]
            self.assertEqual(sorted(done), [300000, 600000, 900000])
        with open(log, "a", encoding="utf-8") as lines:
            lines.write('{"call":"ch')
        self.assertEqual(self.replay(log).returncode, 2)

    def test_a_log_that_cannot_be_written_is_reported_once(self):
        with tempfile.TemporaryFile("w+") as said:
            with self.serve(WITH_SLUICE, "rr", "--trace", "/nowhere/log", stderr=said) as server:
                self.load(server)
                self.load(server)
            said.seek(0)
            self.assertEqual(said.read().count("cannot write the decision log"), 1)

    def test_the_adapter_takes_under_thirty_lines(self):
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
