#!/usr/bin/env python3
"""Runs //benchmarks/servers:reaction and :share on a fast link:

    reaction_test.py REACTION SHARE SERVER

Where the kernel refuses namespaces or TUN devices, the tests with a link say
so and are skipped. No test looks at a time.
"""

import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import unittest

REACTION, SHARE, SERVER = (os.path.abspath(path) for path in sys.argv[1:4])
KB = 1024
LOW_KB = 30 * 200
# A fast link, for a short test.
LINK = ["--rate=80mbit", "--rtt=10ms"]
REFUSALS = ("the kernel refuses", "cannot open /dev/net/tun", "the congestion control is")


RESULTS = tempfile.TemporaryDirectory()


def command(*flags, program=REACTION):
    """With the usual flags, but for those that are given."""
    given = {flag.partition("=")[0] for flag in flags}
    usual = ["--server=" + SERVER, "--servers=sluice", "--transports=cleartext",
             f"--results={RESULTS.name}/runs.jsonl"]
    return [program, *(flag for flag in usual if flag.partition("=")[0] not in given), *flags]


def run(*flags, program=REACTION):
    return subprocess.run(command(*flags, program=program), capture_output=True, text=True,
                          check=False)


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
        self.assert_refused("--json=/no/such/folder/x",
                            "--json: cannot write /no/such/folder/x: No such file")
        self.assert_refused("--servers=iis", "--servers names 'iis'")
        self.assert_refused("--transports=udp", "--transports names 'udp'")
        self.assert_refused("--marks=-1", "--marks has '-1'; it must be")
        self.assert_refused("--parallel=0", "--parallel is 0; it must be 1 to 64")
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
        page = pathlib.Path(self.folder.name) / "out.html"
        result = run(*LINK, congestion(), "--scenarios=full,drained", "--repeat=2",
                     "--marks=16384", f"--json={path}", f"--html={page}")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(path.read_text(encoding="utf-8"))
        labels = [cell["labels"] for cell in report["cells"]]
        self.assertEqual([(cell["queue"], cell["signals"]) for cell in labels],
                         [(scenario, signals) for scenario in ("full", "drained")
                          for signals in ("7540", "9218", "both", "update")])
        for cell in report["cells"]:
            self.assertEqual(len(cell["runs"]), 2)
            queue = report["options"]["queues"][cell["labels"]["queue"]]
            for one in cell["runs"]:
                with self.subTest(cell=cell["labels"], run=one):
                    late_kb = LOW_KB - queue["ask_after_kb"]
                    self.assertLess(one["low_kb_before"], late_kb / 2)
                    self.assertEqual(one["low_kb_between"], 0)
                    self.assertLessEqual(one["round_trips_to_first_frame"], one["round_trips"])
                    carried_kb = one["low_kb_before"] + queue["ask_after_kb"] + 100
                    self.assertGreater(one["down"]["bytes"], carried_kb * KB)
                    self.assertLessEqual(one["down"]["most_queued_bytes"],
                                         queue["queue_kb"] * KB)
        text = page.read_text(encoding="utf-8")
        self.assertIn('"benchmark": "reaction"', text)
        self.assertNotIn("<!--", text.replace("<!--[", ""))

    def test_a_policy_without_priorities_sends_all_low_bodies_first(self):
        path = pathlib.Path(self.folder.name) / "out.json"
        result = run(*LINK, congestion(), "--repeat=1", "--policy=fifo", "--scenarios=full",
                     "--signals=9218", f"--json={path}")
        self.assertEqual(result.returncode, 0, result.stderr)
        report = json.loads(path.read_text(encoding="utf-8"))
        cell, = report["cells"]
        one, = cell["runs"]
        low_after = LOW_KB - report["options"]["queues"]["full"]["ask_after_kb"]
        self.assertAlmostEqual(one["low_kb_before"], low_after, delta=64)

    def test_the_urgent_body_overtakes_over_tls(self):
        result = run(*LINK, congestion(), "--repeat=1", "--transports=tls", "--scenarios=full",
                     "--signals=both")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"\nfull +both .* sluice +\d+ \(\d+–\d+\) +0 \(0–0\) ")

    def test_weights_share_the_link(self):
        # The end of a run cuts a write off, and writes are of 4 to 16 KB here.
        for policy, ratio in (("rfc7540", 7), ("rr", 1)):
            result = run(*LINK, congestion(), "--repeat=1", f"--policy={policy}", program=SHARE)
            self.assertEqual(result.returncode, 0, result.stderr)
            for weights in ("of groups", "of streams"):
                shares = re.findall(fr"{weights} .* sluice +(\d+\.\d\d) ", result.stdout)
                self.assertEqual(len(shares), 1, result.stdout)
                self.assertAlmostEqual(float(shares[0]), ratio, delta=0.07 * ratio)

    def test_a_congestion_control_that_the_kernel_lacks_is_left_out_with_the_reason(self):
        own = congestion().partition("=")[2]
        result = run(*LINK, f"--congestion=slowpoke,{own}", "--repeat=1", "--scenarios=full",
                     "--signals=7540")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("the congestion control is 'slowpoke'; in a namespace the kernel allows",
                      result.stdout)

    def test_words_after_two_dashes_are_flags_of_the_server(self):
        result = run(*LINK, congestion(), "--repeat=1", "--", "--nonsense")
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn("refuses its command line: server: there is no flag --nonsense",
                      result.stderr)

    def test_a_server_that_does_not_exist_is_named(self):
        result = run(*LINK, congestion(), "--server=/no/such/server", "--repeat=1",
                     "--scenarios=full", "--signals=7540")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("the server sluice does not start", result.stderr)

    def test_sigint_leaves_no_process_and_no_file_and_the_next_call_goes_on(self):
        environment = dict(os.environ, TMPDIR=self.folder.name)
        flags = [*LINK, congestion(), "--repeat=4", "--scenarios=full", "--signals=7540,9218"]
        with subprocess.Popen(command(*flags), env=environment, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True) as process:
            process.stderr.readline()  # one run is over
            self.assertGreater(len(os.listdir(self.folder.name)), 1)
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()  # ends when the servers have ended, too
            self.assertEqual(process.wait(), 130, rest)
        self.assertIn("reaction: interrupted\nThe same command goes on from ", rest)
        self.assertEqual(os.listdir(self.folder.name), [])
        result = run(*flags)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stderr, r"goes on: \d of 8 runs are done\n")

    def test_sigint_ends_the_wait_for_a_server_that_never_listens(self):
        silent = pathlib.Path(self.folder.name) / "silent"
        # Its end is the script's, whatever becomes of that.
        output, input_of_silent = os.pipe()
        os.set_inheritable(input_of_silent, True)
        silent.write_text(f"#!/bin/sh\necho started >&{input_of_silent}\nexec sleep 1000\n",
                          encoding="ascii")
        silent.chmod(0o755)
        with subprocess.Popen(command(congestion(), f"--server={silent}", "--parallel=1"),
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, pass_fds=[input_of_silent]) as process:
            os.close(input_of_silent)
            with os.fdopen(output, encoding="ascii") as lines:
                self.assertEqual(lines.readline(), "started\n")
            process.send_signal(signal.SIGINT)
            rest = process.stderr.read()
            self.assertEqual(process.wait(), 130, rest)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
