"""The servers that are soaked: ours and a preloaded nghttpd, each in cleartext and
over TLS, with what a reader of /proc sees of them."""

import asyncio
import collections
import os
import pathlib
import shutil
import signal
import socket
import ssl
import subprocess
import zlib

# Names and sizes of the served files. The last two are too large for the cache of
# our server, so they are read while they are sent.
FILES = {"empty": 0, "one": 1, "1k": 1 << 10, "frame": 16385, "100k": 100_000,
         "1m": 1 << 20, "2m": 2_000_000, "3m": 3 << 20}

NGHTTPD = shutil.which("nghttpd", path=os.environ["PATH"] + ":/usr/sbin")  # Debian's folder

# The most seconds for a server to start, to say something, or to end. Nothing is measured against it.
PATIENCE_SECONDS = 120


def make_folder(folder):
    """Fills `folder`; the crc32 of each path's body."""
    root = pathlib.Path(folder, "root")
    root.mkdir()
    checks = {}
    for name, size in FILES.items():
        block = os.urandom(4096)
        body = (block * (size // len(block) + 1))[:size]
        (root / name).write_bytes(body)
        checks["/" + name] = (size, zlib.crc32(body))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-days", "30", "-subj", "/CN=localhost",
         "-addext", "subjectAltName=IP:127.0.0.1",
         "-keyout", os.path.join(folder, "key.pem"), "-out", os.path.join(folder, "cert.pem")],
        check=True, stderr=subprocess.DEVNULL)
    return checks


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A running server. `preload` is in its LD_PRELOAD."""

    def __init__(self, kind, tls, folder, program, preload):
        self.name = kind + (" TLS" if tls else "")
        self._kind = kind
        self.tls = tls
        self._folder = folder
        self._program = program
        self._preload = preload
        self.log = collections.deque(maxlen=300)  # the last lines
        self.port = None
        self._process = None
        self._reading = None

    def client_context(self):
        context = ssl.create_default_context(cafile=os.path.join(self._folder, "cert.pem"))
        context.set_alpn_protocols(["h2"])
        return context

    async def start(self):
        files = [os.path.join(self._folder, name) for name in ("root", "key.pem", "cert.pem")]
        # What ASan holds back before it is used again would look like growth. A signal
        # ends nghttpd, so no leak could be looked for at its exit.
        sanitizer = "quarantine_size_mb=8" + (":detect_leaks=0" if self._kind == "nghttpd" else "")
        environment = {**os.environ, "ASAN_OPTIONS": ":".join(
            filter(None, (os.environ.get("ASAN_OPTIONS"), sanitizer)))}
        if self._preload:
            environment["LD_PRELOAD"] = self._preload
        if self._kind == "sluice":
            command = [self._program, "--root=" + files[0], "--port=0", "--policy=auto",
                       # A busy machine may starve the clients for a while.
                       "--setup_timeout=30s"]
            if self.tls:
                command += ["--tls_key=" + files[1], "--tls_cert=" + files[2]]
        else:
            self.port = free_port()
            command = [self._program, "--address=127.0.0.1", "--htdocs=" + files[0]]
            command += [str(self.port), files[1], files[2]] if self.tls else [
                "--no-tls", str(self.port)]
        self._process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True)  # Ctrl-C is for the soak
        if self._kind == "sluice":
            line = (await self._process.stdout.readline()).decode()
            if "listening on" not in line:
                raise RuntimeError("%s said %r" % (self.name, line))
            self.port = int(line.rstrip("/\n").rsplit(":", 1)[1])
        self._reading = asyncio.create_task(self._read_log())
        for _ in range(PATIENCE_SECONDS * 10):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                writer.close()
                return
            except ConnectionRefusedError:
                if not self.alive():
                    break
                await asyncio.sleep(0.1)
        raise RuntimeError("%s does not start:\n%s" % (self.name, self.log_text()))

    async def _read_log(self):
        async for line in self._process.stdout:
            self.log.append(line.decode(errors="replace"))

    def log_text(self):
        return "".join(self.log)

    def log_of(self, port):
        """Our server's lines about the client on `port`."""
        return "".join(line for line in self.log if "127.0.0.1:%s" % port in line)

    def alive(self):
        return self._process.returncode is None

    def usage(self):
        """Resident KiB, descriptors, and seconds of CPU; zeros when it has ended."""
        proc = pathlib.Path("/proc", str(self._process.pid))
        try:
            pages = int((proc / "statm").read_text().split()[1])
            fields = (proc / "stat").read_text().rsplit(")", 1)[1].split()
            return (pages * os.sysconf("SC_PAGE_SIZE") // 1024, len(os.listdir(proc / "fd")),
                    (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"))
        except OSError:
            return 0, 0, 0

    async def stop(self):
        """Ends it by SIGTERM. None, or what is wrong with its end. nghttpd has no
        handler, so the signal ends it."""
        if self.alive():
            self._process.send_signal(signal.SIGTERM)
        try:
            status = await asyncio.wait_for(self._process.wait(), PATIENCE_SECONDS)
        except asyncio.TimeoutError:
            self._process.kill()
            return "did not end within %d s of SIGTERM" % PATIENCE_SECONDS
        await self._reading
        if status != (0 if self._kind == "sluice" else -signal.SIGTERM):
            return "ended with %d; its last lines:\n%s" % (status, self.log_text()[-6000:])
        return None

    def kill(self):
        if self._process is not None and self.alive():
            self._process.kill()
