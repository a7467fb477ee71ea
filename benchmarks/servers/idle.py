#!/usr/bin/env python3
"""Measures the memory of idle HTTP/2 connections: our server, nghttpd and h2o.

    ./bazelw run --config=opt //benchmarks/servers:idle [-- OPTIONS]

Starts one server after another on the loopback interface, in cleartext and
with one thread. Opens the connections, and lets each of them ask once for a
small file. A connection's memory is what the server's resident memory (Rss of
/proc/PID/smaps_rollup) grew by, divided by the connections: after the
handshakes, and after all have been answered. The kernel's own memory of the
sockets is not in it. Every run has a new process; the figures are medians.

A server that is not installed is left out, with the reason.
"""

import argparse
import json
import os
import pathlib
import resource
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

POLICIES = ("rfc9218", "rfc7540", "auto")
PEERS = ("nghttpd", "h2o")
FILE = b"A small file.\n"
SPARE_FILES = 100  # descriptors that client and server need besides
TIMEOUT = 60  # seconds, for any step

SETTINGS, HEADERS, DATA = 4, 1, 0
ACK, END_STREAM, END_HEADERS = 1, 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


HELLO = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(SETTINGS, 0, 0)
# GET http /file.txt, in HPACK (RFC 7541): three indexed fields, and two literal
# ones that are not added to the table.
REQUEST = frame(HEADERS, END_STREAM | END_HEADERS, 1,
                b"\x82\x86" + b"\x04\x09/file.txt" + b"\x01\x09localhost")


class Client:
    """One connection."""

    def __init__(self, port):
        self.socket = socket.socket()
        self.socket.settimeout(TIMEOUT)
        # Its port is free at once when it closes.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(HELLO)
        self.received = b""

    def read_until(self, kind, flag, stream):
        """Reads frames up to one of this kind that has the flag (or any, if 0)."""
        while True:
            while len(self.received) >= 9:
                size = int.from_bytes(self.received[:3], "big")
                if len(self.received) < 9 + size:
                    break
                got, flags = self.received[3], self.received[4]
                got_stream = int.from_bytes(self.received[5:9], "big")
                self.received = self.received[9 + size:]
                if kind in (None, got) and got_stream == stream and flags & flag == flag:
                    return
            more = self.socket.recv(65536)
            if not more:
                raise RuntimeError("the server closed a connection")
            self.received += more

    def finish_handshake(self):
        self.read_until(SETTINGS, 0, 0)
        self.socket.sendall(frame(SETTINGS, ACK, 0))

    def ask(self):
        self.socket.sendall(REQUEST)

    def take_answer(self):
        self.read_until(None, END_STREAM, 1)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def command(name, server, folder, port, connections):
    """Our server's policy or a peer, serving `folder`."""
    if name == "nghttpd":
        return ["nghttpd", "--no-tls", "--workers=1", f"--htdocs={folder}",
                "--address=127.0.0.1", str(port)]
    if name == "h2o":
        config = pathlib.Path(folder, "h2o.conf")
        config.write_text(
            f"listen:\n  host: 127.0.0.1\n  port: {port}\nnum-threads: 1\n"
            f"max-connections: {connections + SPARE_FILES}\nhttp2-idle-timeout: 600\n"
            f"hosts:\n  default:\n    paths:\n      /:\n        file.dir: {folder}\n",
            encoding="utf-8")
        return ["h2o", "--conf", str(config)]
    return [server, f"--root={folder}", f"--port={port}", f"--policy={name}",
            "--access_log=false", f"--max_connections={connections + SPARE_FILES}",
            "--idle_timeout=10m", "--setup_timeout=10m"]


def resident(pid):
    """Bytes."""
    rollup = pathlib.Path("/proc", str(pid), "smaps_rollup").read_text(encoding="ascii")
    for line in rollup.splitlines():
        if line.startswith("Rss:"):
            return 1024 * int(line.split()[1])
    raise RuntimeError("smaps_rollup without Rss")


def settled(pid):
    """Resident memory when it stands still."""
    before = resident(pid)
    for _ in range(100):
        time.sleep(0.1)
        now = resident(pid)
        if now == before:
            return now
        before = now
    return before


def wait_until_it_listens(port, process):
    for _ in range(10 * TIMEOUT):
        if process.poll() is not None:
            raise RuntimeError(f"it ended with status {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.1)
    raise RuntimeError("it does not listen")


def measure(words, port, connections):
    """Bytes of a connection: after its handshake, and after its request."""
    with open(os.devnull, "wb") as null:
        process = subprocess.Popen(words, stdout=null, stderr=null)
    clients = []
    try:
        wait_until_it_listens(port, process)
        empty = settled(process.pid)
        for _ in range(connections):
            clients.append(Client(port))
        for client in clients:
            client.finish_handshake()
        greeted = settled(process.pid)
        # One after another, as the requests of different people come.
        for client in clients:
            client.ask()
            client.take_answer()
        return [round((full - empty) / connections)
                for full in (greeted, settled(process.pid))]
    finally:
        for client in clients:
            client.socket.close()
        process.send_signal(signal.SIGKILL)
        process.wait()


def allow_files(connections):
    """Raises the limit of open files for this process and the servers, and
    returns how many connections it allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + 2 * SPARE_FILES
    if soft >= wanted:
        return connections
    if hard != resource.RLIM_INFINITY and hard < wanted:
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, wanted))
            return connections
        except (ValueError, PermissionError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
            return hard - 2 * SPARE_FILES
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    return connections


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="examples/server")
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--runs", type=int, default=3, help="of each server")
    parser.add_argument("--servers", default=",".join(POLICIES + PEERS),
                        help="policies of our server and names of peers (default %(default)s)")
    parser.add_argument("--json", help="also write the figures to this file")
    args = parser.parse_args()
    if args.connections < 1 or args.runs < 1:
        parser.error("--connections and --runs must be at least 1")
    connections = allow_files(args.connections)
    if connections < args.connections:
        print(f"{connections} connections instead of {args.connections}: "
              "the limit of open files (ulimit -Hn) allows no more")
    if connections < 1:
        return 1
    figures = {"connections": connections, "runs": args.runs, "servers": {}}
    print(f"{connections} idle connections, resident bytes of one "
          f"(medians of {args.runs}, least and most in brackets)\n")
    print(f"{'':16} {'after the handshake':>28} {'after one request':>28}")
    for name in args.servers.split(","):
        if name in PEERS and shutil.which(name) is None:
            figures["servers"][name] = {"skipped": f"{name} is not installed"}
            print(f"{name:16} left out: it is not installed", flush=True)
            continue
        runs = []
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "file.txt").write_bytes(FILE)
            for _ in range(args.runs):
                port = free_port()
                words = command(name, os.path.abspath(args.server), folder, port, connections)
                try:
                    runs.append(measure(words, port, connections))
                except (RuntimeError, OSError) as fault:
                    sys.exit(f"idle: {name}: {fault}")
        cells = {}
        for cell, values in zip(("handshake", "request"), zip(*runs)):
            cells[cell] = {"median": round(statistics.median(values)), "least": min(values),
                           "most": max(values)}
        figures["servers"][name] = cells
        print(f"{name:16}" + "".join(
            f"{cell['median']:>12,} ({cell['least']:,}–{cell['most']:,})".rjust(29)
            for cell in cells.values()), flush=True)
    if args.json:
        path = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."), args.json)
        path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
