"""One client in a process of its own, which somebody stops and lets go on.

    python -m tests.steady.reader ROLE TRANSPORT URL PORT

It prints what it gets: "there" when it is ready, a line for each message, "ended" when
its connection is over. TRANSPORT is one of `transports.connected`, to which PORT
belongs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator

import websocket

from tests.steady.transports import Transport, connected
from tests.steady.victims import HELLO, TOPIC

PROCEDURE = "com.example.stopped"


def subscriber(transport: Transport) -> Iterator[object]:
    """The number of each event."""
    transport.send([32, 1, {}, TOPIC])
    assert transport.receive()[0] == 33
    yield "there"
    while True:
        yield transport.receive()[4][0]


def callee(transport: Transport) -> Iterator[object]:
    """Its invocations, which it never answers, and what interrupts them."""
    transport.send([64, 1, {}, PROCEDURE])
    assert transport.receive()[0] == 65
    yield "there"
    while True:
        code, request, *_ = transport.receive()
        if code == 69:
            transport.send([8, 68, request, {}, "com.example.interrupted"])
        yield "interrupted" if code == 69 else "invoked"


ROLES: dict[str, Callable[[Transport], Iterator[object]]] = {
    "subscriber": subscriber,
    "callee": callee,
}


def main(role: str, kind: str, url: str, port: str) -> None:
    transport = connected(kind, url, int(port))
    transport.send(HELLO)
    assert transport.receive()[0] == 2
    try:
        for line in ROLES[role](transport):
            print(line, flush=True)  # noqa: T201 - for the test
    except (OSError, websocket.WebSocketException, AssertionError):
        print("ended", flush=True)  # noqa: T201 - for the test


if __name__ == "__main__":
    main(*sys.argv[1:])
