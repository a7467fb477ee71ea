#!/usr/bin/env python3
"""Servers that others wrote get the verdicts that independent measurement found, and
those of benchmarks/probe/servers.json, time after time:

    peers_verdicts_test.py SERVERS_PAGE RESULTS PROBE PEER SERVER PRELOAD [TIMES]

Servers that are not installed are named and skipped.
"""

import importlib.util
import json
import pathlib
import sys
import unittest

PAGE, RESULTS = sys.argv[1:3]
PROGRAMS = dict(zip(("probe", "peer", "server", "preload"), map(pathlib.Path, sys.argv[3:7])))
PROGRAMS = {name: str(path.absolute()) for name, path in PROGRAMS.items()}
TIMES = int(sys.argv[7]) if len(sys.argv) > 7 else 2

spec = importlib.util.spec_from_file_location("servers_page", PAGE)
servers_page = importlib.util.module_from_spec(spec)
spec.loader.exec_module(servers_page)

TREE = ("rfc7540-exclusive", "rfc7540-weights", "rfc7540-chain", "rfc7540-late")
FIELDS = ("rfc9218-urgency", "rfc9218-urgency-incremental", "rfc9218-late")
UPDATES = ("priority-update", "priority-update-before", "priority-update-after",
           "priority-update-late")
ALL_COMMITTED = "cannot tell (all 1280 KB were committed before the choice)"
RFC7540 = {**dict.fromkeys(TREE, "honoured"), **dict.fromkeys(FIELDS + UPDATES, "ignored")}
# docs/servers.md measured them on a slow link, by another client.
FOUND = {
    "sluice": dict.fromkeys(TREE + FIELDS + UPDATES, "honoured"),
    "nghttpd": RFC7540,
    "nghttpd-9218": {**dict.fromkeys(TREE + UPDATES, "ignored"),
                     **dict.fromkeys(FIELDS, "honoured")},
    "nghttpd+sluice": dict.fromkeys(TREE + FIELDS + UPDATES, "honoured"),
    "h2o": RFC7540,
    "nginx": {**RFC7540, "rfc7540-weights": "partly (strict order for 7)"},
    "lighttpd": {**dict.fromkeys(TREE, "ignored"), **dict.fromkeys(FIELDS, "honoured")},
    "apache": {**dict.fromkeys(FIELDS, "ignored"), "lateness": ALL_COMMITTED},
    "node": {**dict.fromkeys(FIELDS, "ignored"), "lateness": ALL_COMMITTED},
}
# A proxy's choice depends on what its backend has sent by then.
UNSTEADY = ("nghttpx",)
# Shares of weights 7 to 1.
SHARES = {"nghttpd": (6.9, 7.1), "h2o": (5, 7.1), "sluice": (6.8, 7.2)}


def kinds(result):
    return {experiment["name"]: experiment["verdict"].partition(" (")[0]
            for experiment in result["experiments"]}


class PeersVerdictsTest(unittest.TestCase):
    maxDiff = None

    def check(self, name, folder, known):
        for time in range(TIMES):
            version, result = servers_page.probe(name, folder, PROGRAMS)
            print("%s %s, %d of %d: %.1f s, %.1f MB" %
                  (name, version, time + 1, TIMES, result["seconds"], result["bytes"] / 1e6),
                  flush=True)
            verdicts = {experiment["name"]: experiment["verdict"]
                        for experiment in result["experiments"]}
            for experiment, verdict in FOUND.get(name, {}).items():
                self.assertEqual(verdicts[experiment], verdict, experiment)
            if name in SHARES:
                figures = {experiment["name"]: experiment["figures"]
                           for experiment in result["experiments"]}
                least, most = SHARES[name]
                self.assertTrue(least <= figures["rfc7540-weights"]["share"] <= most, figures)
            if name not in UNSTEADY and known is not None and known["version"] == version:
                self.assertEqual(kinds(result), kinds(known["result"]))
            self.assertLessEqual(result["bytes"], 20e6)

    def test_each_server_gets_the_same_verdicts_each_time(self):
        known = json.loads(pathlib.Path(RESULTS).read_text(encoding="utf-8"))
        with servers_page.site() as folder:
            for name in servers_page.SERVERS:
                with self.subTest(server=name):
                    try:
                        self.check(name, folder, known.get(name))
                    except servers_page.NotInstalled as error:
                        print("skipped: %s" % error, flush=True)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1], verbosity=2)
