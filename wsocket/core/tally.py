"""A number that only grows."""

from __future__ import annotations


class Tally:
    """A counter that is cheap to find: whoever counts holds it."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0
