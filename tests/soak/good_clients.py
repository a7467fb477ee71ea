"""Well-behaved clients, on hyper-h2: they keep the rules of RFC 9113 and check every
byte that they get. Whatever a server does to them that the rules do not allow is
an error."""

import asyncio
import struct
import zlib

import h2.config
import h2.connection
import h2.errors
import h2.events
import h2.exceptions
import h2.settings

from servers import PATIENCE_SECONDS

_PRIORITY_UPDATE = 0x10  # RFC 9218 §7.1


class Failure(Exception):
    """The server did what a well-behaved client need not expect."""


class _Exchange:
    def __init__(self, method, path, cancel_after=None, upload=0):
        self.method = method
        self.path = path
        self.cancel_after = cancel_after  # bytes of the response's body
        self.upload = upload  # bytes that are still to be sent
        self.status = None
        self.length = 0
        self.check = 0


class GoodClient:
    """One connection of a user. `checks` has the size and crc32 of each path; `pace`
    scales the time for which users look at their page."""

    def __init__(self, server, rng, checks, pace):
        self._server = server
        self._rng = rng
        self._checks = checks
        self._pace = pace
        self._h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        self._window = rng.choice((1000, 65535, 131072, 6291456))
        self._open = {}
        self._reader = None
        self._writer = None
        self._pinged = False
        self.port = None  # our own
        self.requests = 0
        self.bytes = 0

    async def run(self):
        """Loads pages."""
        rng = self._rng
        try:
            await self._connect()
            for _ in range(rng.choice((1, 1, 1, 2, 4))):
                await self._load_page()
                await asyncio.sleep(rng.expovariate(1) * self._pace)
            await self._leave()
        finally:
            self._close()

    async def fetch_all(self):
        """Loads each file once."""
        try:
            await self._connect()
            for path in self._checks:
                self._send_request(_Exchange("GET", path), {})
            while self._open:
                await self._receive()
        finally:
            self._close()

    async def _connect(self):
        rng = self._rng
        self._reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._server.port,
            ssl=self._server.client_context() if self._server.tls else None)
        self.port = self._writer.get_extra_info("sockname")[1]
        self._h2.initiate_connection()
        self._h2.update_settings({
            h2.settings.SettingCodes.ENABLE_PUSH: 0,
            h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: self._window,
            h2.settings.SettingCodes.HEADER_TABLE_SIZE: rng.choice((0, 4096, 65536))})
        if rng.random() < 0.7:
            self._h2.increment_flow_control_window(rng.choice((1 << 16, 1 << 24)))

    def _close(self):
        if self._writer is not None:
            self._writer.transport.abort()

    async def _load_page(self):
        rng = self._rng
        last = 0
        for _ in range(rng.choice((1, 3, 8, 30))):
            last = self._ask(last)
            if rng.random() < 0.05:
                await self._receive()  # this one is asked for while others arrive
        if rng.random() < 0.3:
            self._h2.ping(struct.pack(">Q", rng.getrandbits(64)))
            self._pinged = True
        leaves = rng.random() < 0.05
        while self._open or self._pinged:
            await self._receive()
            if leaves and self.bytes > 100_000:
                return  # the user has closed the tab
            if self._open and rng.random() < 0.02:
                self._change_priority(rng.choice(list(self._open)))

    def _ask(self, last):
        """The new stream, whose priority may depend on `last`."""
        rng = self._rng
        kind = rng.random()
        path = rng.choice(list(self._checks))
        if self._checks[path][0] > 1_000_000 and (self._window == 1000 or rng.random() < 0.9):
            path = "/frame"
        exchange = _Exchange("GET", path)
        if kind < 0.06:
            exchange = _Exchange("POST", "/1k", upload=rng.choice((0, 1, 20_000, 60_000)))
        elif kind < 0.10:
            exchange = _Exchange("HEAD", path)
        elif kind < 0.14:
            exchange = _Exchange("GET", "/missing%d" % rng.randrange(5))
        elif kind < 0.20:
            exchange.cancel_after = rng.randrange(self._checks[path][0] + 1)
        priority = {}
        if rng.random() < 0.5:
            priority = {"priority_weight": rng.randint(1, 256),
                        "priority_depends_on": rng.choice((0, last)),
                        "priority_exclusive": rng.random() < 0.5}
        return self._send_request(exchange, priority)

    def _send_request(self, exchange, priority):
        rng = self._rng
        stream = self._h2.get_next_available_stream_id()
        fields = [(":method", exchange.method), (":path", exchange.path), (":authority", "localhost"),
                  (":scheme", "https" if self._server.tls else "http"),
                  ("user-agent", "soak"), ("cookie", "a=%d" % rng.randrange(3))]
        if rng.random() < 0.5:
            fields.append(("priority", "u=%d%s" % (rng.randrange(8), rng.choice(("", ", i")))))
        self._h2.send_headers(stream, fields, end_stream=exchange.method != "POST", **priority)
        self._open[stream] = exchange
        self.requests += 1
        return stream

    def _change_priority(self, stream):
        """As for an image that comes into view, by both RFCs."""
        rng = self._rng
        if rng.random() < 0.5:
            self._h2.prioritize(stream, weight=rng.randint(1, 256), depends_on=0)
            return
        payload = struct.pack(">I", stream) + b"u=%d" % rng.randrange(8)
        self._write(self._h2.data_to_send() + struct.pack(
            ">IBI", len(payload) << 8 | _PRIORITY_UPDATE, 0, 0) + payload)

    def _write(self, data):
        if data:
            self._writer.write(data)

    def _upload(self):
        for stream, exchange in self._open.items():
            while exchange.method == "POST" and exchange.upload >= 0:
                size = min(exchange.upload, self._h2.local_flow_control_window(stream),
                           self._h2.max_outbound_frame_size)
                if size == 0 and exchange.upload > 0:
                    break  # until a WINDOW_UPDATE
                exchange.upload -= size
                self._h2.send_data(stream, bytes(size), end_stream=exchange.upload == 0)
                if exchange.upload == 0:
                    exchange.upload = -1  # sent

    async def _receive(self):
        """Sends what waits, and handles what arrives next."""
        self._upload()
        self._write(self._h2.data_to_send())
        await asyncio.wait_for(self._writer.drain(), PATIENCE_SECONDS)
        data = await asyncio.wait_for(self._reader.read(65536), PATIENCE_SECONDS)
        if not data:
            raise Failure("the connection ended with %d requests open" % len(self._open))
        for event in self._h2.receive_data(data):
            self._handle(event)
        self._write(self._h2.data_to_send())
        if self._rng.random() < 0.01:
            await asyncio.sleep(self._rng.random() * self._pace)  # a slow phone

    def _handle(self, event):
        exchange = self._open.get(getattr(event, "stream_id", None))
        if isinstance(event, h2.events.ConnectionTerminated):
            raise Failure("GOAWAY %s %r" % (event.error_code, event.additional_data))
        if isinstance(event, h2.events.PingAckReceived):
            self._pinged = False
        elif isinstance(event, h2.events.DataReceived):
            self._h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            self.bytes += len(event.data)
            if exchange is not None:
                self._take_body(event.stream_id, exchange, event.data)
        elif exchange is None:
            pass  # of the connection, or of a stream that the user has cancelled
        elif isinstance(event, h2.events.ResponseReceived):
            exchange.status = dict(event.headers)[b":status"].decode()
        elif isinstance(event, h2.events.StreamReset):
            raise Failure("%s %s: RST_STREAM %s" % (exchange.method, exchange.path, event.error_code))
        elif isinstance(event, h2.events.StreamEnded):
            self._finish(event.stream_id, exchange)

    def _take_body(self, stream, exchange, data):
        exchange.length += len(data)
        exchange.check = zlib.crc32(data, exchange.check)
        if exchange.cancel_after is not None and exchange.length >= exchange.cancel_after:
            self._reset(stream, h2.errors.ErrorCodes.CANCEL)
            del self._open[stream]

    def _finish(self, stream, exchange):
        del self._open[stream]
        got = (exchange.status, exchange.length, exchange.check)
        if exchange.method == "POST":
            # Our server refuses the method, nghttpd answers it like a GET.
            good = exchange.status in ("200", "405")
        elif exchange.path not in self._checks:
            good = exchange.status == "404"
        elif exchange.method == "HEAD":
            good = got == ("200", 0, 0)
        else:
            good = got == ("200", *self._checks[exchange.path])
        if not good:
            raise Failure("%s %s: status %s, %d bytes, crc %08x" % (
                exchange.method, exchange.path, *got))
        if exchange.method == "POST" and exchange.upload >= 0:
            # The response came first: the rest of the body is of no use.
            self._reset(stream, h2.errors.ErrorCodes.NO_ERROR)

    def _reset(self, stream, code):
        try:
            self._h2.reset_stream(stream, code)
        except h2.exceptions.StreamClosedError:
            pass  # its end came in the same read

    async def _leave(self):
        if self._rng.random() < 0.5:
            self._h2.close_connection()
            self._write(self._h2.data_to_send())
            await asyncio.wait_for(self._writer.drain(), PATIENCE_SECONDS)
