#!/usr/bin/env python3
"""Runs //:probe: probe_test.py PROBE FAULTY_SERVER

Against servers of known behaviour, ours and nghttpd where it is installed, and
against broken ones. All are on loopback; no test looks at a time.
"""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import hostile_servers

PROBE, FAULTY = (os.path.abspath(path) for path in sys.argv[1:3])
FOLDER = tempfile.TemporaryDirectory()
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
            yield "http://127.0.0.1:%d" % int(process.stdout.readline())
        finally:
            process.kill()


def results_of(urls, *flags):
    """The object of one server, from --json."""
    with tempfile.NamedTemporaryFile(dir=FOLDER.name) as file:
        result = run(*urls, "--repeat=1", "--json=" + file.name, *flags)
        assert result.returncode == 0, result.stderr
        return json.load(file)


def verdicts_of(*arguments):
    return {experiment["name"]: experiment["verdict"]
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
           "settings-no-rfc7540": "cannot tell (the order follows neither the fields nor the tree)"}
FIRST_FIRST = "cannot tell (no signals; the first request first)"
UPDATES = [name for name in SIGNALS if name.startswith("priority-update")]

# By policy and fault.
EXPECTED = {
    ("auto", "none"): AUTO,
    # It translates fields into weights (docs/policies.md).
    ("rfc7540", "none"): {**AUTO, "rfc9218-incremental": "ignored"},
    # It translates weights into urgencies.
    ("rfc9218", "none"): {**AUTO, "no-signals": FIRST_FIRST,
                          "rfc7540-weights": "partly (strict order for 7)",
                          "rfc7540-weights-groups": "ignored",
                          "starvation": "partly (strict order for 15)"},
    ("rr", "none"): IGNORED,
    ("fifo", "none"): {**IGNORED, "no-signals": FIRST_FIRST,
                       "lateness": "cannot tell (all 704 KB came before)"},
    # Mutants: each changes the verdicts on what it breaks, and no other.
    ("auto", "weights-ignored"): {**AUTO, "rfc7540-weights": "ignored",
                                  "rfc7540-weights-groups": "ignored", "starvation": "ignored"},
    ("auto", "exclusive-ignored"): {},
    # The groups are made by PRIORITY frames.
    ("auto", "priority-dropped"): {**AUTO, "rfc7540-reprioritise": "ignored",
                                   "rfc7540-weights-groups": "ignored"},
    ("auto", "update-dropped"): {**AUTO, **{name: "ignored" for name in UPDATES}},
    ("auto", "incremental-ignored"): {**AUTO, "rfc9218-incremental": "ignored"},
    ("auto", "drained-early"): {**AUTO, "lateness": "cannot tell (all 704 KB came before)"},
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
        nghttpd = shutil.which("nghttpd")
        if nghttpd is None:
            self.skipTest("nghttpd is not installed")
        pathlib.Path(path_of("big")).write_bytes(bytes(400 * 1024))


class HostileTest(unittest.TestCase):
    # Whatever the server does, the sentence is about it.
    SAID = {}

    def test_a_broken_server_gets_a_sentence_within_the_budget(self):
        def probe(serve):
            with hostile_servers.HostileServer(serve) as broken:
                return run("http://127.0.0.1:%d/big" % broken.port, "--time=2s", "--megabytes=2")
        with concurrent.futures.ThreadPoolExecutor(2 * CPUS) as pool:
            results = list(pool.map(probe, hostile_servers.HOSTILE))
        for serve, result in zip(hostile_servers.HOSTILE, results):
            with self.subTest(serve=serve.__name__):
                self.assertEqual(result.returncode, 1, result.stderr)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
