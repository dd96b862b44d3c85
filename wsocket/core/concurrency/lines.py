"""Who comes next: a line for each caller, and the lines take turns.

One rule shares everything fairly, whoever the callers are and however many: **a caller
may have no more of something than is still free**. One caller alone gets half of it; of
two, each gets a third. So somebody who comes new always finds something
(docs/decisions/051-fair-workers.md).

Pure: it decides only, and starts nothing.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable

from wsocket.core.budget import Budget
from wsocket.core.concurrency.line import Line
from wsocket.core.concurrency.task import Task

# Bytes of the tasks of one caller that run at once, if it is more than one task: their
# arguments become Python's objects, which may be many times as large.
_RUNNING_BYTES = 4 * 2**20

# How many tasks may run and wait for calls: a multiple of the limit, and the least.
_ASIDE = 4
_LEAST_ASIDE = 64


class Lines:
    """The tasks that wait and that run.

    Args:
        limit: How many run at once. Those that wait for calls do not count, nor, until
            there are as many of them, those whose callers have gone.
        places: How many may wait.
        budget: What they may keep.

    Attributes:
        running: How many run.
        aside: How many of these wait for calls that they have made.
        waiting: How many wait.
    """

    def __init__(self, *, limit: int, places: int, budget: Budget) -> None:
        self._limit = limit
        self._most_aside = max(_ASIDE * limit, _LEAST_ASIDE)
        self._places = places
        self._budget = budget
        self._lines: dict[Hashable, Line] = {}
        self._turns: deque[Line] = deque()  # lines with tasks that wait
        # Tasks that others wait for come first: these have begun already.
        self._inner: dict[Task, None] = {}
        # Those whose callers have gone, of the running tasks that need a place.
        self._abandoned = 0
        self.running = 0
        self.aside = 0
        self.waiting = 0

    @property
    def free(self) -> int:
        """How many more tasks may run."""
        gone = min(self._abandoned, self._limit)
        return self._limit - self.running + self.aside + gone

    def join(self, task: Task, caller: Hashable) -> str | None:
        """Put *task* at the end of the line of *caller*; or say why not."""
        line = self._lines.get(caller)
        if line is None:
            line = Line(caller)
        problem = self._problem(line, task.size)
        if problem is not None:
            return problem
        self._lines[caller] = task.line = line
        line.bytes += task.size
        if not line.waiting:
            self._turns.append(line)
        line.waiting[task] = None
        self.waiting += 1
        return None

    def _problem(self, line: Line, size: int) -> str | None:
        places = self._places - self.waiting
        mine = len(line.waiting)
        if mine >= places:
            return (
                f"{mine} calls of this caller wait for the application, and "
                f"{places} of {self._places} places are free: a caller may have no "
                "more than are free"
            )
        budget = self._budget
        left = budget.limit - budget.used
        if line.bytes and line.bytes + size > left:
            return (
                f"calls of this caller keep {line.bytes} bytes, and {left} bytes are "
                f"free: a caller may have no more than are free ({budget})"
            )
        lacking = budget.take(size, line.bytes)
        return None if lacking is None else f"too much waits: {lacking}"

    def next(self) -> Task | None:
        """The next task that may start, and count it as running; None if none may."""
        turns, free = self._turns, self.free
        if free <= 0:
            return None
        if self._inner:
            return self._next_inner()
        for _ in range(len(turns)):
            line = turns.popleft()
            task: Task = next(iter(line.waiting))
            if line.running < free and (
                not line.running or line.running_bytes + task.size <= _RUNNING_BYTES
            ):
                del line.waiting[task]
                if line.waiting:
                    turns.append(line)
                self.waiting -= 1
                self.running += 1
                line.running += 1
                line.running_bytes += task.size
                return task
            turns.append(line)
        return None

    def join_inner(self, task: Task, outer: Task) -> str | None:
        """Have *task* be the next, or one of the next; or say why not.

        Args:
            outer: Has stepped aside, to wait for *task*. So there is a place, unless
                more have come back than there is room for.
        """
        lacking = self._budget.take(task.size)
        if lacking is not None:
            return f"too much waits: {lacking}"
        line = outer.line
        assert line is not None
        task.line = line
        line.bytes += task.size
        line.inner += 1
        self._inner[task] = None
        self.waiting += 1
        return None

    def _next_inner(self) -> Task:
        task = next(iter(self._inner))
        line = task.line
        assert line is not None
        del self._inner[task]
        line.inner -= 1
        self.waiting -= 1
        self.running += 1
        line.running_bytes += task.size
        self._need_place(line, 1)
        return task

    def step_aside(self, task: Task) -> str | None:
        """*task*, which runs, is going to wait for others; or say why it may not."""
        line = task.line
        assert line is not None
        if task.aside:
            return None
        left = self._most_aside - self.aside
        if line.aside >= left:
            return (
                f"{line.aside} workers of this caller wait for calls that they have "
                f"made, or for it to read, and {left} of {self._most_aside} more may: "
                f"a caller may have no more than that. The limit is {_ASIDE} times "
                f"max_workers, at least {_LEAST_ASIDE}"
            )
        task.aside = True
        self.aside += 1
        line.aside += 1
        self._need_place(line, -1)
        return None

    def step_back(self, task: Task) -> None:
        """*task* goes on, and has a place again, even if there is none."""
        line = task.line
        if line is None or not task.aside:
            return
        task.aside = False
        self.aside -= 1
        line.aside -= 1
        self._need_place(line, 1)

    def _need_place(self, line: Line, count: int) -> None:
        """So many more tasks of *line* need a place."""
        line.running += count
        if line.gone:
            self._abandoned += count

    def end(self, task: Task) -> None:
        """*task*, which `next` has given, does not run any more."""
        line = task.line
        assert line is not None
        if task.aside:  # something has ended its waiting, such as `gevent.kill`
            self.step_back(task)
        self.running -= 1
        line.running -= 1
        line.running_bytes -= task.size
        if line.gone:
            self._abandoned -= 1
        self._forget(line, task)

    def leave(self, task: Task) -> bool:
        """Take *task* out of its line; False if it does not wait."""
        line = task.line
        if line is None:
            return False
        if task in line.waiting:
            del line.waiting[task]
            if not line.waiting:
                self._turns.remove(line)
        elif task in self._inner:
            del self._inner[task]
            line.inner -= 1
        else:
            return False
        self.waiting -= 1
        self._forget(line, task)
        return True

    def _forget(self, line: Line, task: Task) -> None:
        task.line = None
        line.bytes -= task.size
        self._budget.give_back(task.size)
        used = line.running or line.waiting or line.aside or line.inner
        if not used and not line.gone:
            del self._lines[line.caller]

    def gone(self, caller: Hashable) -> list[Task]:
        """*caller* has gone: returns what it has left waiting, out of line.

        What runs for it does not count against anybody. What its tasks wait for is not
        its own: that is still to be done.
        """
        line = self._lines.get(caller)
        if line is None:
            return []
        tasks: list[Task] = list(line.waiting)
        for task in tasks:
            self.leave(task)
        if self._lines.pop(caller, None) is not None:
            line.gone = True
            self._abandoned += line.running
        return tasks
