#!/usr/bin/python3
"""The preloaded library changes the order of streams, and nothing else.

preload_test.py LIBRARY MAP SESSION_SHAPES PLUGIN
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import unittest

LIBRARY, MAP, SHAPES, PLUGIN = (os.path.abspath(path) for path in sys.argv[1:5])
# Python as a program that has no libnghttp2 before the plugin brings it.
HOST = (sys.executable, "-c", """
import ctypes, sys
assert not hasattr(ctypes.CDLL(None), "nghttp2_version"), "there is a libnghttp2 already"
words = [word.encode() for word in sys.argv]
sys.exit(ctypes.CDLL(words.pop(1).decode()).main(
    len(words), (ctypes.c_char_p * (len(words) + 1))(*words)))
""", PLUGIN)
IN_ORDER = dict.fromkeys(("by the request", "by the response", "by the server's urgency",
                          "by the server's weight"), "3 1")
IN_ORDER["by the response's length"] = "1 3"  # `auto` does not read it


LINKED = subprocess.run(["ldd", SHAPES], check=True, stdout=subprocess.PIPE, text=True).stdout
SANITIZERS = re.findall(r"=> (\S*/lib[at]san\S*)", LINKED)


def preloaded(**variables):
    """The environment of a program. A sanitizer's run time must be loaded first."""
    if "libnghttp2" not in LINKED:
        raise unittest.SkipTest("session_shapes has nghttp2 inside, by NGHTTP2_PREFIX")
    return dict(os.environ, LD_PRELOAD=":".join(SANITIZERS + [LIBRARY]),
                **{"SLUICE_PROGRAMS": "session_shapes", **variables})


def run(*arguments, env=None, program=(SHAPES,)):
    done = subprocess.run([*program, *arguments], env=env, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    return done


def shapes(**how):
    """The transcript of each shape by its name."""
    parts = re.split(r"^=== (.*)\n", run(**how).stdout, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def order(env=None, **how):
    done = run("order", env=env, **how)
    return dict(line.split(": ") for line in done.stdout.splitlines()), done.stderr


class PreloadTest(unittest.TestCase):
    def test_it_exports_what_its_map_names(self):
        out = subprocess.run(["nm", "-D", "--defined-only", LIBRARY], check=True,
                             stdout=subprocess.PIPE, text=True).stdout
        exported = sorted(line.split()[2] for line in out.splitlines())
        with open(MAP, encoding="utf-8") as text:
            named = re.findall(r"^ +(\w+);$", text.read(), re.MULTILINE)
        self.assertEqual(exported, named)

    def test_both_ends_of_every_stream_see_the_same(self):
        plain, scheduled = shapes(), shapes(env=preloaded())
        self.assertGreaterEqual(len(plain), 20)
        self.assertEqual(list(plain), list(scheduled))
        for name, transcript in plain.items():
            with self.subTest(name):
                self.assertGreater(len(transcript), 100)
                self.assertMultiLineEqual(transcript, scheduled[name])

    def test_it_serves_in_the_policys_order(self):
        # From 1.65 on nghttp2 alone obeys the request's field.
        self.assertEqual(order()[0]["by the response"], "1 3")
        self.assertEqual(order(preloaded()), (IN_ORDER, ""))
        for policy in ("lifo", "srpt"):
            lengths = order(preloaded(SLUICE_POLICY=policy))[0]["by the response's length"]
            self.assertEqual(lengths, "3 1", policy)
        self.assertEqual(order(preloaded(SLUICE_PROGRAMS="*")), (IN_ORDER, ""))

    def test_other_programs_pass_through(self):
        for programs in ("", "nghttpd,session", "libnghttp2.so.14"):
            with self.subTest(programs):
                self.assertEqual(order(preloaded(SLUICE_PROGRAMS=programs)), order())

    def test_a_plugin_brings_its_own_libnghttp2(self):
        if SANITIZERS:
            self.skipTest("Python brings no sanitizer's run time")
        of_plugin = preloaded(SLUICE_PROGRAMS=os.path.basename(PLUGIN))
        self.assertEqual(order(program=HOST), order())
        self.assertEqual(order(preloaded(), program=HOST), order())
        self.assertEqual(order(of_plugin, program=HOST), (IN_ORDER, ""))
        self.assertEqual(shapes(env=of_plugin, program=HOST), shapes())

    def test_a_low_water_mark_is_set_in_programs_that_are_served(self):
        plain = run("accept").stdout
        self.assertEqual(plain, "".join(
            "family %d: accepted 1, errno 7, low-water mark %d, no fault\n" % row
            for row in ((2, 0), (1, -1))))
        marked = plain.replace("mark 0,", "mark 20000,")
        for programs, expected in (("libnone.so.3", plain), ("session_shapes", marked),
                                   ("libnone.so.3,libnghttp2.so.14", marked)):
            with self.subTest(programs):
                env = preloaded(SLUICE_PROGRAMS=programs, SLUICE_NOTSENT_LOWAT="20000")
                self.assertEqual(run("accept", env=env).stdout, expected)

    def test_the_low_water_mark_follows_the_link(self):
        for lowat, warnings in ((None, 0), ("", 0), ("many", 1)):
            with self.subTest(lowat):
                env = preloaded() if lowat is None else preloaded(SLUICE_NOTSENT_LOWAT=lowat)
                done = run("accept", env=env)
                marks = [int(mark) for mark in re.findall(r"mark (-?\d+)", done.stdout)]
                # A loopback interface is fast; how fast depends on the machine.
                self.assertGreater(marks[0], 16384)
                self.assertEqual(marks[1:], [-1])
                self.assertEqual(done.stderr.count("\n"), warnings, done.stderr)

    def test_a_child_of_a_process_with_threads_makes_sessions(self):
        if SANITIZERS:
            self.skipTest("a sanitizer has locks of its own")
        for programs in ("", "session_shapes"):
            with self.subTest(programs):
                self.assertEqual(run("fork", env=preloaded(SLUICE_PROGRAMS=programs)).stdout,
                                 "10\n")

    def test_a_function_that_nothing_else_defines_is_refused(self):
        self.assertEqual(run("poll").stdout, "none\n")
        self.assertEqual(run("poll", env=preloaded()).stdout, "70023\n")  # APR_ENOTIMPL

    def test_a_policy_that_does_not_exist_warns_and_passes_through(self):
        seen, warning = order(preloaded(SLUICE_POLICY="nonsense"))
        self.assertEqual(seen, order()[0])
        self.assertEqual(warning.count("\n"), 1)
        self.assertRegex(warning, "^libsluice-nghttp2: SLUICE_POLICY=nonsense: no policy "
                         "'nonsense'; known: auto, .*; this process runs without Sluice$")

    def test_a_decision_log_says_why_and_when(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "calls.jsonl")
            order(preloaded(SLUICE_TRACE=log))
            self.assertEqual(len(os.listdir(folder)), len(IN_ORDER))
            with open(log, encoding="utf-8") as text:
                calls = [json.loads(line) for line in text]
            # Hints are for whoever plays the log again by another policy.
            with open(log + ".5", encoding="utf-8") as text:
                self.assertIn("bytes_remaining", text.read())
        self.assertEqual({"call": "made", "spec": "auto"}.items() - calls[0].items(), set())
        self.assertEqual([call["id"] for call in calls if call["call"] == "close"], [3, 1])
        self.assertGreater(sum(call["ns"] for call in calls if call["call"] == "time"), 0)

    def test_a_responses_type_and_length_are_hints(self):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "calls.jsonl")
            ends = run("hints", env=preloaded(SLUICE_POLICY="pmeenan", SLUICE_TRACE=log)).stdout
            with open(log, encoding="utf-8") as text:
                calls = [json.loads(line) for line in text]
        types = {int(stream): kind for stream, kind in re.findall("(.*): (.*)", ends)}
        rules = {types[call["id"]]: call["rule"] for call in calls if call["call"] == "pick"}
        self.assertEqual(rules, {
            "text/html": "html (31,2)",
            "application/xhtml+xml": "html (31,2)",
            "TEXT/CSS; charset=utf-8": "js, css (31,3)",
            "text/javascript": "js, css (31,3)",
            "application/font-woff": "font (63,2)",
            "font/woff2": "font (63,2)",
            "image/png": "image (31,1)",
            "video/mp4": "video (31,1)",
            "audio/ogg": "video (31,1)",
            "application/json": "fetch (31,3)",
            "application/octet-stream": "the rest (0,2)",
            "text/plain": "the rest (0,2)",
        })
        # The last is the shortest.
        ends = run("hints", env=preloaded(SLUICE_POLICY="srpt")).stdout
        self.assertEqual([int(stream) for stream in re.findall("(.*):", ends)],
                         sorted(types, reverse=True))

    def test_an_idle_session_takes_little_memory(self):
        plain, scheduled = (int(run("memory", env=env).stdout) for env in (None, preloaded()))
        print("%d bytes a session after one request, preloaded %d" % (plain, scheduled))
        if SANITIZERS:
            self.skipTest("a sanitizer's heap counts nothing")
        self.assertLess(scheduled - plain, 4096)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
