"""A clock that stands still until a test moves it."""

from __future__ import annotations

import heapq
import time
from collections.abc import Callable
from functools import partial
from itertools import count
from typing import Any

from wsocket.core.concurrency.short_lock import short_lock
from wsocket.core.net.clock import Watcher

# Each clock begins so many seconds after the last one ended. So nothing reaches the
# next test of what an application remembers for a while, such as failed logins.
_APART = 86400.0


class _Starts:
    """When the next clock begins: clocks never go back, not even to the system's."""

    def __init__(self) -> None:
        self.latest = 0.0

    def next(self) -> float:
        """The beginning of another clock, in seconds."""
        self.latest = max(self.latest, time.monotonic()) + _APART
        return self.latest


_starts = _Starts()


class MovedClock:
    """The `Clock` of a loop: only `move` makes its time pass.

    Methods may be called from any thread, except for what makes and starts timers.

    Attributes:
        pending: How many timers will fire though nobody moves the clock.
    """

    def __init__(self) -> None:
        self._start = _starts.next()
        self._day = time.time()
        self._lock = short_lock()
        self._numbers = count()
        self._due: list[tuple[float, int, MovedTimer]] = []
        self.passed = 0.0  # seconds
        self.pending = 0

    def monotonic(self) -> float:
        """See `Clock.monotonic`."""
        return self._start + self.passed

    def time(self) -> float:
        """See `Clock.time`."""
        return self._day + self.passed

    def timers(self, loop: Any) -> Callable[[float], Watcher]:
        """See `Clock.timers`."""
        return partial(self._timer, loop)

    def looks(self, loop: Any) -> Callable[[float], Watcher]:
        """See `Clock.looks`."""
        return lambda seconds: _RealTimer(loop.timer(seconds), self)

    def next_due(self) -> float | None:
        """When the next timer fires, as `passed` is counted; None if there is none."""
        with self._lock:
            while self._due and not self._due[0][2].armed:
                heapq.heappop(self._due)
            return self._due[0][0] if self._due else None

    def move(self, passed: float) -> list[MovedTimer]:
        """Set the time; returns the timers that are due by then, in their order."""
        taken = []
        with self._lock:
            self.passed = max(self.passed, passed)
            while self._due and self._due[0][0] <= passed:
                taken.append(heapq.heappop(self._due)[2])
        _starts.latest = max(_starts.latest, self.monotonic())
        return taken

    def call_later(self, seconds: float, callback: Callable[[], object]) -> MovedTimer:
        """Call back when so many seconds have passed; in whatever thread moves them."""
        timer = MovedTimer(self, seconds)
        timer.start(callback)
        return timer

    def add(self, timer: MovedTimer, seconds: float) -> None:
        """Have *timer* fire after some seconds."""
        with self._lock:
            due = self.passed + seconds
            heapq.heappush(self._due, (due, next(self._numbers), timer))

    def _timer(self, loop: Any, seconds: float) -> Watcher:
        if seconds <= 0:
            return _RealTimer(loop.timer(0), self)
        return MovedTimer(self, seconds)


class MovedTimer:
    """A timer that fires when its clock was moved far enough; see `Watcher`."""

    def __init__(self, clock: MovedClock, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds
        self._call: Callable[[], object] | None = None

    @property
    def armed(self) -> bool:
        """Whether it will fire."""
        return self._call is not None

    def start(self, callback: Callable[..., object], *args: Any) -> None:
        """Call back once, later."""
        self._call = partial(callback, *args)
        self._clock.add(self, self._seconds)

    def stop(self) -> None:
        """Do not call back."""
        self._call = None

    def close(self) -> None:
        """Do not call back."""
        self._call = None

    def fire(self) -> None:
        """Its time has come."""
        call, self._call = self._call, None
        if call is not None:
            call()


class _RealTimer:
    """A timer of gevent that fires at once, or soon; its clock knows about it."""

    def __init__(self, timer: Watcher, clock: MovedClock) -> None:
        self._timer = timer
        self._clock = clock
        self._armed = False

    def start(self, callback: Callable[..., object], *args: Any) -> None:
        self._armed = True
        self._clock.pending += 1
        self._timer.start(callback, *args)

    def stop(self) -> None:
        self._disarm()
        self._timer.stop()

    def close(self) -> None:
        self._disarm()
        self._timer.close()

    def _disarm(self) -> None:
        if self._armed:
            self._armed = False
            self._clock.pending -= 1
