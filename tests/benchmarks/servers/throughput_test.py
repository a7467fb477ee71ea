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


def run(*flags, **options):
    return subprocess.run([THROUGHPUT, "--server=" + SERVER, *flags], capture_output=True,
                          text=True, check=False, **options)


class ThroughputTest(unittest.TestCase):
    def test_a_bad_flag_ends_it_with_2_and_a_sentence(self):
        for flag, sentence in (
                ("--servers=apache", "--servers names 'apache'; it must be"),
                ("--sizes=0", "--sizes has '0'; it must be 1 to"),
                ("--transports=udp", "--transports names 'udp'; it must be"),
                ("--threads=x", "--threads has 'x'; it must be 1 to 256"),
                ("--repeat=0", "--repeat has '0'; it must be 1 to 1000"),
                ("--json=/no/such/folder/x", "cannot write /no/such/folder/x")):
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
            [(c["bytes"], c["tls"], c["threads"]) for c in report["cells"]],
            [(size, tls, threads) for size in (1024, 100000) for tls in (False, True)
             for threads in (1, 2)])
        for cell in report["cells"]:
            self.assertEqual(len(cell["runs"]), 2)
            for figures in cell["runs"]:
                self.assertGreater(figures["cpu_us"], 0)
                self.assertLessEqual(figures["busiest_cpu_us"], figures["cpu_us"] * 1.0001)
        self.assertIn("100000 bytes", result.stdout)

    def test_a_server_that_is_not_installed_is_left_out_with_the_reason(self):
        if pathlib.Path("/usr/sbin/h2o").exists():
            self.skipTest("h2o is in /usr/sbin, where the benchmark always looks")
        with tempfile.TemporaryDirectory() as tools:
            os.symlink(shutil.which("h2load"), os.path.join(tools, "h2load"))
            result = run("--servers=sluice,h2o", "--sizes=1024", "--requests=100",
                         "--repeat=1", "--nosystem_calls",
                         env={**os.environ, "PATH": tools})
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("h2o is not installed (Debian's package h2o): it is left out",
                      result.stdout)

    def test_without_h2load_it_ends_with_2(self):
        result = run(env={**os.environ, "PATH": "/nowhere"})
        self.assertEqual(result.returncode, 2)
        self.assertIn("h2load is not installed", result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
