"""Greenlets that work without waiting take turns, so that sockets are looked at."""

from __future__ import annotations

from collections import deque
from typing import Any
from weakref import WeakKeyDictionary

import gevent
from gevent.hub import Waiter


class Turns:
    """The greenlets of one hub that have let others in.

    One at a time goes on, and before each of them the hub handles what is ready.
    `gevent.sleep(0)` would not do: the hub runs up to 1000 such greenlets first.
    """

    def __init__(self, hub: Any) -> None:
        self._waiting: deque[Any] = deque()
        self._timer = hub.loop.timer(0)

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


_turns: WeakKeyDictionary[Any, Turns] = WeakKeyDictionary()


def let_others() -> None:
    """Let others in, before the current greenlet goes on."""
    hub = gevent.get_hub()
    turns = _turns.get(hub)
    if turns is None:
        turns = _turns[hub] = Turns(hub)
    turns.wait()
