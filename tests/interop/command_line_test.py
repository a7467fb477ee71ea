"""A wrong command line gets a sentence and exit status 2."""

import os
import socket

import support


class CommandLine(support.Folder):

    def refused(self, *flags, status=2, env=None):
        """The sentence on standard error."""
        result = support.run_server_to_its_end(*flags, env=env)
        error = result.stderr.decode()
        self.assertEqual(result.returncode, status, error)
        self.assertEqual(result.stdout, b"")
        self.assertEqual(len(error.splitlines()), 1, error)
        self.assertTrue(error.startswith("server: "), error)
        return error

    def test_an_unknown_policy_lists_the_known_ones(self):
        error = self.refused(f"--root={self.root}", "--policy=none")
        for word in ("none", "rfc7540", "rr", "fifo"):
            self.assertIn(word, error)

    def test_a_policy_option_that_does_not_exist_is_named(self):
        self.assertIn("colour", self.refused("--policy=rr:colour=red"))

    def test_a_priority_rule_that_is_wrong_is_named(self):
        error = self.refused("--priority_rules=type text/css: u=9")
        self.assertIn("type text/css: u=9", error)

    def test_a_root_that_cannot_be_served_is_named(self):
        self.assertIn("/nowhere", self.refused("--root=/nowhere"))
        self.assertIn("cert.pem", self.refused(f"--root={self.cert}"))

    def test_certificate_and_key_belong_together(self):
        self.assertIn("--tls_key", self.refused(f"--tls_cert={self.cert}"))
        self.assertIn("--tls_cert", self.refused(f"--tls_key={self.key}"))

    def test_a_certificate_or_key_that_does_not_fit_is_named(self):
        self.assertIn("none.pem': No such file or directory", self.refused(
            "--tls_cert=none.pem", f"--tls_key={self.key}"))
        self.assertIn("none.pem", self.refused(
            f"--tls_cert={self.cert}", "--tls_key=none.pem"))
        self.assertIn("key.pem': the file has no readable one in PEM format", self.refused(
            f"--tls_cert={self.key}", f"--tls_key={self.key}"))
        locked = self.base / "locked.pem"
        support.run("openssl", "pkey", "-in", self.key, "-aes256", "-passout", "pass:x",
                    "-out", locked)
        error = self.refused(f"--tls_cert={self.cert}", f"--tls_key={locked}")
        self.assertIn("locked.pem' with the certificate", error)
        self.assertIn("or one with a pass phrase", error)
        other = self.base / "other.pem"
        support.run("openssl", "genpkey", "-algorithm", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-out", other)
        self.assertIn("other.pem", self.refused(
            f"--tls_cert={self.cert}", f"--tls_key={other}"))

    def test_a_flag_that_does_not_parse_or_exist_is_refused(self):
        self.assertIn("--port", self.refused("--port=http"))
        self.assertIn("--port", self.refused("--port"))
        self.assertIn("65536", self.refused("--port=65536"))
        self.assertIn("-1", self.refused("--port=-1"))
        self.assertIn("--notsent_lowat", self.refused("--notsent_lowat=-1"))
        self.assertIn("--max_frame_size", self.refused("--max_frame_size=0"))
        self.assertIn("--max_connections",
                      self.refused("--max_connections=0"))
        self.assertIn("--prot", self.refused("--prot=80"))
        self.assertIn("--trace: cannot write /no/such/log: No such file",
                      self.refused("--trace=/no/such/log"))
        self.assertIn(f"--trace: cannot write {self.root}: File exists",
                      self.refused(f"--trace={self.root}"))
        self.assertIn("localhost", self.refused("--bind=localhost"))
        self.assertIn("--idle_timeout is 0", self.refused("--idle_timeout=0"))
        for rule in ("path big: u=0", "type text: u=1"):
            self.assertIn(rule, self.refused(f"--priority_rules={rule}"))
        self.assertIn("site", self.refused("site"))

    def test_a_port_in_use_is_no_fault_of_the_command_line(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            self.assertIn("cannot listen", self.refused(
                f"--root={self.root}", f"--port={port}", status=1))

    def test_relative_paths_start_in_the_callers_folder(self):
        self.write("a.txt", b"a")
        env = {"BUILD_WORKING_DIRECTORY": str(self.base)}
        server = support.Server("--root=root", "--port=0", "--tls_cert=cert.pem",
                                "--tls_key=key.pem", env=env)
        self.addCleanup(server.kill)
        server.cert = self.cert
        self.assertEqual(server.curl("/a.txt").stdout, b"a")

    def test_help_lists_the_flags_and_the_policies(self):
        result = support.run_server_to_its_end("--help")
        self.assertEqual(result.returncode, 0)
        for word in (b"--root", b"--notsent_lowat", b"rfc7540", b"fifo"):
            self.assertIn(word, result.stdout)

    def test_the_server_runs_under_every_policy(self):
        content = os.urandom(50_000)
        self.write("a.bin", content)
        for policy in ("rfc7540", "rr", "fifo"):
            with self.subTest(policy):
                server = self.server(f"--policy={policy}")
                self.assertEqual(server.curl("/a.bin").stdout, content)


if __name__ == "__main__":
    support.main()
