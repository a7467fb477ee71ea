"""Files by Hypercorn: hypercorn hypercorn_app.py:app, with ROOT in the environment."""

import os
import pathlib

ROOT = pathlib.Path(os.environ["ROOT"])


async def app(scope, receive, send):
    if scope["type"] != "http":  # "lifespan"
        raise NotImplementedError(scope["type"])
    path = ROOT / scope["path"].lstrip("/")
    if not path.is_file():
        await send({"type": "http.response.start", "status": 404, "headers": []})
        await send({"type": "http.response.body"})
        return
    body = path.read_bytes()
    await send({"type": "http.response.start", "status": 200,
                "headers": [(b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})
