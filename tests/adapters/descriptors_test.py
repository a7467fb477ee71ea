#!/usr/bin/python3
"""A server that has no file descriptor left sleeps while connections wait, and
serves them once others have ended.

descriptors_test.py cleartext|tls SERVER

Not for sanitizer builds: UBSan opens a pipe to find out whether an object's
memory is readable, and takes a failure for a broken object.
"""

import contextlib
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import throttled_client as client  # noqa: E402

TRANSPORT, SERVER = sys.argv[1:3]
MOST = 16  # descriptors of the server


def limit_descriptors():
    resource.setrlimit(resource.RLIMIT_NOFILE, (MOST, MOST))


def eventually(true):
    for _ in range(1000):
        if true():
            return True
        time.sleep(0.01)
    return False


def sleeps(process):
    """Whether it waits for something. A process is runnable from the moment
    that there is something to do, and one that spins is runnable always."""
    with open("/proc/%d/stat" % process, encoding="ascii") as stat:
        return stat.read().rsplit(")", 1)[1].split()[0] == "S"


def descriptors(process):
    return len(os.listdir("/proc/%d/fd" % process))


class DescriptorsTest(unittest.TestCase):
    def command(self, folder):
        if TRANSPORT == "cleartext":
            return [SERVER, "0"]
        return [SERVER, "0", *client.make_certificate(folder)]

    def fetch(self, port):
        scheme, version = (("http", "--http2-prior-knowledge") if TRANSPORT == "cleartext"
                           else ("https", "--http2"))
        return subprocess.run(
            ["curl", "--silent", "--insecure", version, "--max-time", "20", "--output", "/dev/null",
             "--write-out", "%{http_version} %{size_download}",
             "%s://127.0.0.1:%d/30000" % (scheme, port)],
            check=True, stdout=subprocess.PIPE, text=True).stdout

    def test_without_descriptors_it_sleeps_and_then_serves_those_that_waited(self):
        with tempfile.TemporaryDirectory() as folder, client.Server(
                self.command(folder), preexec_fn=limit_descriptors) as server, \
                contextlib.ExitStack() as clients:
            self.assertTrue(eventually(lambda: sleeps(server.pid)))
            idle = descriptors(server.pid)

            def fills_up_and_sleeps():
                return (eventually(lambda: descriptors(server.pid) == MOST)
                        and eventually(lambda: sleeps(server.pid)))

            first = socket.create_connection(("127.0.0.1", server.port))
            for _ in range(2 * MOST):
                clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            self.assertTrue(fills_up_and_sleeps())
            # Room for one, and it is taken by one that waited.
            first.close()
            self.assertTrue(fills_up_and_sleeps())
            # Those behind it, whose clients have gone, are passed through.
            clients.close()
            self.assertEqual(self.fetch(server.port), "2 30000")
            self.assertTrue(eventually(lambda: descriptors(server.pid) == idle))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
