"""How long something took, counted in ranges."""

from __future__ import annotations

from typing import Final

from wsocket.core.tally import Tally

# Without the type, compiled code would make the tuple anew for each use.
BOUNDS: Final[tuple[float, ...]] = (
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    0.5,
    1.0,
    2.5,
    5.0,
    10.0,
)
"""The upper ends of the ranges, in seconds; the last range has none."""


class Histogram:
    """Durations.

    Attributes:
        total: All of them together, in seconds.
    """

    __slots__ = ("_ranges", "total")

    def __init__(self) -> None:
        self._ranges = [Tally() for _ in range(len(BOUNDS) + 1)]
        self.total = 0.0

    @property
    def counts(self) -> tuple[int, ...]:
        """How many were in each range of `BOUNDS`, and above the last bound."""
        return tuple(each.number for each in self._ranges)

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self._ranges[_place(seconds)].number += 1
        self.total += seconds


def _place(seconds: float) -> int:
    """The range of a duration; compiled, it takes no more than some comparisons."""
    if seconds <= 0.01:
        if seconds <= 0.0025:
            return 0 if seconds <= 0.001 else 1
        return 2 if seconds <= 0.005 else 3
    if seconds <= 0.25:
        if seconds <= 0.05:
            return 4 if seconds <= 0.025 else 5
        return 6 if seconds <= 0.1 else 7
    if seconds <= 2.5:
        if seconds <= 1.0:
            return 8 if seconds <= 0.5 else 9
        return 10
    if seconds <= 10.0:
        return 11 if seconds <= 5.0 else 12
    return 13
