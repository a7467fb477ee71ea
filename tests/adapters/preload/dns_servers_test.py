#!/usr/bin/python3
"""DNS servers answer over HTTP/2 with the library preloaded, as they do without.

dns_servers_test.py LIBRARY

Needs root and Debian's archive: it unpacks the servers into a folder, and lays that over
/usr in a mount namespace of each. Nothing is installed.
"""

import os
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time
import unittest

LIBRARY = os.path.abspath(sys.argv[1])
PACKAGES = ("unbound", "bind9", "knot-resolver", "dnsdist")
ADDRESS = "192.0.2.7"  # the answer for test.example


def question():
    """A query for the address of test.example (RFC 1035 §4.1)."""
    name = b"".join(bytes([len(label)]) + label for label in (b"test", b"example", b""))
    return struct.pack(">6H", 0, 0x100, 1, 0, 0, 0) + name + struct.pack(">2H", 1, 1)


class DnsServersTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        os.chmod(cls.folder, 0o755)
        simulated = subprocess.run(
            ["apt-get", "--simulate", "--quiet=2", "--no-install-recommends", "install", *PACKAGES],
            check=True, stdout=subprocess.PIPE, text=True).stdout
        wanted = re.findall(r"^Inst (\S+) (?:\[\S+\] )?\((\S+) ", simulated, re.MULTILINE)
        subprocess.run(["apt-get", "--quiet=2", "-o", "APT::Sandbox::User=root", "download",
                        *("%s=%s" % package for package in wanted)], check=True, cwd=cls.folder)
        for archive in os.listdir(cls.folder):
            if archive.endswith(".deb"):
                subprocess.run(["dpkg-deb", "--extract", archive, "root"], check=True,
                               cwd=cls.folder)
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
             "-keyout", "key.pem", "-out", "cert.pem"], check=True, cwd=cls.folder,
            stderr=subprocess.DEVNULL)
        cls.write("query", question())

    @classmethod
    def write(cls, name, content):
        with open(os.path.join(cls.folder, name), "wb") as file:
            file.write(content.encode() if isinstance(content, str) else content)
        return os.path.join(cls.folder, name)

    def check(self, words, port, scheme):
        """Starts a server plain, preloaded, and preloaded with its sessions served."""
        for programs in (None, "", "*"):
            environment = dict(os.environ)
            if programs is not None:
                environment["LD_PRELOAD"] = LIBRARY
                if programs:
                    environment["SLUICE_PROGRAMS"] = programs
            with self.subTest(words[0], preloaded=programs):
                overlay = ("mount -t overlay overlay -o lowerdir=%s/root/usr:/usr /usr && "
                           "exec \"$@\"" % self.folder)
                with open(self.folder + "/said", "wb") as said:
                    server = subprocess.Popen(
                        ["unshare", "--mount", "sh", "-c", overlay, "sh", *words],
                        cwd=self.folder, env=environment, stdout=said, stderr=said)
                try:
                    self.wait_for(server, port)
                    # It may listen before its zones are there.
                    while socket.inet_aton(ADDRESS) not in self.ask(port, scheme):
                        self.assertIsNone(server.poll())
                        time.sleep(0.1)
                    for _ in range(3):
                        self.assertIn(socket.inet_aton(ADDRESS), self.ask(port, scheme))
                    self.assertIsNone(server.poll())
                finally:
                    server.terminate()
                    try:
                        server.wait(timeout=10)
                    except subprocess.TimeoutExpired:
                        server.kill()
                        server.wait()

    def ask(self, port, scheme):
        return subprocess.run(
            ["nghttp", "-d", self.folder + "/query", "-H", "content-type: application/dns-message",
             "%s://127.0.0.1:%d/dns-query" % (scheme, port)],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True).stdout

    def wait_for(self, server, port):
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return
            except OSError:
                if server.poll() is not None:
                    with open(self.folder + "/said", encoding="utf-8") as said:
                        self.fail(said.read())
                time.sleep(0.1)

    def test_unbound(self):
        conf = self.write("unbound.conf", """
server:
  username: ""
  chroot: ""
  directory: ""
  pidfile: ""
  use-syslog: no
  interface: 127.0.0.1@18443
  https-port: 18443
  http-notls-downstream: yes
  local-data: "test.example. A %s"
""" % ADDRESS)
        self.check(["/usr/sbin/unbound", "-d", "-c", conf], 18443, "http")

    def test_bind(self):
        zone = self.write("zone", "$TTL 60\n@ SOA a b 1 1 1 1 1\n@ NS a.example.\n"
                          "a A %s\ntest A %s\n" % (ADDRESS, ADDRESS))
        conf = self.write("named.conf", """
options {
  directory "%s"; pid-file none; session-keyfile "%s/session.key"; recursion no;
  listen-on port 18054 tls none http default { 127.0.0.1; };
};
controls { };
zone "example" { type primary; file "%s"; };
""" % (self.folder, self.folder, zone))
        self.check(["/usr/sbin/named", "-g", "-c", conf], 18054, "http")

    def test_knot_resolver(self):
        conf = self.write("kresd.conf", """
net.listen('127.0.0.1', 18444, { kind = 'doh2' })
net.tls('%s/cert.pem', '%s/key.pem')
policy.add(policy.suffix(policy.ANSWER({
  [kres.type.A] = { rdata = kres.str2ip('%s'), ttl = 60 } }), { todname('test.example.') }))
""" % (self.folder, self.folder, ADDRESS))
        os.makedirs(self.folder + "/kresd", exist_ok=True)
        self.check(["/usr/sbin/kresd", "-n", "-c", conf, self.folder + "/kresd"], 18444, "https")

    def test_dnsdist(self):
        conf = self.write("dnsdist.conf", """
setLocal('127.0.0.1:18055')
addDOHLocal('127.0.0.1:18445', '%s/cert.pem', '%s/key.pem', '/dns-query')
addAction('test.example.', SpoofAction('%s'))
""" % (self.folder, self.folder, ADDRESS))
        self.check(["/usr/bin/dnsdist", "--supervised", "-C", conf], 18445, "https")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
