"""Results that workers have made, and that the loop has not taken yet."""

from __future__ import annotations

from typing import Final

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop

LARGE: Final = 65536
"""A result of less bytes is not worth to be counted."""

_MOST: Final = 4 * 2**20  # bytes


class ResultsAhead:
    """Has workers wait while the loop is behind with large results.

    A result is weighed when it is queued for its caller. Before that nothing would
    limit how many there are: a worker goes on as soon as it has made one.

    Attributes:
        behind: Whether a worker has to `wait`.
    """

    __slots__ = ("_bytes", "_lock", "_loop", "behind")

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._lock = short_lock()
        self._bytes = 0
        self.behind = False

    def wait(self) -> None:
        """Wait until the loop has done what it has to do already; in a worker."""
        ask(self._loop, _answer)

    def made(self, size: int) -> None:
        """A result of *size* bytes is on its way to the loop."""
        with self._lock:
            self._bytes += size
            self.behind = self._bytes > _MOST

    def taken(self, size: int) -> None:
        """It is there; on the loop."""
        with self._lock:
            self._bytes -= size
            self.behind = self._bytes > _MOST


def _answer(future: Future[None]) -> None:
    future.set(None)
