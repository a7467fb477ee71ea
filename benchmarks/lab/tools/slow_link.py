"""A slow link between a browser and a server on this machine: relays TCP
connections at a fixed rate and delay, so that a recording has times to tell.

    python3 slow_link.py LISTEN_PORT SERVER_PORT [BITS_A_SECOND] [ROUND_TRIP_MS]

By default 1.6 Mbit/s and 150 ms, for all connections together. TLS and HTTP/2
stay between the two ends; what waits for the link waits at the sender.
"""

import asyncio
import socket
import sys

PIECE = 1400
BUFFER = 16384  # of a socket; the kernel doubles it


class Direction:
    def __init__(self, bits_a_second, delay):
        self.bytes_a_second = bits_a_second / 8
        self.delay = delay
        self.free = 0.0  # when the link has sent what it was given

    async def relay(self, source, sink):
        loop = asyncio.get_running_loop()
        try:
            while piece := await source.read(PIECE):
                begin = max(loop.time(), self.free)
                self.free = begin + len(piece) / self.bytes_a_second
                loop.call_at(self.free + self.delay, sink.write, piece)
                await asyncio.sleep(self.free - loop.time())
        except ConnectionError:
            pass  # the other half ends as well
        loop.call_at(loop.time() + self.delay, sink.close)


def small(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


async def main(listen, server, bits_a_second=1_600_000, round_trip_ms=150):
    up = Direction(bits_a_second, round_trip_ms / 2000)
    down = Direction(bits_a_second, round_trip_ms / 2000)

    async def serve(browser_in, browser_out):
        upstream = small(socket.socket())
        upstream.setblocking(False)
        await asyncio.get_running_loop().sock_connect(
            upstream, ("127.0.0.1", server)
        )
        server_in, server_out = await asyncio.open_connection(
            sock=upstream, limit=PIECE
        )
        await asyncio.gather(
            up.relay(browser_in, server_out), down.relay(server_in, browser_out)
        )

    listener = small(socket.create_server(("127.0.0.1", listen)))
    async with await asyncio.start_server(
        serve, sock=listener, limit=PIECE
    ) as relay:
        await relay.serve_forever()


if __name__ == "__main__":
    if len(sys.argv) not in range(3, 6):
        sys.exit(__doc__)
    asyncio.run(main(*map(int, sys.argv[1:])))
