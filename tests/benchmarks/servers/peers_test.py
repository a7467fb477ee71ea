#!/usr/bin/env python3
"""Each server that is installed starts with its configuration, in cleartext and
over TLS, and serves a file over HTTP/2. Those that are missing are named with
their package.

    peers_test.py PEER
"""

import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import unittest

import h2.connection
import h2.events

PEER = os.path.abspath(sys.argv.pop(1))
CONTENT = b"A file.\n" * 100


def free_port():
    """Of which the next one is free, too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


def fetch(port, tls):
    """Status and body of /file.bin."""
    client = socket.create_connection(("127.0.0.1", port), timeout=20)
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_alpn_protocols(["h2"])
        client = context.wrap_socket(client)
    connection = h2.connection.H2Connection()
    connection.initiate_connection()
    connection.send_headers(1, [(":method", "GET"), (":path", "/file.bin"),
                                (":scheme", "https" if tls else "http"),
                                (":authority", "localhost")], end_stream=True)
    status, body = None, b""
    with client:
        while True:
            client.sendall(connection.data_to_send())
            received = client.recv(65536)
            if not received:
                raise EOFError("the server closed the connection")
            for event in connection.receive_data(received):
                if isinstance(event, h2.events.ResponseReceived):
                    status = dict(event.headers)[b":status"]
                elif isinstance(event, h2.events.DataReceived):
                    body += event.data
                elif isinstance(event, h2.events.StreamEnded):
                    return status, body


class PeersTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)
        self.root.chmod(0o755)
        (self.root / "file.bin").write_bytes(CONTENT)
        subprocess.run(["openssl", "req", "-x509", "-nodes", "-subj", "/CN=localhost",
                        "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
                        "-keyout", self.root / "key.pem", "-out", self.root / "cert.pem"],
                       check=True, stderr=subprocess.DEVNULL)

    def serve_and_fetch(self, name, tls):
        """True, or the reason why this peer cannot run here."""
        port = free_port()
        words = [PEER, name, f"--port={port}", f"--root={self.root}"]
        if tls:
            words += [f"--tls_cert={self.root}/cert.pem", f"--tls_key={self.root}/key.pem"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as peer:
            line = peer.stdout.readline()
            if not line:
                error = peer.stderr.read().strip()
                self.assertEqual(peer.wait(), 3, error)
                return error
            try:
                listens = re.fullmatch(
                    rf"{name} [0-9.]+ listens on 127.0.0.1:{port}, process (\d+)\n", line)
                self.assertTrue(listens, line)
                self.assertEqual(fetch(port, tls), (b"200", CONTENT))
            finally:
                peer.send_signal(signal.SIGINT)
                self.assertEqual(peer.wait(timeout=20), 0)
            self.assertFalse(os.path.exists(f"/proc/{listens.group(1)}"))
        return True

    def test_each_installed_server_serves_a_file_in_both_transports(self):
        listing = subprocess.run([PEER], check=True, capture_output=True, text=True).stdout
        names = [line.partition(":")[0] for line in listing.splitlines()]
        self.assertIn("nginx", names)
        served = 0
        for name in names:
            for tls in (False, True):
                with self.subTest(name=name, tls=tls):
                    result = self.serve_and_fetch(name, tls)
                    served += result is True
                    if result is not True:
                        print(f"left out: {result}")
        print(f"{served} of {2 * len(names)} served")

    def test_a_missing_server_is_named_with_its_package(self):
        missing = subprocess.run(
            [PEER, "caddy"], capture_output=True, text=True, check=False,
            env={"SLUICE_PEERS": "/nonexistent", "PATH": "/nonexistent",
                 "RUNFILES_DIR": os.environ.get("RUNFILES_DIR", PEER + ".runfiles")})
        self.assertEqual(missing.returncode, 3)
        self.assertRegex(missing.stderr, "caddy is not installed.*Debian's package caddy")

    def test_an_unknown_server_is_a_bad_command_line(self):
        unknown = subprocess.run([PEER, "iis"], capture_output=True, text=True, check=False)
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("'iis' is no server; name one of: nghttpd", unknown.stderr)

    def test_a_port_that_cannot_be_is_a_bad_command_line(self):
        bad = subprocess.run([PEER, "caddy", "--port=65535"], capture_output=True, text=True,
                             check=False)
        self.assertEqual(bad.returncode, 2)
        self.assertIn("--port is 65535; it must be 1 to 65534", bad.stderr)


if __name__ == "__main__":
    unittest.main()
