"""What a loop knows of time: that of the system, unless a test moves it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final, Protocol


class Watcher(Protocol):
    """A gevent watcher or timer."""

    def start(self, callback: Callable[..., object], *args: Any) -> None: ...

    def stop(self) -> None:
        """Do not call back, until it is started again."""

    def close(self) -> None:
        """Stop, and free what the watcher holds. It cannot be started again."""


class Clock(Protocol):
    """Two clocks, and timers that follow them."""

    @property
    def time(self) -> Callable[[], float]:
        """The time of day: seconds since the epoch, UTC."""

    @property
    def monotonic(self) -> Callable[[], float]:
        """Seconds of a clock that nobody sets, for durations."""

    def timers(self, loop: Any) -> Callable[[float], Watcher]:
        """What makes the timers of a loop of gevent; it takes seconds."""

    def looks(self, loop: Any) -> Callable[[float], Watcher]:
        """The same for what asks again and again whether something has happened.

        It happens in real time, so these timers always do.
        """


class SystemClock:
    """The clocks of the system, and gevent's own timers."""

    def __init__(self) -> None:
        self.time = time.time
        self.monotonic = time.monotonic

    def timers(self, loop: Any) -> Callable[[float], Watcher]:
        """See `Clock.timers`."""
        make: Callable[[float], Watcher] = loop.timer
        return make

    def looks(self, loop: Any) -> Callable[[float], Watcher]:
        """See `Clock.looks`."""
        return self.timers(loop)


SYSTEM_CLOCK: Final = SystemClock()
