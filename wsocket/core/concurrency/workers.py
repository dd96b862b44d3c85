"""Where user code runs that the loop starts: never on the loop, and with limits."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any

from wsocket.core.concurrency.kinds import Concurrency
from wsocket.log import logger

Task = tuple[Callable[..., object], tuple[Any, ...]]


class Workers:
    """A pool of threads or greenlets; without work it has none.

    Args:
        concurrency: Threads or greenlets.
        limit: How many tasks run at once; the others wait in a queue.
        queue_limit: How many tasks may wait.
    """

    def __init__(
        self, concurrency: Concurrency, *, limit: int, queue_limit: int
    ) -> None:
        self._concurrency = concurrency
        self._limit = limit
        self._queue_limit = queue_limit
        self._tasks: deque[Task] = deque()
        self._running = 0
        # Held for a few instructions only, and never while a greenlet switches.
        self._lock = threading.Lock()

    def run(self, function: Callable[..., object], *args: Any) -> bool:
        """Run ``function(*args)`` soon; False if the queue is full: it will not run."""
        with self._lock:
            if self._running >= self._limit:
                if len(self._tasks) >= self._queue_limit:
                    return False
                self._tasks.append((function, args))
                return True
            self._running += 1
        self._concurrency.spawn(self._work, function, args)
        return True

    def _work(self, function: Callable[..., object], args: tuple[Any, ...]) -> None:
        while True:
            try:
                function(*args)
            except KeyboardInterrupt:  # the process ends
                raise
            except BaseException:  # also gevent.Timeout and exit(): the worker goes on
                logger.exception("%r failed in a worker", function)
            with self._lock:
                if not self._tasks:
                    self._running -= 1
                    return
                function, args = self._tasks.popleft()


class InOrder:
    """Tasks of one owner, which run one at a time, in the order in which they came.

    Args:
        workers: Where they run.
        limit: How many tasks may wait; if there are more, the oldest is dropped.
        name: The owner's name in the log.
    """

    def __init__(self, workers: Workers, *, limit: int, name: str) -> None:
        self._workers = workers
        self._limit = limit
        self._name = name
        self._tasks: deque[Task] = deque()
        self._busy = False
        self._lock = threading.Lock()
        self.dropped = 0

    def run(self, function: Callable[..., object], *args: Any) -> None:
        """Run ``function(*args)`` after everything that came before it."""
        with self._lock:
            self._tasks.append((function, args))
            if len(self._tasks) > self._limit:
                self._tasks.popleft()
                if not self.dropped:
                    logger.warning(
                        "%s is too slow: its oldest events are dropped", self._name
                    )
                self.dropped += 1
            if self._busy:
                return
            self._busy = True
        if not self._workers.run(self._work):
            with self._lock:
                self._busy = False  # the next event tries again

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._tasks:
                    self._busy = False
                    return
                function, args = self._tasks.popleft()
            try:
                function(*args)
            except KeyboardInterrupt:
                raise
            except BaseException:
                logger.exception("%s failed", self._name)
