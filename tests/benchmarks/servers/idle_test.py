#!/usr/bin/env python3
"""Runs benchmarks/servers/idle.py: idle_test.py IDLE SERVER PEER

Looks at the form of its figures, and at none of them.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

IDLE, SERVER, PEER = (os.path.abspath(path) for path in sys.argv[1:4])


def run(*options, **environment):
    return subprocess.run([sys.executable, IDLE, SERVER, PEER, *options], capture_output=True,
                          text=True, check=False, env={**os.environ, **environment})


class IdleTest(unittest.TestCase):
    def test_each_policy_has_a_figure_after_the_handshake_and_after_a_request(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "figures.json")
            done = run("--connections=20", "--runs=1", "--servers=rfc9218,auto", f"--json={file}")
            self.assertEqual(done.returncode, 0, done.stderr)
            figures = json.loads(file.read_text(encoding="utf-8"))
        self.assertEqual(figures["connections"], 20)
        self.assertEqual(list(figures["servers"]), ["rfc9218", "auto"])
        for cells in figures["servers"].values():
            self.assertEqual(list(cells), ["handshake", "request"])
            for cell in cells.values():
                self.assertLessEqual(cell["least"], cell["median"])
                self.assertLessEqual(cell["median"], cell["most"])

    def test_a_peer_has_its_figures_or_is_left_out_with_the_reason(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "figures.html")
            done = run("--connections=20", "--runs=1", "--servers=nghttpd,caddy",
                       "--frame=benchmarks/servers/web/servers.html", f"--html={file}",
                       SLUICE_PEERS="/nowhere")
            self.assertEqual(done.returncode, 0, done.stderr)
            page = file.read_text(encoding="utf-8")
        self.assertRegex(done.stdout, r"nghttpd +(\S+ \(\S+\)|left out: nghttpd is not installed)")
        self.assertRegex(done.stdout, r"caddy +(\S+ \(\S+\)|left out: caddy is not installed)")
        self.assertIn('{"benchmark": "idle"', page)
        self.assertNotIn("<!--include", page)

    def test_a_server_that_ends_is_reported(self):
        done = run("--connections=20", "--runs=1", "--servers=no_such_policy")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "idle: no_such_policy: it ended with status 2\n")

    def test_a_full_disk_leaves_no_file(self):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder, "figures.json")
            done = subprocess.run(
                ["prlimit", "--fsize=100", "--", sys.executable, IDLE, SERVER, PEER,
                 "--connections=20", "--runs=1", "--servers=auto", f"--json={file}"],
                capture_output=True, text=True, check=False)
            self.assertEqual(done.returncode, 1)
            self.assertEqual(done.stderr, f"idle: writing {file} failed: File too large\n")
            self.assertEqual(list(file.parent.iterdir()), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
