#!/usr/bin/python3
"""Checks docs/plugging-in.md: its links resolve, its code is in the programs that
it names, and own_stack does what the page says.

plugging_in_test.py PAGE OWN_STACK

The other programs have tests of their own, which the page names.
"""

import collections
import os
import re
import subprocess
import sys
import unittest

PAGE, OWN_STACK = sys.argv[1:3]
FOLDER = os.path.dirname(PAGE)
LINK = re.compile(r"\]\(([^)#]+)\)")
# A line that ends a block opens none: so blocks are found in turn.
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
COMMANDS = "sh"


def read(path):
    with open(path, encoding="utf-8") as text:
        return text.read()


class PluggingInTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.page = read(PAGE)

    def test_its_links_resolve(self):
        links = set(LINK.findall(self.page))
        self.assertGreater(len(links), 10)
        for link in links:
            self.assertTrue(os.path.exists(os.path.join(FOLDER, link)), link)

    def test_its_code_is_in_the_program_named_before_it(self):
        quoted = collections.Counter()
        for block in BLOCK.finditer(self.page):
            if block.group(1) == COMMANDS:
                continue
            sources = [link for link in LINK.findall(self.page[:block.start()])
                       if os.path.isfile(os.path.join(FOLDER, link)) and not link.endswith(".h")]
            # Of two in one sentence it is either.
            named = [link for link in sources[-2:]
                     if "\n" + block.group(2) in read(os.path.join(FOLDER, link))]
            self.assertTrue(named, "in none of %s:\n%s" % (sources[-2:], block.group(2)))
            quoted[os.path.basename(named[-1])] += 1
        self.assertEqual(
            sorted(quoted),
            ["BUILD", "CMakeLists.txt", "WORKSPACE", "hypercorn_server.py", "nghttp2_server.cc",
             "own_stack.cc", "plugging_in_snippets_test.cc", "share.c", "small_server.cc"])

    def test_it_shows_the_whole_workspace(self):
        workspace = read(os.path.join(FOLDER, "../tests/install/bazel_workspace/WORKSPACE"))
        comment = re.match(r"(#.*\n)+", workspace).group()
        self.assertIn("```python\n%s```" % workspace[len(comment):], self.page)

    def test_it_counts_the_lines_for_nghttp2(self):
        source = read(os.path.join(FOLDER, "../examples/nghttp2_server/nghttp2_server.cc"))
        blocks = re.findall(r"^#ifdef WITH_SLUICE\n(.*?)^#(?:else|endif)\n", source,
                            re.MULTILINE | re.DOTALL)
        lines = sum(block.count("\n") for block in blocks)
        self.assertIn("| %d, between `#ifdef WITH_SLUICE`" % lines, self.page)

    def test_the_own_stack_follows_weights_urgency_and_windows(self):
        def frames(out):
            return [int(line.split()[1].strip(":")) for line in out.splitlines()]

        out = subprocess.run([OWN_STACK], check=True, stdout=subprocess.PIPE, text=True).stdout
        order = frames(out)
        # 32:224, twice; the script; and the second image waits for the first.
        self.assertEqual(collections.Counter(order[:8]), {1: 1, 3: 7})
        self.assertEqual(collections.Counter(order[8:16]), {1: 1, 3: 7})
        self.assertEqual(order[16:19], [5, 5, 5])
        self.assertEqual(order[20:28], [1] * 8)
        self.assertEqual(set(order[28:]), {3})
        sums = collections.Counter()
        for stream, line in zip(order, out.splitlines()):
            sums[stream] += int(line.split()[2])
        self.assertEqual(sums, {1: 40000, 3: 80000, 5: 10000})
        # By another policy it is another order, of the same bytes.
        fifo = subprocess.run([OWN_STACK, "fifo"], check=True, stdout=subprocess.PIPE,
                              text=True).stdout
        self.assertEqual(frames(fifo)[:10], [1] * 10)
        self.assertEqual(subprocess.run([OWN_STACK, "none"], stderr=subprocess.DEVNULL).returncode,
                         2)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
