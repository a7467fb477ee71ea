"""For all interop tests: the real server, its clients, and raw frames.

A test is a unittest module that ends in support.main(). Its first argument is
the server's program. Missing tools and a server that does not start are errors,
never skipped tests.
"""

import collections
import os
import pathlib
import resource
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import time
import unittest

# A peer that hangs must fail its test before Bazel ends the whole run. Nothing
# is ever measured against this.
PATIENCE_SECONDS = 60

_server_program = None


def main():
    global _server_program
    _server_program = str(pathlib.Path(sys.argv.pop(1)).resolve())
    unittest.main(verbosity=2)


def run(*command, check=True, **options):
    """Runs a tool to its end; .stdout and .stderr have its output as bytes."""
    if shutil.which(command[0]) is None:
        raise RuntimeError(f"{command[0]} is not installed: run ./bazelw once")
    options.setdefault("timeout", PATIENCE_SECONDS)
    result = subprocess.run(
        [str(word) for word in command], stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, check=False, **options)
    if check and result.returncode != 0:
        raise AssertionError(
            f"{command} ended with {result.returncode}:\n"
            + result.stdout[-4000:].decode(errors="replace")
            + result.stderr[-4000:].decode(errors="replace"))
    return result


def sanitizer_of(program):
    """AddressSanitizer's run time, which has to be loaded before all others; or ""."""
    for line in run("ldd", program).stdout.decode().splitlines():
        if "libasan" in line:
            return line.split()[2]
    return ""


def server_has_sanitizer():
    return sanitizer_of(_server_program) != ""


def run_server_to_its_end(*flags, env=None, **options):
    """For command lines that are refused at once."""
    return run(_server_program, *flags, check=False,
               env=dict(os.environ, **(env or {})), **options)


def memory_kib(process, field):
    """VmRSS (now) or VmHWM (the most so far)."""
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
    for line in status.splitlines():
        if line.startswith(field + ":"):
            return int(line.split()[1])
    raise KeyError(field)


class Folder(unittest.TestCase):
    """A test case with a folder to serve, and a certificate."""

    @classmethod
    def setUpClass(cls):
        cls._temporary = tempfile.TemporaryDirectory(prefix="sluice")
        cls.base = pathlib.Path(cls._temporary.name).resolve()
        cls.root = cls.base / "root"
        cls.root.mkdir()
        cls.cert = cls.base / "cert.pem"
        cls.key = cls.base / "key.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
            "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1",
            "-keyout", cls.key, "-out", cls.cert)

    @classmethod
    def tearDownClass(cls):
        cls._temporary.cleanup()

    def write(self, name, content):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def server(self, *flags, tls=False, env=None, most_descriptors=None):
        if tls:
            flags += (f"--tls_cert={self.cert}", f"--tls_key={self.key}")
        server = Server(f"--root={self.root}", "--port=0", *flags, env=env,
                        most_descriptors=most_descriptors)
        server.cert = self.cert
        self.addCleanup(server.kill)
        return server


class Server:
    """The real program on a free port of the loopback interface."""

    def __init__(self, *flags, env=None, most_descriptors=None):
        def limit():
            if most_descriptors is not None:
                resource.setrlimit(resource.RLIMIT_NOFILE,
                                   (most_descriptors, most_descriptors))

        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [_server_program, *flags], stdout=subprocess.PIPE,
            stderr=self._log, env=dict(os.environ, **(env or {})),
            preexec_fn=limit)
        line = self.process.stdout.readline().decode()
        if not line.startswith("listening on http"):
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"the server said {line!r}\n{self.log()}")
        self.base_url = line.split()[-1].rstrip("/")
        self.port = int(self.base_url.rsplit(":", 1)[1])
        self.cert = None

    def url(self, path="/"):
        return self.base_url + path

    def log(self):
        return os.pread(self._log.fileno(), 1 << 26, 0).decode()

    def log_lines(self):
        return self.log().splitlines()

    def wait_for_log(self, text):
        """Until the log contains `text`."""
        end = time.monotonic() + PATIENCE_SECONDS
        while text not in self.log():
            if time.monotonic() > end:
                raise AssertionError(f"no {text!r} in the log:\n{self.log()}")
            time.sleep(0.01)

    def signal(self, number=signal.SIGTERM):
        self.process.send_signal(number)

    def send_in_one_read(self, client, *pieces):
        """The server is stopped while they reach its socket."""
        self.signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)
        client.send(*pieces)
        self.signal(signal.SIGCONT)

    def wait(self):
        return self.process.wait(timeout=PATIENCE_SECONDS)

    def stop(self):
        """Ends it the gentle way; its exit status."""
        self.signal()
        return self.wait()

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self._log.close()

    def memory_kib(self, field):
        return memory_kib(self.process, field)

    def unread_bytes(self, client):
        """What the kernel has of this client's, and the server has not read."""
        ends = [f"{port:04X}" for port in (self.port, client.socket.getsockname()[1])]
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            _, local, peer, _, queues, *_ = line.split()
            if [local.split(":")[1], peer.split(":")[1]] == ends:
                return int(queues.split(":")[1], 16)
        raise AssertionError("the server has closed the connection")

    def curl(self, path, *options, check=True):
        trust = ["--cacert", self.cert]
        if self.base_url.startswith("http:"):
            trust = ["--http2-prior-knowledge"]
        return run("curl", "--silent", "--show-error", "--path-as-is", "--http2",
                   *trust, *options, self.url(path), check=check)


# Frames (RFC 9113 §6), by hand: a client that does not know the rules breaks
# them best.

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS = 0, 1, 2, 3, 4
PUSH_PROMISE, PING, GOAWAY, WINDOW_UPDATE, CONTINUATION = 5, 6, 7, 8, 9

ACK = END_STREAM = 0x1
END_HEADERS = 0x4

NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = 0, 1, 2, 3
SETTINGS_TIMEOUT, STREAM_CLOSED, FRAME_SIZE_ERROR, REFUSED_STREAM = 4, 5, 6, 7
CANCEL, COMPRESSION_ERROR, CONNECT_ERROR, ENHANCE_YOUR_CALM = 8, 9, 10, 11

HEADER_TABLE_SIZE, INITIAL_WINDOW_SIZE = 1, 4

MAX_STREAM_ID = 2**31 - 1

Frame = collections.namedtuple("Frame", "type flags stream payload")


def frame(type_, flags=0, stream=0, payload=b"", length=None):
    length = len(payload) if length is None else length
    return (struct.pack(">I", length)[1:] + bytes((type_, flags))
            + struct.pack(">I", stream) + payload)


def settings(**values):
    ids = {"header_table_size": HEADER_TABLE_SIZE,
           "initial_window_size": INITIAL_WINDOW_SIZE}
    return frame(SETTINGS, payload=b"".join(
        struct.pack(">HI", ids[name], value) for name, value in values.items()))


def window_update(stream, increment):
    return frame(WINDOW_UPDATE, stream=stream,
                 payload=struct.pack(">I", increment))


def hpack_integer(value, bits, first):
    """RFC 7541 §5.1."""
    limit = (1 << bits) - 1
    if value < limit:
        return bytes((first | value,))
    out = bytearray((first | limit,))
    value -= limit
    while value >= 128:
        out.append(value % 128 + 128)
        value //= 128
    out.append(value)
    return bytes(out)


def hpack_string(text):
    data = text.encode() if isinstance(text, str) else text
    return hpack_integer(len(data), 7, 0) + data


def hpack(fields, indexing=False):
    """Literal fields, by name, without Huffman coding (RFC 7541 §6.2)."""
    first = b"\x40" if indexing else b"\x00"
    return b"".join(first + hpack_string(name) + hpack_string(value)
                    for name, value in fields)


def request_fields(path="/", method="GET"):
    return [(":method", method), (":scheme", "http"), (":path", path),
            (":authority", "localhost")]


def request(stream, path="/", method="GET", end_stream=True, more=()):
    return frame(HEADERS, END_HEADERS | (END_STREAM if end_stream else 0),
                 stream, hpack(request_fields(path, method) + list(more)))


class RawClient:
    """A socket and the frames that come out of it."""

    def __init__(self, server, tls=False, alpn=("h2",)):
        self.socket = socket.create_connection(
            ("127.0.0.1", server.port), timeout=PATIENCE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if tls:
            context = ssl.create_default_context(cafile=str(server.cert))
            if alpn:
                context.set_alpn_protocols(list(alpn))
            try:
                self.socket = context.wrap_socket(
                    self.socket, server_hostname="127.0.0.1")
            except BaseException:
                self.socket.close()
                raise
        self._buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *pieces):
        self.socket.sendall(b"".join(pieces))

    def start(self, *pieces, **values):
        """Preface, SETTINGS, and the acknowledgement of the server's."""
        self.send(PREFACE, settings(**values), frame(SETTINGS, ACK), *pieces)

    def _fill(self, size):
        while len(self._buffer) < size:
            data = self.socket.recv(65536)
            if not data:
                return False
            self._buffer += data
        return True

    def frame(self):
        """The next frame, or None at the end of the connection."""
        if not self._fill(9):
            if self._buffer:
                raise AssertionError(f"the end amid a frame: {self._buffer!r}")
            return None
        length = int.from_bytes(self._buffer[:3], "big")
        if not self._fill(9 + length):
            raise AssertionError("the end amid a frame")
        kind, flags, stream = struct.unpack(">BBI", self._buffer[3:9])
        payload = self._buffer[9:9 + length]
        self._buffer = self._buffer[9 + length:]
        return Frame(kind, flags, stream, payload)

    def until(self, wanted):
        """Frames up to the first for which wanted(frame) holds, included."""
        seen = []
        while True:
            got = self.frame()
            if got is None:
                raise AssertionError(f"the connection ended after {seen}")
            seen.append(got)
            if wanted(got):
                return seen

    def until_type(self, type_):
        return self.until(lambda got: got.type == type_)[-1]

    def rest(self):
        """Every frame until the server closes the connection."""
        return list(iter(self.frame, None))

    def goaway_and_end(self):
        """(last stream, error code) of the GOAWAY that ends the connection."""
        frames = self.rest()
        if not frames or frames[-1].type != GOAWAY:
            raise AssertionError(f"no GOAWAY before the end: {frames}")
        return parse_goaway(frames[-1])

    def ping(self, data=b"still ok"):
        self.send(frame(PING, payload=data))
        got = self.until(lambda f: f.type == PING and f.flags & ACK)[-1]
        assert got.payload == data


def parse_goaway(goaway):
    return struct.unpack(">II", goaway.payload[:8])


def reset_code(reset):
    return struct.unpack(">I", reset.payload)[0]
