"""A loop that the test drives, and pieces of work that wait for the test."""

from __future__ import annotations

import gc
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tests.core.worlds import SECONDS, World
from wsocket.core.budget import Budget
from wsocket.core.concurrency.task import Task
from wsocket.core.concurrency.workers import Workers


class Bench:
    """What a pool of workers needs of a loop: its turns are taken by the test.

    Attributes:
        concurrency: How workers are started; a test may put another one here.
        timers: The seconds and the callbacks of `call_later`, until `pass_time`.
    """

    def __init__(self, world: World) -> None:
        self.world = world
        self.concurrency: Any = world.concurrency
        self.timers: list[tuple[float, Callable[..., object], tuple[Any, ...]]] = []
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._called = world.event()

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        self._calls.append((callback, args))
        self._called.set()

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> None:
        self.timers.append((seconds, callback, args))

    def pass_time(self) -> None:
        """Run the callbacks of all timers."""
        timers, self.timers = self.timers, []
        for _, callback, args in timers:
            callback(*args)

    def until(self, holds: Callable[[], object]) -> None:
        """Run what workers have posted until *holds* is true."""
        while not holds():
            self._called.clear()
            if not self._calls:
                assert self._called.wait(SECONDS), "nothing happens any more"
            while self._calls:
                callback, args = self._calls.popleft()
                callback(*args)

    def workers(
        self, *, limit: int = 2, places: int = 100, size: int = 2**20
    ) -> Workers:
        budget = Budget("the test's bytes", size)
        return Workers(self, limit=limit, places=places, budget=budget)

    def job(self, function: Callable[[], object] = int, *, size: int = 0) -> Job:
        return Job(self, function, size)

    def slow(self, *, size: int = 0) -> Job:
        """A job that waits for its gate."""
        job = Job(self, lambda: job.gate.wait(SECONDS), size)
        return job


class Job(Task):
    """A task that says what became of it.

    Attributes:
        has_begun: Whether it has.
        gate: What a slow one waits for.
        over: Whether the loop knows that it has ended.
        problem: Why it was refused.
    """

    def __init__(self, bench: Bench, function: Callable[[], object], size: int) -> None:
        super().__init__(size)
        self.has_begun = False
        self.gate = bench.world.event()
        self._bench = bench
        self.over = False
        self.problem: str | None = None
        self._function = function

    def begun(self) -> bool:
        """Wait until it begins."""
        self._bench.until(lambda: self.has_begun)
        return True

    def work(self) -> None:
        self.has_begun = True
        self._bench.call_soon(int)  # for who waits for this
        self._function()

    def ended(self) -> None:
        self.over = True

    def refused(self, problem: str) -> None:
        self.problem = problem


@contextmanager
def no_collection() -> Iterator[None]:
    """What is freed in this block is freed at once, and not by the collector."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
