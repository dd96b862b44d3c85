"""A few threads that wait for the next job, because starting a thread is expensive."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextvars import Context
from queue import SimpleQueue
from typing import Any, Final, TypeAlias

from wsocket.core.concurrency.switching import fit_switch_interval

_Job: TypeAlias = tuple[Callable[..., object], tuple[Any, ...]]

# Starting a thread takes about as long as serving a small request. A waiting thread
# costs 17 kB (docs/decisions/021-waiting-threads.md).
_KEPT: Final = 8


class ThreadCache:
    """Runs each job at once: in a thread that waits, or else in a new one.

    The number of jobs has no limit. Each runs in a new context (`contextvars`). What it
    leaves in a `threading.local` is there for the next job in the same thread.

    Args:
        kept: How many threads may wait for a job.

    Attributes:
        idle: How many threads wait, and are not about to get a job.
    """

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._kept = kept
        self._lock = threading.Lock()
        self.idle = 0
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()

    def run(self, function: Callable[..., object], *args: Any) -> None:
        """Run ``function(*args)``; if it raises, Python reports that.

        Raises:
            RuntimeError: No thread waits, and the system cannot start another one.
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
            fit_switch_interval()

    def close(self) -> None:
        """End the threads that wait; the others end after their job."""
        with self._lock:
            idle, self.idle = self.idle, 0
            self._kept = 0
        for _ in range(idle):
            self._jobs.put(None)

    def _work(self, first: list[_Job]) -> None:
        # A thread holds its arguments until it ends, so the job is taken out of them.
        job: _Job | None = first.pop()
        while job is not None:
            Context().run(job[0], *job[1])
            job = None  # frees what it holds while the thread waits
            with self._lock:
                if self.idle >= self._kept:
                    return
                self.idle += 1
            job = self._jobs.get()
