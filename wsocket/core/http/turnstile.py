"""Requests that go on one by one.

While memory is scarce: many threads would else make their responses before anybody has
weighed the first. And those that came together with others on their connections: many
threads that never have to wait for their clients would keep the interpreter busy.
"""

from __future__ import annotations

import threading

# Seconds for a request to say that its response has been weighed. Then the next one
# goes on: it may be one that waits for a database.
_TURN = 0.005

# Seconds that a request waits at most until memory has been freed.
_FREEING = 1.0


class Turnstile:
    """Where requests pass before their responses are made, in threads or greenlets.

    Attributes:
        narrow: Whether one goes on at a time; else nobody waits.
    """

    def __init__(self, *, narrow: bool = False) -> None:
        self.narrow = narrow
        self._line = threading.Lock()
        self._left = threading.Event()  # whoever went on last is not in the way
        self._left.set()
        self._free = threading.Event()
        self._free.set()

    def hold(self) -> None:
        """Have the next one wait until memory has been freed."""
        self._free.clear()

    def freed(self) -> None:
        """Memory has been freed."""
        self._free.set()

    def enter(self) -> bool:
        """Wait for a turn; whether there was one, for which `leave` is to be called."""
        if not self.narrow:
            return False
        with self._line:
            self._left.wait(_TURN)
            self._left.clear()
            self._free.wait(_FREEING)
        return True

    def leave(self) -> None:
        """Let the next one go on; may be called without a turn."""
        if not self._left.is_set():
            self._left.set()
