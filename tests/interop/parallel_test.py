"""Many streams at once, by nghttp and h2load."""

import hashlib
import os
import re

import support


class Parallel(support.Folder):
    TLS = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = os.urandom(200_000)
        (cls.root / "medium.bin").write_bytes(cls.content)
        (cls.root / "1k.bin").write_bytes(os.urandom(1024))
        for n in range(100):
            (cls.root / f"{n}.bin").write_bytes(cls.body(n))

    @staticmethod
    def body(n):
        return hashlib.sha256(str(n).encode()).digest() * (100 + n * 20)

    def setUp(self):
        self.http = self.server(tls=self.TLS)

    def finished(self, count, status=200):
        """The server agrees, by its log, that `count` requests are done."""
        self.assertEqual(self.http.stop(), 0)
        done = re.findall(rf'" {status} (\d+) [\d.]+ms complete$',
                          self.http.log(), re.MULTILINE)
        self.assertEqual(len(done), count, self.http.log()[-2000:])
        return [int(size) for size in done]

    def test_nghttp_gets_one_file_on_100_parallel_streams(self):
        result = support.run("nghttp", "--no-verify-peer", "--multiply=100",
                             self.http.url("/medium.bin"))
        # Bodies are interleaved on standard output: their bytes are all there.
        self.assertEqual(len(result.stdout), 100 * len(self.content))
        self.assertEqual(self.finished(100), [len(self.content)] * 100)

    def test_our_client_gets_100_files_on_parallel_streams(self):
        with support.RawClient(self.http, tls=self.TLS) as client:
            client.start(
                support.window_update(0, 2**30),
                *(support.request(1 + 2 * n, f"/{n}.bin") for n in range(100)),
                initial_window_size=2**20)
            bodies = {1 + 2 * n: b"" for n in range(100)}
            finish_order = []
            while len(finish_order) < 100:
                got = client.until_type(support.DATA)
                bodies[got.stream] += got.payload
                if got.flags & support.END_STREAM:
                    finish_order.append(got.stream)
            for n in range(100):
                self.assertEqual(bodies[1 + 2 * n], self.body(n), n)
            # They shared the connection: the smallest did not wait its turn.
            self.assertLess(finish_order.index(1), finish_order.index(199))

    def h2load(self, *options):
        output = support.run("h2load", *options).stdout.decode()
        counts = re.search(
            r"requests: (\d+) total, \d+ started, \d+ done, (\d+) succeeded, "
            r"(\d+) failed, (\d+) errored", output)
        self.assertIsNotNone(counts, output)
        return tuple(map(int, counts.groups()))

    def test_h2load_succeeds_with_many_connections_and_streams(self):
        self.assertEqual(
            self.h2load("-n", "5000", "-c", "10", "-m", "100",
                        self.http.url("/1k.bin")), (5000, 5000, 0, 0))
        self.finished(5000)

    def test_h2load_succeeds_with_larger_files(self):
        self.assertEqual(
            self.h2load("-n", "500", "-c", "5", "-m", "20", "-w", "16", "-W",
                        "16", self.http.url("/medium.bin")),
            (500, 500, 0, 0))
        self.assertEqual(self.finished(500), [len(self.content)] * 500)


class ParallelOverTls(Parallel):
    TLS = True


if __name__ == "__main__":
    support.main()
