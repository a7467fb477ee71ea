#!/usr/bin/python3
"""Hypercorn on a free port of 127.0.0.1, over TLS: GET /200000 answers 200,000
bytes, and GET /priority answers the path of the `priority` module.

hypercorn_server.py KEY CERTIFICATE NOTSENT_LOWAT PIECE

NOTSENT_LOWAT 0 leaves the kernel's buffer as it is. The application writes PIECE
bytes at a time. PYTHONPATH selects the `priority` module. Hypercorn is Debian's,
unmodified.
"""

import asyncio
import socket
import sys

import hypercorn.asyncio
import hypercorn.config
import priority

KEY, CERTIFICATE, LOWAT, PIECE = sys.argv[1:]
TEXT = b"h" * int(PIECE)
TCP_NOTSENT_LOWAT = 25


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    if scope["method"] == "POST":
        while (await receive()).get("more_body", False):
            pass  # the request's content
    path = scope["path"].strip("/")
    body = priority.__file__.encode() if path == "priority" else None
    size = len(body) if body else int(path)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    while size > 0:
        piece = body or TEXT[:size]
        size -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": size > 0})


def main():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    if int(LOWAT):
        listener.setsockopt(socket.IPPROTO_TCP, TCP_NOTSENT_LOWAT, int(LOWAT))
    listener.listen(64)
    print("port", listener.getsockname()[1], flush=True)
    config = hypercorn.config.Config()
    config.bind = ["fd://%d" % listener.fileno()]
    config.keyfile, config.certfile = KEY, CERTIFICATE
    config.errorlog = None
    asyncio.run(hypercorn.asyncio.serve(app, config))


if __name__ == "__main__":
    main()
