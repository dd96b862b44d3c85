"""How many connections are served at once: each takes a thread or a greenlet."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context
from operator import itemgetter
from typing import Any, Final, Protocol

from wsocket.core.concurrency.kinds import NO_ROOM
from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.http.client_wait import ClientWait
from wsocket.core.http.connections import LINGER

# Of so many the first ones may wait for their clients: it saves the way to `Arrivals`.
_PLENTY: Final = 64

# Seconds to wait for the next request on a connection where there is no plenty of room.
_SHORT: Final = 0.05


class Served(Protocol):
    """A connection on which a request has come, or is about to."""

    wait_for_client: ClientWait
    """How long the request has waited for its client."""

    def make_way(self) -> None:
        """End the request, which waits for its client."""

    def end(self) -> None:
        """Close the connection."""


class AtOnce:
    """Serves connections on which a request has come, so many at once.

    The others wait for one of them to end, in the order in which they came. Methods may
    be called from any thread or greenlet.

    Args:
        most: How many are served at once. Long polls do not count, up to as many again.
        patience: Seconds to wait for a request where there is plenty of room.
        spawn: Runs a function in a thread or greenlet.
        serve: Serves a connection; it does not raise.
        refuse: Refuses one for which the system has no room.
        crowded: Called when one has to wait.
    """

    def __init__(
        self,
        most: int,
        *,
        patience: float,
        spawn: Callable[..., object],
        serve: Callable[[Any], object],
        refuse: Callable[[Any], object],
        crowded: Callable[[], object],
    ) -> None:
        self._most = most
        self._plenty = min(most // 8, _PLENTY)
        self._long_patience = patience
        self._spawn = spawn
        self._serve = serve
        self._refuse = refuse
        self._crowded = crowded
        self._lock = short_lock()
        self._served: set[Served] = set()
        self._parked: set[Served] = set()
        self._waiting: deque[Served] = deque()

    @property
    def roomy(self) -> bool:
        """Whether one more thread or greenlet makes no difference."""
        return len(self._served) < self._plenty

    @property
    def patience(self) -> float:
        """Seconds that one that is served waits for its next request."""
        return self._long_patience if self.roomy else _SHORT

    def serve(self, connection: Served) -> None:
        """Serve *connection*, now or later.

        Raises:
            RuntimeError, MemoryError: The system has no room for it.
        """
        with self._lock:
            full = len(self._served) >= self._most
            if full:
                self._waiting.append(connection)
            else:
                self._served.add(connection)
        if full:
            self._crowded()
        else:
            self._start(connection)

    def park(self, connection: Served) -> None:
        """The request of *connection* is a long poll: another one has its place."""
        with self._lock:
            if connection not in self._served or len(self._parked) >= self._most:
                return
            self._served.discard(connection)
            self._parked.add(connection)
            following = self._admit()
        if following is not None:
            self._start_or_refuse(following)

    def go_on(self, connection: Served) -> None:
        """The long poll of *connection* has been answered: it counts again."""
        with self._lock:
            if connection in self._parked:
                self._parked.discard(connection)
                self._served.add(connection)

    def make_room(self, now: float) -> None:
        """If some wait, end as many of those that wait for their own clients.

        First those who have waited longest, in all: a client that sends a byte now and
        then is slow, too.

        Args:
            now: By `time.monotonic`.
        """
        with self._lock:
            missing = len(self._waiting)
            served = list(self._served) if missing else []
        slow = [(each.wait_for_client.seconds(now), each) for each in served]
        slow = [(seconds, each) for seconds, each in slow if seconds > LINGER]
        for _, each in sorted(slow, key=itemgetter(0), reverse=True)[:missing]:
            each.make_way()

    def close(self) -> None:
        """End the connections that wait."""
        with self._lock:
            waiting = list(self._waiting)
            self._waiting.clear()
        for each in waiting:
            each.end()

    def _start(self, connection: Served) -> None:
        try:
            self._spawn(self._work, connection)
        except NO_ROOM:
            with self._lock:
                self._served.discard(connection)
            raise

    def _start_or_refuse(self, connection: Served) -> None:
        try:
            self._start(connection)
        except NO_ROOM:
            self._refuse(connection)

    def _work(self, connection: Served) -> None:
        """What a thread or greenlet does."""
        current: Served | None = connection
        while current is not None:
            try:
                # What one has set in a `contextvars.ContextVar` is not for the next.
                Context().run(self._serve, current)
            except BaseException:  # Ctrl-C
                following = self._end(current)
                if following is not None:
                    self._start_or_refuse(following)
                raise
            current = self._end(current)

    def _end(self, connection: Served) -> Served | None:
        """*connection* is served no more; the one that follows."""
        with self._lock:
            self._served.discard(connection)
            self._parked.discard(connection)
            return self._admit()

    def _admit(self) -> Served | None:
        """The next one that waits, if there is room; the lock is held."""
        if not self._waiting or len(self._served) >= self._most:
            return None
        following = self._waiting.popleft()
        self._served.add(following)
        return following
