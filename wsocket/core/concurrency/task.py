"""One piece of user code that the loop has run elsewhere, and the line it waits in."""

from __future__ import annotations

from collections.abc import Hashable


class Task:
    """What a worker runs; subclasses say what that is.

    Args:
        size: Bytes that are kept because of the task until it has ended.

    Attributes:
        aside: Whether it waits, as it runs, for a call; then it needs no place.
        canceled: Whether nobody wants it any more. It may have started already.
        line: The line of its caller, while it waits or runs.
    """

    __slots__ = ("aside", "canceled", "line", "size")

    def __init__(self, size: int = 0) -> None:
        self.size = size
        self.aside = self.canceled = False
        self.line: Line | None = None

    def work(self) -> None:
        """Do the work; in a worker, in a new context (`contextvars`).

        What it raises is logged.
        """
        raise NotImplementedError

    def ended(self) -> None:
        """It has ended, or was canceled before it could start; on the loop."""

    def refused(self, problem: str) -> None:
        """It will not run, because of *problem*; on the loop."""


class Line:
    """The tasks of one caller.

    Attributes:
        waiting: Those that wait, the oldest first. A dict, so that any can leave it.
        inner: How many wait before all lines, for another task waits for each.
        running: How many run and need a place.
        aside: How many run and wait for a call.
        running_bytes: How many bytes both keep.
        bytes: How many bytes they all keep, also those that wait.
        gone: Whether the caller has left.
    """

    __slots__ = (
        "aside",
        "bytes",
        "caller",
        "gone",
        "inner",
        "running",
        "running_bytes",
        "waiting",
    )

    def __init__(self, caller: Hashable) -> None:
        self.caller = caller
        self.waiting: dict[Task, None] = {}
        self.inner = 0
        self.running = 0
        self.aside = 0
        self.running_bytes = 0
        self.bytes = 0
        self.gone = False
