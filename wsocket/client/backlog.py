"""How much of what has come may wait to be handled."""

from __future__ import annotations

from contextvars import ContextVar

_MESSAGES = 1_000
_BYTES = 8 * 2**20

# What may come on top of that while a handler waits for an answer of the router, which
# must be read.
_HARD = 16

in_handler: ContextVar[bool] = ContextVar("in_handler", default=False)
"""Whether a handler of a client runs here."""


class Backlog:
    """Events and calls that wait for a handler, or are handled.

    No reading goes on while there is too much, so that the router waits too. But if a
    handler itself waits for an answer, the reading must go on.
    """

    def __init__(self) -> None:
        self._messages = 0
        self._bytes = 0
        self._asking = 0  # handlers that wait for an answer

    def add(self, size: int) -> None:
        """A message of *size* bytes has come."""
        self._messages += 1
        self._bytes += size

    def remove(self, size: int) -> None:
        """A message has been handled."""
        self._messages -= 1
        self._bytes -= size

    @property
    def must_wait(self) -> bool:
        """Whether nothing more is to be read now."""
        return not self._asking and self._exceeds(1)

    @property
    def is_flooded(self) -> bool:
        """Whether even those handlers cannot be waited for that wait for an answer."""
        return self._exceeds(_HARD)

    def begin_asking(self) -> None:
        """A handler begins to wait for an answer."""
        self._asking += 1

    def end_asking(self) -> None:
        """It has its answer."""
        self._asking -= 1

    def _exceeds(self, times: int) -> bool:
        return self._messages > times * _MESSAGES or self._bytes > times * _BYTES
