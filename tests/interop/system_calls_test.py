"""The server makes few system calls, and none that only asks.

By strace, which must be installed and allowed; without it the tests are skipped.
"""

import os
import re
import shutil
import signal
import subprocess
import time
import unittest

import support
from support import DATA, END_STREAM, RawClient, request, window_update


def strace_fault():
    """Why strace cannot be used, or None."""
    if shutil.which("strace") is None:
        return "strace is not installed"
    result = subprocess.run(["strace", "-o", "/dev/null", "true"],
                            stderr=subprocess.PIPE, text=True, check=False)
    return None if result.returncode == 0 else result.stderr


@unittest.skipIf(strace_fault(), strace_fault())
class SystemCalls(support.Folder):
    TLS = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        (cls.root / "1k.bin").write_bytes(os.urandom(1024))
        (cls.root / "1m.bin").write_bytes(os.urandom(1 << 20))
        (cls.root / "4m.bin").write_bytes(os.urandom(4 << 20))

    def calls(self, server, load):
        """How often the server made each system call during load()."""
        counts = self.base / "counts"
        tracer = subprocess.Popen(
            ["strace", "-f", "-c", "-o", counts, "-p", str(server.process.pid)],
            stderr=subprocess.PIPE, text=True)
        self.addCleanup(tracer.stderr.close)
        self.assertIn("attached", tracer.stderr.readline())
        load()
        # After the last turn, which nobody waits for.
        time.sleep(0.1)
        tracer.send_signal(signal.SIGINT)
        tracer.wait(timeout=support.PATIENCE_SECONDS)
        found = re.findall(r"^ +[\d.]+ +[\d.]+ +\d+ +(\d+)(?: +\d+)? +(\w+)$",
                           counts.read_text(), re.MULTILINE)
        result = {name: int(count) for count, name in found if name != "total"}
        print(self.id(), result)
        return result

    def load(self, server, path, requests):
        support.run("h2load", "--clients=10", "--max-concurrent-streams=10",
                    f"--requests={requests}", server.url(path))

    def test_a_small_request_takes_a_fraction_of_a_system_call(self):
        server = self.server("--access_log=false", tls=self.TLS)
        self.load(server, "/1k.bin", 100)
        calls = self.calls(
            server, lambda: self.load(server, "/1k.bin", 10_000))
        for name in ("poll", "select", "ioctl", "getsockopt", "readlink",
                     "pread64", "fstat"):
            # A few for each of the ten connections, or for each second.
            self.assertLessEqual(calls.get(name, 0), 40, name)
        # Ten requests come with one read, and leave with one write. When the
        # thread is not busy, each read is waited for. On a busy machine h2load
        # may not get all ten to the server at once.
        self.assertLessEqual(sum(calls.values()), 0.6 * 10_000)

    def test_a_large_body_takes_few_writes(self):
        server = self.server("--access_log=false", tls=self.TLS)
        self.load(server, "/1m.bin", 10)
        calls = self.calls(server, lambda: self.load(server, "/1m.bin", 100))
        frames = 100 * 64
        writes = calls["sendto" if self.TLS else "sendmsg"]
        self.assertLessEqual(writes, 0.25 * frames)
        self.assertNotIn("poll", calls)
        self.assertLessEqual(calls.get("pread64", 0), 4)
        # TCP_INFO, once a write at most.
        self.assertLessEqual(calls.get("getsockopt", 0), 0.25 * frames)

    def test_a_file_too_large_for_memory_is_read_once_a_frame(self):
        server = self.server("--access_log=false", tls=self.TLS)
        self.load(server, "/4m.bin", 10)
        calls = self.calls(server, lambda: self.load(server, "/4m.bin", 20))
        frames = 20 * 257
        self.assertLessEqual(calls["pread64"], 1.05 * frames)
        self.assertLessEqual(calls.get("openat", 0), 20)

    def test_an_idle_connection_makes_none(self):
        server = self.server("--access_log=false", tls=self.TLS)
        with RawClient(server, tls=self.TLS) as client:
            client.start(window_update(0, 1 << 20), request(1, "/1k.bin"))
            client.until(lambda f: f.type == DATA and f.flags & END_STREAM)
            time.sleep(0.2)
            calls = self.calls(server, lambda: time.sleep(0.5))
        # The wait that strace interrupts at its beginning and at its end.
        self.assertLessEqual(sum(calls.values()), 3)


class SystemCallsOverTls(SystemCalls):
    TLS = True


if __name__ == "__main__":
    support.main()
