"""A server without free file descriptors answers 503 or lets connections wait,
and recovers.

Not for sanitizer builds: UBSan opens a pipe to find out whether an object's
memory is readable, and takes a failure for a broken object.
"""

import os

import support
from support import DATA, HEADERS, RawClient, request


class DescriptorLimits(support.Folder):

    def setUp(self):
        self.write("index.html", b"<p>home")
        for n in range(80):
            # Too large to be kept in memory.
            os.truncate(self.write(f"big{n}.bin", b""), 1_200_000)

    def serves(self, server):
        with RawClient(server) as client:
            client.start(request(1, "/"))
            self.assertEqual(client.until_type(DATA).payload, b"<p>home")

    def test_without_descriptors_for_files_requests_get_503(self):
        server = self.server(most_descriptors=40)
        with RawClient(server) as client:
            # No window: every response that began keeps its file.
            client.start(*(request(1 + 2 * n, f"/big{n}.bin")
                           for n in range(80)),
                         initial_window_size=0)
            client.ping()
        server.wait_for_log(" closed")  # its files with it
        self.serves(server)
        self.assertEqual(server.stop(), 0)
        statuses = [line.split('" ')[1].split()[0]
                    for line in server.log_lines() if "/big" in line]
        self.assertEqual(len(statuses), 80)
        self.assertEqual(set(statuses), {"200", "503"})

    def test_open_files_in_the_cache_leave_descriptors_for_others(self):
        server = self.server(most_descriptors=40)
        with RawClient(server) as client:
            client.start()
            for n in range(80):
                client.send(request(1 + 2 * n, f"/big{n}.bin", method="HEAD"))
                client.until_type(HEADERS)
        self.serves(server)
        self.assertEqual(server.stop(), 0)
        statuses = [line.split('" ')[1].split()[0]
                    for line in server.log_lines() if "/big" in line]
        self.assertEqual(statuses, ["200"] * 80)

    def test_without_descriptors_for_sockets_connections_wait(self):
        server = self.server(most_descriptors=40)
        clients = [RawClient(server) for _ in range(60)]
        for client in clients:
            client.start()
        clients[0].ping()
        for client in clients:
            client.close()
        self.serves(server)


if __name__ == "__main__":
    support.main()
