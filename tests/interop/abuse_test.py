"""A peer that breaks the rules gets the RFC's error and a closed connection, and
the server goes on serving others."""

import socket
import ssl
import struct

import support
from support import (
    CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEADERS, PING,
    PRIORITY, RST_STREAM, SETTINGS, WINDOW_UPDATE, RawClient, frame, hpack,
    request, request_fields, window_update)


class Abuse(support.Folder):
    TLS = False

    def setUp(self):
        self.write("index.html", b"<p>home")
        self.write("big.bin", bytes(1_000_000))
        self.http = self.server(tls=self.TLS)
        # Another client, whose connection has to survive all that follows.
        self.bystander = self.client()
        self.bystander.start()

    def tearDown(self):
        self.bystander.ping()
        self.bystander.close()
        with self.client() as newcomer:
            newcomer.start(request(1, "/"))
            self.assertEqual(newcomer.until_type(DATA).payload, b"<p>home")

    def client(self):
        return RawClient(self.http, tls=self.TLS)

    def assert_connection_error(self, code, *pieces, start=True):
        """GOAWAY with `code`, then an orderly end (no RST of TCP's)."""
        with self.client() as client:
            if start:
                client.start()
            client.send(*pieces)
            self.assertEqual(client.goaway_and_end()[1], code)

    def assert_stream_error(self, code, stream, *pieces):
        """RST_STREAM with `code`; the connection goes on."""
        with self.client() as client:
            client.start(*pieces)
            reset = client.until_type(RST_STREAM)
            self.assertEqual(reset.stream, stream)
            self.assertEqual(support.reset_code(reset), code)
            client.ping()

    # RFC 9113 §3.4: the preface.

    def test_garbage_gets_a_protocol_error(self):
        for garbage in (b"\x00" * 100, b"\xff" * 100, b"hello, server\r\n\r\n",
                        support.PREFACE[:23] + b"x", b"PRI * HTTP/1.1\r\n\r\n"):
            with self.subTest(garbage[:10]):
                self.assert_connection_error(
                    support.PROTOCOL_ERROR, garbage, start=False)

    def test_an_http_1_request_gets_a_protocol_error(self):
        self.assert_connection_error(
            support.PROTOCOL_ERROR,
            b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", start=False)

    def test_the_first_frame_must_be_settings(self):
        self.assert_connection_error(
            support.PROTOCOL_ERROR, support.PREFACE,
            frame(PING, payload=b"8 bytes."), start=False)

    # RFC 9113 §4.2: frame sizes.

    def test_a_frame_over_the_limit_is_refused_on_its_header(self):
        for kind in (DATA, HEADERS, SETTINGS, CONTINUATION, 0xbe):
            with self.subTest(kind):
                self.assert_connection_error(
                    support.FRAME_SIZE_ERROR,
                    frame(kind, stream=0 if kind == SETTINGS else 1,
                          length=16385))

    def test_frames_of_the_wrong_length_end_the_connection(self):
        for broken in (frame(PING, payload=b"7 bytes"),
                       frame(SETTINGS, payload=b"12345"),
                       frame(SETTINGS, support.ACK, payload=b"123456"),
                       frame(WINDOW_UPDATE, payload=b"123")):
            with self.subTest(broken):
                self.assert_connection_error(support.FRAME_SIZE_ERROR, broken)

    # RFC 9113 §5.2, §6.9: flow control.

    def test_an_overflow_of_the_connection_window_ends_the_connection(self):
        self.assert_connection_error(
            support.FLOW_CONTROL_ERROR, window_update(0, 2**31 - 1))

    def test_an_overflow_of_a_stream_window_resets_the_stream(self):
        self.assert_stream_error(
            support.FLOW_CONTROL_ERROR, 1, request(1, "/big.bin"),
            window_update(1, 2**31 - 1))

    def test_an_initial_window_beyond_31_bits_ends_the_connection(self):
        self.assert_connection_error(
            support.FLOW_CONTROL_ERROR,
            frame(SETTINGS, payload=struct.pack(">HI", 4, 2**31)))

    def test_settings_that_overflow_a_streams_window_end_the_connection(self):
        self.assert_connection_error(
            support.FLOW_CONTROL_ERROR, request(1, "/big.bin"),
            window_update(1, 1_000_000),
            support.settings(initial_window_size=2**31 - 1))

    def test_an_increment_of_zero_is_a_protocol_error(self):
        self.assert_connection_error(
            support.PROTOCOL_ERROR, window_update(0, 0))
        self.assert_stream_error(
            support.PROTOCOL_ERROR, 1, request(1, "/big.bin"),
            window_update(1, 0))

    # RFC 9113 §10.5, RFC 7541: header blocks.

    def bomb(self, copies):
        """A field of 4,000 bytes in the dynamic table, named `copies` times by
        one byte each: index 62 (RFC 7541 §2.3.3)."""
        return frame(
            HEADERS, END_HEADERS | END_STREAM, 1,
            hpack(request_fields())
            + hpack([("x-bomb", "b" * 4000)], indexing=True)
            + b"\xbe" * copies)

    def test_a_header_bomb_ends_the_connection(self):
        self.assert_connection_error(
            support.ENHANCE_YOUR_CALM, self.bomb(1000))

    def test_a_header_list_over_the_limit_ends_its_stream(self):
        self.assert_stream_error(support.ENHANCE_YOUR_CALM, 1, self.bomb(20))

    def test_a_flood_of_continuation_frames_ends_the_connection(self):
        block = hpack(request_fields())
        self.assert_connection_error(
            support.ENHANCE_YOUR_CALM,
            frame(HEADERS, END_STREAM, 1, block),
            *(frame(CONTINUATION, 0, 1) for _ in range(100)))

    def test_a_broken_header_block_ends_the_connection(self):
        self.assert_connection_error(
            support.COMPRESSION_ERROR,
            frame(HEADERS, END_HEADERS | END_STREAM, 1, b"\xff\xff\xff\xff"))

    def test_no_frame_may_interrupt_a_header_block(self):
        self.assert_connection_error(
            support.PROTOCOL_ERROR,
            frame(HEADERS, END_STREAM, 1, hpack(request_fields())),
            frame(PING, payload=b"8 bytes."))

    # RFC 9113 §5.1, §8: streams and messages.

    def test_a_frame_on_a_wrong_stream_ends_the_connection(self):
        for broken in (frame(DATA, 0, 0, b"x"), frame(DATA, 0, 1, b"x"),
                       frame(HEADERS, END_HEADERS, 2, hpack(request_fields())),
                       frame(RST_STREAM, 0, 1, bytes(4)),
                       frame(support.PUSH_PROMISE, END_HEADERS, 1, bytes(4))):
            with self.subTest(broken[:9]):
                self.assert_connection_error(support.PROTOCOL_ERROR, broken)

    def test_a_malformed_request_ends_its_stream(self):
        for fields in ([(":method", "GET")],
                       request_fields() + [("Upper", "case")],
                       request_fields() + [("connection", "close")],
                       [("x", "y")] + request_fields()):
            with self.subTest(fields[-1]):
                self.assert_stream_error(
                    support.PROTOCOL_ERROR, 1,
                    frame(HEADERS, END_HEADERS | END_STREAM, 1, hpack(fields)))

    def test_a_stream_beyond_the_limit_is_refused(self):
        with self.client() as client:
            # No window: none of these streams can finish.
            client.start(*(request(1 + 2 * n, "/big.bin") for n in range(101)),
                         initial_window_size=0)
            reset = client.until_type(RST_STREAM)
            self.assertEqual(reset.stream, 201)
            self.assertEqual(support.reset_code(reset), support.REFUSED_STREAM)
            client.ping()

    # RFC 7540 §5.3.1, §6.3: priorities.

    def test_a_stream_must_not_depend_on_itself(self):
        self.assert_stream_error(
            support.PROTOCOL_ERROR, 1, request(1, "/big.bin"),
            frame(PRIORITY, 0, 1, struct.pack(">IB", 1, 15)))

    def test_a_priority_frame_of_the_wrong_length_resets_its_stream(self):
        self.assert_stream_error(
            support.FRAME_SIZE_ERROR, 1, request(1, "/big.bin"),
            frame(PRIORITY, 0, 1, b"1234"))

    # Peers that leave, and peers that stay silent.

    def test_a_peer_may_leave_at_any_point(self):
        whole = (support.PREFACE + support.settings()
                 + request(1, "/big.bin") + request(3, "/"))
        for length in range(0, len(whole), 7):
            with self.client() as client:
                client.send(whole[:length])

    def test_a_goaway_reaches_a_peer_that_is_still_sending(self):
        # Unread bytes in a closed socket become an RST, which would take the
        # GOAWAY with it.
        with self.client() as client:
            client.start(frame(DATA, length=20_000, stream=1))
            try:
                client.send(bytes(1_000_000))
            except OSError:
                pass  # the server need not read it all
            self.assertEqual(client.until_type(GOAWAY).payload[4:8],
                             struct.pack(">I", support.FRAME_SIZE_ERROR))


class AbuseOverTls(Abuse):
    TLS = True

    def handshake_error(self, alpn):
        with self.assertRaises(ssl.SSLError) as caught:
            RawClient(self.http, tls=True, alpn=alpn).rest()
        return str(caught.exception)

    def test_a_client_without_h2_in_its_alpn_gets_the_alert(self):
        # RFC 7301 §3.2: no_application_protocol (120).
        for alpn in ((), ("http/1.1",), ("h2c", "h3")):
            with self.subTest(alpn):
                self.assertIn("alert no application protocol",
                              self.handshake_error(alpn))

    def test_h2_is_chosen_among_others(self):
        with RawClient(self.http, tls=True, alpn=("http/1.1", "h2")) as client:
            self.assertEqual(client.socket.selected_alpn_protocol(), "h2")
            client.start()
            client.ping()

    def test_openssls_own_client_sees_the_alert_too(self):
        result = support.run(
            "openssl", "s_client", "-connect", f"127.0.0.1:{self.http.port}",
            "-alpn", "http/1.1", check=False, input=b"")
        self.assertIn(b"alert number 120", result.stdout + result.stderr)

    def test_cleartext_and_garbage_on_the_tls_port_end_their_connection(self):
        for garbage in (support.PREFACE, b"GET / HTTP/1.1\r\n\r\n",
                        b"\x16\x03\x01\xff\xff" + bytes(100)):
            with self.subTest(garbage), socket.create_connection(
                    ("127.0.0.1", self.http.port),
                    timeout=support.PATIENCE_SECONDS) as peer:
                peer.sendall(garbage)
                # The alert, if there is one, then the end; and no RST, also
                # when more arrives after the server has given up.
                while peer.recv(4096):
                    pass
                peer.sendall(bytes(100_000))
                peer.shutdown(socket.SHUT_WR)


class DataBeyondTheWindow(support.Folder):
    """Only a stopped server reads so much at once that it cannot have opened
    its window in between."""

    def test_data_beyond_the_window_is_a_flow_control_error(self):
        server = self.server()
        with RawClient(server) as client:
            # The stream stays open, since its response cannot finish.
            client.start(request(1, "/", method="POST", end_stream=False),
                         initial_window_size=0)
            # Less than half of the window, so the server gives nothing back.
            client.send(frame(DATA, 0, 1, bytes(16_000)),
                        frame(DATA, 0, 1, bytes(16_000)))
            client.ping()
            server.send_in_one_read(
                client,
                *(frame(DATA, 0, 1, bytes(16_384)) for _ in range(3)))
            self.assertEqual(client.goaway_and_end()[1],
                             support.FLOW_CONTROL_ERROR)
        with RawClient(server) as client:
            client.start()
            client.ping()


class Connections(support.Folder):

    def test_a_connection_beyond_the_limit_waits_for_its_turn(self):
        server = self.server("--max_connections=2")
        clients = [RawClient(server) for _ in range(3)]
        for client in clients:
            self.addCleanup(client.close)
            client.start()
        clients[0].ping()
        clients[1].ping()
        clients[2].socket.settimeout(0.2)
        with self.assertRaises(TimeoutError):
            clients[2].frame()
        clients[0].close()
        clients[2].socket.settimeout(support.PATIENCE_SECONDS)
        clients[2].ping()


class SilentPeers(support.Folder):
    """The time-outs are short here so that the test is; nothing is timed."""

    def setUp(self):
        self.write("big.bin", bytes(50_000_000))

    def test_a_peer_that_never_speaks_gets_settings_timeout(self):
        server = self.server("--setup_timeout=300ms")
        with RawClient(server) as client:
            self.assertEqual(client.goaway_and_end()[1],
                             support.SETTINGS_TIMEOUT)

    def test_a_peer_that_never_acknowledges_settings_gets_settings_timeout(
            self):
        server = self.server("--setup_timeout=300ms")
        with RawClient(server) as client:
            client.send(support.PREFACE, support.settings())
            self.assertEqual(client.goaway_and_end()[1],
                             support.SETTINGS_TIMEOUT)

    def test_the_server_leaves_a_peer_that_never_finishes_its_handshake(self):
        server = self.server("--setup_timeout=300ms", tls=True)
        with socket.create_connection(
                ("127.0.0.1", server.port),
                timeout=support.PATIENCE_SECONDS) as peer:
            self.assertEqual(peer.recv(1), b"")

    def test_an_idle_connection_is_ended_with_goaway(self):
        server = self.server("--idle_timeout=300ms")
        with RawClient(server) as client:
            client.start()
            self.assertEqual(client.goaway_and_end(), (0, support.NO_ERROR))

    def test_the_server_leaves_a_peer_that_asks_and_does_not_read(self):
        server = self.server("--idle_timeout=300ms")
        with RawClient(server) as client:
            client.start(window_update(0, 2**30), request(1, "/big.bin"),
                         initial_window_size=2**31 - 1)
            client.until_type(DATA)
            server.wait_for_log("GET /big.bin")
            self.assertIn("closed", server.log())


if __name__ == "__main__":
    support.main()
