"""Bytes that are kept because of peers: counted where they are kept, with a limit.

Limits by number are too weak: what is counted may be large. So what is kept is charged
in bytes, when it is kept, to the budget of the peer that caused it. That budget is part
of the one of the process.
"""

from __future__ import annotations

from typing import Final

STEP: Final = 16384
"""Bytes. Threads and greenlets tell the loop of as much: less is not worth the way."""


class Budget:
    """How many bytes may be kept.

    Every method runs on the loop.

    Args:
        name: The setting behind the limit, for messages, such as ``Limits.memory``.
        limit: Bytes.
        within: A larger budget, of which this one is a part.

    Attributes:
        used: Bytes that are charged now.
    """

    __slots__ = ("_within", "limit", "name", "used")

    def __init__(self, name: str, limit: int, *, within: Budget | None = None) -> None:
        self.name = name
        self.limit = limit
        self.used = 0
        self._within = within

    def __str__(self) -> str:
        return f"{self.name}, {self.limit} bytes"

    def take(self, size: int, kept: int = -1) -> Budget | None:
        """Charge *size* bytes, if every limit allows it.

        Args:
            kept: See `lacking`.

        Returns:
            The budget that has not so much left, and nothing is charged. None if the
            bytes are charged.
        """
        lacking = self.lacking(size, kept)
        if lacking is None:
            self.charge(size)
        return lacking

    def lacking(self, size: int, kept: int = -1) -> Budget | None:
        """The budget that has no *size* bytes left; None if all have.

        Args:
            kept: How many bytes are charged to the peer that asks for them, if this is
                not its own budget.
        """
        if self.used + size > self.limit:
            return self
        if self._within is None:
            return None
        return self._within.lacking(size, self.used if kept < 0 else kept)

    def charge(self, size: int) -> None:
        """Charge *size* bytes that are kept already, also above the limit."""
        self.used += size
        if self._within is not None:
            self._within.charge(size)

    def give_back(self, size: int) -> None:
        """Undo `take` or `charge`: these bytes are not kept any more."""
        self.used -= size
        if self._within is not None:
            self._within.give_back(size)
