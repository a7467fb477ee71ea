#!/usr/bin/python3
"""nghttpx, a server on libsoup and Apache serve every byte with the library preloaded.

peer_servers_test.py LIBRARY

The servers are those of ./bazelw run //benchmarks/servers:fetch_peers.
"""

import glob
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import unittest

LIBRARY = os.path.abspath(sys.argv[1])
PEERS = os.environ.get("SLUICE_PEERS") or os.path.expanduser("~/.cache/sluice/peers")
USR = PEERS + "/root/usr"
MODULES = USR + "/lib/apache2/modules"
os.environ["PATH"] += ":/usr/sbin"


class PeerServersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o777)  # Apache's user writes logs here
        for name, size in (("1k", 1024), ("1m", 1 << 20)):
            with open(os.path.join(cls.folder, name), "wb") as file:
                file.write(os.urandom(size))
        cls.key, cls.certificate = cls.folder + "/key.pem", cls.folder + "/cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
             "-keyout", cls.key, "-out", cls.certificate], check=True, stderr=subprocess.DEVNULL)
        [cls.lib] = glob.glob(USR + "/lib/*-linux-gnu")

    def start(self, port, *words, preload=True):
        environment = dict(os.environ, GIO_MODULE_DIR=self.lib + "/gio/modules",
                           LD_LIBRARY_PATH=self.lib)
        if preload:
            environment.update(LD_PRELOAD=LIBRARY, SLUICE_TRACE=self.folder + "/log")
        with open(self.folder + "/said", "wb") as said:
            server = subprocess.Popen(words, env=environment, stdout=said, stderr=said)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                if server.poll() is not None:
                    with open(self.folder + "/said", encoding="utf-8") as said:
                        self.fail(said.read())
                time.sleep(0.1)

    def load(self, url, windows=("16", "30")):
        """`windows`: of streams and connections, in bits."""
        for name, count, window in [("1k", 2000, "16")] + [("1m", 60, bits) for bits in windows]:
            said = subprocess.run(
                ["h2load", "-n%d" % count, "-c4", "-m10", "-w" + window, "-W" + window,
                 url + "/" + name], stdout=subprocess.PIPE, text=True, check=True,
                timeout=100).stdout
            self.assertIn("%d succeeded, 0 failed, 0 errored" % count, said)
        logs = glob.glob(self.folder + "/log*")
        self.assertGreaterEqual(len(logs), 8)
        for log in logs:
            os.remove(log)

    def test_nghttpx(self):
        self.start(18501, "nghttpd", "--no-tls", "--address=127.0.0.1", "--htdocs=" + self.folder,
                   "18501", preload=False)
        self.start(18502, USR + "/sbin/nghttpx", "--conf=/dev/null", "--no-ocsp",
                   "--frontend=127.0.0.1,18502", "--backend=127.0.0.1,18501;;proto=h2",
                   self.key, self.certificate)
        self.load("https://127.0.0.1:18502")

    def test_libsoup(self):
        self.start(18503, USR + "/bin/soup_server", "127.0.0.1", "18503", self.folder,
                   self.certificate, self.key)
        # libsoup 3.2.3 alone stalls when a window closes.
        self.load("https://127.0.0.1:18503", windows=["30"])

    def test_apache(self):
        with open(self.folder + "/apache.conf", "w", encoding="utf-8") as conf:
            conf.write("".join("LoadModule %s_module %s/mod_%s.so\n" % (name, MODULES, name)
                               for name in ("mpm_event", "authz_core", "http2")))
            conf.write("ServerName localhost\nListen 127.0.0.1:18504\nProtocols h2c\n"
                       "User nobody\nGroup nogroup\nDocumentRoot {0}\nErrorLog {0}/error.log\n"
                       "PidFile {0}/pid\n".format(self.folder))
        self.start(18504, USR + "/sbin/apache2", "-X", "-f", self.folder + "/apache.conf")
        self.load("http://127.0.0.1:18504")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
