#!/usr/bin/python3
"""Soaks our server and a preloaded nghttpd: one client of five is hostile.

    ./bazelw run //tests/soak -- --seconds=3600 [--server=sluice] [--json=FILE]

Each server runs twice, in cleartext and over TLS. A line a minute says what happened
to it. The run fails, with exit code 1, if a well-behaved client met an error, if the
resident memory or the descriptors of a server grew, if descriptors are left when
all clients have gone, or if a server does not end on SIGTERM as it should.
"""

import argparse
import asyncio
import collections
import json
import logging
import os
import random
import signal
import statistics
import sys
import tempfile
import time

from good_clients import GoodClient
from hostile_clients import ATTACKS, attack, support
from servers import NGHTTPD, PATIENCE_SECONDS, Server, make_folder

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

HOSTILE_SHARE = 0.2
# The bounds of growth, from the first quarter after the warm-up to the last one.
WARM_UP = 0.2  # of the lines
MEMORY_FACTOR, MEMORY_KIB = 1.1, 4096
SANITIZER_KIB = 32768  # in place of that: what ASan keeps of its own grows for longer
NGHTTPD_TLS_KIB = 24576  # besides: OpenSSL keeps 20,480 sessions for it, of 1.2 KB each
DESCRIPTOR_FACTOR, DESCRIPTORS = 1.25, 16
MOST_CLIENTS = 40  # at once, for each server


class Tally:
    """What happened to one server since the last line."""

    def __init__(self):
        self.requests = self.bytes = self.clients = self.errors = 0
        self.hostile = collections.Counter()
        self.memory, self.descriptors = [], []


class Soaked:
    """A server, its clients, and its lines."""

    def __init__(self, server, rng, checks, pace, more_kib):
        self.server = server
        self._rng = rng
        self._checks = checks
        self._pace = pace
        self._more_kib = more_kib  # how much more memory is flat
        self.clients = set()
        self.tally = Tally()
        self.lines = []
        self.errors = []  # the first ones
        self.faults = []
        self._cpu = 0
        self._idle_descriptors = 0

    async def begin(self):
        await self.server.start()
        # From here on the files that stay open are so.
        await GoodClient(self.server, self._rng, self._checks, 0).fetch_all()
        await self._come_to_rest(2)
        _, self._idle_descriptors, self._cpu = self.server.usage()

    def start_client(self):
        rng = random.Random(self._rng.getrandbits(64))
        hostile = rng.random() < HOSTILE_SHARE
        task = asyncio.create_task(self._attack(rng) if hostile else self._serve(rng))
        self.clients.add(task)
        task.add_done_callback(self._end_client)

    def _end_client(self, task):
        self.clients.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.faults.append("the soak itself failed: %r" % task.exception())

    async def _serve(self, rng):
        client = GoodClient(self.server, rng, self._checks, self._pace)
        try:
            await client.run()
        except asyncio.CancelledError:
            raise
        except Exception as error:  # whatever it is, the client is innocent
            self.tally.errors += 1
            if len(self.errors) < 20:
                self.errors.append("%s: %s; the server's log says: %s" % (
                    type(error).__name__, error, self.server.log_of(client.port) or "nothing"))
                print("%s: a well-behaved client failed: %s" % (self.server.name, self.errors[-1]),
                      flush=True)
        self.tally.clients += 1
        self.tally.requests += client.requests
        self.tally.bytes += client.bytes

    async def _attack(self, rng):
        name = rng.choice(list(ATTACKS))
        hold = min(1 + rng.expovariate(0.2), 40) * self._pace
        outcome = await attack(name, self.server, rng, hold)
        self.tally.hostile[outcome] += 1

    def sample(self):
        memory, descriptors, _ = self.server.usage()
        self.tally.memory.append(memory)
        self.tally.descriptors.append(descriptors)

    def end_line(self, number, seconds, late):
        tally, self.tally = self.tally, Tally()
        _, _, used = self.server.usage()
        line = {
            "clients": tally.clients, "requests": tally.requests, "bytes": tally.bytes,
            "errors": tally.errors, "hostile": dict(tally.hostile.most_common()),
            "resident_kib": int(statistics.median(tally.memory)),
            "descriptors": int(statistics.median(tally.descriptors)),
            "cpu_percent": round(100 * (used - self._cpu) / seconds, 2),
            "seconds": round(seconds, 1), "latest_turn_seconds": round(late, 2)}
        self._cpu = used
        self.lines.append(line)
        print("%4d  %-11s %6d requests %8.1f MB %3d errors  %6.1f MB resident %4d descriptors "
              "%5.1f %% CPU  hostile: %s" % (
                  number, self.server.name, line["requests"], line["bytes"] / 1e6, line["errors"],
                  line["resident_kib"] / 1024, line["descriptors"], line["cpu_percent"],
                  ", ".join("%s %d" % pair for pair in tally.hostile.most_common()) or "none"),
              flush=True)

    async def finish(self):
        """Lets the clients go, stops the server, and notes what is wrong."""
        if self.clients:
            await asyncio.wait(self.clients, timeout=PATIENCE_SECONDS)
        for task in self.clients:
            task.cancel()
        await self._come_to_rest(8)  # longer than our server lingers
        _, left, _ = self.server.usage()
        if left > self._idle_descriptors:
            self.faults.append("all clients have gone, and %d descriptors are open; before the "
                               "first came, there were %d" % (left, self._idle_descriptors))
        fault = await self.server.stop()
        if fault:
            self.faults.append(fault)
        errors = sum(line["errors"] for line in self.lines) + self.tally.errors
        if errors:
            self.faults.append("%d errors of well-behaved clients" % errors)
        self.faults += growth(self.lines, self._more_kib)

    async def _come_to_rest(self, seconds):
        """Until the server has closed what its clients have left: it has as many
        descriptors as before, or nothing of it changes for some seconds."""
        unchanged = 0
        before = None
        while unchanged < seconds and self._idle_descriptors < self.server.usage()[1]:
            await asyncio.sleep(1)
            now = self.server.usage()
            unchanged = unchanged + 1 if now == before else 0
            before = now

    def report(self):
        return {"lines": self.lines, "errors": self.errors, "faults": self.faults}


def growth(lines, memory_kib):
    """Sentences about what grew."""
    if len(lines) < 5:
        return ["%d lines are too few to tell whether the memory is flat" % len(lines)]
    steady = lines[max(1, round(len(lines) * WARM_UP)):]
    quarter = max(1, len(steady) // 4)
    faults = []
    for name, factor, more in (("resident_kib", MEMORY_FACTOR, memory_kib),
                               ("descriptors", DESCRIPTOR_FACTOR, DESCRIPTORS)):
        first = statistics.median(line[name] for line in steady[:quarter])
        last = statistics.median(line[name] for line in steady[-quarter:])
        if last > first * factor + more:
            faults.append("%s grew from %d to %d; at most %d is flat" % (
                name, first, last, first * factor + more))
    return faults


class Soak:
    def __init__(self, options, folder):
        self._options = options
        self._stopped = asyncio.Event()
        checks = make_folder(folder)
        self.soaked = []
        for kind in options.server.split(","):
            sanitizer = support.sanitizer_of(
                options.sluice if kind == "sluice" else options.library)
            program, preload = options.sluice, ""
            if kind == "nghttpd":
                program, preload = NGHTTPD, ":".join(filter(None, (sanitizer, options.library)))
            for tls in (False, True):
                rng = random.Random("%d %s %s" % (options.seed, kind, tls))
                more_kib = SANITIZER_KIB if sanitizer else MEMORY_KIB
                if kind == "nghttpd" and tls:
                    more_kib += NGHTTPD_TLS_KIB
                self.soaked.append(Soaked(Server(kind, tls, folder, program, preload), rng, checks,
                                          0.02 if options.clients else 1, more_kib))

    async def run(self):
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stopped.set)
        try:
            await asyncio.gather(*(soaked.begin() for soaked in self.soaked))
            if self._options.clients:
                await self._run_clients()
            else:
                await self._run_seconds()
            await asyncio.gather(*(soaked.finish() for soaked in self.soaked))
        finally:
            for soaked in self.soaked:
                soaked.server.kill()

    def _over(self):
        return self._stopped.is_set() or not all(soaked.server.alive() for soaked in self.soaked)

    def _end_lines(self, number, began, late=0.0):
        now = time.monotonic()
        for soaked in self.soaked:
            soaked.end_line(number, now - began, late)
        return now

    async def _run_clients(self):
        """As fast as they go, and a line after each eighth of the clients."""
        began = time.monotonic()
        count = self._options.clients
        for number in range(1, count + 1):
            for soaked in self.soaked:
                soaked.start_client()
            # The last line has them all.
            most = 8 if number < count else 0
            while any(len(soaked.clients) > most for soaked in self.soaked):
                await asyncio.sleep(0.01)
            for soaked in self.soaked:
                soaked.sample()
            if self._over():
                return
            if number % (count // 8) == 0:
                began = self._end_lines(number * 8 // count, began)

    async def _run_seconds(self):
        """At the rate that takes the wanted part of a core, and a line a minute."""
        start = began = last = time.monotonic()
        used = self._cpu()
        rate = 2.0  # clients a second, for each server
        due = late = 0.0
        while time.monotonic() - start < self._options.seconds and not self._over():
            await asyncio.sleep(0.2)
            now = time.monotonic()
            due = min(due + rate * (now - last), 10)
            late = max(late, now - last - 0.2)  # a starved machine shows here
            last = now
            while due >= 1:
                due -= 1
                for soaked in self.soaked:
                    if len(soaked.clients) < MOST_CLIENTS:
                        soaked.start_client()
            for soaked in self.soaked:
                soaked.sample()
            if now - began >= 60:
                # A slow change: what a client costs differs from one to the next.
                share = 100 * (self._cpu() - used) / (now - began)
                rate = min(max(rate * min(max(self._options.cpu / share, 0.7), 1.3), 0.2), 20)
                used = self._cpu()
                began = self._end_lines(round((now - start) / 60), began, late)
                late = 0.0

    def _cpu(self):
        return time.process_time() + sum(
            soaked.server.usage()[2] for soaked in self.soaked)


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0], prog="soak")
    parser.add_argument("sluice", help="our server")
    parser.add_argument("library", help="libsluice-nghttp2.so")
    parser.add_argument("--server", default="sluice,nghttpd",
                        help="sluice, nghttpd, or both (%(default)s)")
    parser.add_argument("--seconds", type=int, default=3600, help="how long (%(default)s); below 300 the lines are too few for a "
                        "verdict on the memory, which is a fault")
    parser.add_argument("--clients", type=int, default=0,
                        help="in place of --seconds: as many clients for each server, as fast as "
                        "they go")
    parser.add_argument("--cpu", type=float, default=12,
                        help="percent of one core that servers and clients take (%(default)s)")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().getrandbits(32),
                        help="of the random choices; it is printed")
    parser.add_argument("--json", default="", help="a file for the lines and the verdict")
    options = parser.parse_args(arguments)
    for kind in options.server.split(","):
        if kind not in ("sluice", "nghttpd"):
            parser.error("--server has %s; it must be sluice, nghttpd, or sluice,nghttpd" % kind)
        if kind == "nghttpd" and NGHTTPD is None:
            parser.error("nghttpd is missing; it is in Debian's nghttp2-server. "
                         "--server=sluice needs none")
    if options.clients % 8 or options.clients < 0:
        parser.error("--clients is %d; it must be a multiple of 8" % options.clients)
    for name in ("seconds", "cpu"):
        if getattr(options, name) <= 0:
            parser.error("--%s is %s; it must be above 0" % (name, getattr(options, name)))
    where = os.environ.get("BUILD_WORKING_DIRECTORY", "")
    for name in ("sluice", "library"):
        setattr(options, name, os.path.abspath(getattr(options, name)))
    if options.json:
        options.json = os.path.abspath(os.path.join(where, options.json))
    return options


def main():
    options = parse(sys.argv[1:])
    print("soak: --seed=%d" % options.seed, flush=True)
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # no warning for each torn connection
    with tempfile.TemporaryDirectory(prefix="soak") as folder:
        soak = Soak(options, folder)
        asyncio.run(soak.run())
    faults = []
    for soaked in soak.soaked:
        faults += ["%s: %s" % (soaked.server.name, fault) for fault in soaked.faults]
    if options.json:
        whole_file.write(options.json, json.dumps({
            "seed": options.seed, "faults": faults,
            "servers": {soaked.server.name: soaked.report() for soaked in soak.soaked}}, indent=1))
    for fault in faults:
        print("soak: " + fault)
    print("soak: %d requests, %d hostile clients, %s" % (
        sum(line["requests"] for soaked in soak.soaked for line in soaked.lines),
        sum(sum(line["hostile"].values()) for soaked in soak.soaked for line in soaked.lines),
        "%d faults" % len(faults) if faults else "no fault"))
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
