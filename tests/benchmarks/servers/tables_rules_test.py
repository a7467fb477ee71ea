#!/usr/bin/env python3
"""The rules of benchmarks/servers/tables.py: tables_rules_test.py TABLES"""

import importlib.util
import sys
import unittest

SPEC = importlib.util.spec_from_file_location("tables", sys.argv.pop(1))
tables = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(tables)


def spread(median, least=None, most=None):
    return {"median": median, "least": least or median, "most": most or median}


def cell(server, before, trips, between=0, **labels):
    return {"labels": {"server": server, "transport": "TLS", "mark": "16 KB",
                       "congestion": "bbr", "queue": "full", "signals": "9218", **labels},
            "figures": {"low_kb_before": before if isinstance(before, dict) else spread(before),
                        "low_kb_between": spread(between), "round_trips": spread(trips),
                        "load": spread(1.0)},
            "runs": [{}], "errors": []}


def results(*cells, benchmark="reaction", notes=()):
    return {"benchmark": benchmark, "date": "2026-11-30 07:00", "kernel": "Linux 6",
            "versions": {"h2o": "2.2.5"}, "options": {"repeat": 3, "our_flags": ["--x"]},
            "notes": list(notes), "cells": list(cells)}


def reaction(*cells):
    return tables.take([results(*cells)])["reaction"]


class TablesTest(unittest.TestCase):
    def test_a_server_that_is_better_by_more_than_the_noise_is_named_first(self):
        benchmark = reaction(cell("sluice", 304, 4.4), cell("h2o", 287, 4.4))
        self.assertEqual(tables.better_than_ours(benchmark), [
            "- h2o 2.2.5, 9218, TLS, full queue, BBR, a mark of 16 KB: 287+0 / 4.4; ours 304+0 / 4.4."])
        self.assertIn("Where another server is better",
                      tables.reaction_section({"reaction": benchmark})[0])

    def test_a_difference_inside_the_noise_is_none(self):
        for before, trips in ((288, 4.2), (400, 4.1)):
            benchmark = reaction(cell("sluice", 304, 4.4), cell("h2o", before, trips))
            self.assertEqual(tables.better_than_ours(benchmark), [])

    def test_servers_with_our_library_are_ours(self):
        benchmark = reaction(cell("sluice", 304, 4.4), cell("nghttpd+sluice", 100, 2))
        self.assertEqual(tables.better_than_ours(benchmark), [])

    def test_a_range_is_shown_where_it_is_wider_than_the_noise(self):
        wide, narrow = spread(304, 288, 560), spread(304, 296, 312)
        text = [tables.reaction_text(tables.kept(results(cell("h2o", before, 4.4)))["cells"][0])
                for before in (wide, narrow)]
        self.assertEqual(text, ["304 (288–560)+0 / 4.4", "304+0 / 4.4"])

    def test_several_files_of_a_benchmark_are_one(self):
        figures = tables.take([results(cell("h2o", 1, 1), notes=["a"]),
                               results(cell("h2o", 2, 2, congestion="cubic"), notes=["a", "b"])])
        self.assertEqual([one["congestion"] for one in figures["reaction"]["cells"]],
                         ["bbr", "cubic"])
        self.assertEqual(figures["reaction"]["notes"], ["a", "b"])
        self.assertNotIn("our_flags", figures["reaction"]["options"])

    def test_a_starved_weight_is_infinite_and_a_failure_has_its_sentence(self):
        self.assertEqual(tables.ratio_text({"ratio": spread(1000)}), "∞")
        self.assertEqual(tables.ratio_text({"error": "it broke"}), "it broke")
        self.assertEqual(tables.ratio_text({"ratio": spread(7.0)}), "7.00")


if __name__ == "__main__":
    unittest.main()
