"""Threads that run the handlers of a session."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from wsocket.client.backlog import in_handler
from wsocket.client.log import logger

_Task = Callable[[], object]


class HandlerThreads:
    """Runs tasks, up to *limit* at once; a thread starts when it is needed.

    The threads do not keep the program from ending.
    """

    def __init__(self, *, limit: int, name: str) -> None:
        self._limit = limit
        self._name = name
        self._tasks: deque[_Task] = deque()
        self._threads: list[threading.Thread] = []
        self._resting = 0
        self._stopped = False
        self._changed = threading.Condition()

    def run(self, task: _Task) -> None:
        """Run *task* as soon as a thread is free; never after `stop`."""
        with self._changed:
            if self._stopped:
                return
            self._tasks.append(task)
            if self._resting >= len(self._tasks):
                self._changed.notify()
            elif len(self._threads) < self._limit:
                self._start()

    def stop(self) -> None:
        """Start no more tasks."""
        with self._changed:
            self._stopped = True
            self._tasks.clear()
            self._changed.notify_all()

    def finish(self) -> None:
        """Take no more tasks; those that wait are still run."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def join(self, timeout: float) -> None:
        """Wait until the tasks that run have ended; *timeout* seconds at most."""
        deadline = time.monotonic() + timeout
        for thread in list(self._threads):
            if thread is not threading.current_thread():
                thread.join(max(0.0, deadline - time.monotonic()))

    def _start(self) -> None:
        thread = threading.Thread(target=self._work, name=self._name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _work(self) -> None:
        in_handler.set(True)
        while (task := self._next()) is not None:
            try:
                task()
            except BaseException:
                logger().exception("a handler of the client failed")

    def _next(self) -> _Task | None:
        with self._changed:
            self._resting += 1
            try:
                while not self._tasks and not self._stopped:
                    self._changed.wait()
            finally:
                self._resting -= 1
            return self._tasks.popleft() if self._tasks else None


class Lane:
    """Tasks that run one after the other, in order, in any of the workers."""

    def __init__(self, workers: HandlerThreads) -> None:
        self._workers = workers
        self._tasks: deque[_Task] = deque()
        self._lock = threading.Lock()
        self._runs = False

    def put(self, task: _Task) -> None:
        """Run *task* after all that were put before."""
        with self._lock:
            self._tasks.append(task)
            if self._runs:
                return
            self._runs = True
        self._workers.run(self._step)

    def _step(self) -> None:
        with self._lock:
            task = self._tasks.popleft()
        try:
            task()
        finally:
            with self._lock:
                self._runs = bool(self._tasks)
                more = self._runs
            if more:
                self._workers.run(self._step)
