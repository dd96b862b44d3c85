"""How threads and greenlets wait for the loop: for one answer, or for many items."""

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
    """One answer: set once, on the loop; the thread or greenlet that made this waits.

    A greenlet must not block its thread, because the hub has other greenlets to run. A
    thread without a hub must not start one. So each waits in its own way."""

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
        """Bring the answer; a later one is ignored."""
        if not self.done:
            self._answer.append(answer)
            self._wake()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of an answer."""
        if not self.done:
            self._error = error
            self._wake()

    def wait(self, timeout: float | None = None) -> _AnswerT:
        """Wait for the answer, or raise the exception that came in place of it.

        Raises:
            TimeoutError: Nothing came within *timeout* seconds.
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
    def done(self) -> bool:
        """Whether the answer, or an exception, is there."""
        return bool(self._answer) or self._error is not None

    def _wake(self) -> None:
        if self._event is not None:
            self._event.set()
        else:
            self._lock.release()

    def _wait_in_own_hub(self, timeout: float | None) -> None:
        """Wait for another thread's loop, of which this greenlet's hub knows nothing.

        A hub without watchers raises `LoopExit`; so there is a watcher.
        """
        watcher = gevent.get_hub().loop.async_()
        watcher.start(_nothing)
        try:
            self._event.wait(timeout)
        finally:
            watcher.close()


def ask(loop: Loop, request: Callable[[Future[_AnswerT]], None]) -> _AnswerT:
    """Call *request* on the loop with a future, and wait until somebody sets it.

    Raises what *request* raises.
    """
    future: Future[_AnswerT] = Future(loop)
    loop.call_soon(_run, request, future)
    return future.wait()


def _run(request: Callable[[Future[_AnswerT]], None], future: Future[_AnswerT]) -> None:
    try:
        request(future)
    except Exception as error:
        future.fail(error)


def _nothing() -> None:
    """The callback of a watcher that never fires."""


_ItemT = TypeVar("_ItemT")


class Mailbox(Generic[_ItemT]):
    """A queue from the loop to one consumer."""

    def __init__(self, loop: Loop) -> None:
        self._loop = loop
        self._items: deque[_ItemT] = deque()
        self._awaited: Future[None] | None = None
        # Held for a few instructions only, and never while a greenlet switches.
        self._lock = threading.Lock()

    def put(self, item: _ItemT) -> None:
        """Bring an item; on the loop."""
        with self._lock:
            self._items.append(item)
            future, self._awaited = self._awaited, None
        if future is not None:
            future.set(None)

    def get(self, timeout: float | None = None) -> _ItemT:
        """Take the next item; TimeoutError if none comes within *timeout* seconds."""
        with self._lock:
            if self._items:
                return self._items.popleft()
            future = self._awaited = Future[None](self._loop)
        future.wait(timeout)
        with self._lock:
            return self._items.popleft()
