"""After SIGINT or SIGTERM the server takes no connection, sends GOAWAY, and ends
every response (RFC 9113 §6.8)."""

import os
import signal
import socket
import time

import support
from support import (
    ACK, DATA, END_STREAM, GOAWAY, NO_ERROR, PING, RawClient, frame, request,
    window_update)


class GracefulStop(support.Folder):
    TLS = False
    THREADS = 1

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = os.urandom(3_000_000)
        (cls.root / "big.bin").write_bytes(cls.content)
        (cls.root / "small.txt").write_bytes(b"small")

    def server(self, *flags, **options):
        return super().server(f"--threads={self.THREADS}", *flags,
                              tls=self.TLS, **options)

    def begin_download(self, server):
        client = RawClient(server, tls=self.TLS)
        self.addCleanup(client.close)
        client.start(request(1, "/big.bin"))
        return client, client.until_type(DATA).payload

    def body(self, client, stream, received=b""):
        """The rest of a body; opens the windows as it arrives."""
        while True:
            got = client.until(
                lambda f: f.type == DATA and f.stream == stream)[-1]
            received += got.payload
            if got.flags & END_STREAM:
                return received
            if got.payload:
                client.send(window_update(0, len(got.payload)),
                            window_update(stream, len(got.payload)))

    def refuses_connections(self, server):
        try:
            socket.create_connection(("127.0.0.1", server.port)).close()
        except ConnectionRefusedError:
            return True
        return False

    def test_a_running_download_finishes(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with self.subTest(number):
                server = self.server()
                client, _ = self.begin_download(server)
                server.signal(number)
                # First every stream is still welcome …
                seen = client.until_type(GOAWAY)
                self.assertEqual(support.parse_goaway(seen),
                                 (support.MAX_STREAM_ID, NO_ERROR))
                ping = client.until_type(PING)
                self.assertTrue(self.refuses_connections(server))
                # … also one that was on its way …
                client.send(request(3, "/small.txt"),
                            frame(PING, ACK, payload=ping.payload))
                # … until the peer has shown that it knows.
                frames = client.until(lambda f: f.type == GOAWAY)
                self.assertEqual(support.parse_goaway(frames[-1]),
                                 (3, NO_ERROR))
                client.send(request(5, "/small.txt"),
                            window_update(0, 4_000_000),
                            window_update(1, 4_000_000))
                frames += client.rest()
                ended = {f.stream for f in frames
                         if f.type == DATA and f.flags & END_STREAM}
                self.assertEqual(ended, {1, 3})
                self.assertNotIn(5, {f.stream for f in frames})
                client.close()
                self.assertEqual(server.wait(), 0)
                self.assertRegex(
                    server.log(),
                    r'"GET /big\.bin" 200 3000000 [\d.]+ms complete')

    def test_downloads_during_the_stop_arrive_whole(self):
        server = self.server()
        client, received = self.begin_download(server)
        client.send(window_update(0, len(received)),
                    window_update(1, len(received)))
        server.signal()
        # This client answers no PING: the GOAWAY that follows it never comes.
        self.assertEqual(self.body(client, 1, received), self.content)

    def test_idle_connections_do_not_delay_the_stop(self):
        server = self.server()
        with RawClient(server, tls=self.TLS) as client:
            client.start()
            client.ping()
            server.signal()
            client.send(frame(PING, ACK, payload=client.until_type(
                PING).payload))
            self.assertEqual(client.goaway_and_end(), (0, NO_ERROR))
        self.assertEqual(server.wait(), 0)

    def test_without_connections_the_server_stops_at_once(self):
        self.assertEqual(self.server().stop(), 0)

    def test_a_stalled_download_is_cut_after_the_drain_timeout(self):
        server = self.server("--drain_timeout=300ms")
        self.begin_download(server)
        self.assertEqual(server.stop(), 0)
        self.assertIn("stopped with 1 connection unfinished", server.log())
        self.assertIn('"GET /big.bin" 200 ', server.log())

    def test_a_second_signal_cuts_all_connections(self):
        server = self.server("--drain_timeout=1h")
        client, _ = self.begin_download(server)
        server.signal()
        client.until_type(GOAWAY)
        server.signal()
        self.assertEqual(server.wait(), 0)
        self.assertIn("stopped with 1 connection unfinished", server.log())


class GracefulStopOverTls(GracefulStop):
    TLS = True


class GracefulStopOfThreads(GracefulStop):
    THREADS = 3

    def refuses_connections(self, server):
        # Each thread closes its own listener, one a little later than another.
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            if super().refuses_connections(server):
                return True
            time.sleep(0.01)
        return False

    def test_the_downloads_of_all_threads_finish(self):
        server = self.server()
        downloads = [self.begin_download(server) for _ in range(20)]
        server.signal()
        for client, received in downloads:
            client.send(window_update(0, len(self.content)),
                        window_update(1, len(self.content)))
        for client, received in downloads:
            self.assertEqual(self.body(client, 1, received), self.content)
            client.close()
        self.assertEqual(server.wait(), 0)
        self.assertEqual(server.log().count("complete"), 20)

    def test_a_second_signal_cuts_the_connections_of_all_threads(self):
        server = self.server("--drain_timeout=1h")
        downloads = [self.begin_download(server) for _ in range(20)]
        server.signal()
        for client, _ in downloads:
            client.until_type(GOAWAY)
        server.signal()
        self.assertEqual(server.wait(), 0)
        self.assertIn("20 connections unfinished", server.log())


if __name__ == "__main__":
    support.main()
