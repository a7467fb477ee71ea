"""A relay between an HTTP/2 client and a server, both over TLS, that writes down
what the client says about priorities.

    python3 tap.py LISTEN_PORT SERVER_PORT CERT KEY

prints a JSON object a line: {"connection": 1} and then what came with it,
"settings" (by identifier), "headers" (of a request: its "stream", "path" and
"priority" field, and its RFC 7540 dependency as "depends_on", "weight" from 1 to
256 and "exclusive"), "priority" (a PRIORITY frame) or "priority_update" (RFC
9218 §7.1). The bytes pass unchanged.
"""

import asyncio
import json
import ssl
import struct
import sys

import hpack

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADERS, PRIORITY, SETTINGS, CONTINUATION, PRIORITY_UPDATE = 1, 2, 4, 9, 16


def _dependency(data):
    """RFC 7540 §6.3."""
    parent, weight = struct.unpack(">IB", data[:5])
    return {"depends_on": parent & 0x7FFFFFFF, "weight": weight + 1,
            "exclusive": bool(parent >> 31)}


class ClientFrames:
    """Reads a client's bytes, in pieces of any size, and reports them."""

    def __init__(self, connection, report):
        self._report = lambda kind, **what: report(
            {"connection": connection, "what": kind, **what})
        self._buffer = b""
        self._begun = False
        self._decoder = hpack.Decoder()
        self._decoder.max_allowed_table_size = 1 << 20
        self._block = None  # of a request that CONTINUATION goes on with

    def feed(self, data):
        self._buffer += data
        if not self._begun:
            if len(self._buffer) < len(PREFACE):
                return
            if not self._buffer.startswith(PREFACE):
                raise ValueError(f"no HTTP/2: {self._buffer[:40]!r}")
            self._buffer = self._buffer[len(PREFACE):]
            self._begun = True
        while len(self._buffer) >= 9:
            length = int.from_bytes(self._buffer[:3], "big")
            if len(self._buffer) < 9 + length:
                return
            kind, flags, stream = struct.unpack(">BBI", self._buffer[3:9])
            payload = self._buffer[9:9 + length]
            self._buffer = self._buffer[9 + length:]
            self._frame(kind, flags, stream & 0x7FFFFFFF, payload)

    def _frame(self, kind, flags, stream, payload):
        if kind == SETTINGS and not flags & 1:
            self._report("settings", values=dict(
                struct.iter_unpack(">HI", payload)))
        elif kind == PRIORITY:
            self._report("priority", stream=stream, **_dependency(payload))
        elif kind == PRIORITY_UPDATE:
            self._report("priority_update",
                         stream=int.from_bytes(payload[:4], "big"),
                         priority=payload[4:].decode("ascii"))
        elif kind == HEADERS:
            if flags & 0x8:  # PADDED
                payload = payload[1:len(payload) - payload[0]]
            what = {}
            if flags & 0x20:  # PRIORITY
                what, payload = _dependency(payload), payload[5:]
            self._block = stream, what, payload
            self._end_of_block(flags)
        elif kind == CONTINUATION:
            stream, what, begin = self._block
            self._block = stream, what, begin + payload
            self._end_of_block(flags)

    def _end_of_block(self, flags):
        if not flags & 0x4:  # END_HEADERS
            return
        stream, what, block = self._block
        fields = dict(self._decoder.decode(block))
        self._report("headers", stream=stream, path=fields.get(":path"),
                     priority=fields.get("priority"), **what)


class Tap:
    """`report` gets the objects, in the order of the frames."""

    def __init__(self, server_port, cert, key, report):
        self._server_port = server_port
        self._report = report
        self._connections = 0
        self._in = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._in.load_cert_chain(cert, key)
        self._in.set_alpn_protocols(["h2"])
        self._out = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self._out.check_hostname = False
        self._out.verify_mode = ssl.CERT_NONE
        self._out.set_alpn_protocols(["h2"])

    async def listen(self, port):
        """The asyncio server; port 0 takes a free one."""
        return await asyncio.start_server(
            self._serve, "127.0.0.1", port, ssl=self._in)

    async def _serve(self, reader, writer):
        self._connections += 1
        frames = ClientFrames(self._connections, self._report)
        try:
            up_reader, up_writer = await asyncio.open_connection(
                "127.0.0.1", self._server_port, ssl=self._out)
            await asyncio.gather(
                self._relay(reader, up_writer, frames.feed),
                self._relay(up_reader, writer, lambda data: None))
        except (ConnectionError, ssl.SSLError):
            pass  # one end is gone: so is the other
        finally:
            writer.close()

    @staticmethod
    async def _relay(reader, writer, look):
        try:
            while data := await reader.read(65536):
                look(data)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


async def main(listen_port, server_port, cert, key):
    tap = Tap(int(server_port), cert, key,
              lambda what: print(json.dumps(what), flush=True))
    async with await tap.listen(int(listen_port)) as listener:
        await listener.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    asyncio.run(main(*sys.argv[1:]))
