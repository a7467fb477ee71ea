#!/usr/bin/env python3
"""Runs //:probe: probe_test.py PROBE FAULTY_SERVER SERVER

Against servers of known behaviour, ours and nghttpd where it is installed, and
against broken ones. All are on loopback; no test looks at a time.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import time
import unittest

import hostile_servers

PROBE, FAULTY, SERVER = (os.path.abspath(path) for path in sys.argv[1:4])
FOLDER = tempfile.TemporaryDirectory()
SERVERS = {}  # processes by URL
CPUS = 4  # the probe waits more than it works


def path_of(name):
    return os.path.join(FOLDER.name, name)


def run(*words):
    return subprocess.run([PROBE, *words], capture_output=True, text=True, check=False)


@contextlib.contextmanager
def server(policy, fault="none"):
    """A faulty_server; its URL without the path."""
    with subprocess.Popen([FAULTY, policy, fault], stdout=subprocess.PIPE, text=True) as process:
        try:
            url = "http://127.0.0.1:%d" % int(process.stdout.readline())
            SERVERS[url] = process.pid
            yield url
        finally:
            process.kill()


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def wait_for(port):
    """Until it accepts connections."""
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)


def results_of(urls, *flags):
    """The object of one server, from --json."""
    with tempfile.NamedTemporaryFile(dir=FOLDER.name) as file:
        result = run(*urls, "--repeat=1", "--json=" + file.name, *flags)
        assert result.returncode == 0, result.stderr
        return json.loads(pathlib.Path(file.name).read_text())


def verdicts_of(*arguments):
    """Verdicts, but for the percentages."""
    return {experiment["name"]: re.sub(r" \(\d+ %.*", "", experiment["verdict"])
            for experiment in results_of(*arguments)["experiments"]}


def probe_ours(policy, fault="none"):
    with server(policy, fault) as url:
        return verdicts_of([url + "/big"])


# The verdicts on ours under `auto`; response-priority needs fields that this
# server does not send.
SIGNALS = ("rfc7540-exclusive", "rfc7540-weights", "rfc7540-weights-groups", "rfc7540-chain",
           "rfc7540-late", "rfc7540-reprioritise", "rfc9218-urgency",
           "rfc9218-urgency-incremental", "rfc9218-incremental", "rfc9218-mixed", "rfc9218-late",
           "rfc9218-late-incremental", "priority-update", "priority-update-before",
           "priority-update-after", "priority-update-late", "both-chromium", "both-firefox",
           "small-among-large", "starvation", "settings-no-rfc7540", "via")
AUTO = {
    **{name: "honoured" for name in SIGNALS},
    "no-signals": "cannot tell (no signals; all at once)",
    "response-priority": "cannot tell (no response's priority field favours it)",
    "lateness": "honoured",
}
IGNORED = {**AUTO, **{name: "ignored" for name in SIGNALS},
           "settings-no-rfc7540": "cannot tell (the order follows neither the fields nor the tree)",
           "lateness": "ignored"}
ALL_COMMITTED = "cannot tell (all 1280 KB were committed before the choice)"
FIRST_FIRST = "cannot tell (no signals; the first request first)"
UPDATES = [name for name in SIGNALS if name.startswith("priority-update")]

# By policy and fault.
EXPECTED = {
    ("auto", "none"): AUTO,
    # It translates fields into weights (docs/policies.md).
    ("rfc7540", "none"): {**AUTO, "rfc9218-incremental": "ignored"},
    # It translates weights into urgencies.
    ("rfc9218", "none"): {**AUTO, "no-signals": FIRST_FIRST, "rfc7540-exclusive": "reversed",
                          "rfc7540-weights": "partly (strict order for 7)",
                          "rfc7540-weights-groups": "ignored",
                          "starvation": "partly (strict order for 15)"},
    ("rr", "none"): IGNORED,
    ("fifo", "none"): {**IGNORED, "no-signals": FIRST_FIRST,
                       "lateness": ALL_COMMITTED},
    # Mutants: each changes the verdicts on what it breaks, and no other.
    ("auto", "weights-ignored"): {**AUTO, "rfc7540-weights": "ignored",
                                  "rfc7540-weights-groups": "ignored", "starvation": "ignored"},
    ("auto", "exclusive-ignored"): {**AUTO, "rfc7540-exclusive": "partly",
                                    "rfc7540-chain": "partly"},
    # The groups are made by PRIORITY frames.
    ("auto", "priority-dropped"): {**AUTO, "rfc7540-reprioritise": "ignored",
                                   "rfc7540-weights-groups": "ignored"},
    ("auto", "update-dropped"): {**AUTO, **{name: "ignored" for name in UPDATES}},
    ("auto", "incremental-ignored"): {**AUTO, "rfc9218-incremental": "ignored"},
    ("auto", "urgency-reversed"): {
        **AUTO, **{name: "reversed" for name in SIGNALS if not name.startswith("rfc7540")},
        "rfc9218-incremental": "honoured", "starvation": "honoured",
        # By the tree, then.
        "settings-no-rfc7540": "ignored", "lateness": ALL_COMMITTED},
    ("auto", "drained-early"): {**AUTO, "lateness": ALL_COMMITTED},
}


class VerdictsTest(unittest.TestCase):
    maxDiff = None

    def test_each_policy_and_each_fault_has_its_verdicts(self):
        with concurrent.futures.ThreadPoolExecutor(CPUS) as pool:
            found = list(pool.map(lambda case: probe_ours(*case), EXPECTED))
        for case, verdicts in zip(EXPECTED, found):
            with self.subTest(case=case):
                self.assertEqual(verdicts, EXPECTED[case])

    def test_responses_that_name_priorities_are_judged_by_them(self):
        for fault, verdict in (("fields-sent", "honoured"),
                               ("response-fields-ignored", "ignored")):
            with server("auto", fault) as url:
                verdicts = verdicts_of(["--low=%s/low" % url, "--high=%s/urgent" % url],
                                       "--experiments=response-priority")
            self.assertEqual(verdicts, {"response-priority": verdict})

    def test_nghttpd_honours_one_kind_of_signals(self):
        nghttpd = shutil.which("nghttpd") or shutil.which("nghttpd", path="/usr/sbin")
        if nghttpd is None:
            self.skipTest("nghttpd is not installed")
        pathlib.Path(path_of("big")).write_bytes(bytes(400 * 1024))
        tree = {name for name in SIGNALS if name.startswith("rfc7540")} | {"starvation"}
        fields = {name for name in SIGNALS if name.startswith("rfc9218")}
        for flags, honoured, ignored in (((), tree, fields), (("--no-rfc7540-pri",), fields, tree)):
            port = free_port()
            command = [nghttpd, "--no-tls", "--htdocs=" + FOLDER.name, *flags, str(port)]
            with subprocess.Popen(command) as process:
                try:
                    wait_for(port)
                    verdicts = verdicts_of(["http://127.0.0.1:%d/big" % port])
                finally:
                    process.kill()
            self.assertEqual({name for name in tree | fields if verdicts[name] == "honoured"},
                             honoured)
            self.assertEqual({name for name in verdicts if verdicts[name] == "ignored"},
                             ignored | set(UPDATES) |
                             ({"via"} if honoured is tree else set()))


@contextlib.contextmanager
def tls_server():
    """examples/server; the port."""
    pathlib.Path(path_of("big")).write_bytes(bytes(400 * 1024))
    make_certificate()
    command = [SERVER, "--port=0", "--policy=auto", "--noaccess_log", "--root=" + FOLDER.name,
               "--tls_cert=" + path_of("cert.pem"), "--tls_key=" + path_of("key.pem")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield int(re.search(r":(\d+)", process.stdout.readline()).group(1))
        finally:
            process.kill()


def make_certificate():
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=localhost", "-keyout",
                    path_of("key.pem"), "-out", path_of("cert.pem")],
                   check=True, stderr=subprocess.DEVNULL)


class TlsTest(unittest.TestCase):
    def test_a_server_over_tls_gets_its_verdicts_and_its_certificate_is_checked(self):
        names = ("rfc7540-weights", "rfc9218-late", "priority-update", "lateness")
        with tls_server() as port:
            url = "https://127.0.0.1:%d/big" % port
            verdicts = verdicts_of([url], "--insecure", "--experiments=" + ",".join(names))
            refused = run(url)
        self.assertEqual(verdicts, dict.fromkeys(names, "honoured"))
        self.assertEqual(refused.returncode, 1, refused.stderr)
        self.assertIn("; --insecure takes any certificate", refused.stderr)

    def test_a_server_without_http2_over_tls_gets_a_sentence(self):
        make_certificate()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path_of("cert.pem"), path_of("key.pem"))

        def serve(connection):
            context.wrap_socket(connection, server_side=True).close()

        for server_of, said in ((serve, "does not offer h2 by ALPN"),
                                (hostile_servers.sends_garbage, "TLS"),
                                (hostile_servers.is_silent, "(nothing came for 2s)")):
            with hostile_servers.HostileServer(server_of) as broken:
                result = run("https://127.0.0.1:%d/big" % broken.port, "--insecure", "--time=2s")
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(said, result.stderr)


class OutputsTest(unittest.TestCase):
    def test_every_form_of_output_is_written_and_two_results_are_compared(self):
        names = "rfc7540-weights,priority-update"
        said = {}
        for fault in ("none", "update-dropped"):
            with server("auto", fault) as url:
                result = run(url + "/big", "--experiments=" + names, "--repeat=2",
                             "--json=" + path_of(fault), "--html=" + path_of("page.html"),
                             "--qlog=" + path_of("qlog"))
            self.assertEqual(result.returncode, 0, result.stderr)
            said[fault] = result.stdout
            self.assertIn("[4/4]", result.stderr)
        self.assertRegex(said["none"], r"(?m)^rfc7540-weights +honoured +.*share 7")
        self.assertRegex(said["update-dropped"], r"(?m)^priority-update +ignored +")
        self.assertIn('"name":"priority-update"', pathlib.Path(path_of("page.html")).read_text())
        self.assertEqual(len(os.listdir(path_of("qlog"))), 4)  # the ports differ
        compared = run("--compare", path_of("none"), path_of("update-dropped"))
        self.assertEqual(compared.returncode, 0, compared.stderr)
        self.assertIn("  priority-update: honoured → ignored\n", compared.stdout)
        self.assertNotIn("rfc7540-weights", compared.stdout)

    def test_the_cost_stays_below_what_the_plan_announces(self):
        plan = run("http://127.0.0.1:1/big", "--dry_run")
        self.assertEqual(plan.returncode, 0, plan.stderr)
        most = re.search(r"at most (\d+) connections.*?(\d+) MB and (\d+)s", plan.stdout)
        connections, megabytes, seconds = (int(number) for number in most.groups())
        self.assertLessEqual(megabytes, 20)
        self.assertLessEqual(seconds, 20)
        with server("auto") as url, tempfile.NamedTemporaryFile() as file:
            result = run(url + "/big", "--json=" + file.name)
            self.assertEqual(result.returncode, 0, result.stderr)
            cost = json.loads(pathlib.Path(file.name).read_text())
        self.assertLessEqual(cost["connections"], connections)
        self.assertLessEqual(cost["bytes"], megabytes * 1e6)
        self.assertTrue(all(len(experiment["repeats"]) > 1 for experiment in cost["experiments"]))


class CommandLineTest(unittest.TestCase):
    def assert_refused(self, words, sentence):
        result = run(*words)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertIn(sentence, result.stderr)
        self.assertEqual(result.stdout, "")

    def test_a_bad_command_line_ends_with_2_and_a_sentence(self):
        url = "http://127.0.0.1:1/"
        self.assert_refused([], "name the URL of a server")
        self.assert_refused(["ftp://host/"], "ftp://host/")
        self.assert_refused([url, "--repeat=0"], "--repeat is 0; it must be")
        self.assert_refused([url, "--time=0s"], "--time is 0; it must be")
        self.assert_refused([url, "--megabytes=0"], "--megabytes is 0; it must be")
        self.assert_refused([url, "--experiments=x"], "--experiments names 'x'")
        self.assert_refused(["--low=" + url], "--low and --high go together")
        self.assert_refused([url, "--json=/no/such/folder/x"], "/no/such/folder/x")
        self.assert_refused([url, "--html=/no/such/folder/x"], "/no/such/folder/x")
        self.assert_refused([url, "--qlog=/dev/null/x"], "/dev/null/x")
        self.assert_refused([url, "--nonsense"], "there is no flag --nonsense")
        self.assert_refused(["--compare", "/no/such/file", "/no/such/file"], "/no/such/file")
        pathlib.Path(path_of("bad")).write_text("{}\n")
        self.assert_refused(["--compare", path_of("bad"), path_of("bad")],
                            "%s:1: url: is missing" % path_of("bad"))


class HostileTest(unittest.TestCase):
    # A part of the sentence, where the fault has a name.
    SAID = {
        "closes": "closes the connection",
        "resets_streams": "resets a request with REFUSED_STREAM",
        "sends_no_settings": "the first frame must be SETTINGS",
        "has_no_body": "has 0 KB",
        "has_a_short_body": "has 1 KB",
        "answers_404": "status 404",
        "sends_garbage": "the first frame must be SETTINGS",
        "body_of_zeros": "of DATA arrived",
        "floods_pings": "1000 may wait",
        "floods_settings": "too many SETTINGS frames",
        "drips": "time",
    }

    def test_a_broken_server_gets_a_sentence_within_the_budget(self):
        def probe(serve):
            path = path_of(serve.__name__)
            with hostile_servers.HostileServer(serve) as broken:
                result = run("http://127.0.0.1:%d/big" % broken.port, "--time=2s",
                             "--megabytes=2", "--json=" + path)
            return result, json.loads(pathlib.Path(path).read_text())
        with concurrent.futures.ThreadPoolExecutor(2 * CPUS) as pool:
            results = list(pool.map(probe, hostile_servers.HOSTILE))
        for serve, (result, cost) in zip(hostile_servers.HOSTILE, results):
            with self.subTest(serve=serve.__name__):
                self.assertEqual(result.returncode, 1, result.stderr)
                *_, sentence = result.stderr.splitlines()
                self.assertRegex(sentence, r"^probe: http://127.0.0.1:\d+/big: \w.{10,}")
                self.assertIn(self.SAID.get(serve.__name__, ""), sentence)
                self.assertTrue(sentence.endswith(cost["failure"]), cost["failure"])
                self.assertLess(cost["bytes"], 2.1e6)

    def test_a_server_that_ends_in_the_middle_gets_a_sentence(self):
        with server("auto") as url, \
                subprocess.Popen([PROBE, url + "/big"], stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True) as process:
            while not process.stderr.readline().startswith("[3/"):
                pass
            os.kill(SERVERS[url], signal.SIGKILL)
            said, errors = process.communicate()
            self.assertEqual(process.returncode, 1, errors)
        self.assertRegex(said, r"(?m)^rfc7540-exclusive +honoured")
        self.assertRegex(said, r"(?m)^lateness +cannot tell \(.{10,}\)$")
        self.assertRegex(errors.splitlines()[-1], r"^probe: .*/big: cannot connect: ")

    def test_a_server_that_does_not_listen_is_named(self):
        result = run("http://127.0.0.1:%d/big" % free_port())
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("/big: ", result.stderr)

    def test_one_broken_server_does_not_hide_another(self):
        with hostile_servers.HostileServer(hostile_servers.closes) as broken, \
                server("auto") as url:
            result = run("http://127.0.0.1:%d/" % broken.port, url + "/big", "--repeat=1",
                         "--experiments=rfc9218-urgency")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^rfc9218-urgency +honoured")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
