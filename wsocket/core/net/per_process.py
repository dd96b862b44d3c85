"""A value that belongs to one process's loop: a forked child makes its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from wsocket.core.net.loop import Loop, get_loop

T = TypeVar("T")


class PerProcess(Generic[T]):
    """A value that each process makes for its loop, when it is first needed.

    Servers load an application and then fork. A child inherits the parent's value, but
    not the thread of the loop that the value belongs to.

    Args:
        make: Makes the value; called on the loop.
    """

    def __init__(self, make: Callable[[Loop], T]) -> None:
        self._make = make
        self._made: tuple[Loop, T] | None = None

    def get(self) -> T:
        """This process's value, made now if it must be; on the loop."""
        loop = get_loop()
        if self._made is None or self._made[0] is not loop:
            self._made = loop, self._make(loop)
        return self._made[1]

    def existing(self) -> T | None:
        """This process's value, None if it has made none; from any thread."""
        if self._made is None or self._made[0] is not get_loop():
            return None
        return self._made[1]
