"""Connections that wait for the whole head of a request, and take no thread for it.

Most connections have nothing to say most of the time, and some say it as slowly as they
are allowed to. All of them wait here, where one thread or greenlet looks at what comes.
"""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Callable
from selectors import EVENT_READ
from typing import Any, Final

from gevent import monkey

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.reader import Coming

# Connections that are looked at before others are accepted.
_BATCH: Final = 64

# Bytes of heads that are not whole, of all connections together.
MOST_AHEAD: Final = 16 * 2**20

_TOO_MUCH: Final = (
    "too many requests have come in part; this one was begun before the others"
)

# gevent takes away what the system has best, where it has patched.
_new_selector: Callable[[], Any] = monkey.get_original("selectors", "DefaultSelector")


class Arrivals:
    """The connections of one server that wait for a request.

    `add` may be called from any thread or greenlet, everything else from the server's.

    Args:
        timeout: Seconds that a connection may be idle, and then that a head may take.
        see_to: Is told what is to be done with a connection, which waits no more.
    """

    def __init__(
        self, *, timeout: float, see_to: Callable[[HttpConnection, Coming], object]
    ) -> None:
        self._timeout = timeout
        self._see_to = see_to
        self._selector = _new_selector()
        self._lock = short_lock()
        self._closed = False
        # The end of their time. All have the same, so the first ones come first.
        self._idle: dict[HttpConnection, float] = {}
        self._begun: dict[HttpConnection, float] = {}
        self._ahead = 0  # bytes that those have sent
        self._ready: deque[HttpConnection] = deque()

    def __len__(self) -> int:
        return len(self._idle) + len(self._begun)

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to look at."""
        descriptor: int = self._selector.fileno()
        return descriptor

    def add(self, connection: HttpConnection) -> None:
        """Wait for the next request of *connection*."""
        with self._lock:
            closed = self._closed
            if not closed:
                waiting = self._begun if connection.begun else self._idle
                waiting[connection] = time.monotonic() + self._timeout
                self._ahead += connection.ahead
                self._selector.register(connection.sock, EVENT_READ, connection)
        if closed:
            connection.end()

    def look(self) -> None:
        """Look at some of the connections that are ready."""
        if not self._ready:
            with self._lock:
                found = self._selector.select(0)
            self._ready.extend(key.data for key, _ in found)
        for _ in range(min(_BATCH, len(self._ready))):
            self._look_at(self._ready.popleft())
        if self._ahead > MOST_AHEAD:
            self._make_room()

    def tidy(self, now: float) -> None:
        """Give up those whose time is over; *now* is by `time.monotonic`."""
        while (late := self._late(self._idle, now)) is not None:
            self._leave(late, Coming.END)
        while (late := self._late(self._begun, now)) is not None:
            late.too_late()
            self._leave(late, Coming.SERVE)

    def close(self) -> None:
        """End all that wait, and those that will be added."""
        with self._lock:
            self._closed = True
        for each in (*self._idle, *self._begun):
            self._leave(each, Coming.END)
        self._selector.close()

    def _look_at(self, connection: HttpConnection) -> None:
        if connection not in self._idle and connection not in self._begun:
            return  # it has been given up since
        before = connection.ahead
        coming = connection.look()
        with self._lock:
            self._ahead += connection.ahead - before
            if connection.begun and self._idle.pop(connection, 0):
                self._begun[connection] = time.monotonic() + self._timeout
        if coming is not Coming.WAIT:
            self._leave(connection, coming)

    def _leave(self, connection: HttpConnection, coming: Coming) -> None:
        """*connection* waits no more."""
        with self._lock:
            self._idle.pop(connection, None)
            self._begun.pop(connection, None)
            self._ahead -= connection.ahead
            self._selector.unregister(connection.sock)
        self._see_to(connection, coming)

    def _make_room(self) -> None:
        """Give up the heads that are on their way for the longest time."""
        while self._ahead > MOST_AHEAD * 7 // 8:
            longest = self._late(self._begun, math.inf)
            if longest is None:
                break
            longest.give_up(_TOO_MUCH)
            self._leave(longest, Coming.SERVE)

    def _late(
        self, waiting: dict[HttpConnection, float], now: float
    ) -> HttpConnection | None:
        """The first one, if its time is over."""
        with self._lock:
            first = next(iter(waiting.items()), None)
        return first[0] if first is not None and first[1] <= now else None
