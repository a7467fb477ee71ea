#!/usr/bin/env python3
"""Runs //benchmarks/servers:throughput: throughput_test.py THROUGHPUT SERVER

No test looks at a time.
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

THROUGHPUT, SERVER = (os.path.abspath(path) for path in sys.argv[1:3])


RESULTS = tempfile.TemporaryDirectory()


def run(*flags, **options):
    return subprocess.run([THROUGHPUT, "--server=" + SERVER,
                           f"--results={RESULTS.name}/runs.jsonl", *flags],
                          capture_output=True, text=True, check=False, **options)


class ThroughputTest(unittest.TestCase):
    def test_a_bad_flag_ends_it_with_2_and_a_sentence(self):
        for flag, sentence in (
                ("--servers=iis", "--servers names 'iis'"),
                ("--sizes=0", "--sizes has '0'; it must be 1 to"),
                ("--transports=udp", "--transports names 'udp'; it must be"),
                ("--threads=x", "--threads has 'x'; it must be 1 to 256"),
                ("--repeat=0", "--repeat is 0; it must be 1 to 1000"),
                ("--json=/no/such/folder/x",
                 "--json: cannot write /no/such/folder/x: No such file")):
            result = run(flag)
            self.assertEqual(result.returncode, 2, result.stderr)
            self.assertIn("throughput: " + sentence, result.stderr)
            self.assertEqual(result.stdout, "")

    def test_each_load_of_each_server_has_its_row(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "out.json"
            result = run("--servers=sluice", "--sizes=1024,100000", "--requests=200",
                         "--threads=1,2", "--repeat=2", f"--json={path}")
            self.assertEqual(result.returncode, 0, result.stderr)
            report = json.loads(path.read_text(encoding="utf-8"))
        self.assertEqual(
            [(cell["labels"]["file"], cell["labels"]["transport"], cell["labels"]["threads"])
             for cell in report["cells"]],
            [(size, transport, threads) for size in ("1 KB", "100000 bytes")
             for transport in ("cleartext", "TLS") for threads in (1, 2)])
        for cell in report["cells"]:
            self.assertEqual(cell["errors"], [])
            self.assertEqual(len(cell["runs"]), 2)
            for figures in cell["runs"]:
                self.assertGreater(figures["cpu_us"], 0)
                self.assertLessEqual(figures["busiest_cpu_us"], figures["cpu_us"] * 1.0001)
        self.assertIn("100000 bytes", result.stdout)

    def test_a_server_that_is_not_installed_is_left_out_with_the_reason(self):
        result = run("--servers=sluice,caddy", "--sizes=1024", "--requests=100", "--repeat=1",
                     "--transports=cleartext", "--nosystem_calls",
                     env={**os.environ, "SLUICE_PEERS": "/nowhere"})
        if shutil.which("caddy"):
            self.skipTest("caddy is installed here")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, "caddy is not installed: .*Debian's package caddy")

    def test_the_others_are_compared_with_ours(self):
        peers = ["--servers=sluice,nghttpd", "--sizes=1024", "--requests=100", "--repeat=1",
                 "--transports=cleartext", "--nosystem_calls"]
        result = run(*peers)
        self.assertEqual(result.returncode, 0, result.stderr)
        if "nghttpd is not installed" in result.stdout:
            self.skipTest("nghttpd is not installed")
        self.assertRegex(result.stdout, r"nghttpd +1 +\d+\.\d\d \(\S+\) +\d+\.\d\d ")

    def test_without_h2load_it_ends_with_2(self):
        result = run(env={**os.environ, "PATH": "/nowhere"})
        self.assertEqual(result.returncode, 2)
        self.assertIn("h2load is not installed", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
