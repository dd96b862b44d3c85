"""Tasks that wait, in their worker, for what other tasks have to do.

While one waits, its place is free for others. So tasks that wait for each other, also
by way of a client, never take the last place from those that they wait for
(docs/decisions/071-a-waiting-worker-gives-its-place-back.md).
"""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import Protocol

from gevent import getcurrent

from wsocket.core.concurrency.task import Task


class Pool(Protocol):
    """What a task that waits needs of its workers; on the loop."""

    def step_aside(self, task: Task) -> str | None:
        """*task* is going to wait: others may have its place; or say why not."""

    def step_back(self, task: Task) -> None:
        """*task* goes on, or has ended."""

    def start_waiting(self) -> None:
        """Start the tasks in line that have a place now."""

    def run_inner(self, task: Task, outer: Task) -> None:
        """Run *task* in the place of *outer*, or call `Task.refused` at once."""

    def hurry(self, task: Task, outer: Task) -> None:
        """The same if *task* waits in line; else it is what it is."""


class Worker:
    """A thread or greenlet of a pool.

    Attributes:
        task: What it runs.
    """

    __slots__ = ("_greenlet", "_pool", "task")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._greenlet = getcurrent()
        self.task: Task | None = None

    def context(self) -> Context:
        """A context that says which worker this is: each task gets a copy of it."""
        context = Context()
        context.run(_here.set, self)
        return context

    def outer(self) -> Outer | None:
        """The task that runs here; None in a thread or greenlet that it has started."""
        task = self.task
        if task is None or self._greenlet is not getcurrent():
            return None
        return Outer(self._pool, task)


class Outer:
    """A task that waits for another one, or for a client. All methods run on the loop.

    Attributes:
        pool: Where it runs.
    """

    __slots__ = ("_task", "pool")

    def __init__(self, pool: Pool, task: Task) -> None:
        self.pool = pool
        self._task = task

    def step_aside(self) -> str | None:
        """It is going to wait; or say why it may not."""
        return self.pool.step_aside(self._task)

    def step_back(self) -> None:
        """It goes on."""
        self.pool.step_back(self._task)

    def run(self, inner: Task) -> None:
        """Run what it waits for; in the same pool."""
        self.pool.run_inner(inner, self._task)

    def hurry(self, inner: Task) -> None:
        """It waits for *inner*, which may be in line."""
        self.pool.hurry(inner, self._task)


_here: ContextVar[Worker] = ContextVar("worker")


def outer_task() -> Outer | None:
    """The task that calls this; None if it is not called in a worker."""
    worker = _here.get(None)
    return None if worker is None else worker.outer()
