"""The server's decision logs (--trace), played by the replay program.

trace_test.py SERVER REPLAY
"""

import pathlib
import re
import resource
import subprocess
import sys

import support

REPLAY = str(pathlib.Path(sys.argv.pop(2)).resolve())


def replay(*arguments):
    return subprocess.run([REPLAY, *map(str, arguments)], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)


class Trace(support.Folder):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for name in ("a", "b", "c"):
            (cls.root / f"{name}.bin").write_bytes(name.encode() * 100_000)

    def setUp(self):
        self.logs = pathlib.Path(self.base) / self.id()
        self.logs.mkdir()
        self.log = self.logs / "calls.jsonl"

    def load(self, server):
        """One connection, three responses at once."""
        result = support.run("nghttp", "--no-verify-peer", "-w", "20", "-W", "20",
                             *(server.url(f"/{name}.bin") for name in "abc"))
        self.assertEqual(len(result.stdout), 300_000)

    def bytes_by_stream(self, text):
        """From the lines of `replay LOG`."""
        sent = {}
        for stream, size in re.findall(r"^ *\d+  (\d+) (\d+) B", text, re.MULTILINE):
            sent[stream] = sent.get(stream, 0) + int(size)
        return sent

    def test_the_log_of_each_connection_plays_to_the_same_decisions(self):
        for tls, policy in ((False, "rfc7540"), (True, "rfc9218:mixed=alternate")):
            log = self.logs / policy
            server = self.server(f"--trace={log}", f"--policy={policy}", tls=tls)
            self.load(server)
            self.load(server)
            self.assertEqual(server.stop(), 0)
            self.assertEqual(sorted(path.name for path in self.logs.glob(policy + "*")),
                             [policy, policy + ".2"])
            for path in (log, f"{log}.2"):
                played = replay(path)
                self.assertEqual(played.returncode, 0, played.stderr)
                self.assertEqual(list(self.bytes_by_stream(played.stdout).values()),
                                 [100_000] * 3)

    def test_another_policy_plays_the_log_to_the_last_byte(self):
        server = self.server(f"--trace={self.log}", "--policy=rr")
        self.load(server)
        self.assertEqual(server.stop(), 0)
        played = replay(self.log, "--policy=fifo")
        self.assertEqual(played.returncode, 0, played.stderr)
        table = played.stdout.split("when it was done)\n")[1]
        done = [int(line.split()[2]) for line in table.splitlines()]
        self.assertEqual(sorted(done), [100_000, 200_000, 300_000])

    def test_the_log_holds_the_frames_their_windows_and_the_time(self):
        server = self.server(f"--trace={self.log}")
        self.load(server)
        self.assertEqual(server.stop(), 0)
        text = self.log.read_text()
        self.assertEqual(text.count('"end":true'), 3)
        self.assertRegex(text, r'"outcome":"sent","window":\d+,"connection_window":\d+')
        times = [int(ns) for ns in re.findall(r'"call":"time","ns":(\d+)', text)]
        self.assertEqual(times, sorted(times))
        self.assertGreater(times[0], 0)

    def test_the_environment_names_the_file_too(self):
        server = self.server(env={"SLUICE_TRACE": str(self.log)})
        self.load(server)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(replay(self.log).returncode, 0)

    def test_a_file_that_cannot_be_made_is_reported_once_and_serving_goes_on(self):
        server = self.server(env={"SLUICE_TRACE": f"{self.logs}/nowhere/log"})
        self.load(server)
        self.load(server)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.log().count("cannot write the decision log"), 1, server.log())

    def test_a_full_file_is_reported_once_and_serving_goes_on(self):
        # The limit is the server's too, and its access log is a file.
        server = self.server(f"--trace={self.log}", "--policy=rr")
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (9_000, 9_000))
        self.load(server)
        server.wait_for_log("no further log")  # at the end of that connection
        self.load(server)
        self.assertEqual(server.stop(), 0)
        self.assertEqual(server.log().count("File too large; no further log"), 1)
        self.assertEqual(replay(self.log).returncode, 0)
        self.assertFalse((self.logs / "calls.jsonl.2").exists())

    def test_a_torn_log_is_refused(self):
        server = self.server(f"--trace={self.log}")
        self.load(server)
        self.assertEqual(server.stop(), 0)
        self.log.write_bytes(self.log.read_bytes()[:-7])
        played = replay(self.log)
        self.assertEqual(played.returncode, 2)
        self.assertRegex(played.stderr, r"replay: .*calls.jsonl, line \d+: .* is no JSON object")


if __name__ == "__main__":
    support.main()
