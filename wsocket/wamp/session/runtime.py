"""What the pure parts of the router get from outside: time, and a way to wait."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol, TypeVar

_T = TypeVar("_T")

Work = Literal["logins", "authorizers"]
"""What is offloaded. Each has workers of its own."""


class Abandoned(Exception):
    """What was offloaded has never started, because nobody waits for it any more."""


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
        self,
        function: Callable[[], _T],
        then: Callable[[_T | Exception], object],
        *,
        work: Work,
        caller: int,
    ) -> Callable[[], None]:
        """Run *function* off the loop, and *then* on it with what it returned or
        raised.

        Args:
            caller: The ID of the session for which it runs.

        Returns:
            A function that gives it up: if it has not started yet, it never starts, and
            *then* gets `Abandoned`.
        """

    def left(self, caller: int) -> None:
        """The session with this ID leaves: what waits for it is `Abandoned` soon."""
