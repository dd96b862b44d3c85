"""The signals that stop a server: the first gracefully, the second at once."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator


class Stop:
    """Whether a server was told to stop.

    Attributes:
        signals: How many signals have come.
    """

    def __init__(self) -> None:
        self.signals = 0

    @property
    def at_once(self) -> bool:
        """Whether a second signal has come: nothing is waited for any more."""
        return self.signals > 1


@contextlib.contextmanager
def stop_signals(interrupt: Callable[[], object]) -> Iterator[Stop]:
    """Call *interrupt* for SIGINT, SIGTERM and SIGHUP; the handlers before come back.

    SIGHUP is left alone if it is ignored: nohup(1) does that. SIGINT is not, because
    shells have background jobs ignore it. Only the main thread hears signals.
    """
    stop = Stop()

    def handle(*unused: object) -> None:
        stop.signals += 1
        interrupt()

    before = {}
    if threading.current_thread() is threading.main_thread():
        before = {number: signal.signal(number, handle) for number in _numbers()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _numbers() -> Iterator[signal.Signals]:
    yield signal.SIGINT
    yield signal.SIGTERM
    hangup: signal.Signals | None = getattr(signal, "SIGHUP", None)  # not on Windows
    if hangup is not None and signal.getsignal(hangup) is not signal.SIG_IGN:
        yield hangup
