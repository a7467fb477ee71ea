#!/usr/bin/python3
"""How Hypercorn shares a slow connection, with Debian's python3-priority and
with our module, and why.

./bazelw run --config=opt //benchmarks/python:hypercorn [-- ROUNDS [BYTES_A_SECOND]]

A client on 127.0.0.1 reads at a given rate, over TLS or not. The application writes its
responses in pieces of several sizes. Printed are medians of the rounds, which
take turns, with the least and the most:

  share   bytes of a stream of weight 224 for one of a stream of weight 32;
          7 is asked for
  waited  KB of 30 low responses before the end of an exclusive one of weight
          256 that is asked for after 1 MB
  empty   of the tree's picks while the two share, those that found nothing to
          send
"""

import itertools
import os
import statistics
import sys
import tempfile

CLIENT, SERVER, SHARES, MODULE = sys.argv[1:5]
sys.path[:0] = [os.path.dirname(os.path.abspath(path)) for path in (CLIENT, SHARES)]
import throttled_client as client  # noqa: E402
from hypercorn_shares import Hypercorn  # noqa: E402

PIECES = (16384, 65536, 262144, 1000000, 4000000)
LOWATS = (0, 16384)


def text(values, digits):
    return "%.*f (%.*f–%.*f)" % (digits, statistics.median(values), digits, min(values), digits,
                                 max(values))


def main():
    rounds = int(sys.argv[5]) if len(sys.argv) > 5 else 3
    rate = int(sys.argv[6]) if len(sys.argv) > 6 else 1000000
    print("%d rounds, %d bytes a second" % (rounds, rate))
    print("%-9s %-9s %-9s %-9s %-18s %-20s %s" % ("over", "piece", "lowat", "module", "share", "waited, KB",
                                             "empty picks"))
    with tempfile.TemporaryDirectory() as folder:
        hypercorn = Hypercorn(client, SERVER, MODULE, folder)
        for tls, piece, lowat in itertools.product((True, False), PIECES, LOWATS):
            for ours, seen in hypercorn.compare(lowat, piece, rate, rounds, tls).items():
                empty = [100 * sum(found for _, found in picks.values()) /
                         sum(all_ for all_, _ in picks.values()) for picks in seen.picks]
                print("%-9s %-9d %-9s %-9s %-18s %-20s %.0f %%" % (
                    "TLS" if tls else "cleartext", piece, lowat or "default",
                    "ours" if ours else "original", text(seen.shares, 2),
                    text(seen.waited, 0), statistics.median(empty)), flush=True)


if __name__ == "__main__":
    main()
