"""One answer of the router, or the exception that came in place of it."""

from __future__ import annotations

from typing import Any, Protocol


class Flag(Protocol):
    """The part of an event, of `threading` or asyncio, that is used here."""

    def is_set(self) -> bool: ...

    def set(self) -> object: ...


class OneAnswer:
    """What is brought to one waiter.

    Args:
        there: Set as soon as it is there.
    """

    def __init__(self, there: Flag) -> None:
        self._is_there = there
        self._value: Any = None
        self._error: Exception | None = None

    def answer(self, value: Any) -> None:
        """Bring the answer; a later one is ignored."""
        if not self._is_there.is_set():
            self._value = value
            self._is_there.set()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of an answer."""
        if not self._is_there.is_set():
            self._error = error
            self._is_there.set()

    def _outcome(self) -> Any:
        """What is there: the answer is returned, an exception raised."""
        if self._error is not None:
            # Without the traceback of an earlier one who has waited.
            raise self._error.with_traceback(None)
        return self._value
