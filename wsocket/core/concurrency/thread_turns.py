"""Threads that work without waiting take turns, so that few of them want the lock.

Whoever wants Python's interpreter lock waits for all who want it, too: the loop among
hundreds of threads would go on once in a second. A thread that waits for its turn does
not want the lock."""

from __future__ import annotations

import itertools
import threading
from contextlib import suppress
from time import perf_counter
from typing import Final

from wsocket.core.concurrency.turns import SLICE

_LANES: Final = 4
_PATIENCE: Final = 0.0005


class _Lane:
    """Where one thread goes on at a time.

    Attributes:
        steps: How often one that has a turn has gone on.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._line = threading.Lock()
        self._turn = threading.Lock()  # whoever has it need not be who gives it back
        self.steps = 0

    def enter(self) -> None:
        """Wait for a turn, or until nothing seems to become of that of another one."""
        with self._line:
            seen = -1
            while seen != self.steps:
                seen = self.steps
                if self._turn.acquire(timeout=self._patience):
                    break

    def leave(self) -> None:
        """Give it back."""
        with suppress(RuntimeError):  # the next one was out of patience, and has left
            self._turn.release()


class _Mine(threading.local):
    """What a thread knows of its turn."""

    lane: _Lane | None = None
    ends = 0.0


class ThreadTurns:
    """The turns of all threads that have called `pace`.

    Args:
        lanes: How many of them go on at a time.
        patience: Seconds that the next one waits for one who neither goes on nor gives
            its turn back: it may wait for a database.
        portion: Seconds of a turn.
    """

    def __init__(
        self,
        *,
        lanes: int = _LANES,
        patience: float = _PATIENCE,
        portion: float = SLICE,
    ) -> None:
        self._lanes = itertools.cycle([_Lane(patience) for _ in range(lanes)])
        self._portion = portion
        self._mine = _Mine()

    def pace(self) -> None:
        """Go on while the turn of this thread lasts; then wait for another one."""
        mine = self._mine
        lane = mine.lane
        if lane is None:
            lane = mine.lane = next(self._lanes)
        elif perf_counter() < mine.ends:
            lane.steps += 1
            return
        else:
            lane.leave()
        lane.enter()
        mine.ends = perf_counter() + self._portion

    def leave(self) -> None:
        """Before this thread waits for its peer: nobody need wait for it."""
        mine = self._mine
        lane = mine.lane
        if lane is not None:
            mine.lane = None
            lane.leave()
