"""Attacks on the policy inside Debian's nghttpd, which our library is loaded
into: memory stays bounded, and a neighbour's download gets every byte.

The codes are those of libnghttp2, which counts the frames.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

from server_attacks_test import (
    ALLOWED_GROWTH_KIB, NO_WINDOW, Neighbour, RawClient, priority,
    priority_update, request, reset, support)

os.environ["PATH"] += ":/usr/sbin"  # where Debian has nghttpd
LIBRARY = os.path.abspath(sys.argv.pop(1))


class Nghttpd:
    def __init__(self, root):
        # It takes no port of 0, and says nothing.
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            ["nghttpd", "--no-tls", "--address=127.0.0.1", "--htdocs=" + root,
             str(self.port)], stdout=subprocess.DEVNULL,
            env=dict(os.environ, LD_PRELOAD=LIBRARY, SLUICE_POLICY="rfc7540",
                     SLUICE_PROGRAMS="nghttpd"))
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                if self.process.poll() is not None:
                    raise
                time.sleep(0.02)


class PreloadedAttacks(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(dir=os.environ.get("TEST_TMPDIR"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.content = os.urandom(3_000_000)
        with open(cls.folder + "/neighbour.bin", "wb") as file:
            file.write(cls.content)
        cls.server = Nghttpd(cls.folder)
        cls.addClassCleanup(cls.server.process.wait)
        cls.addClassCleanup(cls.server.process.kill)
        with open(f"/proc/{cls.server.process.pid}/maps",
                  encoding="utf-8") as maps:
            assert os.path.realpath(LIBRARY) in maps.read()

    def setUp(self):
        self.neighbour = Neighbour(self.server, self.content)
        self.neighbour.turn()
        self.before = support.memory_kib(self.server.process, "VmRSS")

    def tearDown(self):
        self.neighbour.expect_whole()
        growth = support.memory_kib(self.server.process,
                                    "VmRSS") - self.before
        self.assertLess(growth, ALLOWED_GROWTH_KIB)

    def flood(self, make, rounds=20_000, begin=(), **settings):
        """Whether the server keeps the connection through all rounds."""
        with RawClient(self.server) as client:
            client.start(*begin, **settings)
            try:
                for first in range(0, rounds, 100):
                    client.send(*(make(i) for i in range(first, first + 100)))
                    if first % 2000 == 0:
                        self.neighbour.turn()
                client.ping()
                return True
            except (OSError, AssertionError):
                return False  # it has closed the connection

    def test_priorities_of_idle_streams(self):
        self.flood(lambda i: priority(2 * i + 1, 2 * i + 3))

    def test_priorities_that_shuffle_the_tree(self):
        self.flood(
            lambda i: priority(1 + 2 * (i * 37 % 90),
                               2**31 | (1 + 2 * ((i * 61 + 1) % 90))),
            begin=[request(1 + 2 * n, "/neighbour.bin") for n in range(90)],
            **NO_WINDOW)

    def test_priority_updates(self):
        self.flood(lambda i: priority_update(2 * i + 1))
        self.flood(lambda i: priority_update(1, b"u=%d" % (i % 8)),
                   begin=[request(1, "/neighbour.bin")], **NO_WINDOW)

    def test_rapid_reset(self):
        # libnghttp2's own limit, which Debian has since 1.52.0-1+deb12u1.
        self.assertFalse(self.flood(lambda i: request(
            2 * i + 1, "/neighbour.bin") + reset(2 * i + 1)))


if __name__ == "__main__":
    if not shutil.which("nghttpd"):
        print("skipped: nghttpd is missing; it is in Debian's nghttp2-server")
        sys.exit()
    unittest.main(verbosity=2)
