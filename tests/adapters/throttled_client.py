"""An HTTP/2 client on hyper-h2 that reads at a given rate: what the server has
sent ahead of it is then what the server decided too early."""

import collections
import os
import signal
import socket
import ssl
import subprocess
import sys
import time

import h2.config
import h2.connection
import h2.events
import h2.settings

_WINDOW = 2**30


class ThrottledClient:
    """One connection to 127.0.0.1. Flow control never limits: the rate does."""

    def __init__(self, port, rate, tls=True, receive_buffer=16384):
        self._rate = rate
        raw = socket.socket()
        # Before connecting: the buffer sets the TCP window.
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        raw.connect(("127.0.0.1", port))
        self._socket = raw
        if tls:
            context = ssl.create_default_context()
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            context.set_alpn_protocols(["h2"])
            self._socket = context.wrap_socket(raw)
            assert self._socket.selected_alpn_protocol() == "h2"
        config = h2.config.H2Configuration(client_side=True)
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()
        self._h2.update_settings({h2.settings.SettingCodes.INITIAL_WINDOW_SIZE: _WINDOW})
        self._h2.increment_flow_control_window(_WINDOW)
        self.received = collections.Counter()  # stream id: bytes of DATA
        self.ended = set()
        self._due = None

    def close(self):
        self._socket.close()

    def request(self, path, weight=16, depends_on=0, exclusive=False, method="GET"):
        """The id of the new stream; goes out with the next flush()."""
        stream_id = self._h2.get_next_available_stream_id()
        self._h2.send_headers(
            stream_id,
            [(":method", method), (":scheme", "https"), (":path", path),
             (":authority", "localhost")],
            end_stream=True,
            priority_weight=weight,
            priority_depends_on=depends_on,
            priority_exclusive=exclusive,
        )
        return stream_id

    def prioritize(self, stream_id, weight, depends_on=0, exclusive=False):
        self._h2.prioritize(stream_id, weight, depends_on, exclusive)

    def flush(self):
        self._socket.sendall(self._h2.data_to_send())

    def total(self):
        return sum(self.received.values())

    def receive_until(self, done):
        """Reads at the rate until `done()`."""
        self.flush()
        if self._due is None:
            self._due = time.monotonic()
        while not done():
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionError("the server closed the connection")
            for event in self._h2.receive_data(data):
                if isinstance(event, h2.events.DataReceived):
                    self.received[event.stream_id] += len(event.data)
                elif isinstance(event, h2.events.StreamEnded):
                    self.ended.add(event.stream_id)
                elif isinstance(event, (h2.events.StreamReset, h2.events.ConnectionTerminated)):
                    raise ConnectionError(repr(event))
            pending = self._h2.data_to_send()
            if pending:
                self._socket.sendall(pending)
            self._due += len(data) / self._rate
            time.sleep(max(0.0, self._due - time.monotonic()))


def share(port, path, rate, tls=True, weights=(32, 224), **options):
    """Bytes of the heavy stream for one byte of the light one, from when both
    flow until one has 1.4 MB more; infinity when the light one got nothing."""
    client = ThrottledClient(port, rate, tls, **options)
    light = client.request(path, weight=weights[0])
    heavy = client.request(path, weight=weights[1])
    client.receive_until(lambda: len(client.received) == 2)
    before = client.received.copy()
    client.receive_until(
        lambda: any(client.received[id] - before[id] >= 1400000 for id in (light, heavy)))
    gained = client.received - before
    client.close()
    return gained[heavy] / gained[light] if gained[light] else float("inf")


def bytes_before_urgent(port, low_path, urgent_path, rate, tls=True, lows=30, **options):
    """30 low responses flow; after 1 MB of them an exclusive one of weight 256
    is asked for. KB of low ones received from then until it has ended."""
    client = ThrottledClient(port, rate, tls, **options)
    for _ in range(lows):
        client.request(low_path, weight=1)
    client.receive_until(lambda: client.total() >= 1000000)
    urgent = client.request(urgent_path, weight=256, exclusive=True)
    before = client.total()
    client.receive_until(lambda: urgent in client.ended)
    low_bytes = client.total() - before - client.received[urgent]
    client.close()
    return low_bytes / 1000


def make_certificate(folder):
    """The paths of a new key and certificate for localhost."""
    key, certificate = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
         "-nodes", "-keyout", key, "-out", certificate, "-days", "2", "-subj", "/CN=localhost"],
        check=True, stderr=subprocess.DEVNULL)
    return key, certificate


class Server:
    """A server process that prints "… port N" on its first line; a context."""

    def __init__(self, command, stop=signal.SIGTERM, **options):
        self._command = command
        self._stop = stop
        self._options = options

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True,
                                         **self._options)
        line = self._process.stdout.readline()
        if "port " not in line:
            self.__exit__()
            sys.exit("%s did not start: %r" % (self._command, line))
        self.said = line
        self.port = int(line.rsplit(" ", 1)[1])
        self.pid = self._process.pid
        return self

    def __exit__(self, *unused):
        self._process.send_signal(self._stop)
        self._process.wait()
        self._process.stdout.close()
