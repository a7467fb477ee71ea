"""Chromium loads a page over TLS, under the policies of both kinds of signals and
the one that chooses between them. The test reads its signals off the wire."""

import asyncio
import re
import shutil
import tempfile
import threading
import unittest

import support
import tap

IMAGES = [f"/img/{i}.svg" for i in range(6)]
PAGE = """<!doctype html><title>page</title>
<link rel="stylesheet" href="main.css">
<script src="head.js"></script>
<script src="async.js" async></script>
<body><h1>Page</h1>{images}
<script>
addEventListener("load", () => {{
  const images = [...document.images].filter(i => i.naturalWidth == 30);
  document.body.dataset.state = [
    images.length, getComputedStyle(document.body).color, head].join();
}});
</script>
"""
POLICIES = ("rfc7540", "rfc9218", "auto")


def urgency(field):
    """RFC 9218 §4.1; 3 is the default."""
    found = re.search(r"\bu=([0-7])", field or "")
    return int(found[1]) if found else 3


class Browser(support.Folder):
    def setUp(self):
        images = "".join(f'<img src="{path}">' for path in IMAGES)
        self.write("index.html", PAGE.format(images=images).encode())
        self.write("main.css",
                   b"body{color:rgb(1,2,3)}" + b"/* filler */\n" * 3000)
        self.write("head.js", b"var head = 7;" + b"// filler\n" * 4000)
        self.write("async.js", b"// filler\n" * 4000)
        for path in IMAGES:
            self.write(path[1:],
                       b'<svg xmlns="http://www.w3.org/2000/svg" width="30" '
                       b'height="20"><!--' + b"." * 60_000 + b"--></svg>")

    def tap(self, server):
        """A relay before `server`; its port, and what the client says."""
        said = []
        relay = tap.Tap(server.port, self.cert, self.key, said.append)
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()

        def stop():
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

        self.addCleanup(stop)
        listener = asyncio.run_coroutine_threadsafe(
            relay.listen(0), loop).result(support.PATIENCE_SECONDS)
        return listener.sockets[0].getsockname()[1], said

    def load(self, policy):
        """The page after its load event, what Chromium said, the log."""
        server = self.server(f"--policy={policy}", tls=True)
        port, said = self.tap(server)
        # Its helpers may still write when it has ended.
        home = tempfile.mkdtemp(prefix="sluice")
        self.addCleanup(shutil.rmtree, home, ignore_errors=True)
        page = support.run(
            "chromium", "--headless", "--no-sandbox", "--disable-gpu",
            "--disable-quic", "--no-first-run", "--ignore-certificate-errors",
            "--disable-background-networking", "--disable-component-update",
            "--disable-sync", "--disable-dev-shm-usage",
            f"--user-data-dir={home}",
            "--dump-dom", f"https://127.0.0.1:{port}/index.html",
            env={"HOME": home, "PATH": "/usr/bin:/bin"}).stdout
        return page.decode(), said, server.log()

    def test_chromium_loads_the_page_and_sends_both_kinds_of_priorities(self):
        for policy in POLICIES:
            with self.subTest(policy):
                page, said, log = self.load(policy)
                self.assertIn('data-state="6,rgb(1, 2, 3),7"', page)
                self.assertNotIn("connection error", log)
                for path in ["/index.html", "/main.css", "/head.js",
                             "/async.js", *IMAGES]:
                    self.assertRegex(
                        log, rf'"GET {path}" 200 \d+ \S+ complete\n')

                requests = {what["path"]: what for what in said
                            if what["what"] == "headers"}
                self.assertGreaterEqual(len(requests), 4 + len(IMAGES))
                css, last = requests["/main.css"], requests[IMAGES[-1]]
                self.assertGreater(css["weight"], last["weight"])
                self.assertLess(urgency(css["priority"]),
                                urgency(last["priority"]))


if __name__ == "__main__":
    support.main()
