"""A call under way, in the hands of the application."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from wsocket.core.net.future import Mailbox
from wsocket.errors import ApplicationError, CallCanceled, CallTimeout
from wsocket.wamp.local.handlers import CallResult
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CALL, ERROR, CancelMode
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

Answer = tuple[list[Any], Payload]


class PendingCall:
    """A call whose answer has not been taken yet.

    Iterating gives progressive results as they come, and ends with the call; `result`
    gives the final one. One thread or greenlet at a time."""

    def __init__(
        self,
        procedure: str,
        mailbox: Mailbox[Answer],
        *,
        cancel: Callable[[CancelMode], None],
        forget: Callable[[], None],
    ) -> None:
        self._procedure = procedure
        self._mailbox = mailbox
        self._cancel = cancel
        self._forget = forget
        self._final: Answer | None = None

    def __iter__(self) -> Iterator[Any]:
        """Progressive results; an ERROR is raised when the last of them was taken."""
        while (answer := self._next(None)) is not None:
            yield value_of(*answer)
        if self._final is not None and self._final[0][0] == ERROR:
            raise application_error(*self._final)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the final result; progressive ones that were not taken are dropped.

        Raises:
            ApplicationError: The call ended in an ERROR; `CallCanceled` if it was
                canceled.
            CallTimeout: No answer came within *timeout* seconds; the call is canceled.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                left = None if deadline is None else deadline - time.monotonic()
                if self._next(left) is None:
                    break
        except TimeoutError:
            self._forget()
            self._cancel("killnowait")
            problem = f"{self._procedure} did not answer within {timeout} seconds"
            self._final = error_answer(errors.TIMEOUT, problem)
        assert self._final is not None
        return value_of(*self._final)

    def cancel(self, mode: CancelMode = "killnowait") -> None:
        """Ask the router to end the call; `result` then raises `CallCanceled`.

        Args:
            mode: ``skip`` leaves the callee alone, ``kill`` interrupts it and waits for
                its answer, ``killnowait`` interrupts it and does not wait.
        """
        self._cancel(mode)

    def _next(self, timeout: float | None) -> Answer | None:
        """The next progressive result; None when the call has ended."""
        if self._final is not None:
            return None
        answer = self._mailbox.get(timeout)
        head = answer[0]
        if head[0] != ERROR and head[2].get("progress") is True:
            return answer
        self._final = answer
        return None


def error_answer(error: str, explanation: str) -> Answer:
    """An ERROR for a call that the router does not answer any more."""
    head = [ERROR, CALL, 0, {}, error]
    return head, Payload.of(MESSAGEPACK, [explanation])


def value_of(head: list[Any], payload: Payload) -> Any:
    """What the application gets for a RESULT; for an ERROR it raises."""
    if head[0] == ERROR:
        raise application_error(head, payload)
    args, kwargs = payload.values()
    if kwargs or len(args) > 1:
        return CallResult(args, kwargs)
    return args[0] if args else None


def application_error(head: list[Any], payload: Payload) -> ApplicationError:
    """The exception for an ERROR."""
    error = head[4]
    args, kwargs = payload.values()
    kind = {errors.CANCELED: CallCanceled, errors.TIMEOUT: CallTimeout}.get(
        error, ApplicationError
    )
    exception: ApplicationError = kind(error, *args)
    exception.kwargs = kwargs
    return exception
