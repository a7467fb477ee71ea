#!/usr/bin/python3
"""A server that can only wait sleeps: for a descriptor, a handshake, a window, a
reader. Then it goes on.

waiting_test.py cleartext|tls SERVER

Not for sanitizer builds: UBSan opens a pipe to find out whether an object's
memory is readable, and takes a failure for a broken object.
"""

import contextlib
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import h2.connection
import h2.events
import h2.settings

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import throttled_client as client  # noqa: E402

TRANSPORT, SERVER = sys.argv[1:3]
MOST = 16  # descriptors of the server
BODY = 30_000_000  # more than the kernel holds
WINDOW = 2**30


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


class SlowClient:
    """Asks for BODY bytes; opens windows and reads only when told to."""

    def __init__(self, port, stream_window):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
        if TRANSPORT == "tls":
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self.socket = context.wrap_socket(self.socket)
        self.h2 = h2.connection.H2Connection()
        self.h2.initiate_connection()
        self.h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: stream_window})
        self.h2.send_headers(
            1, [(":method", "GET"), (":scheme", "http"), (":authority", "a"),
                (":path", "/%d" % BODY)], end_stream=True)
        self.received = 0
        self.flush()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def read(self, until):
        while self.received < until:
            for event in self.h2.receive_data(self.socket.recv(65536)):
                if isinstance(event, h2.events.DataReceived):
                    self.received += len(event.data)
            self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.socket.close()


class WaitingTest(unittest.TestCase):
    @contextlib.contextmanager
    def server(self, **options):
        with tempfile.TemporaryDirectory() as folder:
            command = [SERVER, "0"]
            if TRANSPORT == "tls":
                command += client.make_certificate(folder)
            with client.Server(command, **options) as server:
                self.assertTrue(eventually(lambda: sleeps(server.pid)))
                yield server

    def assert_asleep(self, server):
        self.assertTrue(eventually(lambda: sleeps(server.pid)))

    def fetch(self, port):
        scheme, version = (("http", "--http2-prior-knowledge") if TRANSPORT == "cleartext"
                           else ("https", "--http2"))
        return subprocess.run(
            ["curl", "--silent", "--insecure", version, "--max-time", "20", "--output", "/dev/null",
             "--write-out", "%{http_version} %{size_download}",
             "%s://127.0.0.1:%d/30000" % (scheme, port)],
            check=True, stdout=subprocess.PIPE, text=True).stdout

    def test_connections_wait_for_a_free_descriptor_and_are_served_then(self):
        with self.server(preexec_fn=limit_descriptors) as server, \
                contextlib.ExitStack() as clients:
            idle = descriptors(server.pid)

            def fills_up():
                return eventually(lambda: descriptors(server.pid) == MOST)

            first = socket.create_connection(("127.0.0.1", server.port))
            for _ in range(2 * MOST):
                clients.enter_context(socket.create_connection(("127.0.0.1", server.port)))
            self.assertTrue(fills_up())
            self.assert_asleep(server)
            # Room for one, and it is taken by one that waited.
            first.close()
            self.assertTrue(fills_up())
            self.assert_asleep(server)
            # Those behind it, whose clients have gone, are passed through.
            clients.close()
            self.assertEqual(self.fetch(server.port), "2 30000")
            self.assertTrue(eventually(lambda: descriptors(server.pid) == idle))

    def test_a_silent_client_costs_no_cpu(self):
        with self.server() as server:
            idle = descriptors(server.pid)
            with socket.create_connection(("127.0.0.1", server.port)):
                self.assertTrue(eventually(lambda: descriptors(server.pid) > idle))
                self.assert_asleep(server)
                self.assertEqual(self.fetch(server.port), "2 30000")
                self.assert_asleep(server)

    def test_a_connection_without_window_waits_idle(self):
        with self.server() as server, SlowClient(server.port, WINDOW) as slow:
            slow.read(65535)  # RFC 9113 §6.9.2
            self.assert_asleep(server)
            slow.h2.increment_flow_control_window(WINDOW)
            slow.flush()
            slow.read(BODY)
            self.assert_asleep(server)

    def test_a_stream_without_window_waits_idle(self):
        with self.server() as server, SlowClient(server.port, 1000) as slow:
            slow.h2.increment_flow_control_window(WINDOW)
            slow.flush()
            slow.read(1000)
            self.assert_asleep(server)
            slow.h2.increment_flow_control_window(1, 1)
            slow.h2.increment_flow_control_window(WINDOW, 1)
            slow.flush()
            slow.read(BODY)
            self.assert_asleep(server)

    def test_the_server_waits_idle_for_a_client_that_does_not_read(self):
        with self.server() as server, SlowClient(server.port, WINDOW) as slow:
            slow.h2.increment_flow_control_window(WINDOW)
            slow.flush()
            slow.read(1)
            self.assert_asleep(server)
            slow.read(BODY)
            self.assert_asleep(server)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
