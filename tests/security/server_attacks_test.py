"""Attacks on the real server, frame by frame, beside a client that behaves.

Each costs the server bounded memory, ends in the right code, and leaves the
neighbour, whose download runs all the while, every byte. docs/security.md has
a row for each.
"""

import os
import pathlib
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                "..", "interop"))
# pylint: disable=wrong-import-position
import support  # noqa: E402
from support import (  # noqa: E402
    ACK, CANCEL, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING,
    PRIORITY, RST_STREAM, SETTINGS, RawClient, frame, hpack, request,
    request_fields, window_update)

PRIORITY_UPDATE = 16
# Freed blocks that AddressSanitizer keeps are no growth of the server's.
SMALL_QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=4"}
ALLOWED_GROWTH_KIB = 8 * 1024
NO_WINDOW = {"initial_window_size": 0}


def reset(stream):
    return frame(RST_STREAM, stream=stream, payload=struct.pack(">I", CANCEL))


def upload(stream, more=()):
    return request(stream, method="POST", end_stream=False, more=more)


def priority(stream, parent):
    return frame(PRIORITY, stream=stream, payload=struct.pack(">IB", parent, 15))


def priority_update(stream, value=b"u=1"):
    return frame(PRIORITY_UPDATE, payload=struct.pack(">I", stream) + value)


class Neighbour:
    """Downloads a file in small windows, a frame after each attack's turn."""

    def __init__(self, server, content):
        self.client = RawClient(server)
        self.content = content
        self.got = b""
        self.client.start(request(1, "/neighbour.bin"))

    def turn(self):
        self.take(self.client.until_type(DATA))

    def take(self, data):
        self.got += data.payload
        self.client.send(window_update(0, len(data.payload)),
                         window_update(1, len(data.payload)))

    def wait_for_the_server(self):
        """Until it has looked at each socket that had bytes for it."""
        self.client.send(frame(PING, payload=b"anything"))
        for got in self.client.until(lambda one: one.type == PING):
            if got.type == DATA:
                self.take(got)

    def expect_whole(self):
        while len(self.got) < len(self.content):
            self.turn()
        assert self.got == self.content
        self.client.ping()
        self.client.close()


class ServerAttacks(support.Folder):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = os.urandom(3_000_000)
        (cls.root / "neighbour.bin").write_bytes(cls.content)
        (cls.root / "index.html").write_bytes(b"<p>home")
        (cls.base / "outside.txt").write_bytes(b"secret")
        for n in range(90):
            (cls.root / f"{n}.bin").touch()
            os.truncate(cls.root / f"{n}.bin", 1_200_000)  # it is kept open
        cls.http = support.Server(f"--root={cls.root}", "--port=0",
                                  env=SMALL_QUARANTINE)
        # The caches of the server and the heap have their sizes then.
        with RawClient(cls.http) as client:
            client.start(*(request(1 + 2 * n, "/none") for n in range(50)))
            client.ping()

    @classmethod
    def tearDownClass(cls):
        try:
            assert cls.http.stop() == 0, cls.http.log()[-2000:]
        finally:
            cls.http.kill()
            super().tearDownClass()

    def setUp(self):
        self.neighbour = Neighbour(self.http, self.content)
        self.neighbour.turn()
        self.before = self.http.memory_kib("VmRSS")
        self.logged = len(self.http.log())

    def tearDown(self):
        self.neighbour.expect_whole()
        self.assert_bounded_memory()

    def assert_bounded_memory(self):
        growth = self.http.memory_kib("VmRSS") - self.before
        # AddressSanitizer surrounds each block, and keeps freed ones.
        factor = 4 if support.server_has_sanitizer() else 1
        self.assertLess(growth, factor * ALLOWED_GROWTH_KIB)

    def server_reads_all_of(self, client):
        """Whether no byte of the client's waits while others are served."""
        for _ in range(5):
            self.neighbour.wait_for_the_server()
        return self.http.unread_bytes(client) == 0

    def new_log(self):
        return self.http.log()[self.logged:]

    def flood(self, make, rounds, begin=(), **settings):
        """A client that sends make(0), make(1), … and reads meanwhile."""
        client = RawClient(self.http)
        self.addCleanup(client.close)
        client.start(*begin, **settings)
        try:
            for first in range(0, rounds, 50):
                client.send(*(make(i) for i in range(first, first + 50)))
                if first % 500 == 0:
                    self.neighbour.turn()
        except TimeoutError:
            self.fail("the server neither reads this client nor ends it")
        except OSError:
            pass  # the server has closed the connection
        return client

    def assert_ends(self, make, code=support.ENHANCE_YOUR_CALM, rounds=2000,
                    begin=(), **settings):
        client = self.flood(make, rounds, begin, **settings)
        self.assertEqual(client.goaway_and_end()[1], code)

    # Resets.

    def test_rapid_reset(self):
        self.assert_ends(lambda i: request(2 * i + 1, "/0.bin")
                         + reset(2 * i + 1))
        requests = self.new_log().count("GET /0.bin")
        self.assertLessEqual(requests, 1001 + 33 * 60)

    def test_rapid_reset_beside_frames_of_one_byte(self):
        # Each frame is waited for: they are no work that gives tokens back.
        with RawClient(self.http) as client:
            client.start(request(1, "/1.bin"), **NO_WINDOW)
            for stream in range(3, 3000, 2):
                client.send(request(stream, "/0.bin"), reset(stream),
                            window_update(1, 1))
                got = client.until(lambda one: one.type in (DATA, GOAWAY))[-1]
                if got.type == GOAWAY:
                    break
            self.assertEqual(support.parse_goaway(got)[1],
                             support.ENHANCE_YOUR_CALM)

    def test_resets_that_the_client_provokes(self):
        for broken in (lambda id: window_update(id, 0),
                       lambda id: window_update(id, 2**31 - 1),
                       lambda id: frame(DATA, stream=id, payload=b"x"),
                       lambda id: frame(PRIORITY, stream=id, payload=b"1234"),
                       lambda id: priority(id, id)):
            with self.subTest(broken(1)):
                self.assert_ends(lambda i, broken=broken: request(
                    2 * i + 1, "/0.bin") + broken(2 * i + 1), **NO_WINDOW)

    def test_illegal_requests(self):
        self.assert_ends(lambda i: frame(
            HEADERS, END_HEADERS | END_STREAM, 2 * i + 1,
            hpack([(":method", "GET")])))

    def test_reset_streams_give_their_files_back(self):
        descriptors = pathlib.Path(f"/proc/{self.http.process.pid}/fd")
        counts = []
        with RawClient(self.http) as client:
            client.start(**NO_WINDOW)
            for turn in range(3):
                first = 1 + 200 * turn
                ids = range(first, first + 180, 2)
                client.send(*(request(id, f"/{n}.bin")
                              for n, id in enumerate(ids)))
                client.ping()
                client.send(*(reset(id) for id in ids))
                client.ping()
                counts.append(len(list(descriptors.iterdir())))
        # What stays is open in the server's cache, for all clients.
        self.assertEqual(len(set(counts)), 1, counts)

    # Header blocks.

    def test_header_blocks_on_a_stream_that_is_gone(self):
        large = hpack([("x", "v" * 4000)], indexing=True)
        self.assert_ends(
            lambda i: frame(HEADERS, END_HEADERS, 1, b"\xbe" * 15),
            begin=(frame(HEADERS, END_HEADERS, 1,
                         hpack(request_fields(method="POST")) + large),
                   window_update(1, 0)), **NO_WINDOW)

    def test_names_without_bytes(self):
        self.assert_ends(lambda i: frame(
            HEADERS, END_HEADERS | END_STREAM, 2 * i + 1,
            hpack(request_fields()) + b"\x00\x00\x00" * 50))

    def test_smuggled_fields_end_their_stream(self):
        for name, value in (
                ("connection", "close"), ("keep-alive", "1"), ("upgrade", "h2c"),
                ("proxy-connection", "close"), ("transfer-encoding", "chunked"),
                ("te", "gzip"), ("Upper", "case"), ("a b", "x"), ("a:b", "x"),
                ("", "x"), ("x", "a\r\nb: c"), ("x", "a\nb"), ("x", "a\rb"),
                ("x", "a\0b"), ("x\r\n", "y"), ("x", " y"), ("x", "y\t"),
                ("content-length", "-1"), ("content-length", "1, 2"),
                ("content-length", "5"), ("host", "other"), (":path", "/other"),
                (":status", "200"), (":unknown", "x")):
            with self.subTest((name, value)), RawClient(self.http) as client:
                client.start(request(1, more=[(name, value)]))
                got = client.until_type(RST_STREAM)
                self.assertEqual(support.reset_code(got),
                                 support.PROTOCOL_ERROR)
                client.ping()
        self.assertNotIn("GET", self.new_log())

    # Floods.

    def test_pings_that_nobody_reads(self):
        client = RawClient(self.http)
        self.addCleanup(client.close)
        client.start()
        client.ping()
        self.http.send_in_one_read(
            client, frame(PING, payload=b"12345678") * 2000)
        self.assertEqual(client.goaway_and_end()[1], support.ENHANCE_YOUR_CALM)

    def test_settings(self):
        for what in (frame(SETTINGS), frame(SETTINGS, ACK)):
            with self.subTest(what):
                self.assert_ends(lambda i, what=what: what)

    def test_an_initial_window_that_goes_up_byte_by_byte(self):
        self.assert_ends(
            lambda i: support.settings(initial_window_size=i + 1),
            begin=[request(1 + 2 * n, "/0.bin") for n in range(100)],
            **NO_WINDOW)

    def test_data_without_bytes(self):
        for what in (frame(DATA, stream=1),
                     frame(DATA, 0x8, 1, b"\x01\x00")):
            with self.subTest(len(what)):
                self.assert_ends(lambda i, what=what: what, begin=[upload(1)])

    def test_frames_of_unknown_types(self):
        self.assert_ends(lambda i: frame(0xfa))

    def test_goaway(self):
        # The first asks for no more, so the server may close the connection
        # before it has read enough of them to say more.
        client = self.flood(lambda i: frame(GOAWAY, payload=bytes(8)), 200)
        codes = {support.parse_goaway(got)[1] for got in client.rest()
                 if got.type == GOAWAY}
        self.assertLessEqual(codes, {support.NO_ERROR, support.ENHANCE_YOUR_CALM})

    # Priorities.

    def test_priorities_of_idle_streams(self):
        self.assert_ends(lambda i: priority(2 * i + 1, 2 * i + 3), rounds=5000)

    def test_priorities_that_shuffle_the_tree(self):
        self.assert_ends(
            lambda i: priority(1 + 2 * (i * 37 % 90),
                               2**31 | (1 + 2 * ((i * 61 + 1) % 90))),
            rounds=5000, begin=[request(1 + 2 * n, f"/{n}.bin")
                                for n in range(90)], **NO_WINDOW)

    def test_priority_updates(self):
        self.assert_ends(lambda i: priority_update(2 * i + 1),
                         support.PROTOCOL_ERROR)
        self.assert_ends(lambda i: priority_update(1), rounds=5000)

    # Windows and readers.

    def test_window_updates_of_one_byte(self):
        self.assert_ends(lambda i: window_update(0, 1), rounds=20_000)

    def test_windows_that_open_by_one_byte(self):
        # CVE-2019-9511. Whoever reads it costs the bytes that it asks for.
        client = self.flood(
            lambda i: window_update(1 + 2 * (i % 90), 1), 2000,
            begin=[request(1 + 2 * n, f"/{n}.bin") for n in range(90)],
            **NO_WINDOW)
        got = 0
        while got < 2000:
            got += len(client.until_type(DATA).payload)
        client.ping()

    def test_windows_that_stay_shut(self):
        with RawClient(self.http) as client:
            client.start(*(request(1 + 2 * n, f"/{n}.bin") for n in range(90)),
                         **NO_WINDOW)
            for _ in range(50):
                self.neighbour.turn()
            # None is forgotten: each goes on when its window opens.
            for stream in range(1, 180, 2):
                client.send(window_update(stream, 100))
                got = client.until_type(DATA)
                self.assertEqual((got.stream, len(got.payload)), (stream, 100))

    def test_a_client_that_asks_and_does_not_read(self):
        # The answer to HEAD ends its stream: it costs no token, and no limit of
        # streams holds it back. It names a path of 2 KB, the request an index.
        folder = "/".join(["X" * 200] * 10)
        (self.root / folder).mkdir(parents=True)
        named = hpack(request_fields("/" + folder, "HEAD"), indexing=True)
        client = RawClient(self.http)
        self.addCleanup(client.close)
        client.start(frame(HEADERS, END_HEADERS | END_STREAM, 1, named),
                     header_table_size=0)
        asked = 1
        while self.server_reads_all_of(client):
            self.assertLess(asked, 4000, "the server goes on to read a client "
                            "that reads none of its answers")
            # Fewer than may be open, if two sendings come in one read.
            client.send(*(frame(HEADERS, END_HEADERS | END_STREAM,
                                2 * (asked + n) + 1, b"\xc1\xc0\xbf\xbe")
                          for n in range(40)))
            asked += 40
        self.assert_bounded_memory()
        # When the client reads, it goes on, and has lost nothing.
        answers = [one for one in client.until(
            lambda one: one.stream == 2 * asked - 1) if one.stream != 0]
        self.assertEqual([(one.type, one.flags, one.stream) for one in answers],
                         [(HEADERS, END_HEADERS | END_STREAM, 2 * n + 1)
                          for n in range(asked)])
        # It was the limit of the output that held it.
        self.assertGreater(sum(9 + len(one.payload) for one in answers), 512 << 10)
        client.ping()

    def test_bodies_that_nobody_reads(self):
        # Their streams stay open, and each request beyond a hundred costs a
        # token.
        self.assert_ends(lambda i: request(2 * i + 1, f"/{i % 90}.bin"),
                         begin=[window_update(0, 2**30)],
                         initial_window_size=2**31 - 1)

    # Before the first request.

    def test_silence_and_garbage(self):
        for _ in range(50):
            self.addCleanup(RawClient(self.http).close)
        for garbage in (bytes(100), b"GET / HTTP/1.1\r\n\r\n",
                        support.PREFACE + bytes(range(100))):
            with self.subTest(garbage), RawClient(self.http) as client:
                client.send(garbage)
                self.assertEqual(client.goaway_and_end()[1],
                                 support.PROTOCOL_ERROR)

    # Paths and the log.

    def test_paths_stay_in_the_root(self):
        os.symlink("../outside.txt", self.root / "link")
        self.addCleanup(os.unlink, self.root / "link")
        for path, status in (
                ("/../outside.txt", 404), ("/%2e%2e/outside.txt", 404),
                ("/%2e%2e%2foutside.txt", 404), ("/..%5coutside.txt", 404),
                ("/..\\outside.txt", 404), ("/%252e%252e/outside.txt", 404),
                ("/link", 404), ("//etc/passwd", 404), ("/%00", 400),
                ("/index.html%00.txt", 400), ("/%", 400),
                (f"{self.base}/outside.txt", 404), ("/" + "a" * 5000, 404),
                ("/" + "a/" * 5000, 404)):
            with self.subTest(path[:40]), RawClient(self.http) as client:
                client.start(request(1, path))
                self.assertNotIn(b"secret", client.until_type(DATA).payload)
                client.close()
                self.http.wait_for_log(f" {status} ")

    def test_what_no_request_line_could_hold_ends_its_stream(self):
        for method, path in (
                ("GET", "*"), ("GET", "http://localhost/index.html"),
                ("GET", "/ HTTP/1.1"), ("GET", "/\x7f"), ("GET / HTTP/1.1", "/"),
                ("GE\"T", "/")):
            with self.subTest(f"{method} {path}"), RawClient(self.http) as client:
                client.start(request(1, path, method=method))
                self.assertEqual(client.until_type(RST_STREAM).payload, b"\0\0\0\1")

    def test_the_log_has_no_bytes_of_the_peers(self):
        with RawClient(self.http) as client:
            path = "/\"\u0085" + "%0a" + "x" * 10_000
            client.start(request(1, path, method="GET"))
            client.until_type(DATA)
        self.http.wait_for_log("xxx")
        lines = [line for line in self.new_log().splitlines() if "xxx" in line]
        self.assertEqual(len(lines), 1)
        self.assertLess(len(lines[0]), 1500)
        self.assertTrue(lines[0].isprintable(), lines[0][:200])
        self.assertIn(r'"GET /\"', lines[0])


if __name__ == "__main__":
    support.main()
