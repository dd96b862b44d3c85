"""What threads and greenlets keep because of their peers, charged to the process."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

from wsocket.core.budget import STEP
from wsocket.core.net.future import Future, ask
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory

_AHEAD: Final = 8 * STEP  # bytes that may be kept before the loop has charged them
_AHEAD_WHEN_FILLING: Final = STEP  # the same if `Limits.memory` is half used

# Seconds that are waited for room; then what is kept already is given up.
_PATIENCE: Final = 10.0


def _nothing() -> None:
    """What is not kept need not be stopped."""


class Incoming:
    """Messages, or a body, of one peer that are kept outside of the loop.

    Args:
        memory: Gives the budget of the process; called on the loop.
        sending: Whether it is what is sent to the peer, not what comes.

    Attributes:
        backlog: How many bytes are charged.
        stop: Called on the loop if this is to be given up, because all connections
            together keep too much. It ends the reading or sending, and what is kept.
        stopped: Whether it was given up, or has ended.
    """

    __slots__ = (
        "_ahead",
        "_loop",
        "_memory",
        "_sending",
        "_shed",
        "_told",
        "_waiting",
        "backlog",
        "stop",
        "stopped",
    )

    def __init__(
        self, loop: Loop, memory: Callable[[], Memory], *, sending: bool = False
    ) -> None:
        self._loop = loop
        self._sending = sending
        self._memory = memory
        self._ahead = _AHEAD_WHEN_FILLING  # nobody knows yet
        self._told = 0
        self._shed = 0  # bytes that were given up, and are not free yet
        self._waiting: Future[None] | None = None  # for room
        self.backlog = 0
        self.stop: Callable[[], object] = _nothing
        self.stopped = False

    def has(self, size: int) -> bool:
        """*size* bytes are kept now, or soon; for the thread or greenlet that does it.

        It waits for the loop if that is far behind: many threads would else keep a lot
        before anybody notices. Then it also waits until there is room. What others keep
        may be given up for that, but not at once: most of it is free in a moment.

        Returns:
            False if it was given up.
        """
        if abs(size - self._told) >= STEP or (self._told and not size):
            self._told = size
            if size - self.backlog < self._ahead:
                self._loop.call_soon(self._weigh, size)
            elif not self.stopped:
                ask(self._loop, partial(self._weigh_when_free, size))
        return not self.stopped

    def finish(self) -> None:
        """Nothing is kept any more; for the thread or greenlet that did it.

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
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.set(None)

    def _finish(self, finished: Future[None]) -> None:
        self.end()
        finished.set(None)

    def _weigh_when_free(self, size: int, weighed: Future[None]) -> None:
        if self.stopped:
            weighed.set(None)
            return
        self._waiting = weighed
        weigh = partial(self._weigh_and_answer, size, weighed)
        growth = size - self.backlog
        self._memory().when_free(growth, weigh, sending=self._sending)
        if not weighed.done:
            self._loop.call_later(_PATIENCE, self._give_up, weighed)

    def _weigh_and_answer(self, size: int, weighed: Future[None]) -> None:
        if not weighed.done:
            self._waiting = None
            self._weigh(size)
            weighed.set(None)

    def _give_up(self, weighed: Future[None]) -> None:
        if not weighed.done:
            self.shed()

    def _weigh(self, size: int) -> None:
        if not self.stopped:
            memory = self._memory()
            size = min(size, memory.largest)
            before, self.backlog = self.backlog, size
            memory.weigh(self, before, size)
            self._ahead = _AHEAD_WHEN_FILLING if memory.filling else _AHEAD
        elif self._shed and not size:
            shed, self._shed = self._shed, 0
            self._memory().freed(shed)
