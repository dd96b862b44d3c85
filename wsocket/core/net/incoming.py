"""What threads and greenlets gather of their peers, charged to the process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory

STEP: Final = 16384
"""The loop is told of changes of so many bytes: less is not worth the way there."""

_AHEAD: Final = 8 * STEP  # bytes that may be gathered before the loop has charged them
_AHEAD_WHEN_FILLING: Final = STEP  # the same if `Limits.memory` is half used


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

    __slots__ = (
        "_ahead",
        "_loop",
        "_memory",
        "_shed",
        "_told",
        "backlog",
        "stop",
        "stopped",
    )

    def __init__(self, loop: Loop, memory: Callable[[], Memory]) -> None:
        self._loop = loop
        self._memory = memory
        self._ahead = _AHEAD
        self._told = 0
        self._shed = 0  # bytes that were given up, and are not free yet
        self.backlog = 0
        self.stop: Callable[[], object] = _nothing
        self.stopped = False

    def has(self, size: int) -> bool:
        """*size* bytes are gathered now; for the thread or greenlet that does it.

        It waits for the loop if that is far behind: many threads would else gather a
        lot before anybody notices.

        Returns:
            False if it was given up.
        """
        if abs(size - self._told) >= STEP or (self._told and not size):
            self._told = size
            if size - self.backlog < self._ahead:
                self._loop.call_soon(self._weigh, size)
            elif not self.stopped:
                ask(self._loop, partial(self._weigh_and_answer, size))
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
        self.stopped = True
        self._shed, self.backlog = self.backlog, 0
        self._memory().free_later(self, self._shed)
        stop, self.stop = self.stop, _nothing
        stop()

    def _finish(self, finished: Future[None]) -> None:
        self.end()
        finished.set(None)

    def _weigh_and_answer(self, size: int, weighed: Future[None]) -> None:
        self._weigh(size)
        weighed.set(None)

    def _weigh(self, size: int) -> None:
        if not self.stopped:
            before, self.backlog = self.backlog, size
            memory = self._memory()
            memory.weigh(self, before, size)
            self._ahead = _AHEAD_WHEN_FILLING if memory.filling else _AHEAD
        elif self._shed and not size:
            shed, self._shed = self._shed, 0
            self._memory().freed(shed)
