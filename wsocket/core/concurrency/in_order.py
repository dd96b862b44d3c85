"""Work of one owner that is done piece by piece, in the order in which it came."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Any, Final

from wsocket.core.concurrency.ctrl_c import pass_on
from wsocket.core.concurrency.task import Task
from wsocket.core.concurrency.turns import SLICE
from wsocket.core.concurrency.workers import Workers
from wsocket.log import logger

# What a piece keeps besides its payload.
_OVERHEAD: Final = 256  # bytes

_RETRY: Final = 0.1  # seconds after the workers have refused

_Piece = tuple[int, Callable[..., object], tuple[Any, ...]]


class InOrder:
    """Pieces of work that run one at a time. `put` is called on the loop.

    Args:
        limit: How many may wait; if there are more, the oldest is dropped.
        limit_bytes: How many bytes they may keep; the same.
        name: The owner's name in the log.

    Attributes:
        dropped: How many were dropped.
    """

    def __init__(
        self, workers: Workers, *, limit: int, limit_bytes: int, name: str
    ) -> None:
        self._workers = workers
        self._limit = limit
        self._limit_bytes = limit_bytes
        self._name = name
        self._pieces: deque[_Piece] = deque()
        self._charged = 0  # bytes
        self._taken = 0  # bytes that workers have taken, in all
        self._given_back = 0  # as much of that as is not charged any more
        self._busy = False
        self.dropped = 0

    def put(self, function: Callable[..., object], *args: Any, size: int = 0) -> None:
        """Run ``function(*args)``, which keeps *size* bytes, after all before it."""
        size += _OVERHEAD
        self._give_back()
        pieces = self._pieces
        while pieces and (
            len(pieces) >= self._limit or self._charged + size > self._limit_bytes
        ):
            self._drop_oldest()
        while (lacking := self._workers.budget.take(size)) is not None:
            if not self._drop_oldest():
                self._count_dropped(f"no room is left ({lacking})")
                return
        self._charged += size
        pieces.append((size, function, args))
        if not self._busy:
            self._start()

    def _start(self) -> None:
        self._busy = True
        self._workers.run(_Slice(self), self)

    def _drop_oldest(self) -> bool:
        """Drop the oldest piece that waits; False if there is none."""
        try:
            size, *_ = self._pieces.popleft()
        except IndexError:  # a worker was faster
            return False
        self._charged -= size
        self._workers.budget.give_back(size)
        self._count_dropped("its oldest events are dropped")
        return True

    def _count_dropped(self, what: str) -> None:
        if not self.dropped:
            logger.warning("%s is too slow: %s", self._name, what)
        self.dropped += 1

    def _give_back(self) -> None:
        """Do not charge any more what workers have taken."""
        taken = self._taken
        size, self._given_back = taken - self._given_back, taken
        self._charged -= size
        self._workers.budget.give_back(size)

    def work(self) -> None:
        """Run pieces for a while; in a worker."""
        begun, pieces = perf_counter(), self._pieces
        while True:
            try:
                size, function, args = pieces.popleft()
            except IndexError:
                return
            try:
                function(*args)
            except BaseException as error:
                logger.exception("%s failed", self._name)
                pass_on(error)
            self._taken += size
            if perf_counter() - begun > SLICE:
                return

    def slice_ended(self) -> None:
        """A worker is free again; on the loop."""
        self._give_back()
        self._busy = bool(self._pieces)
        if self._busy:
            self._start()

    def refused(self) -> None:
        """There was no room in line; on the loop."""
        self._workers.call_later(_RETRY, self.slice_ended)


class _Slice(Task):
    """Some pieces, in one worker."""

    __slots__ = ("_owner",)

    def __init__(self, owner: InOrder) -> None:
        super().__init__()
        self._owner = owner

    def work(self) -> None:
        self._owner.work()

    def ended(self) -> None:
        self._owner.slice_ended()

    def refused(self, problem: str) -> None:
        self._owner.refused()
