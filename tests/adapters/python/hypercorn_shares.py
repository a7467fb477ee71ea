"""How Hypercorn shares a connection with the module `priority` that Debian has
and with ours: what hypercorn_test.py holds and //benchmarks/python:hypercorn
prints."""

import collections
import json
import os
import shutil
import signal
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))

# The results of one setting: each a list over the rounds.
#   shares  bytes of the stream of weight 224 for one of the stream of weight 32
#   waited  KB of 30 low responses, from when an exclusive one of weight 256 is
#           asked for until it has ended
#   picks   {stream: [picks, picks that found its buffer empty]}, with the
#           weights 32 (stream 1) and 224 (stream 3)
Seen = collections.namedtuple("Seen", ("shares", "waited", "picks"))


class Hypercorn:
    """Servers with either module, in a folder of the caller's."""

    def __init__(self, client, server, module, folder):
        self._client = client
        self._server = os.path.abspath(server)
        self._certificate = client.make_certificate(folder)
        self.site = os.path.join(folder, "site")
        shutil.copytree(os.path.dirname(module), os.path.join(self.site, "priority"))

    def serve(self, ours, lowat=0, piece=16384, tls=True):
        command = [sys.executable, os.path.join(HERE, "counting_server.py"),
                   "tls" if tls else "cleartext", self._server, *self._certificate,
                   str(lowat), str(piece)]
        environment = dict(os.environ, PYTHONPATH=self.site if ours else "",
                           PYTHONDONTWRITEBYTECODE="1")
        # Asked to end politely, it complains of connections that are open.
        return self._client.Server(command, stop=signal.SIGKILL, env=environment,
                                   stderr=subprocess.DEVNULL)

    def compare(self, lowat, piece, rate, rounds, tls=True):
        """{False: what the original gives, True: ours}, taking turns."""
        seen = {ours: Seen([], [], []) for ours in (False, True)}
        for _ in range(rounds):
            for ours, results in seen.items():
                with self.serve(ours, lowat, piece, tls) as server:
                    results.shares.append(self._client.share(server.port, "/4000000", rate, tls))
                    results.picks.append(json.loads(subprocess.run(
                        ["curl", "--silent", "--insecure", "%s://127.0.0.1:%d/picks"
                         % ("https" if tls else "http", server.port)],
                        check=True, stdout=subprocess.PIPE).stdout))
                    results.waited.append(self._client.bytes_before_urgent(
                        server.port, "/200000", "/100000", rate, tls))
        return seen
