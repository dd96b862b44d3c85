"""What responses keep in memory until clients have taken it, with a limit for a server.

A client that asks for much and reads nothing would keep its response for as long as the
server is patient. A few hundred of them would take all the memory that there is.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from typing import Protocol

from wsocket.core.http.response_sizes import ResponseSizes
from wsocket.core.http.turnstile import Turnstile
from wsocket.core.net.trouble import Trouble
from wsocket.log import logger

# When the limit is exceeded, clients are cut off until no more than this part of it is
# used: not again for each response that follows.
_RELIEVED = 7 / 8

# Seconds between two looks at what clients have taken, while half of the limit is used.
# A look costs about a microsecond for each client.
_LOOK = 0.25

# Seconds without taking anything after which a client does not count as one that reads.
# A look tells that it has taken something since the one before, but not when.
_SILENCE = 1.0


class SlowClient(Protocol):
    """A connection that sends a response."""

    def untaken(self) -> int:
        """How many bytes the kernel has taken, and the client has not."""

    def cut_off(self) -> None:
        """End the connection with a reset; whoever sends to it gets an OSError."""


class Waiting:
    """What one client still has to take.

    Attributes:
        client: The client.
        size: Bytes that are in memory until it has taken all of them.
        since: When it last took something, by `time.monotonic`.
        taken: About how many bytes it has taken meanwhile.
        untaken: What it had not taken of what the kernel had, at the last look.
        cut: It was cut off, to make room.
    """

    __slots__ = ("client", "cut", "since", "size", "taken", "untaken")

    def __init__(self, client: SlowClient, size: int) -> None:
        self.client = client
        self.size = size
        self.since = time.monotonic()
        self.taken = 0
        self.untaken = client.untaken()
        self.cut = False

    def took(self, size: int) -> None:
        """The kernel has taken *size* bytes more, because the client took something."""
        self.since = time.monotonic()
        self.taken += size

    def look(self, now: float) -> None:
        """See whether the client has taken something from the kernel.

        The kernel asks for more only when a large part of its buffer is free, which a
        slow client needs seconds for.
        """
        before, self.untaken = self.untaken, self.client.untaken()
        if self.untaken < before:
            self.since = now
            self.taken += before - self.untaken

    def merit(self, now: float) -> tuple[bool, float]:
        """Those with less of it are cut off first."""
        reads = now - self.since < _SILENCE
        return reads, self.taken if reads else self.since


class Unsent:
    """The responses that wait for the clients of one server, weighed in bytes.

    Beyond the limit clients are cut off: first those who have taken nothing for a
    second, or the longest time; then those who have taken least. The largest response
    is neither counted nor cut off: one alone may be larger than the limit.

    Methods may be called from any thread or greenlet.

    Args:
        limit: Bytes.

    Attributes:
        used: Bytes that are kept now.
        turnstile: What a request passes before its response is made.
        sizes: Which requests need not.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._waiting: set[Waiting] = set()
        self._cut = 0  # bytes of those who were cut off, and have not noticed it
        self._looked = 0.0
        self._trouble = Trouble("clients that do not read their responses are cut off")
        self.used = 0
        self.turnstile = Turnstile()
        self.sizes = ResponseSizes()

    @contextlib.contextmanager
    def keeping(self, client: SlowClient, size: int) -> Iterator[Waiting]:
        """In this block *size* bytes are kept for *client*, which may be cut off."""
        waiting = Waiting(client, size)
        with self._lock:
            self._waiting.add(waiting)
            self.used += size
            cut = self._weigh(waiting)
        self.turnstile.leave()
        if cut:
            self._log(cut, waiting.since)
        try:
            yield waiting
        finally:
            with self._lock:
                self._end(waiting)

    @property
    def short(self) -> bool:
        """Whether the limit was exceeded a moment ago; then `tidy` is to be called."""
        return bool(self._trouble)

    def tidy(self, now: float) -> None:
        """See whether there is room again; *now* is by `time.monotonic`."""
        self._trouble.passed(now)

    def _weigh(self, newest: Waiting) -> list[Waiting]:
        """Make room if it is needed; those who were cut off for it."""
        kept, now = self._narrow(), newest.since
        if self.turnstile.narrow and now - self._looked >= _LOOK:
            self._look(now)
        if kept <= self._limit:
            return []
        staying = [each for each in self._waiting if not each.cut]
        largest = max(staying, key=lambda each: each.size)
        if kept - largest.size <= self._limit:
            return []
        self._look(now)
        staying.remove(largest)
        # The newest has had no time to take anything.
        staying.sort(key=lambda each: (each is newest, each.merit(now)))
        return self._make_room(staying, kept - largest.size)

    def _narrow(self) -> int:
        """Let requests go on one by one if half of the limit is used; what is used.

        Not because of a single response, which may be large and take long.
        """
        kept = self.used - self._cut
        self.turnstile.narrow = kept > self._limit / 2 and len(self._waiting) > 1
        return kept

    def _look(self, now: float) -> None:
        self._looked = now
        for each in self._waiting:
            each.look(now)

    def _make_room(self, staying: list[Waiting], counted: int) -> list[Waiting]:
        self.turnstile.hold()
        cut = []
        for each in staying:
            if counted <= self._limit * _RELIEVED:
                break
            counted -= each.size
            self._cut += each.size
            each.cut = True
            each.client.cut_off()
            cut.append(each)
        return cut

    def _end(self, waiting: Waiting) -> None:
        self._waiting.discard(waiting)
        self.used -= waiting.size
        if waiting.cut:
            self._cut -= waiting.size
            if not self._cut:
                self.turnstile.freed()
        self._narrow()

    def _log(self, cut: list[Waiting], now: float) -> None:
        limit = f"the limit of {self._limit} bytes (max_unsent_bytes) is reached"
        self._trouble.met(limit, now)
        for each in cut:
            logger.debug(
                "%s is cut off: it has taken nothing for %.1f s of %d bytes",
                each.client,
                now - each.since,
                each.size,
            )
