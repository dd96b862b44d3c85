"""Where user code runs that the loop starts: never on the loop, and with limits."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Final, Protocol

from wsocket.core.budget import Budget
from wsocket.core.concurrency.crew import START_ERRORS, Crew
from wsocket.core.concurrency.kinds import Concurrency
from wsocket.core.concurrency.lines import Lines
from wsocket.core.concurrency.task import Task
from wsocket.log import logger

_IDLE: Final = 10.0  # seconds after which a worker without work may end
_RETRY: Final = 0.5  # seconds from a worker that could not be started to the next try


class Timetable(Protocol):
    """What a pool needs of the loop."""

    @property
    def concurrency(self) -> Concurrency:
        """Threads or greenlets."""

    def call_soon(self, callback: Callable[..., object], *args: Any) -> None:
        """Run ``callback(*args)`` on the loop; from any thread."""

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> object:
        """Run ``callback(*args)`` on the loop after some *seconds*."""

    def look_later(self, seconds: float, callback: Callable[[], object]) -> object:
        """The same for who looks again whether something has happened."""


class Workers:
    """A pool of threads or greenlets, shared fairly by those who call.

    A worker that has nothing to do rests, and ends after some seconds. All methods run
    on the loop.

    Args:
        limit: How many tasks run at once; the others wait. One caller gets at most half
            of this, see `Lines`. Up to as many further workers take the place of those
            that still run tasks of callers that have gone.
        places: How many tasks may wait.
        budget: For what waits and runs.
    """

    def __init__(
        self, loop: Timetable, *, limit: int, places: int, budget: Budget
    ) -> None:
        self._loop = loop
        self._lines = Lines(limit=limit, places=places, budget=budget)
        self._crew = Crew(
            loop.concurrency,
            post=loop.call_soon,
            ended=self._ended,
            short=self._short,
            lost=self._worker_lost,
        )
        self._retrying = False
        self._tidying = False
        self.budget = budget
        self.call_later = loop.call_later

    @property
    def running(self) -> int:
        """How many tasks run, or are about to."""
        return self._lines.running

    @property
    def waiting(self) -> int:
        """How many tasks wait because of the limit."""
        return self._lines.waiting

    def run(self, task: Task, caller: Hashable) -> None:
        """Run *task* in its turn, for *caller*; or call `Task.refused` at once."""
        problem = self._lines.join(task, caller)
        if problem is None:
            self._start_next()
        else:
            task.refused(problem)

    def cancel(self, task: Task) -> None:
        """Nobody wants *task* any more: if it waits, it has ended, and never starts."""
        task.canceled = True
        if self._lines.leave(task):
            task.ended()

    def gone(self, caller: Hashable) -> None:
        """*caller* has gone, with everything that it has left waiting."""
        for task in self._lines.gone(caller):
            task.canceled = True
            task.ended()
        self._start_next()  # what runs for it does not count any more

    def _start_next(self) -> None:
        lines = self._lines
        while lines.waiting and (task := lines.next()) is not None:
            line = task.line
            self._crew.put(task, is_first=line is not None and line.running == 1)
            if not self._crew.size:
                self._refuse_all()

    def _ended(self, task: Task) -> None:
        self._lines.end(task)
        self._start_next()
        task.ended()

    # Workers come and go

    def _short(self) -> None:
        """Tasks may run, and nobody is free for them."""
        if self._crew.is_short and self._lines.running > self._crew.size:
            self._hire()

    def _hire(self) -> None:
        """Start a worker, unless that has failed just now and there are others."""
        crew = self._crew
        if self._retrying and crew.size:
            return
        try:
            crew.hire()
        except START_ERRORS as error:
            if not self._retrying:
                self._retrying = True
                self._loop.call_later(_RETRY, self._retry)
                logger.error(
                    "no worker can be started: %r; %d do the work", error, crew.size
                )
            return
        if not self._tidying:
            self._tidying = True
            self._loop.call_later(_IDLE, self._tidy)

    def _retry(self) -> None:
        self._retrying = False
        self._crew.nudge()

    def _refuse_all(self) -> None:
        """There is no worker at all: nobody would ever run these tasks."""
        for task in self._crew.clear():
            self._lines.end(task)
            task.refused("the system has no thread left that could run this")

    def _worker_lost(self) -> None:
        """A worker has ended by itself, such as by `gevent.kill`."""
        self._crew.lose()
        if not self._crew.size:
            self._refuse_all()

    def _tidy(self) -> None:
        """End the workers that have had no work for a while."""
        self._crew.dismiss_idle()
        self._crew.nudge()
        self._tidying = self._crew.size > 0
        if self._tidying:
            self._loop.call_later(_IDLE, self._tidy)
