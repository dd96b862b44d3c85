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
from wsocket.core.concurrency.task import Line, Task

# Bytes of the tasks of one caller that run at once, if it is more than one task: their
# arguments become Python's objects, which may be many times as large.
_RUNNING_BYTES = 4 * 2**20


class Lines:
    """The tasks that wait and that run.

    Args:
        limit: How many run at once. Those whose callers have gone do not count, until
            there are as many of them.
        places: How many may wait.
        budget: What they may keep.

    Attributes:
        running: How many run.
        waiting: How many wait.
    """

    def __init__(self, *, limit: int, places: int, budget: Budget) -> None:
        self._limit = limit
        self._places = places
        self._budget = budget
        self._lines: dict[Hashable, Line] = {}
        self._turns: deque[Line] = deque()  # lines with tasks that wait
        self._abandoned = 0  # running tasks whose callers have gone
        self.running = 0
        self.waiting = 0

    @property
    def free(self) -> int:
        """How many more tasks may run."""
        return self._limit - self.running + min(self._abandoned, self._limit)

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
        lacking = budget.take(size)
        return None if lacking is None else f"too much waits: {lacking}"

    def next(self) -> Task | None:
        """The next task that may start, and count it as running; None if none may."""
        turns, free = self._turns, self.free
        if free <= 0:
            return None
        for _ in range(len(turns)):
            line = turns.popleft()
            task = next(iter(line.waiting))
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

    def end(self, task: Task) -> None:
        """*task*, which `next` has given, does not run any more."""
        line = task.line
        assert line is not None
        self.running -= 1
        line.running -= 1
        line.running_bytes -= task.size
        if line.gone:
            self._abandoned -= 1
        self._forget(line, task)

    def leave(self, task: Task) -> bool:
        """Take *task* out of its line; False if it does not wait."""
        line = task.line
        if line is None or task not in line.waiting:
            return False
        del line.waiting[task]
        self.waiting -= 1
        if not line.waiting:
            self._turns.remove(line)
        self._forget(line, task)
        return True

    def _forget(self, line: Line, task: Task) -> None:
        task.line = None
        line.bytes -= task.size
        self._budget.give_back(task.size)
        if not line.running and not line.waiting and not line.gone:
            del self._lines[line.caller]

    def gone(self, caller: Hashable) -> list[Task]:
        """*caller* has gone: returns what it has left waiting, out of line.

        What runs for it does not count against anybody.
        """
        line = self._lines.get(caller)
        if line is None:
            return []
        tasks = list(line.waiting)
        for task in tasks:
            self.leave(task)
        if self._lines.pop(caller, None) is not None:
            line.gone = True
            self._abandoned += line.running
        return tasks
