#!/usr/bin/python3
"""Debian's Hypercorn runs on the module where the installer puts it, without
PYTHONPATH.

python_path_test.py INSTALL THROTTLED_CLIENT SERVER

The stage is mounted at its place in /usr/local, seen by the server alone. Where
the kernel refuses that, the test says so.
"""

import os
import subprocess
import sys
import unittest

INSTALL, CLIENT, SERVER = sys.argv[1:4]
sys.path.insert(0, os.path.dirname(os.path.abspath(CLIENT)))
import throttled_client as client  # noqa: E402

HOME = os.environ["TEST_TMPDIR"]
FOLDER = "/usr/local/lib/python%d.%d/dist-packages" % sys.version_info[:2]
MOUNTED = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
           'mount --rbind "$0" "$1" && shift && exec "$@"', HOME + "/stage" + FOLDER, FOLDER]
# Neither PYTHONPATH nor a home with modules of its own.
ENVIRONMENT = {"PATH": os.defpath, "HOME": HOME, "PYTHONDONTWRITEBYTECODE": "1"}
WHICH = """
import importlib.metadata, priority
print(priority.PriorityTree.__module__, importlib.metadata.version("priority"), priority.__file__)
"""


def output(*command):
    return subprocess.run(command, check=True, env=ENVIRONMENT, stdout=subprocess.PIPE,
                          text=True).stdout


class PythonPathTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        refused = subprocess.run(
            ["unshare", "--user", "--map-root-user", "--mount", "mount", "--rbind", "/mnt", "/mnt"],
            stderr=subprocess.PIPE, text=True)
        if refused.returncode != 0:
            raise unittest.SkipTest("this machine refuses namespaces: " + refused.stderr)
        subprocess.run([INSTALL, "--prefix=/usr/local", "--destdir=" + HOME + "/stage",
                        "--component=python"], check=True)

    def test_python_finds_the_installed_distribution(self):
        _, version, file = output(*MOUNTED, "/usr/bin/python3", "-c", WHICH).split()
        self.assertRegex(version, r"^2\.0\.0\+sluice\d")
        self.assertEqual(file, FOLDER + "/priority/__init__.py")
        # Without it, Debian's.
        _, version, file = output("/usr/bin/python3", "-c", WHICH).split()
        self.assertEqual((version, file),
                         ("2.0.0", "/usr/lib/python3/dist-packages/priority/__init__.py"))

    def test_hypercorn_serves_with_it(self):
        command = [*MOUNTED, "/usr/bin/python3", os.path.abspath(SERVER),
                   *client.make_certificate(HOME), "0", "16384"]
        with client.Server(command, env=ENVIRONMENT, stderr=subprocess.DEVNULL) as server:
            def get(path):
                return output("curl", "--silent", "--insecure", "--http2", "--write-out",
                              " %{http_version} %{size_download}",
                              "https://127.0.0.1:%d/%s" % (server.port, path))

            self.assertEqual(get("priority").split()[:2], [FOLDER + "/priority/__init__.py", "2"])
            self.assertEqual(get("300000").split()[1:], ["2", "300000"])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
