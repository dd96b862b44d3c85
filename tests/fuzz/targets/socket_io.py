"""What the loop reads and writes with, in C and in Python: the bytes are the same."""

from __future__ import annotations

import socket

from tests.fuzz.byte_source import ByteSource
from tests.pure import in_python
from wsocket.core.net import socket_io as installed

python = in_python(installed, without="wsocket.core.net._socket_io")


def new_pair() -> tuple[socket.socket, socket.socket]:
    """Two connected sockets that never block."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return ours, theirs


# Left open: making new ones for each input would take longer than the rest.
PAIRS = {each: new_pair() for each in (installed, python)}


def run_one(data: bytes) -> object:
    """Send and receive through a pair of sockets that stays open."""
    outcomes = [traffic(io, ByteSource(data)) for io in PAIRS]
    assert outcomes[0] == outcomes[1]
    return outcomes[0]


def traffic(io: object, source: ByteSource) -> list[object]:
    """What the calls that *source* chooses return; nothing is left in the sockets."""
    ours, theirs = PAIRS[io]
    seen: list[object] = []
    while source:
        if source.below(3):
            portion = source.take(source.byte())
            view = memoryview(portion) if source.below(2) else portion
            seen.append(io.send(ours, view))
        else:
            seen.append(io.receive(theirs))
    seen.append(io.receive(theirs))
    assert io.receive(theirs) is None
    return seen
