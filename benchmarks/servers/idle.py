#!/usr/bin/env python3
"""Measures the memory of idle HTTP/2 connections: at our server and at others.

    ./bazelw run --config=opt //benchmarks/servers:idle [-- OPTIONS]

Starts one server after another on the loopback interface, in cleartext and
with one thread. Opens the connections, and lets each of them ask once for a
small file. A connection's memory is what the server's resident memory (Rss of
/proc/PID/smaps_rollup) grew by, divided by the connections: after the
handshakes, and after all have been answered. The kernel's own memory of the
sockets is not in it. Every run has a new process; the figures are medians.

A server that is not installed, or that does not hold so many connections, is left
out, with the reason.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

POLICIES = ("rfc9218", "rfc7540", "auto")
# Others of //benchmarks/servers:peer may be named; "+sluice" is with our library in
# LD_PRELOAD.
PEERS = ("nghttpd", "h2o", "nginx", "nghttpd+sluice")
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


def is_ours(name, args):
    return name.partition("+")[0] not in args.peers


def names_of_peers(peer):
    listing = subprocess.run([peer], check=True, capture_output=True, text=True).stdout
    return {line.partition(":")[0] for line in listing.splitlines()}


def free_port():
    """Of which the next one is free, too: a proxy's backend takes it."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


def command(name, args, folder, port, connections):
    """Our server's policy or a peer, serving `folder`."""
    place = [f"--root={folder}", f"--port={port}"]
    if is_ours(name, args):
        return [os.path.abspath(args.server), *place, f"--policy={name}", "--access_log=false",
                f"--max_connections={connections + SPARE_FILES}", "--idle_timeout=10m",
                "--setup_timeout=10m"]
    peer, _, preloaded = name.partition("+")
    library = [f"--preload={os.path.abspath(args.preload)}"] if preloaded else []
    return [os.path.abspath(args.peer), peer, *place, *library]


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


def process_of_peer(process):
    """The server's own process, when it listens."""
    listens = re.search(r" listens on .* process (\d+)$", process.stdout.readline())
    if listens is None:
        raise LeftOut(process.stderr.read().strip().removeprefix("peer: "))
    return int(listens.group(1))


class LeftOut(Exception):
    """A server that cannot run here."""


def measure(ours, words, port, connections):
    """Bytes of a connection: after its handshake, and after its request."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL if ours else subprocess.PIPE,
                               stderr=subprocess.DEVNULL if ours else subprocess.PIPE, text=True)
    clients = []
    try:
        if ours:
            wait_until_it_listens(port, process)
        pid = process.pid if ours else process_of_peer(process)
        empty = settled(pid)
        for _ in range(connections):
            clients.append(Client(port))
        for client in clients:
            client.finish_handshake()
        greeted = settled(pid)
        # One after another, as the requests of different people come.
        for client in clients:
            client.ask()
            client.take_answer()
        return [round((full - empty) / connections) for full in (greeted, settled(pid))]
    finally:
        for client in clients:
            client.socket.close()
        process.send_signal(signal.SIGTERM)
        process.communicate()


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


def measure_all(name, args, connections):
    """The spread of each figure; or why the server is left out."""
    runs = []
    ours = is_ours(name, args)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)  # servers may change their user
        pathlib.Path(folder, "file.txt").write_bytes(FILE)
        for _ in range(args.runs):
            port = free_port()
            words = command(name, args, folder, port, connections)
            try:
                runs.append(measure(ours, words, port, connections))
            except LeftOut as reason:
                return {"skipped": str(reason)}
            except (RuntimeError, OSError) as fault:
                if ours:
                    sys.exit(f"idle: {name}: {fault}")
                return {"skipped": f"not with so many connections: {fault}"}
    return {cell: {"median": round(statistics.median(values)), "least": min(values),
                   "most": max(values)}
            for cell, values in zip(("handshake", "request"), zip(*runs))}


def page(figures, args):
    """The page with charts: the frame with the figures in the form of runs.h."""
    def include(match):
        return with_includes(folder / match.group(1))

    def with_includes(path):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".txt":
            text = text.replace("&", "&amp;").replace("<", "&lt;")
        return re.sub(r"^<!--include (.*)-->$", include, text, flags=re.M)

    folder = pathlib.Path(args.frame).parent
    cells = [{"labels": {"server": name},
              "figures": {f"{cell}_bytes": spread for cell, spread in cells.items()
                          if cell != "skipped"},
              "runs": [], "errors": [cells["skipped"]] if "skipped" in cells else []}
             for name, cells in figures["servers"].items()]
    results = {"benchmark": "idle", "date": time.strftime("%Y-%m-%d %H:%M", time.gmtime()),
               "kernel": f"{os.uname().sysname} {os.uname().release}",
               "options": {"connections": figures["connections"], "runs": figures["runs"]},
               "cells": cells}
    return with_includes(pathlib.Path(args.frame)).replace(
        "<!--results-->", json.dumps(results).replace("<", "\\u003c"))


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("server", help="examples/server")
    parser.add_argument("peer", help="//benchmarks/servers:peer")
    parser.add_argument("--preload", help="libsluice-nghttp2.so, for servers with +sluice")
    parser.add_argument("--frame", help="web/servers.html, for --html")
    parser.add_argument("--connections", type=int, default=10000)
    parser.add_argument("--runs", type=int, default=3, help="of each server")
    parser.add_argument("--servers", default=",".join(POLICIES + PEERS),
                        help="policies of our server and names of peers (default %(default)s)")
    parser.add_argument("--json", help="also write the figures to this file")
    parser.add_argument("--html", help="also write a page with charts to this file")
    args = parser.parse_args()
    if args.connections < 1 or args.runs < 1:
        parser.error("--connections and --runs must be at least 1")
    # Where `bazel run` starts us; the peer looks there for its configurations.
    os.environ.setdefault("RUNFILES_DIR", str(pathlib.Path.cwd().parent))
    args.peers = names_of_peers(args.peer)
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
        cells = measure_all(name, args, connections)
        figures["servers"][name] = cells
        if "skipped" in cells:
            print(f"{name:16} left out: {cells['skipped']}", flush=True)
            continue
        print(f"{name:16}" + "".join(
            f"{cell['median']:>12,} ({cell['least']:,}–{cell['most']:,})".rjust(29)
            for cell in cells.values()), flush=True)
    working = pathlib.Path(os.environ.get("BUILD_WORKING_DIRECTORY", "."))
    if args.json:
        whole_file.write(working / args.json, json.dumps(figures, indent=2) + "\n")
    if args.html:
        whole_file.write(working / args.html, page(figures, args))
    return 0


if __name__ == "__main__":
    sys.exit(main())
