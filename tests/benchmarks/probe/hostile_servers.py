"""Servers that break, in cleartext, on loopback: each is a function of a socket."""

import random
import socket
import struct
import threading
import time

DATA, HEADERS, RST_STREAM, SETTINGS, PUSH, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = (
    0, 1, 3, 4, 5, 6, 7, 8, 9)
END_STREAM, END_HEADERS = 1, 4
OK = b"\x88"  # :status 200


def frame(kind, stream, payload=b"", flags=0):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def settings(*values):
    return frame(SETTINGS, 0, b"".join(struct.pack(">HI", *value) for value in values))


def read(connection, size):
    got = b""
    while len(got) < size:
        more = connection.recv(size - len(got))
        if not more:
            raise ConnectionError
        got += more
    return got


def frames(connection):
    """(kind, flags, stream, payload) of each frame of the client."""
    read(connection, 24)
    while True:
        head = read(connection, 9)
        payload = read(connection, int.from_bytes(head[:3], "big"))
        yield head[3], head[4], int.from_bytes(head[5:], "big") & 0x7fffffff, payload


def requests(connection, *said):
    """Sends SETTINGS; yields the stream of each request."""
    connection.sendall(settings(*said))
    for kind, flags, stream, _ in frames(connection):
        if kind == SETTINGS and not flags:
            connection.sendall(frame(SETTINGS, 0, flags=1))
        if kind == PING and not flags:
            connection.sendall(frame(PING, 0, _, flags=1))
        if kind == HEADERS:
            yield stream


def closes(_):
    """Closes each connection at once."""


def closes_after_settings(connection):
    connection.sendall(settings())


def resets_tcp(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def resets_streams(connection):
    for stream in requests(connection):
        connection.sendall(frame(RST_STREAM, stream, struct.pack(">I", 7)))


def goes_away(connection):
    for _ in requests(connection):
        connection.sendall(frame(GOAWAY, 0, struct.pack(">II", 0, 11)))


def is_silent(connection):
    """SETTINGS never come, nor anything else."""
    while connection.recv(4096):
        pass


def sends_no_settings(connection):
    connection.sendall(frame(PING, 0, bytes(8)))
    is_silent(connection)


def never_answers(connection):
    for _ in requests(connection):
        pass


def never_sends_a_body(connection):
    for stream in requests(connection, (4, 0)):
        connection.sendall(frame(HEADERS, stream, OK, END_HEADERS))


def has_no_body(connection):
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, OK, END_HEADERS | END_STREAM))


def has_a_short_body(connection):
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, OK, END_HEADERS) +
                           frame(DATA, stream, b"x", END_STREAM))


def allows_no_stream(connection):
    for _ in requests(connection, (3, 0)):
        pass


def answers_404(connection):
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, b"\x8d", END_HEADERS | END_STREAM))


def sends_garbage(connection):
    connection.sendall(random.Random(1).randbytes(1 << 16))
    is_silent(connection)


def speaks_http1(connection):
    connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
    is_silent(connection)


def sends_a_bad_field(connection):
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, b"\xff\xff\xff\xff\xff", END_HEADERS))


def sends_a_frame_too_long(connection):
    for stream in requests(connection):
        connection.sendall(frame(DATA, stream, bytes(16385)))


def forever(connection, piece):
    """Sends `piece` until the client leaves."""
    while True:
        connection.sendall(piece)


def zeros(connection):
    forever(connection, bytes(1 << 16))


def body_of_zeros(connection):
    """An endless body that respects no window."""
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, OK, END_HEADERS))
        forever(connection, frame(DATA, stream, bytes(16384)))


def floods_empty_data(connection):
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, OK, END_HEADERS))
        forever(connection, 1000 * frame(DATA, stream))


def floods_pings(connection):
    connection.sendall(settings())
    forever(connection, 1000 * frame(PING, 0, bytes(8)))


def floods_settings(connection):
    forever(connection, 1000 * settings((4, 65535)))


def floods_window_updates(connection):
    connection.sendall(settings())
    forever(connection, 1000 * frame(WINDOW_UPDATE, 0, struct.pack(">I", 1)))


def floods_informational(connection):
    """103 without end: `:status` as a literal, by the name of entry 8."""
    for stream in requests(connection):
        forever(connection, 1000 * frame(HEADERS, stream, b"\x08\x03103", END_HEADERS))


def floods_continuations(connection):
    for stream in requests(connection):
        connection.sendall(frame(HEADERS, stream, OK))
        forever(connection, 1000 * frame(CONTINUATION, stream))


def drips(connection):
    """A byte of a frame every 50 ms: always alive, never done."""
    for byte in frame(SETTINGS, 0, bytes(6 * 1000)):
        connection.sendall(bytes([byte]))
        time.sleep(0.05)


HOSTILE = (closes, closes_after_settings, resets_tcp, resets_streams, goes_away, is_silent,
           sends_no_settings, never_answers, never_sends_a_body, has_no_body, has_a_short_body,
           allows_no_stream, answers_404, sends_garbage, speaks_http1, sends_a_bad_field,
           sends_a_frame_too_long, zeros, body_of_zeros, floods_empty_data, floods_pings,
           floods_settings, floods_window_updates, floods_informational, floods_continuations,
           drips)


class HostileServer:
    """Accepts until it is closed, and runs `serve` with each connection."""

    def __init__(self, serve):
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._run, args=(connection,), daemon=True).start()

    def _run(self, connection):
        with connection:
            try:
                self._serve(connection)
            except OSError:
                pass  # the client left
