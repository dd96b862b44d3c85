"""How a thread or a greenlet waits for an answer that the loop will bring."""

from __future__ import annotations

from typing import Any, Generic, TypeVar

import gevent.event
from gevent import monkey

from wsocket.core.loop import Loop

_allocate_lock = monkey.get_original("_thread", "allocate_lock")

Answer = TypeVar("Answer")


class Waiter(Generic[Answer]):
    """One answer, set once on the loop, waited for by whoever made this object.

    A greenlet of the loop's own hub must not block its thread; any other thread must
    not touch the hub. Each waits in its own way."""

    def __init__(self, loop: Loop) -> None:
        self._answer: list[Answer] = []
        self._event: Any = None
        self._lock: Any = None
        if loop.here:
            self._event = gevent.event.Event()
        else:
            self._lock = _allocate_lock()
            self._lock.acquire()

    def set(self, answer: Answer) -> None:
        """Bring the answer; later ones are ignored."""
        if self._answer:
            return
        self._answer.append(answer)
        if self._event is not None:
            self._event.set()
        else:
            self._lock.release()

    def wait(self, timeout: float | None = None) -> Answer:
        """Wait for the answer.

        Raises:
            TimeoutError: It did not come within *timeout* seconds.
        """
        if self._event is not None:
            self._event.wait(timeout)
        else:
            self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
        if not self._answer:
            raise TimeoutError
        return self._answer[0]
