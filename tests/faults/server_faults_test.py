#!/usr/bin/python3
"""What breaks under the server: sockets at every byte, files in mid-body,
certificates, and a SIGTERM amid hostile clients. It goes on serving others, loses
no descriptor, and ends with 0 (under a sanitizer that means: without a leak).
"""

import os
import resource
import shutil
import signal
import socket
import ssl
import struct
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "interop"))
import support  # noqa: E402
from support import (  # noqa: E402
    ACK, DATA, END_STREAM, GOAWAY, HEADERS, INTERNAL_ERROR, PING, PREFACE, PRIORITY, RST_STREAM,
    SETTINGS, RawClient, frame, request, settings, window_update)

FAILING_READS = os.path.abspath(sys.argv.pop(2))

PRIORITY_UPDATE = 0x10
BIG = 1_200_000  # bytes: too large to be kept in memory
WINDOWS = window_update(0, 2 * BIG) + window_update(1, 2 * BIG)

# What a client says in one session, by its purpose.
SESSIONS = {
    "download": PREFACE + settings() + frame(SETTINGS, ACK) + request(1, "/big.bin") + WINDOWS,
    "upload": (PREFACE + settings() + request(1, "/up", method="POST", end_stream=False)
               + frame(DATA, 0, 1, bytes(70)) + frame(DATA, END_STREAM, 1, bytes(10))),
    "priorities": (PREFACE + settings() + request(1, "/big.bin", more=[("priority", "u=1, i")])
                   + frame(PRIORITY, 0, 1, struct.pack(">IB", 0, 200))
                   + frame(PRIORITY_UPDATE, 0, 0, struct.pack(">I", 1) + b"u=7")
                   + frame(RST_STREAM, 0, 1, bytes(4))),
}


def tear(sock, orderly):
    """Ends a connection by FIN, or by the RST of TCP."""
    if not orderly:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


class Sockets(support.Folder):
    TLS = False
    PURPOSES = tuple(SESSIONS)
    STEP = 1  # bytes

    def setUp(self):
        self.write("big.bin", bytes(BIG))
        self.http = self.server(tls=self.TLS)
        self.bystander = RawClient(self.http, tls=self.TLS)
        self.addCleanup(self.bystander.close)
        self.bystander.start()
        self.bystander.ping()
        with RawClient(self.http, tls=self.TLS) as client:
            client.start(request(1, "/big.bin"))
            client.until_type(DATA)  # the file stays open from here on
        self.settled = self.descriptors_at_rest()

    def tearDown(self):
        self.assertEqual(self.descriptors_at_rest(), self.settled)
        self.bystander.ping()
        self.bystander.close()
        self.assertEqual(self.http.stop(), 0, self.http.log())

    def descriptors_at_rest(self):
        """When the server has closed what clients have left, which may take a moment."""
        deadline = time.monotonic() + support.PATIENCE_SECONDS
        while self.count_sockets() > 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        return len(os.listdir(f"/proc/{self.http.process.pid}/fd"))

    def count_sockets(self):
        """The listener, the bystander, and one for each other connection."""
        folder = f"/proc/{self.http.process.pid}/fd"
        count = 0
        for name in os.listdir(folder):
            try:
                count += os.readlink(f"{folder}/{name}").startswith("socket:")
            except FileNotFoundError:
                pass  # closed just now
        return count

    def connect(self):
        return socket.create_connection(("127.0.0.1", self.http.port),
                                        timeout=support.PATIENCE_SECONDS)

    def say(self, session, most):
        """A connection on which at most `most` bytes went to the server; whether there
        was more to say."""
        sock = self.connect()
        sock.sendall(session[:most])
        return sock, most < len(session)

    def test_the_clients_socket_may_die_after_any_byte(self):
        for purpose in self.PURPOSES:
            more, most = True, 0
            while more:
                for orderly in (True, False):
                    with self.subTest(purpose, orderly=orderly, after=most):
                        sock, more = self.say(SESSIONS[purpose], most)
                        tear(sock, orderly)
                most += self.STEP
            self.assertGreater(most, len(SESSIONS[purpose]))
            self.bystander.ping()

    def test_the_clients_socket_may_die_within_any_frame_of_the_server(self):
        for read in (1, 8, 9, 10, 40, 100, 1000, 9000, 16_384, 16_500, 33_000, 65_536, 300_000):
            for orderly in (True, False):
                with self.subTest(read, orderly=orderly):
                    client = RawClient(self.http, tls=self.TLS)
                    client.start(request(1, "/big.bin"), WINDOWS)
                    while read > 0:
                        got = len(client.socket.recv(read))
                        self.assertGreater(got, 0)
                        read -= got
                    tear(client.socket, orderly)
            self.bystander.ping()


class SocketsOverTls(Sockets):
    TLS = True
    PURPOSES = ("download",)
    STEP = 3

    def say(self, session, most):
        sock = self.connect()
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = ssl.create_default_context(cafile=str(self.cert))
        context.set_alpn_protocols(["h2"])
        tls = context.wrap_bio(incoming, outgoing, False, "127.0.0.1")
        shaken = False
        while True:
            try:
                if not shaken:
                    tls.do_handshake()
                    shaken = True
                    tls.write(session)
            except ssl.SSLWantReadError:
                pass
            said = outgoing.read()
            sock.sendall(said[:most])
            if len(said) > most:
                return sock, True
            if shaken:
                return sock, False
            most -= len(said)
            incoming.write(sock.recv(65536))


class Files(support.Folder):
    """A response is on its way when its file changes."""

    def begin(self, **environment):
        self.content = os.urandom(BIG)
        self.path = self.write("big.bin", self.content)
        self.write("small.txt", b"small")
        self.http = self.server(env=environment)
        client = RawClient(self.http)
        self.addCleanup(client.close)
        client.start(request(1, "/big.bin"))
        self.received = client.until_type(DATA).payload
        return client

    def ending(self, client):
        """Opens the windows. "whole", "other bytes", or the code of the reset."""
        client.send(WINDOWS, request(3, "/small.txt"))
        ends = {}
        body = self.received
        while len(ends) < 2:
            got = client.frame()
            self.assertIsNotNone(got, f"the connection ended after {ends}")
            self.assertNotEqual(got.type, GOAWAY)
            if got.type == DATA and got.stream == 1:
                body += got.payload
            if got.type == DATA and got.flags & END_STREAM:
                ends[got.stream] = "whole"
            if got.type == RST_STREAM:
                ends[got.stream] = support.reset_code(got)
        client.ping()
        self.assertEqual(ends[3], "whole")
        if ends[1] == "whole" and body != self.content:
            return "other bytes"
        return ends[1]

    def status_afterwards(self, client, wanted):
        """The status of the path on the same connection. The server looks at a file
        again after a second."""
        stream = 5
        deadline = time.monotonic() + support.PATIENCE_SECONDS
        while True:
            client.send(request(stream, "/big.bin", method="HEAD"))
            block = client.until(lambda got: got.type == HEADERS and got.stream == stream)[-1]
            # The first field: indexed (RFC 7541 Appendix A), or literal with its three digits.
            known = {0x88: "200", 0x8d: "404"}
            status = known.get(block.payload[0]) or block.payload[2:5].decode(errors="replace")
            if status == wanted or time.monotonic() > deadline:
                return status
            time.sleep(0.1)
            stream += 2

    def replace(self):
        other = self.write("other.bin", os.urandom(BIG))
        os.replace(other, self.path)

    def become_a_folder(self):
        self.path.unlink()
        self.path.mkdir()

    def grow(self):
        with open(self.path, "ab") as file:
            file.write(bytes(BIG))

    def test_a_file_that_changes_in_mid_body_ends_at_most_its_own_stream(self):
        for change, ending, status in (
                (lambda: os.truncate(self.path, 10), INTERNAL_ERROR, "200"),
                (lambda: os.truncate(self.path, 0), INTERNAL_ERROR, "200"),
                (lambda: os.truncate(self.path, BIG - 1), INTERNAL_ERROR, "200"),
                (self.grow, "whole", "200"),
                (lambda: self.path.unlink(), "whole", "404"),
                (self.replace, "whole", "200"),
                (self.become_a_folder, "whole", "301")):
            with self.subTest(change):
                client = self.begin()
                change()
                self.assertEqual(self.ending(client), ending)
                if status != "301":
                    self.assertEqual(self.status_afterwards(client, status), status)
                client.close()
                self.assertEqual(self.http.stop(), 0)
                if self.path.is_dir():
                    self.path.rmdir()

    def test_a_file_that_cannot_be_read_any_more_resets_its_stream(self):
        if support.server_has_sanitizer():
            self.skipTest("a sanitizer's run time has to be loaded first")
        flag = self.base / self.id()
        client = self.begin(LD_PRELOAD=FAILING_READS, FAIL_READS=str(flag))
        flag.touch()
        self.assertEqual(self.ending(client), INTERNAL_ERROR)
        client.close()
        self.assertEqual(self.http.stop(), 0)
        self.assertIn("failed: cannot read the file", self.http.log())

    def test_a_file_that_cannot_be_read_at_all_is_500_and_is_asked_for_again(self):
        if support.server_has_sanitizer():
            self.skipTest("a sanitizer's run time has to be loaded first")
        flag = self.base / self.id()
        client = self.begin(LD_PRELOAD=FAILING_READS, FAIL_READS=str(flag))
        flag.touch()
        self.write("fresh.txt", b"fresh")
        client.send(window_update(0, BIG), request(3, "/fresh.txt"))
        self.assertEqual(client.until(lambda got: got.type == DATA and got.stream == 3)[-1].payload,
                         b"500 Internal Server Error\n")
        flag.unlink()
        client.send(request(5, "/fresh.txt"))
        self.assertEqual(client.until(lambda got: got.type == DATA and got.stream == 5)[-1].payload,
                         b"fresh")


class Starts(support.Folder):

    def setUp(self):
        if support.server_has_sanitizer():
            self.skipTest("a sanitizer needs descriptors and the address space")

    def expect_a_sentence(self, what, most, *flags):
        """The server starts with at most `most` of a resource."""
        result = support.run_server_to_its_end(
            f"--root={self.root}", "--port=0", *flags,
            preexec_fn=lambda: resource.setrlimit(what, (most, most)))
        self.assertIn(result.returncode, (1, 2), result.stderr)
        self.assertRegex(result.stderr, rb"\Aserver: .*\n\Z")

    def test_a_server_without_descriptors_says_so(self):
        for most in range(5, 9):  # the loader needs one too
            with self.subTest(most):
                self.expect_a_sentence(resource.RLIMIT_NOFILE, most)

    def test_a_server_without_threads_says_so(self):
        # No room for so many stacks.
        self.expect_a_sentence(resource.RLIMIT_AS, 500_000_000, "--threads=256")


class Certificates(support.Folder):

    def test_a_bad_file_is_named_and_ends_the_start_with_2(self):
        half = self.base / "half.pem"
        half.write_bytes(self.cert.read_bytes()[:200])
        empty = self.base / "empty.pem"
        empty.touch()
        for cert, key, named in ((half, self.key, half), (empty, self.key, empty),
                                 (self.root, self.key, self.root), (self.cert, empty, empty),
                                 (self.cert, half, half), (self.cert, self.root, self.root),
                                 (self.cert, self.base / "none", self.base / "none")):
            with self.subTest(cert=cert, key=key):
                result = support.run_server_to_its_end(
                    f"--root={self.root}", "--port=0", f"--tls_cert={cert}", f"--tls_key={key}")
                self.assertEqual(result.returncode, 2)
                said = result.stderr.decode()
                self.assertIn(str(named), said)
                self.assertEqual(said.count("\n"), 1, said)

    def test_the_server_needs_the_files_only_to_start(self):
        self.write("index.html", b"<p>home")
        keep = [shutil.copy(path, f"{path}.kept") for path in (self.cert, self.key)]
        server = self.server(tls=True)
        self.key.unlink()
        self.cert.write_bytes(b"no certificate")
        try:
            server.cert = keep[0]
            for _ in range(3):
                with RawClient(server, tls=True) as client:
                    client.start(request(1, "/"))
                    self.assertEqual(client.until_type(DATA).payload, b"<p>home")
            self.assertEqual(server.stop(), 0)
        finally:
            for path in keep:
                os.replace(path, path.removesuffix(".kept"))


class StopUnderLoad(support.Folder):
    """SIGTERM while some clients load and others attack."""
    TLS = False

    def silent(self):
        return socket.create_connection(("127.0.0.1", self.http.port))

    def stalled(self):
        client = RawClient(self.http, tls=self.TLS)
        client.start(*(request(1 + 2 * n, "/big.bin") for n in range(50)), initial_window_size=0)
        return client

    def unread(self):
        client = RawClient(self.http, tls=self.TLS)
        client.start(WINDOWS, request(1, "/big.bin"), initial_window_size=2**31 - 1)
        return client

    def torn(self):
        client = RawClient(self.http, tls=self.TLS)
        client.start(request(1, "/big.bin"))
        tear(client.socket, orderly=False)
        return client

    def test_responses_finish_and_the_others_are_cut(self):
        content = os.urandom(BIG)
        self.write("big.bin", content)
        self.http = self.server("--drain_timeout=2s", tls=self.TLS)
        loads = []
        for _ in range(8):
            client = RawClient(self.http, tls=self.TLS)
            client.start(request(1, "/big.bin"))
            loads.append((client, [client.until_type(DATA)]))
            for attack in (self.silent, self.stalled, self.unread, self.torn):
                self.addCleanup(attack().close)
        self.http.signal(signal.SIGTERM)
        for client, frames in loads:
            frames += client.until(lambda got: got.type == GOAWAY)
            client.send(WINDOWS)
        for client, frames in loads:
            frames += client.until(lambda got: got.type == DATA and got.flags & END_STREAM)
            self.assertEqual(
                b"".join(got.payload for got in frames if got.type == DATA) == content, True)
            client.close()
        self.assertEqual(self.http.wait(), 0)
        self.assertEqual(self.http.log().count(" 1200000 "), 8)
        # The stalled ones, and those of the silent and of the unread that are still there.
        cut = self.http.log_lines()[-1].split()
        self.assertEqual(cut[:3] + cut[4:], "server: stopped with connections unfinished".split())
        self.assertIn(int(cut[3]), range(8, 25))


class StopUnderLoadOverTls(StopUnderLoad):
    TLS = True


if __name__ == "__main__":
    support.main()
