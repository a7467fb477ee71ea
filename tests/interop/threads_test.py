"""A server with several threads (--threads) spreads its connections over them."""

import os
import pathlib
import re
import select

import support
from support import DATA, RawClient, request

THREADS = 3
CONNECTIONS = 60


class Threads(support.Folder):
    TLS = False

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.content = os.urandom(2_000_000)
        (cls.root / "big.bin").write_bytes(cls.content)
        (cls.root / "small.txt").write_bytes(b"small")

    def server(self, *flags):
        return super().server(f"--threads={THREADS}", *flags, tls=self.TLS)

    def clients(self, server, count):
        clients = [RawClient(server, tls=self.TLS) for _ in range(count)]
        for client in clients:
            self.addCleanup(client.close)
            client.start(request(1, "/small.txt"))
        return clients

    def turns(self, server):
        """How often each thread has waited for something to do."""
        tasks = pathlib.Path(f"/proc/{server.process.pid}/task").iterdir()
        return {task.name: int(re.search(
            r"^voluntary_ctxt_switches:\s+(\d+)",
            (task / "status").read_text(), re.MULTILINE).group(1))
                for task in tasks}

    def test_every_thread_serves(self):
        server = self.server()
        before = self.turns(server)
        while len(before) < THREADS:  # it has just begun to listen
            before = self.turns(server)
        for client in self.clients(server, CONNECTIONS):
            self.assertEqual(client.until_type(DATA).payload, b"small")
        after = self.turns(server)
        for task in before:
            # 3 threads share 60 connections by a hash of their ports.
            self.assertGreater(after[task], before[task], "a thread idles")

    def test_the_log_has_a_whole_line_for_each_request(self):
        server = self.server()
        support.run("h2load", "--clients=20", "--requests=20000",
                    "--max-concurrent-streams=20", server.url("/small.txt"))
        self.assertEqual(server.stop(), 0)
        lines = server.log_lines()
        self.assertEqual(len(lines), 20_000)
        for line in lines:
            self.assertRegex(
                line, r'^\S+ 127\.0\.0\.1:\d+ \d+ "GET /small\.txt" 200 5 '
                r"[\d.]+ms complete$")

    def test_each_connection_has_its_own_decision_log(self):
        folder = pathlib.Path(self.base) / self.id()
        folder.mkdir()
        server = self.server(f"--trace={folder}/calls.jsonl")
        for client in self.clients(server, 20):
            client.until_type(DATA)
            client.close()
        self.assertEqual(server.stop(), 0)
        self.assertEqual(len(list(folder.iterdir())), 20)


class ThreadsOverTls(Threads):
    TLS = True


class ThreadsTogether(support.Folder):

    def test_they_keep_to_the_most_connections(self):
        self.write("small.txt", b"small")
        server = self.server(f"--threads={THREADS}",
                             f"--max_connections={THREADS}")
        waiting = {}
        for _ in range(CONNECTIONS):
            client = RawClient(server)
            self.addCleanup(client.close)
            client.start(request(1, "/small.txt"))
            waiting[client.socket] = client
        while waiting:
            served, _, _ = select.select(list(waiting), [], [],
                                         support.PATIENCE_SECONDS)
            self.assertNotEqual(served, [], "nobody is served")
            self.assertLessEqual(len(served), THREADS)
            client = waiting.pop(served[0])
            self.assertEqual(client.until_type(DATA).payload, b"small")
            client.close()
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    support.main()
