"""Greenlets that work without waiting take turns, so that sockets are looked at."""

from __future__ import annotations

from collections import deque
from time import perf_counter
from typing import Any, Final

import gevent
from gevent.hub import Waiter

# What works without waiting lets others in after this: those of its hub, or those that
# wait for its worker.
SLICE: Final = 0.002  # seconds

_LOOK: Final = 16  # a look costs as much as a tenth of sending a small message
_steps = 0


class Turns:
    """The greenlets of one hub that have let others in.

    One at a time goes on, and before each of them the hub handles what is ready.
    `gevent.sleep(0)` would not do: the hub runs up to 1000 such greenlets first.
    """

    def __init__(self, hub: Any) -> None:
        self._waiting: deque[Any] = deque()
        self._timer = hub.loop.timer(0)
        self._now = hub.loop.now
        self._turn = self._began = 0.0

    def pace(self) -> None:
        """Let everybody else in if those that need not wait have had their share."""
        turn = self._now()  # it changes once for each turn of the hub
        if turn != self._turn:
            self._turn = turn
            self._began = perf_counter()
        elif perf_counter() - self._began > SLICE:
            self.wait()

    def wait(self) -> None:
        """Let everybody else in."""
        waiter: Any = Waiter()
        if not self._waiting:
            self._timer.start(self._next)
        self._waiting.append(waiter)
        waiter.get()

    def _next(self) -> None:
        waiter = self._waiting.popleft()
        if self._waiting:
            self._timer.start(self._next)
        waiter.switch(None)  # does nothing if an exception has ended the waiting


def let_others() -> None:
    """Let others in, before the current greenlet goes on."""
    _of_this_hub().wait()


def pace() -> None:
    """The same, if greenlets that did not have to wait have worked for a while.

    A peer that sends without an end would else keep its greenlet at work: gevent lets
    others in only while there is nothing to read.
    """
    _of_this_hub().pace()


def pace_small_steps() -> None:
    """The same for steps that may be tiny, and many: it looks at every 16th."""
    global _steps  # of all hubs: that one is skipped too often is no harm
    _steps += 1
    if not _steps % _LOOK:
        pace()


def _of_this_hub() -> Turns:
    hub: Any = gevent.get_hub()
    turns: Turns | None = getattr(hub, "wsocket_turns", None)
    if turns is None:
        turns = hub.wsocket_turns = Turns(hub)
    return turns
