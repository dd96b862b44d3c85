"""Waiting for sockets, until a signal or another thread says stop."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from gevent import monkey

from wsocket.core.concurrency.kinds import Concurrency

_socketpair = monkey.get_original("socket", "socketpair")


class Wakeup:
    """One thread or greenlet waits; every other one, and signal handlers, may wake it.

    Args:
        concurrency: How it waits: for a greenlet, the others of its hub go on.
    """

    def __init__(self, concurrency: Concurrency) -> None:
        self._concurrency = concurrency
        self._reader, self._writer = _socketpair()
        self._reader.setblocking(False)
        self._writer.setblocking(False)

    def wake(self) -> None:
        """End the current or else the next wait; from anywhere."""
        # The buffer is full: it is awake. Or it is closed: nobody waits any more.
        with contextlib.suppress(OSError):
            self._writer.send(b"\0")

    def wait(self, sockets: Sequence[Any], timeout: float | None = None) -> set[int]:
        """Wait until one of *sockets* is readable, or `wake` was called.

        Args:
            timeout: Seconds; None waits for ever.

        Returns:
            The descriptors of the sockets that are readable.
        """
        poll = self._concurrency.poll()
        for each in (self._reader, *sockets):
            poll.register(each.fileno(), select.POLLIN)
        # None of gevent's poll and the system's rounds up; 0 would be a busy loop.
        limit = None if timeout is None else max(0, int(timeout * 1000) + 1)
        ready = {descriptor for descriptor, _ in poll.poll(limit)}
        if self._reader.fileno() in ready:
            ready.discard(self._reader.fileno())
            with contextlib.suppress(BlockingIOError):
                self._reader.recv(4096)
        return ready

    @contextlib.contextmanager
    def by_signals(self) -> Iterator[None]:
        """Let signals end the wait, whatever thread the system tells of them.

        Python handles a signal in the main thread, when that runs. A signal that comes
        just before the wait, or to another thread, would be handled only after it.
        """
        main = threading.current_thread() is threading.main_thread()
        if not main or os.name != "posix":
            yield
            return
        writer = self._writer.fileno()
        before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)

    def close(self) -> None:
        """Free the descriptors; nobody waits any more."""
        self._reader.close()
        self._writer.close()
