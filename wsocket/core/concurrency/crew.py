"""Threads or greenlets that run tasks, and rest between them.

Whether there should be one more is decided on the loop alone, and so are their ends.
Between the loop and the workers there are no locks: what both use are deques and lists,
whose single operations are atomic.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextvars import Context
from time import perf_counter
from typing import Final

from wsocket.core.concurrency.ctrl_c import pass_on
from wsocket.core.concurrency.kinds import GREENLETS, NO_ROOM, Concurrency
from wsocket.core.concurrency.seats import Seat
from wsocket.core.concurrency.task import Task
from wsocket.core.concurrency.turns import SLICE
from wsocket.core.concurrency.waiting import Pool, Worker
from wsocket.log import logger

# What starting a thread or a greenlet raises when the system has none left.
START_ERRORS: Final = (*NO_ROOM, OSError)


class Crew:
    """The workers of one pool.

    Args:
        pool: Whose workers they are.
        post: Calls a function on the loop; from any thread.
        ended: What to post with each task that has ended.
        short: What to post when tasks wait, and nobody is free to look at them.
        lost: What to post when a worker has ended that nobody has dismissed.

    Attributes:
        size: How many workers there are.
    """

    def __init__(
        self,
        concurrency: Concurrency,
        *,
        pool: Pool,
        post: Callable[..., None],
        ended: Callable[[Task], None],
        short: Callable[[], None],
        lost: Callable[[], None],
    ) -> None:
        self._concurrency = concurrency
        self._greenlets = concurrency.name == GREENLETS.name
        self._make_seat = concurrency.seat
        self._pool = pool
        self._post = post
        self._ended = ended
        self._short = short
        self._lost = lost
        # Tasks that no worker has taken yet. The first tasks of their callers take
        # turns with all others, of which one caller may have hundreds.
        self._ready: deque[Task] = deque()
        self._first: deque[Task] = deque()
        self._first_is_next = True
        self._idle: list[Seat] = []  # who has rested longest comes first
        # Somebody was called or hired, and has not looked at the tasks yet. So one
        # worker at a time gets up, and it sees to the next one if there is more to do.
        # Where tasks are short, a few workers do them all.
        self._calling = False
        self._pausing = 0  # workers that let others in, and then look
        self._asked = False  # `short` is posted
        self.size = 0

    @property
    def is_short(self) -> bool:
        """Whether tasks wait, and nobody is about to look; on the loop."""
        self._asked = False
        return self._has_tasks() and not self._calling and not self._pausing

    def put(self, task: Task, *, is_first: bool) -> None:
        """Have *task* run by the next worker that is free; on the loop.

        Args:
            is_first: Whether no other task of its caller is under way.
        """
        (self._first if is_first else self._ready).append(task)
        if not self._call():
            self._short()

    def hire(self) -> None:
        """Start one more worker, who looks at the tasks; on the loop.

        Raises:
            RuntimeError, MemoryError, OSError: The system has none left.
        """
        self._calling = True  # first: the worker may be quick
        try:
            self._concurrency.spawn(self._work)
        except BaseException:
            self._calling = False
            raise
        self.size += 1

    def clear(self) -> list[Task]:
        """Take back the tasks that no worker has taken yet; on the loop."""
        tasks = [*self._first, *self._ready]
        self._first.clear()
        self._ready.clear()
        return tasks

    def lose(self) -> None:
        """A worker has ended by itself; on the loop."""
        self.size -= 1
        self.nudge()

    def nudge(self) -> None:
        """See to it that somebody looks at the tasks, whatever has happened."""
        self._calling = self._asked = False
        if self._has_tasks() and not self._call():
            self._short()

    def dismiss_idle(self) -> None:
        """End the workers that have rested since the last time; on the loop."""
        for seat in list(self._idle):
            if not seat.rested:
                seat.rested = True
                continue
            try:
                self._idle.remove(seat)
            except ValueError:  # it was called in the meantime
                continue
            self.size -= 1
            seat.dismissed = True
            seat.call()

    def _call(self) -> bool:
        """Have a worker look at the tasks; False if nobody is free."""
        if not self._calling and not self._pausing:
            try:
                seat = self._idle.pop()
            except IndexError:
                return False
            self._calling = True
            seat.call()
        return True

    def _work(self) -> None:
        """What a worker does."""
        self._calling = False
        seat = None
        try:
            seat = self._make_seat()
            worker = Worker(self._pool)
            context = worker.context()
            while not seat.dismissed:
                self._work_off(seat, worker, context)
                self._rest(seat)
        finally:
            if seat is None or not seat.dismissed:
                self._post(self._lost)

    def _rest(self, seat: Seat) -> None:
        """Wait for a call."""
        self._idle.append(seat)
        if (
            self._has_tasks()
        ):  # they came before anybody could see that this worker is idle
            try:
                self._idle.remove(seat)
            except ValueError:
                pass  # it was called at the same moment: take the call
            else:
                return
        seat.rest()
        seat.rested = False
        if not seat.dismissed:
            self._calling = False  # before it looks at the tasks

    def _has_tasks(self) -> bool:
        return bool(self._ready or self._first)

    def _take(self) -> Task | None:
        """Take the next task, if there is any."""
        self._first_is_next = first_is_next = not self._first_is_next
        queues = self._ready, self._first
        try:
            return queues[first_is_next].popleft()
        except IndexError:
            pass  # then one of the others
        try:
            return queues[not first_is_next].popleft()
        except IndexError:
            return None

    def _work_off(self, seat: Seat, worker: Worker, context: Context) -> None:
        """Run tasks until there are no more."""
        begun = perf_counter() if self._greenlets else 0.0
        while (task := self._take()) is not None:
            more = self._has_tasks()
            if more and not self._call() and not self._asked:
                self._asked = True
                self._post(self._short)
            self._run(task, worker, context)
            if self._greenlets and more and perf_counter() - begun > SLICE:
                self._pausing += 1
                try:
                    seat.let_others()
                finally:
                    self._pausing -= 1
                begun = perf_counter()

    def _run(self, task: Task, worker: Worker, context: Context) -> None:
        worker.task = task
        try:
            if not task.canceled:
                context.copy().run(task.work)
        except BaseException as error:
            # Also GreenletExit and SystemExit: a worker goes on in any case.
            logger.exception("%r failed in a worker", task)
            pass_on(error)
        worker.task = None
        self._post(self._ended, task)
