"""The open connections of an HTTP server: which may be closed, and when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Protocol

from wsocket.core.concurrency.short_lock import short_lock

# Seconds that a client gets to notice that its connection is being closed, and that one
# which has just connected gets for its request.
LINGER = 1.0

# The same in all, for a client that goes on sending.
LONGEST_LINGER = 5.0


class Connection(Protocol):
    """The part of an `HttpConnection` that is used here."""

    idle: bool
    parked: bool
    closing: bool
    ended: threading.Event

    def stop_reading(self) -> None:
        """End a wait for the client; a response can still be sent."""


class Connections:
    """Connections that wait for a request, and those that answer one.

    Methods may be called from any thread or greenlet.

    Args:
        changed: Called when a connection has ended.
    """

    def __init__(self, changed: Callable[[], object]) -> None:
        self._changed = changed
        self._lock = short_lock()
        # The one that has waited longest is the first. A half-open request waits.
        self._waiting: dict[Connection, None] = {}
        self._working: set[Connection] = set()
        self._draining = False

    def __len__(self) -> int:
        return len(self._waiting) + len(self._working)

    @property
    def in_flight(self) -> int:
        """How many have a request whose response should still be sent, or may get one.

        A long poll is none: it waits as long as there is no message.
        """
        with self._lock:
            working = sum(not each.parked for each in self._working)
            return working + len(self._waiting)

    def add(self, connection: Connection) -> None:
        """A new connection, which waits for its first request."""
        with self._lock:
            connection.closing = self._draining
            self._waiting[connection] = None

    def work(self, connection: Connection) -> None:
        """*connection* has got the whole head of a request."""
        with self._lock:
            connection.parked = False
            self._waiting.pop(connection, None)
            self._working.add(connection)

    def rest(self, connection: Connection) -> None:
        """*connection* has sent a response, and waits for another request."""
        with self._lock:
            connection.idle = True
            self._working.discard(connection)
            self._waiting[connection] = None
            closing = connection.closing
        if closing:  # since the head of the response was sent
            connection.stop_reading()

    def discard(self, connection: Connection) -> None:
        """*connection* has ended."""
        with self._lock:
            self._waiting.pop(connection, None)
            self._working.discard(connection)
        self._changed()

    def make_room(self) -> bool:
        """Close the connection that has waited longest; False if none waits."""
        with self._lock:
            longest = next((each for each in self._waiting if not each.closing), None)
            if longest is not None:
                longest.closing = True
        if longest is None:
            return False
        longest.stop_reading()
        return True

    def drain(self) -> None:
        """Close those that are idle, and every other one after its response."""
        with self._lock:
            self._draining = True
            idle = [each for each in self._waiting if each.idle]
            for each in (*self._waiting, *self._working):
                each.closing = True
        for each in idle:
            each.stop_reading()

    def stop_waiting(self) -> None:
        """Close those that still wait for a request."""
        with self._lock:
            waiting = tuple(self._waiting)
        for each in waiting:
            each.stop_reading()

    def close(self) -> None:
        """Close those that wait, and give the others a moment to end."""
        self.drain()
        self.stop_waiting()
        with self._lock:
            remaining = (*self._waiting, *self._working)
        deadline = time.monotonic() + LINGER
        for each in remaining:
            each.ended.wait(max(0.0, deadline - time.monotonic()))
