#!/usr/bin/env python3
"""Probes every server that is installed, and writes the section of docs/servers.md:

    ./bazelw run //benchmarks/probe:servers_page -- --write [--only=h2o,nginx]

Results go to benchmarks/probe/servers.json; --only keeps those of the other servers.
--render writes the section again from the results that are there, --check compares
it with them. Servers that are missing: ./bazelw run //benchmarks/servers:fetch_peers
"""

import argparse
import contextlib
import json
import os
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True  # the tree stays as it is
sys.path.insert(0, "support")
import whole_file  # pylint: disable=wrong-import-position

RESULTS = "benchmarks/probe/servers.json"
PAGE = "docs/servers.md"
BEGIN, END = ("<!-- verdicts: written by //benchmarks/probe:servers_page -->",
              "<!-- end of the verdicts -->")
COMMAND = "./bazelw run //benchmarks/probe:servers_page -- --write"
BODY_KB = 400

# Ours, and the names of //benchmarks/servers:peer; "+sluice" is with our library in
# LD_PRELOAD.
SERVERS = ("sluice", "nghttpd", "nghttpd-9218", "nghttpd+sluice", "nghttpx", "h2o", "nginx",
           "apache", "lighttpd", "hypercorn", "node", "caddy", "libsoup")
TLS_ONLY = ("libsoup",)
HEADS = {"sluice": "Sluice, `auto`", "nghttpd-9218": "nghttpd `--no-rfc7540-pri`",
         "nghttpd+sluice": "nghttpd with Sluice preloaded", "apache": "Apache httpd",
         "hypercorn": "Hypercorn", "node": "Node.js", "caddy": "Caddy"}
SHORT = {"honoured": "yes", "ignored": "no"}
ORDERS = {"the first request first": "first first", "the last request first": "last first"}


class NotInstalled(Exception):
    pass


# --- Servers and probes ---------------------------------------------------------

def free_port():
    """Of which the next one is free, too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
                return port
            except OSError:
                continue


@contextlib.contextmanager
def site():
    """A folder with a body, and a certificate beside it."""
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        folder.chmod(0o755)  # servers may change their user
        (folder / "root").mkdir()
        (folder / "root/big").write_bytes(bytes(BODY_KB * 1024))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                        "-subj", "/CN=localhost", "-keyout", folder / "key.pem",
                        "-out", folder / "cert.pem"], check=True, stderr=subprocess.DEVNULL)
        yield folder


@contextlib.contextmanager
def running(name, folder, programs):
    """Starts the server; its version and the URL of the body."""
    peer, _, preloaded = name.partition("+")
    port = free_port()
    tls = name in TLS_ONLY
    words = [programs["peer"], peer]
    if name == "sluice":
        words = [programs["server"], "--policy=auto", "--noaccess_log"]
    words += ["--port=%d" % port, "--root=%s/root" % folder]
    if preloaded:
        words.append("--preload=" + programs["preload"])
    if tls:
        words += ["--tls_cert=%s/cert.pem" % folder, "--tls_key=%s/key.pem" % folder]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          text=True) as process:
        try:
            line = process.stdout.readline()
            if not line:
                sentence = process.stderr.read().strip()
                if process.wait() == 3:
                    raise NotInstalled(sentence)
                sys.exit(sentence)
            version = re.match(r"\S+ (\S+) listens", line)
            yield (version.group(1) if version else "",
                   "%s://127.0.0.1:%d/big" % ("https" if tls else "http", port))
        finally:
            process.terminate()


def probe(name, folder, programs, *flags):
    """The version, and the object that the probe writes. Errors: NotInstalled."""
    with running(name, folder, programs) as (version, url), \
            tempfile.NamedTemporaryFile(suffix=".json") as file:
        words = [programs["probe"], url, "--json=" + file.name, *flags]
        result = subprocess.run([*words, *(["--insecure"] if name in TLS_ONLY else [])],
                                capture_output=True, text=True, check=False)
        if result.returncode not in (0, 1):  # 1: the result says why
            sys.exit("%s: %s" % (name, result.stderr.strip().splitlines()[-1]))
        # The probe has put a new file in its place.
        return version, json.loads(pathlib.Path(file.name).read_text(encoding="utf-8"))


# --- The section --------------------------------------------------------------

def figure(experiment, name):
    value = experiment["figures"].get(name)
    return None if value is None else round(value)


def cell(experiment):
    """The verdict in few words."""
    if experiment is None:
        return "–"
    verdict = experiment["verdict"]
    kind, _, reason = verdict.partition(" (")
    reason = reason.removesuffix(")")
    if reason.startswith("no signals; "):
        order = reason.removeprefix("no signals; ")
        return ORDERS.get(order, order)
    if experiment["name"] == "lateness" and figure(experiment, "committed_kb") is not None:
        return "%d KB, %d ms" % (figure(experiment, "committed_kb"),
                                 figure(experiment, "committed_ms"))
    if kind == "partly":
        share = re.fullmatch(r"(share \S+|strict order) for \S+", reason)
        percent = re.match(r"\d+ %", reason)
        return share.group(1) if share else percent.group() if percent else "partly"
    return SHORT.get(kind, kind)


def render(servers):
    shown = [server for server in SERVERS if server in servers]
    results = {server: {experiment["name"]: experiment
                        for experiment in servers[server]["result"]["experiments"]}
               for server in shown}
    names = [experiment["name"] for experiment in servers[shown[0]]["result"]["experiments"]]
    heads = ["%s %s" % (HEADS.get(server, server),
                        servers[server]["version"] or servers[server]["result"]["version"])
             for server in shown]
    dates = sorted({server["result"]["date"] for server in servers.values()})
    seconds = max(server["result"]["seconds"] for server in servers.values())
    megabytes = max(server["result"]["bytes"] for server in servers.values()) / 1e6
    lines = [
        BEGIN,
        "",
        "[`sluice probe`](probe.md) asked each server for bodies of %d KB over loopback, in" %
        BODY_KB,
        "cleartext%s, %s:" % (" (libsoup: over TLS)" if "libsoup" in shown else "",
                             " and ".join(dict.fromkeys((dates[0], dates[-1])))),
        "",
        "    " + COMMAND,
        "",
        "*yes*: honoured; *no*: ignored; *share* and *strict order*: in place of the share",
        "that the weights ask for; a percentage: the favoured bodies' part of the bytes; *cannot",
        "tell*: the server showed no choice, or the experiment does not apply. `no-signals` is the",
        "server's own order. `lateness` is what it had committed before an urgent request: the",
        "KB that came before it and the time that it took. The longest probe of a server took",
        "%.1f s, the largest %.1f MB." % (seconds, megabytes),
        "",
        "| experiment | " + " | ".join(heads) + " |",
        "|---|" + len(shown) * "---|",
    ]
    for name in names:
        cells = [cell(results[server].get(name)) for server in shown]
        lines.append("| `%s` | %s |" % (name, " | ".join(cells)))
    for server in shown:
        if "failure" in servers[server]["result"]:
            lines += ["", "%s: %s." % (HEADS.get(server, server),
                                       servers[server]["result"]["failure"])]
    return "\n".join([*lines, "", END])


def with_section(page, section):
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit("%s has no lines %s and %s" % (PAGE, BEGIN, END))
    return before + section + after


def write(file, servers):
    """A line for each server and each experiment, so that a difference is readable."""
    lines = ["{"]
    for name in [name for name in SERVERS if name in servers]:
        result = dict(servers[name]["result"])
        experiments = [json.dumps(experiment, ensure_ascii=False)
                       for experiment in result.pop("experiments")]
        head = json.dumps({**servers[name], "result": result}, ensure_ascii=False)[:-2]
        lines += ['"%s": %s, "experiments": [' % (name, head), ",\n".join(experiments), "]}},"]
    lines[-1] = "]}}"
    whole_file.write(file, "\n".join([*lines, "}"]) + "\n")


# --- The command line ---------------------------------------------------------

def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("probe", "peer", "server", "preload"):
        parser.add_argument("--" + name, help="a file, which the target names")
    parser.add_argument("--root", help="the project's folder (default: bazel's workspace)")
    parser.add_argument("--only", default=",".join(SERVERS), help="list of servers")
    mode = parser.add_mutually_exclusive_group(required=True)
    mode.add_argument("--write", action="store_true", help="probe, write results and section")
    mode.add_argument("--render", action="store_true", help="write the section")
    mode.add_argument("--check", action="store_true", help="is the section that of the results?")
    args = parser.parse_args()
    root = pathlib.Path(args.root or os.environ.get("BUILD_WORKSPACE_DIRECTORY", "."))
    file = root / RESULTS
    servers = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    if args.write:
        wanted = args.only.split(",")
        unknown = [name for name in wanted if name not in SERVERS]
        if unknown:
            parser.error("--only names %r; the servers are %s" % (unknown[0], ", ".join(SERVERS)))
        # Where `bazel run` starts us; the peer looks there for its configurations.
        os.environ.setdefault("RUNFILES_DIR", str(pathlib.Path.cwd().parent))
        programs = {name: os.path.abspath(getattr(args, name))
                    for name in ("probe", "peer", "server", "preload")}
        with site() as folder:
            for name in wanted:
                print("probing %s …" % name, flush=True)
                try:
                    version, result = probe(name, folder, programs)
                except NotInstalled as error:
                    print("  left out: %s" % error)
                    continue
                servers[name] = {"version": version, "result": result}
                write(file, servers)
    page = (root / PAGE).read_text(encoding="utf-8")
    rendered = with_section(page, render(servers))
    if not args.check:
        whole_file.write(root / PAGE, rendered)
        print("wrote " + PAGE)
    elif rendered != page:
        print("%s is not what %s gives; run\n"
              "  ./bazelw run //benchmarks/probe:servers_page -- --render" % (PAGE, RESULTS))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
