"""How long something took, counted in ranges."""

from __future__ import annotations

from typing import Final

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


_RANGES: Final = 13  # that have an upper end


class Histogram:
    """Durations.

    Attributes:
        counts: How many were in each range of `BOUNDS`, and above the last bound.
        total: All of them together, in seconds.
    """

    __slots__ = ("counts", "total")

    def __init__(self) -> None:
        self.counts = [0] * (_RANGES + 1)
        self.total = 0.0

    def add(self, seconds: float) -> None:
        """Count one duration."""
        # Most are short: to look from the start is cheaper than to search.
        place = 0
        while place < _RANGES and seconds > BOUNDS[place]:
            place += 1
        self.counts[place] += 1
        self.total += seconds
