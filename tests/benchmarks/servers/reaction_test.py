#!/usr/bin/env python3
"""Runs //benchmarks/servers:reaction: reaction_test.py REACTION SERVER

Where the kernel refuses namespaces or TUN devices, the tests with a link say
so and are skipped. No test looks at a time.
"""

import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import unittest

REACTION, SERVER = (os.path.abspath(path) for path in sys.argv[1:3])
KB = 1024
LOW_KB = 30 * 200
# A fast link, for a short test.
LINK = ["--rate=80mbit", "--rtt=10ms"]
REFUSALS = ("the kernel refuses", "cannot open /dev/net/tun", "the congestion control is")


def command(*flags):
    return [REACTION, "--server=" + SERVER, *flags]


def run(*flags):
    return subprocess.run(command(*flags), capture_output=True, text=True, check=False)


def congestion():
    """That of this machine, which each namespace may use."""
    path = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return "--congestion=" + path.read_text(encoding="ascii").strip()


class CommandLineTest(unittest.TestCase):
    def assert_refused(self, flag, sentence):
        result = run(flag)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("reaction: " + sentence, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_a_bad_flag_ends_it_with_2_and_a_sentence(self):
        self.assert_refused("--rate=fast", "--rate is 'fast'; it must be")
        self.assert_refused("--rtt=0s", "--rtt is 0; it must be 1ms to 10s")
        self.assert_refused("--repeat=0", "--repeat is 0; it must be 1 to 1000")
        self.assert_refused("--signals=spdy", "--signals names 'spdy'")
        self.assert_refused("--scenarios=x", "--scenarios names 'x'")
        self.assert_refused("--json=/no/such/folder/x", "cannot write /no/such/folder/x")
        self.assert_refused("--nonsense", "there is no flag --nonsense")


class LinkTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        result = run(*LINK, congestion(), "--repeat=1", "--scenarios=full", "--signals=7540")
        if result.returncode == 2 and any(text in result.stderr for text in REFUSALS):
            print("skipped: " + result.stderr.strip(), file=sys.stderr)
            raise unittest.SkipTest(result.stderr.strip())

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def test_every_kind_of_signals_lets_the_urgent_body_overtake(self):
        path = pathlib.Path(self.folder.name) / "out.json"
        result = run(*LINK, congestion(), "--repeat=2", "--json=%s" % path)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(result.stdout.splitlines()), 1 + 8 + 1)
        self.assertEqual(len(result.stderr.splitlines()), 2 * 8)
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        self.assertEqual([(cell["scenario"], cell["signals"]) for cell in cells],
                         [(scenario, signals) for scenario in ("full", "drained")
                          for signals in ("7540", "9218", "both", "update")])
        for cell in cells:
            self.assertEqual(len(cell["runs"]), 2)
            for one in cell["runs"]:
                with self.subTest(cell=cell["signals"], run=one):
                    late = (LOW_KB - cell["ask_after_kb"]) * KB
                    self.assertLess(one["low_bytes_before"], late / 2)
                    self.assertEqual(one["low_bytes_between"], 0)
                    self.assertLessEqual(one["first_frame_ms"], one["last_byte_ms"])
                    carried = one["low_bytes_before"] + (cell["ask_after_kb"] + 100) * KB
                    self.assertGreater(one["down"]["bytes"], carried)
                    self.assertLessEqual(one["down"]["most_queued_bytes"], cell["queue_kb"] * KB)

    def test_a_policy_without_priorities_sends_all_low_bodies_first(self):
        path = pathlib.Path(self.folder.name) / "out.json"
        result = run(*LINK, congestion(), "--repeat=1", "--policy=fifo", "--scenarios=full",
                     "--signals=9218", "--json=%s" % path)
        self.assertEqual(result.returncode, 0, result.stderr)
        cell, = json.loads(path.read_text(encoding="utf-8"))["cells"]
        one, = cell["runs"]
        low_after = LOW_KB * KB - cell["ask_after_kb"] * KB
        self.assertAlmostEqual(one["low_bytes_before"], low_after, delta=64 * KB)

    def test_the_urgent_body_overtakes_over_tls(self):
        result = run(*LINK, congestion(), "--repeat=1", "--tls", "--scenarios=full",
                     "--signals=both")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"\nfull +both +\d+ \(\d+–\d+\) +0 \(0–0\) ")

    def test_words_after_two_dashes_are_flags_of_the_server(self):
        result = run(*LINK, congestion(), "--repeat=1", "--", "--nonsense")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("server: there is no flag --nonsense", result.stderr)
        self.assertIn("refuses its command line", result.stderr)

    def test_a_server_that_does_not_exist_is_named(self):
        result = subprocess.run([REACTION, "--server=/no/such/server", congestion()],
                                capture_output=True, text=True, check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("the server /no/such/server ended before it listened", result.stderr)

    def test_sigint_leaves_no_process_and_no_file(self):
        environment = dict(os.environ, TMPDIR=self.folder.name)
        with subprocess.Popen(command(*LINK, congestion(), "--repeat=1000"), env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            process.stderr.readline()  # one run is over, the next begins
            self.assertEqual(len(os.listdir(self.folder.name)), 1)
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()  # ends when the server has ended, too
            self.assertEqual(process.wait(), 130, rest)
        self.assertIn("reaction: interrupted", rest)
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_sigint_ends_the_wait_for_a_server_that_never_listens(self):
        silent = pathlib.Path(self.folder.name) / "silent"
        silent.write_text("#!/bin/sh\necho started >&2\nexec sleep 1000\n", encoding="ascii")
        silent.chmod(0o755)
        with subprocess.Popen([REACTION, "--server=%s" % silent, congestion()],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as process:
            self.assertEqual(process.stderr.readline(), "started\n")
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            self.assertEqual(process.wait(), 130, rest)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
