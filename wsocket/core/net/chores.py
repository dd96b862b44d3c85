"""Long work on the loop, a portion in each turn.

What may take long is written as a generator that stops after each small step. All work
that is under way shares one portion of each turn of the loop, so that everybody else
waits for a few milliseconds at most.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from time import perf_counter

from wsocket.core.net.guarded import guarded
from wsocket.core.net.loop import Loop
from wsocket.log import logger


class Chores:
    """The long work of one loop.

    Args:
        portion: Seconds of each turn for all work together.
    """

    def __init__(
        self,
        loop: Loop,
        *,
        portion: float,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._portion = portion
        self._loop = loop
        self._clock = clock
        self._waiting: deque[tuple[Iterator[object], Callable[[], object]]] = deque()
        self._under_way = False

    def start(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """Take all *steps*, then call ``done()``, on the loop.

        What is short is over when this returns, unless other work is under way. The
        rest goes on in later turns. A failure of a step is logged, and ends the work:
        it is done, too.
        """
        self._waiting.append((steps, done))
        if not self._under_way:
            self._under_way = True
            self._go_on()

    def _go_on(self) -> None:
        """Take steps of all work in turn, for a while."""
        deadline = self._clock() + self._portion
        waiting = self._waiting
        while waiting:
            steps, done = waiting[0]
            if _take_step(steps):
                waiting.rotate(-1)
            else:
                waiting.popleft()
                guarded(done)
            if self._clock() > deadline:
                break
        self._under_way = bool(waiting)
        if waiting:
            self._loop.call_later(0, self._go_on)


def _take_step(steps: Iterator[object]) -> bool:
    """Take the next step; False if there is none."""
    try:
        next(steps)
    except StopIteration:
        return False
    except Exception:
        logger.exception("work on the loop failed: %r", steps)
        return False
    return True
