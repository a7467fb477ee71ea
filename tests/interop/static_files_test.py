"""curl gets files, types and status codes, and nothing outside the root."""

import os
import unittest

import support

FILES = {
    "index.html": (b"<!doctype html><p>home", "text/html; charset=utf-8"),
    "style.css": (b"p{}", "text/css; charset=utf-8"),
    "app.js": (b"1;", "text/javascript; charset=utf-8"),
    "logo.svg": (b"<svg/>", "image/svg+xml"),
    "photo.JPG": (b"\xff\xd8\xff", "image/jpeg"),
    "photo.avif": (b"....ftypavif", "image/avif"),
    "font.woff2": (b"wOF2", "font/woff2"),
    "data.json": (b"{}", "application/json"),
    "film.mp4": (b"....ftyp", "video/mp4"),
    "notes.txt": (b"notes", "text/plain; charset=utf-8"),
    "unknown": (bytes(range(256)), "application/octet-stream"),
    "empty.css": (b"", "text/css; charset=utf-8"),
    "with space.txt": (b"spaced", "text/plain; charset=utf-8"),
    "sub/index.html": (b"<p>sub", "text/html; charset=utf-8"),
    "frames.bin": (os.urandom(100_000), "application/octet-stream"),
}


class Answer:
    """Status, fields and body from `curl --include`."""

    def __init__(self, raw):
        head, _, self.body = raw.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        self.protocol, self.status = status.split()[0], int(status.split()[1])
        self.fields = dict(line.split(": ", 1) for line in lines)


class Cleartext(support.Folder):
    TLS = False

    def setUp(self):
        for name, (content, _) in FILES.items():
            self.write(name, content)
        (self.base / "outside.txt").write_bytes(b"secret")
        self.http = self.server(tls=self.TLS)

    def get(self, path, *options):
        return Answer(self.http.curl(path, "--include", *options).stdout)

    def test_every_file_arrives_whole_with_its_type_and_length(self):
        for name, (content, content_type) in FILES.items():
            with self.subTest(name):
                answer = self.get("/" + name.replace(" ", "%20"))
                self.assertEqual(answer.protocol, "HTTP/2")
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer.body, content)
                self.assertEqual(answer.fields["content-type"], content_type)
                self.assertEqual(answer.fields["content-length"],
                                 str(len(content)))
                self.assertIn("GMT", answer.fields["date"])

    def test_head_gives_the_fields_without_the_body(self):
        for path in ("/frames.bin", "/index.html", "/none", "/sub"):
            with self.subTest(path):
                get, head = self.get(path), self.get(path, "--head")
                self.assertEqual(head.status, get.status)
                self.assertEqual(head.body, b"")
                for name in ("content-type", "content-length", "location"):
                    self.assertEqual(head.fields.get(name),
                                     get.fields.get(name))

    def test_a_folder_serves_its_index_html(self):
        self.assertEqual(self.get("/").body, FILES["index.html"][0])
        self.assertEqual(self.get("/sub/").body, b"<p>sub")
        redirect = self.get("/sub")
        self.assertEqual(redirect.status, 301)
        self.assertEqual(redirect.fields["location"], "/sub/")
        self.assertEqual(self.get(redirect.fields["location"]).body, b"<p>sub")

    def test_a_missing_file_is_404(self):
        for path in ("/none", "/style.css/", "/style.css/x", "/sub/none"):
            with self.subTest(path):
                answer = self.get(path)
                self.assertEqual(answer.status, 404)
                self.assertEqual(answer.body, b"404 Not Found\n")

    def test_other_methods_get_405_and_the_two_allowed_ones(self):
        upload = self.base / "upload"
        upload.write_bytes(bytes(300_000))
        for options in (("--request", "DELETE"), ("--request", "OPTIONS"),
                        ("--data", "x=1"), ("--upload-file", upload)):
            with self.subTest(options[1]):
                answer = self.get("/style.css", *options)
                self.assertEqual(answer.status, 405)
                self.assertEqual(answer.fields["allow"], "GET, HEAD")
        self.assertEqual(self.get("/style.css").status, 200)

    def test_no_spelling_of_a_path_leaves_the_root(self):
        os.symlink("../outside.txt", self.root / "link.txt")
        os.symlink("..", self.root / "up")
        os.symlink("style.css", self.root / "inside.css")
        try:
            for path in ("/../outside.txt", "/sub/../../outside.txt",
                         "/%2e%2e/outside.txt", "/..%2foutside.txt",
                         "/%2e%2e%2foutside.txt", "//../outside.txt",
                         "/sub/%2E%2E/%2E%2E/outside.txt", "/link.txt",
                         "/up/outside.txt", "/up/", "/up/root/style.css",
                         "/../../../../../../etc/passwd", "//etc/passwd"):
                with self.subTest(path):
                    answer = self.get(path)
                    # "/up/root" comes back in; it is inside by its real name.
                    wanted = 200 if path == "/up/root/style.css" else 404
                    self.assertEqual(answer.status, wanted)
                    self.assertNotIn(b"secret", answer.body)
            self.assertEqual(self.get("/inside.css").body, b"p{}")
        finally:
            for name in ("link.txt", "up", "inside.css"):
                (self.root / name).unlink()

    def test_a_nul_or_a_broken_escape_is_400(self):
        for path in ("/%00", "/style.css%00.html", "/%zz", "/%"):
            with self.subTest(path):
                self.assertEqual(self.get(path).status, 400)

    def test_the_access_log_has_one_line_for_each_request(self):
        self.get("/style.css")
        self.get("/none%0a?query")
        self.get("/style.css", "--head")
        self.assertEqual(self.http.stop(), 0)
        lines = [line for line in self.http.log_lines() if '"' in line]
        self.assertEqual(len(lines), 3, self.http.log())
        self.assertRegex(
            lines[0], r'^20\S+Z 127\.0\.0\.1:\d+ 1 "GET /style\.css" 200 3 '
            r"[\d.]+ms complete$")
        self.assertIn('"GET /none%0a?query" 404 14 ', lines[1])
        self.assertIn('"HEAD /style.css" 200 0 ', lines[2])


class Tls(Cleartext):
    TLS = True


if __name__ == "__main__":
    support.main()
