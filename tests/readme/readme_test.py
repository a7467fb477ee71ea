#!/usr/bin/python3
"""The server of README.md, driven by curl and nghttp.

readme_test.py SERVER THROTTLED_CLIENT
"""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

import h2.connection
import h2.settings

SERVER, CLIENT = sys.argv[1:3]
sys.path.insert(0, os.path.dirname(os.path.abspath(CLIENT)))
import throttled_client as client  # noqa: E402


def serve():
    return client.Server([SERVER, "0"])


def curl(server, path, *arguments):
    command = ["curl", "--silent", "--http2-prior-knowledge", "--max-time", "60",
               "--output", "/dev/null", "--write-out",
               "%{http_code} %{size_upload} %{size_download}", *arguments,
               "http://127.0.0.1:%d%s" % (server.port, path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def said(process):
    out = process.communicate()[0]
    return process.returncode, out


DATA, PING, WINDOW_UPDATE = 0, 6, 8


def frame(kind, flags, stream, payload):
    return (len(payload).to_bytes(3, "big") + bytes([kind, flags]) +
            stream.to_bytes(4, "big") + payload)


def cpu_seconds(process):
    with open("/proc/%d/stat" % process, encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


class ReadmeTest(unittest.TestCase):
    def test_it_serves_one_stream_at_a_time(self):
        with serve() as server:
            for path, size in (("/3000000", 3000000), ("/0", 0), ("/1", 1)):
                self.assertEqual(said(curl(server, path)), (0, "200 0 %d" % size))

    def test_a_head_gets_no_content(self):
        with serve() as server:
            self.assertEqual(said(curl(server, "/3000000", "--head")), (0, "200 0 0"))

    def test_it_serves_many_streams_at_once(self):
        with serve() as server:
            urls = ["http://127.0.0.1:%d/%d" % (server.port, size)
                    for size in (1000000, 500000, 300, 0)]
            table = subprocess.run(["nghttp", "--null-out", "--stat", *urls], check=True,
                                   stdout=subprocess.PIPE, text=True, timeout=60).stdout
        self.assertEqual(len(re.findall(r" 200 +[0-9]+K? */", table)), 4, table)

    def test_it_takes_uploads(self):
        for size in (300_000, 10_000_000):
            with serve() as server, tempfile.NamedTemporaryFile() as upload:
                upload.truncate(size)
                got = said(curl(server, "/1000", "--data-binary", "@" + upload.name))
                self.assertEqual(got, (0, "200 %d 1000" % size))

    def test_nghttp_uploads_while_it_downloads(self):
        with serve() as server, tempfile.NamedTemporaryFile() as upload:
            upload.truncate(300_000)
            table = subprocess.run(
                ["nghttp", "--null-out", "--stat", "--data", upload.name,
                 "http://127.0.0.1:%d/1000000" % server.port],
                check=True, stdout=subprocess.PIPE, text=True, timeout=60).stdout
        self.assertRegex(table, r" 200 +[0-9]+K? */1000000")

    def test_it_follows_a_tree_and_urgencies(self):
        with serve() as server:
            share = client.share(server.port, "/8000000", 4_000_000, tls=False)
            waited = client.bytes_before_urgent(
                server.port, "/200000", "/100000", 4_000_000, tls=False)
        self.assertAlmostEqual(share, 7, delta=0.35)
        self.assertLess(waited, 200)

    def test_a_drain_finishes_the_running_download_and_ends_the_server(self):
        server = subprocess.Popen([SERVER, "0"], stdout=subprocess.PIPE, text=True)
        server.port = int(server.stdout.readline().rsplit(" ", 1)[1])
        running = curl(server, "/6000000", "--limit-rate", "3M")
        time.sleep(0.5)
        server.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        self.assertEqual(said(curl(server, "/1"))[0], 7, "it takes connections")
        self.assertIsNone(running.poll(), "the download ended before the drain")
        self.assertEqual(said(running), (0, "200 0 6000000"))
        self.assertEqual(server.wait(timeout=20), 0)
        server.stdout.close()

    def test_a_drain_loses_no_byte_on_its_way(self):
        with serve() as server, socket.socket() as wire:
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
            wire.connect(("127.0.0.1", server.port))
            slow = h2.connection.H2Connection()
            slow.initiate_connection()
            slow.send_headers(1, [(":method", "GET"), (":scheme", "http"),
                                  (":authority", "a"), (":path", "/400000")],
                              end_stream=True)
            wire.sendall(slow.data_to_send())
            # By hand from here: to python-hyper a GOAWAY ends the connection.
            left, got, draining = b"", 0, False
            while True:
                read = wire.recv(4096)
                if not read:
                    break
                left += read
                while len(left) >= 9 and len(left) >= 9 + int.from_bytes(left[:3], "big"):
                    size, kind, flags = int.from_bytes(left[:3], "big"), left[3], left[4]
                    payload, left = left[9:9 + size], left[9 + size:]
                    if kind == DATA and size > 0:
                        got += size
                        # So WINDOW_UPDATEs come after the server's last byte.
                        for stream in (0, 1):
                            wire.sendall(frame(WINDOW_UPDATE, 0, stream,
                                               size.to_bytes(4, "big")))
                    if kind == PING and flags == 0:
                        wire.sendall(frame(PING, 1, 0, payload))
                if got > 50000 and not draining:
                    os.kill(server.pid, signal.SIGTERM)
                    draining = True
                time.sleep(0.002)
            self.assertEqual(got, 400000)

    def test_it_sleeps_while_no_window_is_open(self):
        with serve() as server:
            waiting = h2.connection.H2Connection()
            waiting.initiate_connection()
            waiting.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: 1000})
            waiting.send_headers(1, [(":method", "GET"), (":scheme", "http"),
                                     (":authority", "a"), (":path", "/100000")],
                                 end_stream=True)
            with socket.create_connection(("127.0.0.1", server.port)) as wire:
                wire.sendall(waiting.data_to_send())
                time.sleep(0.5)
                before = cpu_seconds(server.pid)
                time.sleep(1)
                self.assertLess(cpu_seconds(server.pid) - before, 0.3)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
