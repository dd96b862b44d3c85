"""Where a worker rests until there is something to do."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any, Protocol

import gevent

from wsocket.core.concurrency.turns import let_others
from wsocket.log import logger


class Seat(Protocol):
    """Where one worker rests."""

    dismissed: bool
    """Whether the worker is to end when it is called."""

    rested: bool
    """Whether it has rested since `Crew.dismiss_idle` was called last."""

    def rest(self) -> None:
        """Wait until somebody calls; in the worker."""

    def call(self) -> None:
        """Wake the worker up, which rests, or is about to."""

    def let_others(self) -> None:
        """Let everybody in who waits; in the worker."""


class ThreadSeat:
    """The seat of a thread."""

    __slots__ = ("_lock", "dismissed", "rested")

    def __init__(self) -> None:
        self.dismissed = self.rested = False
        self._lock = threading.Lock()
        self._lock.acquire()

    def rest(self) -> None:
        self._lock.acquire()

    def call(self) -> None:
        self._lock.release()

    def let_others(self) -> None:
        """Nothing to do: threads share the time."""


class GreenletSeat:
    """The seat of a greenlet, which is the current one."""

    __slots__ = ("_called", "_greenlet", "_hub", "dismissed", "rested")

    def __init__(self) -> None:
        self.dismissed = self.rested = False
        self._greenlet = gevent.getcurrent()
        self._hub: Any = gevent.get_hub()
        self._called = False

    def rest(self) -> None:
        while not self._called:
            self._wait(self._hub.switch)
        self._called = False

    def _wait(self, switch: Callable[[], object]) -> None:
        try:
            switch()
        except gevent.GreenletExit:
            raise
        except BaseException as stray:
            # Such as a `gevent.Timeout` that a task has started and not closed.
            logger.warning("nobody waits for %r, which a task has left", stray)

    def call(self) -> None:
        self._hub.loop.run_callback(self._wake)

    def let_others(self) -> None:
        self._wait(let_others)

    def _wake(self) -> None:
        """What the hub runs; what else switches to the greenlet does not count."""
        self._called = True
        self._greenlet.switch()
