#!/usr/bin/python3
"""Runs a Hypercorn server and counts its priority tree's picks on the first
connection: GET /picks answers {stream: [picks, those that found nothing to
send]}.

counting_server.py tls|cleartext SERVER ARGUMENTS…
"""

import collections
import json
import runpy
import sys

import hypercorn.asyncio
import hypercorn.protocol.h2

TLS = sys.argv[1] == "tls"
PICKS = collections.defaultdict(lambda: [0, 0])
FIRST = []  # the connection


def count_picks(send_data):
    async def counting(self, stream_id):
        if not FIRST:
            FIRST.append(self)
        if FIRST[0] is self:
            PICKS[stream_id][0] += 1
            PICKS[stream_id][1] += not self.stream_buffers[stream_id].buffer
        await send_data(self, stream_id)

    return counting


def tell_picks(serve):
    def telling(app, config):
        if not TLS:
            config.keyfile = config.certfile = None

        async def told(scope, receive, send):
            if scope.get("path") != "/picks":
                await app(scope, receive, send)
                return
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": json.dumps(PICKS).encode()})

        return serve(told, config)

    return telling


def main():
    protocol = hypercorn.protocol.h2.H2Protocol
    protocol._send_data = count_picks(protocol._send_data)
    hypercorn.asyncio.serve = tell_picks(hypercorn.asyncio.serve)
    del sys.argv[:2]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
