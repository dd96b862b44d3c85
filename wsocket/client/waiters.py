"""How threads wait for answers of the router."""

from __future__ import annotations

import threading
import time
from typing import Any

from wsocket.client.call_answers import CallAnswers
from wsocket.client.one_answer import OneAnswer
from wsocket.wamp.serializers.base import Payload


class Waiter(OneAnswer):
    """One answer for one thread; whoever brings it is in another one."""

    def __init__(self) -> None:
        self._there = threading.Event()
        super().__init__(self._there)

    def wait(self, timeout: float | None = None) -> Any:
        """Wait for the answer, or raise the exception that came in place of it.

        Raises:
            TimeoutError: Nothing came within *timeout* seconds.
        """
        if not self._there.wait(timeout):
            raise TimeoutError
        return self._outcome()


class CallWaiter:
    """The answers of one call, for one thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._answers = CallAnswers()

    def progress(self, payload: Payload) -> None:
        """Bring a progressive result."""
        with self._changed:
            self._answers.progress(payload)
            self._changed.notify_all()

    def answer(self, payload: Payload) -> None:
        """Bring the final result."""
        with self._changed:
            self._answers.answer(payload)
            self._changed.notify_all()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of a final result."""
        with self._changed:
            self._answers.fail(error)
            self._changed.notify_all()

    def next_part(self) -> Payload | None:
        """Wait for the next progressive result; None after the last one."""
        with self._changed:
            while self._answers.must_wait:
                self._changed.wait()
            return self._answers.take_part()

    def final(self, timeout: float | None) -> Payload:
        """Wait for the final result; drop progressive ones.

        Raises:
            TimeoutError: It did not come within *timeout* seconds.
            Exception: What came in place of it.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._changed:
            while not self._answers.ended:
                self._answers.drop_parts()
                left = None if deadline is None else deadline - time.monotonic()
                if left is not None and left <= 0:
                    raise TimeoutError
                self._changed.wait(left)
            return self._answers.final()
