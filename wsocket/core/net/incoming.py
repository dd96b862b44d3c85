"""What threads and greenlets gather of their peers, charged to the process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory

STEP: Final = 16384
"""The loop is told of changes of so many bytes: less is not worth the way there."""


def _nothing() -> None:
    """What is not gathered need not be stopped."""


class Incoming:
    """A message or a body that comes in parts, and is gathered outside of the loop.

    Args:
        memory: Gives the budget of the process; called on the loop.

    Attributes:
        backlog: How many bytes are charged.
        stop: Called on the loop if this is to be given up, because all connections
            together keep too much. It ends the reading, and what was gathered.
        stopped: Whether it was given up, or has ended.
    """

    __slots__ = ("_loop", "_memory", "_told", "backlog", "stop", "stopped")

    def __init__(self, loop: Loop, memory: Callable[[], Memory]) -> None:
        self._loop = loop
        self._memory = memory
        self._told = 0
        self.backlog = 0
        self.stop: Callable[[], object] = _nothing
        self.stopped = False

    def has(self, size: int) -> bool:
        """*size* bytes are gathered now; for the thread or greenlet that does it.

        Returns:
            False if it was given up.
        """
        if abs(size - self._told) >= STEP or (self._told and not size):
            self._told = size
            self._loop.call_soon(self._weigh, size)
        return not self.stopped

    def finish(self) -> None:
        """Nothing is gathered any more; for the thread or greenlet that did it.

        From then on `stop` is not called.
        """
        if self._told:
            ask(self._loop, self._finish)

    def end(self) -> None:
        """The same on the loop."""
        self._weigh(0)
        self.stopped = True
        self.stop = _nothing  # it may hold whoever holds this

    def shed(self) -> None:
        """See `Backlogged`: a part of a message is of no use, so all is given up."""
        stop = self.stop
        self.end()
        stop()

    def _finish(self, finished: Future[None]) -> None:
        self.end()
        finished.set(None)

    def _weigh(self, size: int) -> None:
        if not self.stopped:
            before, self.backlog = self.backlog, size
            self._memory().weigh(self, before, size)
