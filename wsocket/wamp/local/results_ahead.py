"""Results that workers have made, and that the loop has not taken yet."""

from __future__ import annotations

from typing import Final

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop

_MOST: Final = 4 * 2**20  # bytes


class ResultsAhead:
    """Has workers wait while the loop is behind with large results.

    A result is weighed when it is queued for its caller. Before that nothing would
    limit how many there are: a worker goes on as soon as it has made one.
    """

    __slots__ = ("_bytes", "_lock", "_loop")

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._lock = short_lock()
        self._bytes = 0

    def wait_for_room(self) -> None:
        """Before a result is made; in its worker."""
        if self._bytes > _MOST:
            ask(self._loop, _answer)  # after all that the loop has to do already

    def made(self, size: int) -> None:
        """A result of *size* bytes is on its way to the loop."""
        with self._lock:
            self._bytes += size

    def taken(self, size: int) -> None:
        """It is there; on the loop."""
        with self._lock:
            self._bytes -= size


def _answer(future: Future[None]) -> None:
    future.set(None)
