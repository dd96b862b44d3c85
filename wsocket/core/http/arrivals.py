"""Connections that wait for the whole head of a request, and take no thread for it.

Most connections have nothing to say most of the time, and some say it as slowly as they
are allowed to. All of them wait here, where one thread or greenlet looks at what comes.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.http.connection import HttpConnection
from wsocket.core.http.deadlines import first_late
from wsocket.core.http.reader import Coming
from wsocket.core.http.refusal import OVERLOADED, TOO_LATE
from wsocket.core.http.selecting import Selecting

# Bytes of heads that are not whole, of all connections together.
MOST_AHEAD: Final = 16 * 2**20

_TOO_MUCH: Final = (
    "too many requests have come in part; this one was begun before the others"
)


class Arrivals:
    """The connections of one server that wait for a request.

    `add` may be called from any thread or greenlet, everything else from the server's.

    Args:
        timeout: Seconds that a connection may be idle, and then that a head may take.
        see_to: Is told what is to be done with a connection, which waits no more.
        refuse: Refuses what one has sent, with a status and a problem.
    """

    def __init__(
        self,
        *,
        timeout: float,
        see_to: Callable[[HttpConnection, Coming], object],
        refuse: Callable[[HttpConnection, str, str], object],
    ) -> None:
        self._timeout = timeout
        self._see_to = see_to
        self._refuse = refuse
        self._selecting: Selecting[HttpConnection] = Selecting()
        self._lock = short_lock()
        self._closed = False
        # The end of their time. All have the same, so the first ones come first.
        self._idle: dict[HttpConnection, float] = {}
        self._begun: dict[HttpConnection, float] = {}
        self._ahead = 0  # bytes that those have sent

    def fileno(self) -> int:
        """A descriptor that is readable when there is something to look at."""
        return self._selecting.fileno()

    def add(self, connection: HttpConnection) -> None:
        """Wait for the next request of *connection*; end it if that cannot be."""
        with self._lock:
            waits = not self._closed and self._watch(connection)
        if not waits:
            connection.end()

    def look(self) -> None:
        """Look at some of the connections that are ready."""
        for connection in self._selecting.ready():
            self._look_at(connection)
        if self._ahead > MOST_AHEAD:
            self._make_room()

    def tidy(self, now: float) -> None:
        """Give up those whose time is over; *now* is by `time.monotonic`."""
        while (late := self._late(self._idle, now)) is not None:
            self._forget(late)
            self._see_to(late, Coming.END)
        while (late := self._late(self._begun, now)) is not None:
            self._forget(late)
            self._refuse(late, TOO_LATE, late.lateness())

    def close(self) -> None:
        """End all that wait, and those that will be added."""
        with self._lock:
            self._closed = True
        for each in (*self._idle, *self._begun):
            self._forget(each)
            self._see_to(each, Coming.END)
        self._selecting.close()

    def _watch(self, connection: HttpConnection) -> bool:
        try:
            self._selecting.add(connection.sock, connection)
        except OSError:  # the system has no room for it
            return False
        waiting = self._begun if connection.begun else self._idle
        waiting[connection] = time.monotonic() + self._timeout
        self._ahead += connection.ahead
        return True

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
            self._forget(connection)
            self._see_to(connection, coming)

    def _forget(self, connection: HttpConnection) -> None:
        """*connection* waits no more."""
        with self._lock:
            self._idle.pop(connection, None)
            self._begun.pop(connection, None)
            self._ahead -= connection.ahead
            self._selecting.remove(connection.sock)

    def _make_room(self) -> None:
        """Give up the heads that are on their way for the longest time."""
        while self._ahead > MOST_AHEAD * 7 // 8:
            longest = self._late(self._begun, math.inf)
            if longest is None:
                break
            self._forget(longest)
            self._refuse(longest, OVERLOADED, _TOO_MUCH)

    def _late(
        self, waiting: dict[HttpConnection, float], now: float
    ) -> HttpConnection | None:
        with self._lock:
            return first_late(waiting, now)
