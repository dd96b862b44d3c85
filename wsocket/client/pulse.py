"""Pings that find routers whose network is cut."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Pulse:
    """Pings from a thread of its own, until `stop`.

    Args:
        interval: Seconds from one ping to the next.
        timeout: Seconds after a ping in which the router must send something.
        ping: Sends a ping.
        silent: The router has sent nothing.
    """

    def __init__(
        self,
        *,
        interval: float,
        timeout: float,
        ping: Callable[[], None],
        silent: Callable[[], None],
    ) -> None:
        self._interval = interval
        self._timeout = timeout
        self._ping = ping
        self._silent = silent
        self._beats = 0  # signs of life
        self._reads = True
        self._stopped = threading.Event()
        self._thread = threading.Thread(
            target=self._run, name="wsocket client pulse", daemon=True
        )

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def beat(self) -> None:
        """The router has sent something."""
        self._beats += 1

    def rest(self) -> None:
        """Nothing is read from now on until the next `beat`: silence means nothing."""
        self._reads = False

    def go_on(self) -> None:
        """It is read again."""
        self._beats += 1
        self._reads = True

    def stop(self) -> None:
        """Send no more pings."""
        self._stopped.set()

    def _run(self) -> None:
        while not self._stopped.wait(self._interval):
            before = self._beats
            self._ping()
            if self._stopped.wait(self._timeout):
                return
            if self._beats == before and self._reads:
                self._silent()
                return
