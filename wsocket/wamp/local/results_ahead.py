"""Large results of the application, until the loop has weighed them."""

from __future__ import annotations

from typing import Any, Final, Protocol

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.net.loop import Loop

LARGE: Final = 65536
"""A result of less bytes is not worth to be counted."""

_MOST: Final = 16 * 2**20  # bytes

# Seconds without any change after which one worker goes on all the same: those that it
# waits for may wait for something themselves.
_PATIENCE: Final = 1.0

# Seconds between two looks at most, while a worker waits.
_LOOK: Final = 0.05

# Seconds that the first call of a procedure has to show how large its results are.
_TRIAL: Final = 0.02


class Maker(Protocol):
    """A procedure, as far as its results are concerned.

    Attributes:
        large: Bytes of its last results, 0 if they were not large.
        known: Whether it was called before.
        watched: Whether it is not known, or its results are large.
        trial: Set when its first result is known.
    """

    large: int
    known: bool
    watched: bool
    trial: Any


class ResultsAhead:
    """Has workers wait while others are busy with large results.

    A result is weighed when it is queued for its caller. Before that nothing would
    limit how many there are: each worker may have one, and its encoded form, and go on
    as soon as it has made it.

    Attributes:
        full: Whether a worker with a result of any size has to wait.
    """

    __slots__ = (
        "_bytes",
        "_changed",
        "_concurrency",
        "_lock",
        "_room",
        "_waiting",
        "full",
    )

    def __init__(self, loop: Loop) -> None:
        self._concurrency = loop.concurrency
        self._lock = short_lock()
        self._room = loop.concurrency.event()
        self._bytes = 0
        self.full = False
        self._waiting = 0
        self._changed = 0.0  # when somebody was let in, or gave back

    def reserve(self, size: int) -> None:
        """Wait until there is room for *size* bytes, or nothing else; in a worker.

        They are counted until `give_back`.
        """
        while not self._take(size):
            left = self._changed + _PATIENCE - self._concurrency.now()
            self._wait(size, max(0.0, left))

    def await_first(self, maker: Maker) -> None:
        """Wait a moment for the first result of a procedure, unless this makes it.

        Else dozens of workers could begin with large ones before anybody knows.
        """
        with self._lock:
            first = maker.trial is None
            if first:
                maker.trial = self._concurrency.event()
        if not first:
            maker.trial.wait(_TRIAL)
            maker.known, maker.watched = True, maker.large > 0

    def made(self, maker: Maker, size: int) -> None:
        """A procedure has made a result of *size* bytes."""
        if size >= LARGE or maker.large:  # the next one may be as large
            maker.large = size if size >= LARGE else maker.large // 2
        maker.watched = maker.large > 0
        if not maker.known:
            maker.known = True
            if maker.trial is not None:
                maker.trial.set()

    def add(self, size: int) -> None:
        """So many bytes more are there, or will be."""
        with self._lock:
            self._change(size)

    def give_back(self, size: int) -> None:
        """So many bytes are weighed now, or not needed."""
        with self._lock:
            self._change(-size)
            self._changed = self._concurrency.now()
        if self._waiting:
            self._room.set()

    def _wait(self, size: int, seconds: float) -> None:
        self._room.clear()
        with self._lock:
            self._waiting += 1
        if not self._fits(size):  # another who waits may take the event away
            self._room.wait(min(seconds, _LOOK))
        with self._lock:
            self._waiting -= 1

    def _take(self, size: int) -> bool:
        now = self._concurrency.now()
        with self._lock:
            taken = self._fits(size) or now >= self._changed + _PATIENCE
            if taken:
                self._change(size)
                self._changed = now
        return taken

    def _change(self, size: int) -> None:
        self._bytes += size
        self.full = self._bytes > _MOST

    def _fits(self, size: int) -> bool:
        return not self._bytes or self._bytes + size <= _MOST
