"""
priority: which stream of an HTTP/2 connection sends next (RFC 7540, section 5.3)

The interface and the order of python-hyper/priority 2.0.0, as a C++ module of
Sluice. A server keeps one tree for each connection:

    import priority

    tree = priority.PriorityTree()
    tree.insert_stream(1, weight=32)             # HEADERS came
    tree.insert_stream(3, depends_on=1)
    tree.reprioritize(3, weight=200)             # PRIORITY came

    for stream_id in tree:                       # the socket can take bytes
        sent = send_a_frame_of(stream_id)
        if not sent:
            tree.block(stream_id)                # no data, or no window

A stream that is inserted has something to send. ``block()`` takes it out of the
order; ``unblock()`` takes it in again; ``remove_stream()`` ends it. Streams with
the same parent share by their weights, one turn of a weight of 16 for 16 turns
of a weight of 256; a stream that depends on another sends only while the other
is blocked.

Iterate with ``for``, ``next(tree)`` or ``tree.next()``. Each picks one stream,
in O(log n) of the streams that can send. When all are blocked, it raises
``DeadlockError``.

All errors derive from ``PriorityError``. A call that raises one has changed
nothing. A tree is not thread-safe: one thread owns it, or a lock goes around
it.
"""

from .priority import (
    BadWeightError,
    DeadlockError,
    DuplicateStreamError,
    MissingStreamError,
    PriorityError,
    PriorityLoop,
    PriorityTree,
    PseudoStreamError,
    Stream,
    TooManyStreamsError,
)

__all__ = [
    "BadWeightError",
    "DeadlockError",
    "DuplicateStreamError",
    "MissingStreamError",
    "PriorityError",
    "PriorityLoop",
    "PriorityTree",
    "PseudoStreamError",
    "Stream",
    "TooManyStreamsError",
]

# Of the interface. importlib.metadata.version("priority") tells the two apart.
__version__ = "2.0.0"
