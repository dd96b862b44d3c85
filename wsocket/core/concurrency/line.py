"""The line that the tasks of one caller wait in."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any


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
        self.waiting: dict[Any, None] = {}
        self.inner = 0
        self.running = 0
        self.aside = 0
        self.running_bytes = 0
        self.bytes = 0
        self.gone = False
