"""How threads wait for answers of the router."""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import Any

from wsocket.errors import CallCanceled
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload

# What a result keeps besides its payload, and what may wait in one call.
_OVERHEAD = 256  # bytes
_MOST_UNREAD = 16 * 2**20


class Waiter:
    """One answer for one thread; whoever brings it is in another one."""

    def __init__(self) -> None:
        self._there = threading.Event()
        self._value: Any = None
        self._error: Exception | None = None

    def answer(self, value: Any) -> None:
        """Bring the answer."""
        self._value = value
        self._there.set()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of an answer."""
        self._error = error
        self._there.set()

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for the answer, or raise the exception that came in place of it.

        Raises:
            TimeoutError: Nothing came within *timeout* seconds.
        """
        if not self._there.wait(timeout):
            raise TimeoutError
        if self._error is not None:
            # Without the traceback of an earlier `wait`.
            raise self._error.with_traceback(None)
        return self._value


class CallWaiter:
    """The answers of one call: progressive results, then the end."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._parts: deque[Payload] = deque()
        self._unread = 0
        self._ended = False
        self._final: Payload | None = None
        self._error: Exception | None = None

    def progress(self, payload: Payload) -> bool:
        """Bring a progressive result; False if too many wait to be taken."""
        with self._changed:
            if self._ended:
                return True
            self._unread += payload.size + _OVERHEAD
            if self._unread > _MOST_UNREAD:
                return False
            self._parts.append(payload)
            self._changed.notify_all()
            return True

    def answer(self, payload: Payload) -> None:
        """Bring the final result."""
        with self._changed:
            if not self._ended:
                self._final, self._ended = payload, True
            self._changed.notify_all()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of a final result."""
        with self._changed:
            if not self._ended:
                self._error, self._ended = error, True
            self._changed.notify_all()

    def flooded(self) -> None:
        """End the call: its progressive results come faster than they are taken."""
        problem = f"more than {_MOST_UNREAD} bytes of progressive results wait"
        self.fail(CallCanceled(errors.CANCELED, problem))

    def next_part(self) -> Payload | None:
        """Wait for the next progressive result; None after the last one."""
        with self._changed:
            while not self._parts and not self._ended:
                self._changed.wait()
            if not self._parts:
                return None
            part = self._parts.popleft()
            self._unread -= part.size + _OVERHEAD
            return part

    def final(self, timeout: float | None) -> Payload:
        """Wait for the final result; drop progressive ones.

        Raises:
            TimeoutError: It did not come within *timeout* seconds.
            Exception: What came in place of it.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._ended:
                self._parts.clear()
                self._unread = 0
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError
                self._changed.wait(left)
        if self._error is not None:
            raise self._error.with_traceback(None)
        assert self._final is not None
        return self._final
