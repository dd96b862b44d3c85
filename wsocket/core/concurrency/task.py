"""One piece of user code that the loop has run elsewhere."""

from __future__ import annotations

from wsocket.core.concurrency.line import Line


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
