#!/usr/bin/python3
"""Debian's nghttpd with the preloaded library, by `sluice run`.

server_test.py RUN_SCRIPT CHECK_POLICY LIBRARY REPLAY
"""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import time
import unittest

# Where Debian has nghttpd.
os.environ["PATH"] += ":/usr/sbin"
RUN, CHECK_POLICY, LIBRARY, REPLAY = (os.path.abspath(path) for path in sys.argv[1:5])


def run(*words, **options):
    return subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False, **options)


class ServerTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        self.addCleanup(shutil.rmtree, self.folder)
        # As //:install lays them out.
        for folder in ("libexec/sluice", "lib/sluice", "www"):
            os.makedirs(os.path.join(self.folder, folder))
        self.sluice_run = os.path.join(self.folder, "libexec/sluice/run")
        with open(RUN, encoding="utf-8") as script, \
                open(self.sluice_run, "w", encoding="utf-8") as out:
            out.write(script.read().replace("@libdir@", "lib"))
        os.chmod(self.sluice_run, 0o755)
        os.symlink(CHECK_POLICY, os.path.join(self.folder, "libexec/sluice/check-policy"))
        os.symlink(LIBRARY, os.path.join(self.folder, "lib/sluice/libsluice-nghttp2.so"))
        for name, size in (("1k", 1024), ("1m", 1 << 20)):
            with open(os.path.join(self.folder, "www", name), "wb") as file:
                file.write(os.urandom(size))

    def start(self, *flags):
        """nghttpd's port. It takes no port of 0 and says nothing, so several are tried."""
        for port in range(20000 + os.getpid() % 10000, 32000):
            server = subprocess.Popen(
                [self.sluice_run, *flags, "--", "nghttpd", "--no-tls", "--address=127.0.0.1",
                 "--htdocs=" + os.path.join(self.folder, "www"), str(port)],
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            self.addCleanup(server.stderr.close)
            self.addCleanup(server.wait)
            self.addCleanup(server.kill)
            while server.poll() is None:
                if run("nghttp", "-n", "http://127.0.0.1:%d/1k" % port).stdout == "":
                    return server, port
                time.sleep(0.05)
        raise AssertionError("nghttpd does not start")

    def test_it_serves_every_byte_and_logs_its_decisions(self):
        _, port = self.start("--policy=auto", "--trace=" + os.path.join(self.folder, "log"))
        for name, count in (("1k", 2000), ("1m", 60)):
            said = run("h2load", "-n%d" % count, "-c4", "-m10",
                       "http://127.0.0.1:%d/%s" % (port, name)).stdout
            self.assertIn("%d succeeded, 0 failed, 0 errored" % count, said)
        logs = glob.glob(os.path.join(self.folder, "log*"))
        self.assertGreaterEqual(len(logs), 8)
        told = run(REPLAY, max(logs, key=os.path.getsize))
        self.assertEqual(told.returncode, 0, told.stdout)

    def test_a_bad_policy_does_not_end_the_server(self):
        os.environ["SLUICE_POLICY"] = "nonsense"
        self.addCleanup(os.environ.pop, "SLUICE_POLICY")
        server, port = self.start()
        self.assertEqual(run("nghttp", "-n", "http://127.0.0.1:%d/1m" % port).stdout, "")
        server.kill()
        self.assertIn("SLUICE_POLICY=nonsense: no policy 'nonsense'", server.stderr.read())

    def test_a_bad_command_line_ends_with_2_and_a_sentence(self):
        for words, sentence in ((["--polcy=rr", "--", "true"], "'--polcy=rr' is no flag"),
                                (["--notsent_lowat=x", "true"], "--notsent_lowat is x"),
                                (["--trace=/no/such/log", "true"], "--trace is /no/such/log"),
                                (["--trace", self.folder, "true"], "--trace is /"),
                                (["--policy=nonsense", "true"], "--policy: no policy 'nonsense'"),
                                (["--policy", "rr:x=1", "true"], "--policy: "),
                                (["--policy"], "--policy needs a value"),
                                (["nosuchprogram"], "there is no program 'nosuchprogram'"),
                                (["--policy=rr", "--"], "a program to run is missing")):
            done = run(self.sluice_run, *words)
            self.assertEqual(done.returncode, 2, done.stdout)
            self.assertRegex(done.stdout, "^sluice run: %s.*\n$" % sentence)

    def test_the_program_is_run_as_it_is(self):
        done = run(self.sluice_run, "--policy=rr", "--notsent_lowat=0", "--", "sh", "-c",
                   "echo \"$SLUICE_POLICY,$SLUICE_PROGRAMS,$SLUICE_NOTSENT_LOWAT,$1\"; exit 7",
                   "sh", "a  b")
        self.assertEqual((done.returncode, done.stdout), (7, "rr,sh,0,a  b\n"))


if __name__ == "__main__":
    if not shutil.which("nghttpd"):
        print("skipped: nghttpd is missing; it is in Debian's nghttp2-server")
        sys.exit()
    unittest.main(argv=sys.argv[:1], verbosity=2)
