"""How a thread or a greenlet waits for an answer that the loop will bring."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

import gevent
import gevent.event
from gevent import monkey

from wsocket.core.concurrency.kinds import in_greenlet
from wsocket.core.net.loop import Loop

_allocate_lock = monkey.get_original("_thread", "allocate_lock")

_AnswerT = TypeVar("_AnswerT")


class Future(Generic[_AnswerT]):
    """One answer, set once on the loop, waited for by whoever made this object.

    A greenlet must not block its thread, whose hub has others to run; any other thread
    must not touch a hub. Each waits in its own way."""

    def __init__(self, loop: Loop) -> None:
        self._answer: list[_AnswerT] = []
        self._error: Exception | None = None
        self._event: Any = None
        self._lock: Any = None
        self._foreign = not loop.here
        if loop.here or in_greenlet():
            self._event = gevent.event.Event()
        else:
            self._lock = _allocate_lock()
            self._lock.acquire()

    def set(self, answer: _AnswerT) -> None:
        """Bring the answer; later ones are ignored."""
        if not self._done:
            self._answer.append(answer)
            self._wake()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of an answer."""
        if not self._done:
            self._error = error
            self._wake()

    def wait(self, timeout: float | None = None) -> _AnswerT:
        """Wait for the answer; raises the exception that came in its place.

        Raises:
            TimeoutError: It did not come within *timeout* seconds.
        """
        if self._lock is not None:
            self._lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout))
        elif self._foreign:
            self._wait_in_own_hub(timeout)
        else:
            self._event.wait(timeout)
        if self._error is not None:
            raise self._error
        if not self._answer:
            raise TimeoutError
        return self._answer[0]

    @property
    def _done(self) -> bool:
        return bool(self._answer) or self._error is not None

    def _wake(self) -> None:
        if self._event is not None:
            self._event.set()
        else:
            self._lock.release()

    def _wait_in_own_hub(self, timeout: float | None) -> None:
        """Wait for another thread's loop, which this greenlet's hub knows nothing of.

        A hub that has nothing to wait for gives up; the watcher keeps it from that.
        """
        watcher = gevent.get_hub().loop.async_()
        watcher.start(_nothing)
        try:
            self._event.wait(timeout)
        finally:
            watcher.stop()
            watcher.close()


def ask(loop: Loop, request: Callable[[Future[_AnswerT]], None]) -> _AnswerT:
    """Run *request* on the loop, and wait for the answer that it gives now or later.

    Raises what *request* raises.
    """
    waiter: Future[_AnswerT] = Future(loop)
    loop.call_soon(_run, request, waiter)
    return waiter.wait()


def _run(request: Callable[[Future[_AnswerT]], None], waiter: Future[_AnswerT]) -> None:
    try:
        request(waiter)
    except Exception as error:
        waiter.fail(error)


def _nothing() -> None:
    """What a watcher that never fires would do."""


_ItemT = TypeVar("_ItemT")


class Mailbox(Generic[_ItemT]):
    """A queue from the loop to one consumer."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._items: deque[_ItemT] = deque()
        self._waiter: Future[None] | None = None
        # Held for a few instructions only, and never while a greenlet switches.
        self._lock = threading.Lock()

    def put(self, item: _ItemT) -> None:
        """Bring an item; on the loop."""
        with self._lock:
            self._items.append(item)
            waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.set(None)

    def get(self, timeout: float | None = None) -> _ItemT:
        """Take the next item; TimeoutError if none comes within *timeout* seconds."""
        with self._lock:
            if self._items:
                return self._items.popleft()
            waiter = self._waiter = Future[None](self._loop)
        waiter.wait(timeout)
        with self._lock:
            return self._items.popleft()
