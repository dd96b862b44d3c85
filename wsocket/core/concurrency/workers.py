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
            of this, see `Lines`. Further workers take the place of those that wait for
            calls, and, up to as many, of those that still run tasks of callers that
            have gone.
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
            pool=self,
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
        """How many tasks run, or are about to; also those that wait for calls."""
        return self._lines.running

    @property
    def waiting(self) -> int:
        """How many tasks wait because of the limit."""
        return self._lines.waiting

    def run(self, task: Task, caller: Hashable) -> None:
        """Run *task* in its turn, for *caller*; or call `Task.refused` at once."""
        problem = self._lines.join(task, caller)
        if problem is None:
            self.start_waiting()
        else:
            task.refused(problem)

    def run_inner(self, task: Task, outer: Task) -> None:
        """Run *task* in the place of *outer*, which waits for it; or refuse it."""
        problem = self._lines.join_inner(task, outer)
        if problem is None:
            self.start_waiting()
        else:
            task.refused(problem)

    def hurry(self, task: Task, outer: Task) -> None:
        """The same if *task* waits in line."""
        if self._lines.leave(task):
            self.run_inner(task, outer)

    def step_aside(self, task: Task) -> str | None:
        """*task* is going to wait for others. Its place is free for what it waits for,
        and after `start_waiting` for all; or say why it may not.
        """
        return self._lines.step_aside(task)

    def step_back(self, task: Task) -> None:
        """*task* goes on. There may be one more at work than the limit says."""
        self._lines.step_back(task)

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
        self.start_waiting()  # what runs for it does not count any more

    def start_waiting(self) -> None:
        """Start the tasks in line that have a place now."""
        lines = self._lines
        while lines.waiting and (task := lines.next()) is not None:
            line = task.line
            self._crew.put(task, is_first=line is not None and line.running == 1)
            self._refuse_if_stuck()

    def _ended(self, task: Task) -> None:
        self._lines.end(task)
        try:
            task.ended()  # who has waited for it has its place, before all others
        finally:
            self.start_waiting()

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
        self._refuse_if_stuck()

    def _refuse_if_stuck(self) -> None:
        """Refuse what nobody would ever run: there can be no more workers, and there is
        none, or each waits for a call.
        """
        crew = self._crew
        if not self._retrying or crew.size > self._lines.aside or not crew.is_short:
            return
        for task in crew.clear():
            self._lines.end(task)
            task.refused("the system has no thread left that could run this")

    def _worker_lost(self) -> None:
        """A worker has ended by itself, such as by `gevent.kill`."""
        self._crew.lose()
        self._refuse_if_stuck()

    def _tidy(self) -> None:
        """End the workers that have had no work for a while."""
        self._crew.dismiss_idle()
        self._crew.nudge()
        self._tidying = self._crew.size > 0
        if self._tidying:
            self._loop.call_later(_IDLE, self._tidy)
