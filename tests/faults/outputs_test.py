#!/usr/bin/python3
"""Every file that a program of the lab or of the benchmarks writes is whole, or it is
not there: on a full disk, after Ctrl-C, and when the reader of its table goes.

outputs_test.py NAME=PROGRAM …, with //examples/server as server.
"""

import os
import pathlib
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

PROGRAMS = {name: os.path.abspath(path)
            for name, path in (word.split("=", 1) for word in sys.argv[1:])}
PATIENCE_SECONDS = 60

# Ours alone, so briefly that little goes over the link.
SERVED = ("--server=" + PROGRAMS["server"], "--servers=sluice", "--transports=cleartext",
          "--results=/dev/null")
CONGESTION = "--congestion=" + pathlib.Path(
    "/proc/sys/net/ipv4/tcp_congestion_control").read_text(encoding="ascii").strip()
LINK = (*SERVED, CONGESTION, "--rate=1gbit", "--rtt=1ms", "--marks=16384", "--repeat=1")
REACTION = ("reaction", *LINK, "--scenarios=full", "--signals=7540")
OVER_LINK = ("over_slow_link", CONGESTION, "--down=1gbit", "--rtt=1ms", "--", PROGRAMS["server"],
             "--root=.", "--noaccess_log", "--")
REFUSALS = ("the kernel refuses", "cannot open /dev/net/tun", "the congestion control is")

QUICK = ("--pages=squoosh", "--policies=rr,fifo", "--signals=none")
LOAD = (*SERVED[:-1], "--sizes=1", "--threads=1", "--requests=100", "--nosystem_calls")

# Words of a command line, and its flags that name a file. RUNS, TABLE, LOG and URL stand
# for what setUpClass() makes.
FILES = (
    (("compare", *QUICK), ("--json", "--csv", "--answers", "--verdicts", "--html", "--runs")),
    (("optimise", "--page=squoosh", "--evaluations=2"), ("--output",)),
    (("report", "RUNS"), ("--json", "--csv", "--answers", "--verdicts", "--html", "--runs")),
    (("table", "TABLE"), ("--output", "--csv")),
    (("play", "LOG"), ("--json",)),
    (("probe", "URL", "--experiments=no-signals", "--repeat=1"), ("--json", "--html")),
    (("throughput", *LOAD, "--results=/dev/null"), ("--json", "--html")),
    (REACTION, ("--json", "--html")),
    (("share", *LINK), ("--json",)),
    ((*OVER_LINK, "/bin/true"), ("--report",)),
)
# Their files have the same bytes whenever they are made.
SAME_EACH_TIME = ("compare", "optimise", "report", "table", "play")
FOLDERS = (("compare", *QUICK), ("report", "RUNS"),
           ("probe", "URL", "--experiments=no-signals", "--repeat=1"))
# Their result is on standard output.
PRINTED = (("compare", *QUICK), ("optimise", "--page=squoosh", "--evaluations=2", "--output=OUT"),
           ("table", "TABLE"), ("play", "LOG"), ("replay", "LOG"), ("to_page", "PAGE"),
           ("probe", "URL", "--experiments=no-signals", "--repeat=1"),
           ("throughput", *LOAD, "--results=/dev/null"), REACTION,
           (*OVER_LINK, "/bin/echo", "a line"))
# These take long, or wait for ever; with a flag that names a file.
ENDLESS = (
    (("compare", "--pages=real", "--policies=all"), "--json"),
    (("compare", "--pages=real", "--policies=all"), "--html"),
    (("optimise", "--page=vk", "--evaluations=1000000"), "--output"),
    (("report", "PIPE"), "--html"),
    (("probe", "SILENT", "--time=10m"), "--json"),
    (("throughput", *LOAD, "--repeat=1000", "--results=/dev/null"), "--json"),
    ((*OVER_LINK, "/bin/sleep", "1000"), "--report"),
)
NEED_LINK = ("reaction", "share", "over_slow_link")


class Outputs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory(prefix="outputs")
        cls.inputs = pathlib.Path(cls.temporary.name, "inputs")
        root = cls.inputs / "root"
        root.mkdir(parents=True)
        (root / "big").write_bytes(bytes(320 << 10))
        os.mkfifo(cls.inputs / "pipe")
        cls.silent = socket.create_server(("127.0.0.1", 0))
        cls.server = subprocess.Popen(
            [PROGRAMS["server"], "--root", root, "--port=0", "--noaccess_log",
             "--trace", cls.inputs / "log"], stdout=subprocess.PIPE, text=True)
        url = cls.server.stdout.readline().split()[-1]
        cls.words = {"RUNS": cls.inputs / "runs", "TABLE": cls.inputs / "table",
                     "LOG": cls.inputs / "log", "PIPE": cls.inputs / "pipe", "URL": url + "big",
                     "PAGE": PROGRAMS["page"],
                     "SILENT": "http://127.0.0.1:%d/" % cls.silent.getsockname()[1]}
        subprocess.run([PROGRAMS["compare"], *QUICK, "--runs=%(RUNS)s" % cls.words,
                        "--csv=%(TABLE)s" % cls.words], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        # One connection, whose log is whole when it has ended.
        subprocess.run(["curl", "-s", "--http2-prior-knowledge", "-o", "/dev/null",
                        cls.words["URL"]], check=True)
        linked = subprocess.run([PROGRAMS["over_slow_link"], *OVER_LINK[1:], "/bin/true"],
                                check=False, stderr=subprocess.PIPE, text=True)
        cls.has_link = linked.returncode == 0
        if not cls.has_link:
            assert any(text in linked.stderr for text in REFUSALS), linked.stderr
            print("skipped: %s: %s" % (", ".join(NEED_LINK), linked.stderr.strip()))

    @classmethod
    def tearDownClass(cls):
        cls.server.terminate()
        cls.server.wait()
        cls.server.stdout.close()
        cls.silent.close()
        cls.temporary.cleanup()

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(dir=self.temporary.name))

    def command(self, words, *flags):
        """The words, with what they name in its place."""
        said = {**self.words, "OUT": self.folder / "out"}
        filled = [PROGRAMS[words[0]]]
        for word in (*flags, *words[1:]):
            for name, value in said.items():
                if word == name or word.endswith("=" + name):
                    word = word[:len(word) - len(name)] + str(value)
            filled.append(word)
        return filled

    def run_in_room(self, words, *flags, room, closed=(), **options):
        """As on a disk with `room` bytes left for each file; without the descriptors
        `closed`."""
        options.setdefault("stdout", subprocess.PIPE)
        return subprocess.run(
            self.command(words, *flags), stderr=subprocess.PIPE, text=True,
            preexec_fn=self.limit(room, closed), check=False, timeout=PATIENCE_SECONDS,
            **options)

    @staticmethod
    def limit(room, closed=()):
        """For a new process: so many bytes a file, and then errors."""
        def begin():
            for descriptor in closed:
                os.close(descriptor)
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
        return begin

    def possible(self, table):
        """The rows whose programs can run here."""
        for row in table:
            words = row[0] if isinstance(row[0], tuple) else row
            if self.has_link or words[0] not in NEED_LINK:
                yield row

    def left(self):
        return sorted(path.name for path in self.folder.rglob("*") if path.is_file())

    def test_a_full_disk_leaves_the_file_that_was_there(self):
        for words, flags in self.possible(FILES):
            if words[0] in ("reaction", "share"):
                continue  # no room for the files that they serve
            for flag in flags:
                with self.subTest(words[0], flag=flag):
                    out = self.folder / "out"
                    out.write_text("older", encoding="utf-8")
                    result = self.run_in_room(words, "%s=%s" % (flag, out), room=20)
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertRegex(result.stderr, r"(?m)^%s: writing %s failed$" % (
                        words[0], out))
                    self.assertEqual(self.left(), ["out"])
                    self.assertEqual(out.read_text(encoding="utf-8"), "older")

    def test_a_full_disk_under_the_results_ends_a_benchmark_and_keeps_them(self):
        out = self.folder / "out"
        result = self.run_in_room(("throughput", *LOAD), "--results=%s" % out, room=500)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("throughput: cannot write %s\n" % out, result.stderr)
        self.assertEqual(self.left(), ["out"])
        # With room again, the same command goes on.
        result = self.run_in_room(("throughput", *LOAD), "--results=%s" % out,
                                  room=resource.RLIM_INFINITY)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(self.left(), ["out.complete"])

    def test_a_full_device_ends_the_benchmarks_of_a_link(self):
        for words, flags in self.possible(FILES):
            if words[0] not in NEED_LINK:
                continue
            for flag in flags:
                with self.subTest(words[0], flag=flag):
                    result = self.run_in_room(words, flag + "=/dev/full",
                                              room=resource.RLIM_INFINITY)
                    self.assertEqual(result.returncode, 1, result.stderr)
                    self.assertRegex(result.stderr,
                                     r"(?m)^%s: writing /dev/full failed$" % words[0])

    def test_a_script_writes_a_whole_file_or_none(self):
        out = self.folder / "out"
        script = ("import sys; sys.path.insert(0, sys.argv[1]); import whole_file; "
                  "whole_file.write(sys.argv[2], sys.argv[3])")
        write = (sys.executable, "-B", "-c", script, os.path.dirname(PROGRAMS["whole_file"]), out)
        subprocess.run([*write, "older"], check=True)
        result = subprocess.run([*write, "newer " * 10], stderr=subprocess.PIPE, text=True,
                                preexec_fn=self.limit(20), check=False)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stderr, "-c: writing %s failed: File too large\n" % out)
        self.assertEqual(self.left(), ["out"])
        self.assertEqual(out.read_text(encoding="utf-8"), "older")
        subprocess.run([*write[:-1], "/dev/null", "older"], check=True)
        self.assertTrue(pathlib.Path("/dev/null").is_char_device())

    def test_a_full_disk_leaves_no_trace_of_a_run(self):
        for words in FOLDERS:
            with self.subTest(words[0]):
                out = self.folder / "out"
                result = self.run_in_room(words, "--qlog=%s" % out, room=20)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertRegex(result.stderr, r"(?m)^%s: writing %s/.* failed$" % (
                    words[0], out))
                self.assertEqual(self.left(), [])

    def test_a_table_that_cannot_be_printed_is_no_success(self):
        for words in self.possible(PRINTED):
            with self.subTest(words[0]), open("/dev/full", "w", encoding="utf-8") as full:
                result = self.run_in_room(words, room=resource.RLIM_INFINITY, stdout=full)
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertRegex(result.stderr, r"(?m)^%s: writing the standard output failed" %
                                 words[0])

    def test_a_table_that_has_nowhere_to_go_is_no_success(self):
        for words in self.possible(PRINTED):
            with self.subTest(words[0]):
                result = self.run_in_room(words, room=resource.RLIM_INFINITY, closed=(1,))
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertRegex(result.stderr, r"(?m)^%s: writing the standard output failed" %
                                 words[0])

    def test_what_is_printed_goes_into_no_file(self):
        # The next file that opens has the number of a descriptor that is closed.
        out = self.folder / "out"
        for words, flags in FILES:
            if words[0] not in SAME_EACH_TIME:
                continue
            for flag in flags:
                self.run_in_room(words, flag + "=OUT", room=resource.RLIM_INFINITY)
                wanted = out.read_bytes()
                for closed in ((1,), (2,), (0, 1, 2)):
                    with self.subTest(words[0], flag=flag, closed=closed):
                        out.unlink()
                        self.run_in_room(words, flag + "=OUT", room=resource.RLIM_INFINITY,
                                         closed=closed)
                        self.assertEqual(out.read_bytes(), wanted)

    def test_a_file_that_cannot_be_made_ends_the_program_before_its_work(self):
        for words, flags in FILES:
            for flag in flags:
                with self.subTest(words[0], flag=flag):
                    result = self.run_in_room(
                        words, "%s=%s/none/out" % (flag, self.folder), room=resource.RLIM_INFINITY)
                    self.assertEqual(result.returncode, 2, result.stderr)
                    self.assertRegex(result.stderr, r"(?m)^%s: .*cannot write %s/none/out" % (
                        words[0], self.folder))
                    self.assertEqual(result.stdout, "")

    def interrupt(self, words, flag, number):
        """The status of a program that gets the signal amid its work."""
        process = subprocess.Popen(
            self.command(words, "%s=OUT" % flag), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            deadline = time.monotonic() + PATIENCE_SECONDS
            while self.left() != ["out.part"]:
                self.assertLess(time.monotonic(), deadline)
                self.assertIsNone(process.poll())
                time.sleep(0.02)
            os.killpg(process.pid, number)
            status = process.wait(PATIENCE_SECONDS)
            with self.assertRaises(ProcessLookupError, msg="a child is left"):
                os.killpg(process.pid, 0)
            return status
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def test_ctrl_c_leaves_no_file_and_no_process(self):
        for words, flag in self.possible(ENDLESS):
            for number in (signal.SIGINT, signal.SIGTERM):
                with self.subTest(words[0], flag=flag, number=number):
                    # The benchmarks end by themselves: they have servers to end.
                    self.assertIn(self.interrupt(words, flag, number), (-number, 130))
                    self.assertEqual(self.left(), [])

    def test_a_reader_that_goes_leaves_no_file(self):
        for number in (signal.SIGPIPE, signal.SIGHUP):
            with self.subTest(number):
                self.assertEqual(self.interrupt(*ENDLESS[0], number), -number)
                self.assertEqual(self.left(), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
