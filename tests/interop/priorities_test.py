"""nghttp's RFC 7540 priorities decide the order of the bytes that it receives."""

import re

import support

FRAME = 16384


class Priorities(support.Folder):
    TLS = False

    def setUp(self):
        # Weight 1 has its first turn after 256 frames of weight 256.
        self.write("a.bin", bytes(6_000_000))
        self.write("b.bin", bytes(6_000_000))
        self.http = self.server("--policy=rfc7540", tls=self.TLS)

    def data_frames(self, *options):
        """(path, bytes, end of stream) for each DATA frame, as it came."""
        output = support.run("nghttp", "--no-verify-peer", "--verbose",
                             "--null-out", *options).stdout.decode()
        output = re.sub(r"\x1b\[[0-9;]*m", "", output)
        paths, frames, stream = {}, [], None
        for line in output.splitlines():
            if match := re.search(r"send HEADERS frame <.*stream_id=(\d+)>",
                                  line):
                stream = match.group(1)
            elif match := re.match(r"\s+:path: (\S+)$", line):
                paths[stream] = match.group(1)
            elif match := re.search(
                    r"recv DATA frame <length=(\d+), flags=0x(\d\d), "
                    r"stream_id=(\d+)>", line):
                frames.append((paths[match.group(3)], int(match.group(1)),
                               match.group(2) == "01"))
        return frames

    def while_both_flow(self, frames, a, b):
        """Running (bytes of a, bytes of b) from the first moment when both have
        begun until the first of them ends."""
        begun, sums, out = set(), {a: 0, b: 0}, []
        for path, size, end in frames:
            if begun == {a, b}:
                sums[path] += size
                out.append((sums[a], sums[b]))
                if end:
                    break
            begun.add(path)
        return out

    # One connection window of 64 KiB throttles; streams are never the limit.
    THROTTLED = ("--window-bits=30", "--connection-window-bits=16")

    def check_weights(self, weight_a, weight_b, *options):
        frames = self.data_frames(
            *self.THROTTLED, *options, f"--weight={weight_a}",
            f"--weight={weight_b}", self.http.url("/a.bin"),
            self.http.url("/b.bin"))
        running = self.while_both_flow(frames, "/a.bin", "/b.bin")
        self.assertGreater(len(running), 50)
        # Over any interval |A/a − B/b| ≤ L/a + L/b, L the largest grant.
        bound = FRAME / weight_a + FRAME / weight_b
        worst = max(abs(a / weight_a - b / weight_b) for a, b in running)
        print(f"weights {weight_a}:{weight_b}: {running[-1]} bytes, "
              f"worst difference {worst / bound:.2f} of the bound")
        self.assertLessEqual(worst, bound)

    def test_weights_share_the_bytes(self):
        for a, b in ((64, 16), (256, 1), (32, 224), (16, 16), (110, 147)):
            with self.subTest((a, b)):
                self.check_weights(a, b)

    def test_weights_share_the_bytes_without_nghttps_placeholders(self):
        for a, b in ((64, 16), (32, 224)):
            with self.subTest((a, b)):
                self.check_weights(a, b, "--no-dep")

    def write_page(self):
        self.write("page.html", (
            b"<html><head><link rel='stylesheet' href='/page.css'>"
            b"<script src='/page.js'></script></head>"
            b"<body><img src='/one.png'><img src='/two.png'></body></html>"))
        self.write("page.css", bytes(300_000))
        self.write("page.js", bytes(300_000))
        self.write("one.png", bytes(300_000))
        self.write("two.png", bytes(300_000))
        return {"/page.html", "/page.css", "/page.js", "/one.png", "/two.png"}

    def finish_order(self, frames):
        return [path for path, _, end in frames if end]

    def test_assets_arrive_in_the_order_of_nghttps_dependencies(self):
        everything = self.write_page()
        frames = self.data_frames(*self.THROTTLED, "--get-assets",
                                  self.http.url("/page.html"))
        order = self.finish_order(frames)
        self.assertEqual(set(order), everything)
        # nghttp puts css and js under its leader node and images under the
        # follower, which depends on the leader: no image frame may come while
        # css or js could send, so the images end last.
        self.assertEqual(order[0], "/page.html")
        self.assertEqual(set(order[1:3]), {"/page.css", "/page.js"})
        between = [path for path, _, _ in frames[
            self._last(frames, "/page.html") + 1:
            self._last(frames, order[2])]]
        images = sum(path.endswith(".png") for path in between)
        self.assertEqual(images, 0, "an image's frame before its parents' end")

    def _last(self, frames, path):
        return max(i for i, frame in enumerate(frames) if frame[0] == path)

    def test_assets_arrive_together_without_dependencies(self):
        everything = self.write_page()
        frames = self.data_frames(*self.THROTTLED, "--no-dep", "--get-assets",
                                  self.http.url("/page.html"))
        self.assertEqual(set(self.finish_order(frames)), everything)
        # All have weight 16 on the root: images flow while css and js do.
        first_end = next(i for i, (path, _, end) in enumerate(frames)
                         if end and path != "/page.html")
        flowing = {path for path, _, _ in frames[:first_end]}
        self.assertEqual(flowing, everything)

    def test_a_policy_that_reads_only_rfc_9218_announces_it(self):
        for policy, announced in (("rfc9218", True), ("rfc7540", False),
                                  ("auto", False)):
            http = self.server(f"--policy={policy}", tls=self.TLS)
            output = support.run("nghttp", "--no-verify-peer", "--verbose",
                                 "--null-out", http.url("/a.bin")).stdout
            setting = b"SETTINGS_NO_RFC7540_PRIORITIES(0x09):1]"
            self.assertEqual(setting in output, announced, policy)

    def test_a_client_that_disables_rfc_7540_priorities_is_served(self):
        frames = self.data_frames(
            "--no-rfc7540-pri", self.http.url("/a.bin"),
            self.http.url("/b.bin"))
        self.assertEqual(set(self.finish_order(frames)), {"/a.bin", "/b.bin"})


class PrioritiesOverTls(Priorities):
    TLS = True


if __name__ == "__main__":
    support.main()
