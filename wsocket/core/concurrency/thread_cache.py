"""Threads that start at once: a few that have ended their work wait for the next."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from queue import SimpleQueue
from typing import Any, Final, TypeAlias

_Job: TypeAlias = tuple[Callable[..., object], tuple[Any, ...]]

# To start a thread takes about as long as to serve a small request; an idle one takes
# some 17 kB.
_KEPT: Final = 8


class ThreadCache:
    """Runs each job at once in a thread that no other job has meanwhile.

    There may be any number of jobs. Contexts (`contextvars`) are new for each; what
    they leave in a `threading.local` the next job in the same thread finds.

    Args:
        kept: Threads that may wait for a job.

    Attributes:
        idle: Threads that wait, and have no job on its way to them.
    """

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self.idle = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()

    def run(self, function: Callable[..., object], *args: Any) -> None:
        """Run ``function(*args)``; a thread that raises ends, and Python reports it.

        Raises:
            RuntimeError: No thread is left, and the system has no other.
        """
        job = function, args
        with self._lock:
            spare = self.idle > 0
            if spare:
                self.idle -= 1
        if spare:
            self._jobs.put(job)
        else:
            threading.Thread(target=self._work, args=([job],), daemon=True).start()

    def close(self) -> None:
        """End the threads that wait, and those that run jobs afterwards."""
        with self._lock:
            idle, self.idle = self.idle, 0
            self._kept = 0
        for _ in range(idle):
            self._jobs.put(None)

    def _work(self, first: list[_Job]) -> None:
        # The thread holds its arguments until it ends; so the job is taken from there.
        job: _Job | None = first.pop()
        while job is not None:
            Context().run(job[0], *job[1])
            job = None  # what it holds must not live while the thread waits
            with self._lock:
                if self.idle >= self._kept:
                    return
                self.idle += 1
            job = self._jobs.get()
