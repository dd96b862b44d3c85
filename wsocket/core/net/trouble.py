"""Trouble that lasts, such as too few file descriptors, in two lines of the log."""

from __future__ import annotations

import errno
import threading

from wsocket.core.concurrency.kinds import NO_ROOM
from wsocket.log import logger

# Seconds without it after which trouble is over. It may come back at once, so a shorter
# time would fill the log.
QUIET = 1.0

# The system has no more file descriptors or memory.
_SHORT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM, errno.EAGAIN}


def is_shortage(error: BaseException) -> bool:
    """Whether *error* says that the system has no room, not that something is wrong."""
    if isinstance(error, OSError):
        return error.errno in _SHORT
    return isinstance(error, NO_ROOM)


class Trouble:
    """One kind of trouble: a line when it begins, and a line when it is over.

    Methods may be called from any thread. The time is that of a clock in seconds that
    never goes back.

    Args:
        name: What does not work, for the log.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._lock = threading.Lock()
        self._last: float | None = None

    def __bool__(self) -> bool:
        return self._last is not None

    def met(self, problem: object, now: float) -> None:
        """It was met; only the first time is logged."""
        with self._lock:
            begins = self._last is None
            self._last = now
        if begins:
            logger.error("%s: %s", self._name, problem)

    def passed(self, now: float) -> None:
        """It was not met, though it could have been."""
        if self._last is None:
            return
        with self._lock:
            over = self._last is not None and now - self._last >= QUIET
            if over:
                self._last = None
        if over:
            logger.warning("%s: it works again", self._name)
