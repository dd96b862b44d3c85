"""What the pure parts of the router get from outside: time, and a way to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Protocol, TypeVar

_T = TypeVar("_T")


class Cancellable(Protocol):
    """A callback that has not run yet."""

    def cancel(self) -> None:
        """Do not run it; does nothing if it ran already."""


class Runtime(Protocol):
    """Time, and a way to run code that may block."""

    def time(self) -> float:
        """The time of day, which may be set: seconds since the epoch, UTC."""

    def monotonic(self) -> float:
        """Seconds of a clock that nobody sets, for durations."""

    def call_later(
        self, seconds: float, callback: Callable[..., object], *args: Any
    ) -> Cancellable:
        """Run ``callback(*args)`` on the loop after some *seconds*."""

    def in_turns(self, steps: Iterator[object], done: Callable[[], object]) -> None:
        """Take all *steps* on the loop, then call ``done()``.

        If that takes long, the rest waits for later turns, and others get in between.
        """

    def offload(
        self, function: Callable[[], _T], then: Callable[[_T | Exception], object]
    ) -> None:
        """Run *function* off the loop, and *then* on it with what it returned or
        raised.
        """
