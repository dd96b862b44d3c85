"""Clients and the server take turns in one thread, so no clock decides anything.

A client writes into a socket pair. Then the hub runs until nothing is left to do; only
that is counted. Then the client reads what is there.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import gevent
import gevent.socket
from gevent import monkey

from wsocket import WSocketApp, make_server

# The client's end must not wait for the hub.
_plain_socketpair = monkey.get_original("socket", "socketpair")

SIZE = 1 << 20  # more than comes in one turn
PATIENCE = 3600.0  # seconds; valgrind is slow, and no timeout may pass


class World:
    """The server of one application, and the turns it gets.

    Args:
        toggle: Called at the begin and at the end of what is counted.
    """

    def __init__(self, app: WSocketApp, toggle: Callable[[], object]) -> None:
        self._server: Any = make_server("127.0.0.1", 0, app, timeout=PATIENCE)
        self._toggle = toggle
        self._hub = gevent.get_hub()
        # `gevent.idle` makes one each time, which would cost more than a small turn.
        self._idle = self._hub.loop.idle()

    def connect(self) -> Wire:
        """A new connection, as if it had just been accepted."""
        ours, theirs = _plain_socketpair()
        ours.setblocking(False)
        accepted = gevent.socket.socket(fileno=theirs.detach())
        gevent.spawn(self._serve, accepted)
        return Wire(ours, self)

    def turn(self) -> None:
        """Let the server do all that there is to do; this is counted."""
        self._idle.start(gevent.getcurrent().switch)
        self._toggle()
        self._hub.switch()  # comes back when there is nothing to do
        self._toggle()
        self._idle.stop()

    def rest(self) -> None:
        """Let the server do all that there is to do; this is not counted."""
        gevent.idle()

    def _serve(self, accepted: Any) -> None:
        """What gevent's server does with a connection that it has accepted."""
        with accepted:
            self._server.handle(accepted, ("127.0.0.1", 50000))


class Wire:
    """A client's end of a connection."""

    def __init__(self, sock: socket.socket, world: World) -> None:
        self._sock = sock
        self.world = world

    def write(self, data: bytes) -> None:
        self._sock.sendall(data)

    def read(self) -> bytes:
        """What has come."""
        return self._sock.recv(SIZE)

    def ask(self, data: bytes) -> bytes:
        """Write, give the server a turn, read."""
        self.write(data)
        self.world.turn()
        return self.read()

    def close(self) -> None:
        self._sock.close()
        self.world.rest()
