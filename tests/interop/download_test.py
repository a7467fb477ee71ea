"""Large files arrive bit for bit, and cost the server no memory."""

import hashlib
import os

import support

# Freed blocks that AddressSanitizer keeps are no leak of the server's.
SMALL_QUARANTINE = {"ASAN_OPTIONS": "quarantine_size_mb=4"}
ALLOWED_GROWTH_KIB = 16 * 1024


def sha256(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    return digest.hexdigest()


class Download(support.Folder):

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(cls.root / "100mb.bin", "wb") as file:
            for _ in range(100):
                file.write(os.urandom(1_000_000))
        cls.digest = sha256(cls.root / "100mb.bin")
        with open(cls.root / "1gb.bin", "wb") as file:
            file.truncate(1 << 30)

    def download(self, server, path):
        copy = self.base / "copy"
        server.curl(path, "--output", copy)
        return copy

    def test_100_mb_arrive_in_cleartext(self):
        copy = self.download(self.server(), "/100mb.bin")
        self.assertEqual(copy.stat().st_size, 100_000_000)
        self.assertEqual(sha256(copy), self.digest)

    def test_100_mb_arrive_over_tls(self):
        copy = self.download(self.server(tls=True), "/100mb.bin")
        self.assertEqual(sha256(copy), self.digest)

    def test_nghttp_gets_100_mb_through_small_windows(self):
        result = support.run("nghttp", "--window-bits=16",
                             "--connection-window-bits=16",
                             self.server().url("/100mb.bin"))
        self.assertEqual(hashlib.sha256(result.stdout).hexdigest(), self.digest)

    def check_memory(self, tls):
        server = self.server(tls=tls, env=SMALL_QUARANTINE)
        self.download(server, "/100mb.bin")
        before = server.memory_kib("VmHWM")
        result = server.curl("/1gb.bin", "--output", "/dev/null",
                             "--write-out", "%{size_download}")
        self.assertEqual(int(result.stdout), 1 << 30)
        after = server.memory_kib("VmHWM")
        print(f"peak memory {before} KiB, after 1 GiB {after} KiB")
        self.assertLess(after - before, ALLOWED_GROWTH_KIB)

    def test_1_gb_in_cleartext_costs_no_memory(self):
        self.check_memory(tls=False)

    def test_1_gb_over_tls_costs_no_memory(self):
        self.check_memory(tls=True)

    def test_a_peer_that_opens_its_windows_and_does_not_read_costs_no_memory(
            self):
        server = self.server(env=SMALL_QUARANTINE)
        with support.RawClient(server) as warm_up:
            warm_up.start(support.request(1, "/none"))
            warm_up.until_type(support.DATA)
        before = server.memory_kib("VmRSS")
        with support.RawClient(server) as client:
            # CVE-2019-9517: windows wide open, the socket not read.
            client.start(support.window_update(0, 2**30),
                         *(support.request(stream, "/1gb.bin")
                           for stream in range(1, 200, 2)),
                         initial_window_size=2**31 - 1)
            with support.RawClient(server) as other:
                other.start()
                other.ping()  # by now the server has filled what it would
            after = server.memory_kib("VmRSS")
        print(f"memory {before} KiB, with 100 unread responses {after} KiB")
        self.assertLess(after - before, ALLOWED_GROWTH_KIB)

    def test_header_lists_that_unfold_and_are_reset_cost_little_memory(self):
        server = self.server(env=SMALL_QUARANTINE)
        before = server.memory_kib("VmHWM")
        with support.RawClient(server) as client:
            client.start()
            # Method, scheme and path from the static table, and a field of
            # 4,000 bytes that enters the dynamic one (RFC 7541 §6.1, §6.2.1).
            start = b"\x82\x86\x84\x01" + support.hpack_string("localhost")
            client.send(support.frame(
                support.HEADERS, support.END_HEADERS | support.END_STREAM, 1,
                start + support.hpack([("x", "x" * 4000)], indexing=True)))
            client.until_type(support.DATA)
            # 60 KB a request, by one byte for each of its copies.
            requests = [
                support.frame(support.HEADERS, support.END_HEADERS, stream,
                              start + b"\xbe" * 15)
                + support.frame(support.RST_STREAM, 0, stream, bytes(4))
                for stream in range(3, 1901, 2)]
            server.send_in_one_read(client, *requests)
            client.ping()
            after = server.memory_kib("VmHWM")
        print(f"peak memory {before} KiB, after {len(requests)} header lists "
              f"of 60 KB {after} KiB")
        # 4 MiB of them at a time, and under AddressSanitizer three times that;
        # all together they are 55 MiB.
        self.assertLess(after - before, 2 * ALLOWED_GROWTH_KIB)

    def test_a_file_that_shrinks_resets_only_its_own_stream(self):
        # Too large to be kept in memory.
        path = self.write("shrinking.bin", bytes(1_200_000))
        server = self.server()
        with support.RawClient(server) as client:
            client.start(support.request(1, "/shrinking.bin"))
            client.until_type(support.DATA)
            os.truncate(path, 10)
            client.send(support.window_update(0, 1_200_000),
                        support.window_update(1, 1_200_000))
            reset = client.until_type(support.RST_STREAM)
            self.assertEqual(support.reset_code(reset), support.INTERNAL_ERROR)
            client.ping()
        self.assertEqual(server.stop(), 0)
        self.assertIn("failed: the file became shorter", server.log())


if __name__ == "__main__":
    support.main()
