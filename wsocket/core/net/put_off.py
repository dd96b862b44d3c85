"""What waits for a later turn of the loop: first come, first served."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from time import perf_counter

from wsocket.core.net.guarded import guarded
from wsocket.core.net.send_queue import SendQueue


class PutOff:
    """Callbacks that run in later turns, for a while in each.

    Args:
        soon: Runs a callback in the next turn.
        send_queue: While it is crowded, nobody may add to it.
        portion: Seconds of each turn for all together.
        clock: Gives the time in seconds.
    """

    __slots__ = ("_clock", "_portion", "_scheduled", "_send_queue", "_soon", "_waiting")

    def __init__(
        self,
        soon: Callable[[Callable[[], object]], object],
        send_queue: SendQueue,
        *,
        portion: float,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        self._soon = soon
        self._send_queue = send_queue
        self._portion = portion
        self._clock = clock
        self._waiting: deque[Callable[[], object]] = deque()
        self._scheduled = False

    def add(self, callback: Callable[[], object]) -> None:
        """Call back after those that have been added before."""
        self._waiting.append(callback)
        self._schedule()

    def _schedule(self) -> None:
        if not self._scheduled:
            self._scheduled = True
            self._soon(self._run)

    def _run(self) -> None:
        self._scheduled = False
        ends = self._clock() + self._portion
        for _ in range(len(self._waiting)):
            if self._send_queue.crowded:
                break
            guarded(self._waiting.popleft())
            if self._clock() > ends:
                break
        if self._waiting:
            self._schedule()
