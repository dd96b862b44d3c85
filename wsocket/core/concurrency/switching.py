"""How soon a thread gets Python's interpreter lock that another one has.

A thread that waits for the lock wakes up after each switch interval, and asks for it.
Where hundreds wait, they wake up so often that whoever has the lock gets no time. With
900 on one core nothing goes on any more, for minutes, at Python's own 5 ms."""

from __future__ import annotations

import sys
import threading
from typing import Final

from wsocket.core.concurrency.short_lock import short_lock

_DEFAULT: Final = 0.005  # seconds; Python's own
_OFTEN: Final = 0.0005

# Seconds that each thread adds to the interval, if there are more than a few: a thread
# wakes up in about 5 us, so all together use a third of a core at most.
_EACH: Final = 0.000015
_FEW: Final = 64


def switch_threads_often() -> None:
    """Let threads wait for a tenth of the time, unless the program has set another one.

    A login needs the lock about ten times, in four threads. Beside one view that
    computes it would wait for 50 ms, with the default of `sys.setswitchinterval`.
    """
    if sys.getswitchinterval() == _DEFAULT:
        sys.setswitchinterval(_OFTEN)


class _SwitchInterval:
    """Python's switch interval: longer while there are many threads."""

    def __init__(self) -> None:
        self._lock = short_lock()  # who sees half of `_set` takes it for the program's
        self._usual = self._set = sys.getswitchinterval()

    def fit(self) -> None:
        """Make it as long as the threads that there are now demand."""
        threads = threading.active_count()
        with self._lock:
            found = sys.getswitchinterval()
            if found != self._set:  # the program has set it
                self._usual = self._set = found
            least = 0.0 if threads <= _FEW else threads * _EACH
            sys.setswitchinterval(max(self._usual, least))
            self._set = sys.getswitchinterval()  # whole microseconds


_interval = _SwitchInterval()


def fit_switch_interval() -> None:
    """Call this when a thread has started, and now and then."""
    _interval.fit()
