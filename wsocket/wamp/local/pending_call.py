"""A call under way, in the hands of the application."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, get_args

from wsocket.core.checks import check_choice, check_seconds
from wsocket.core.concurrency.waiting import outer_task
from wsocket.core.net.future import Mailbox
from wsocket.core.net.loop import Loop
from wsocket.wamp.local.answers import (
    Answer,
    application_error,
    error_answer,
    value_of,
)
from wsocket.wamp.local.outgoing_call import OutgoingCall
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import ERROR, CancelMode


class PendingCall:
    """A call whose answer has not been taken yet.

    Iterating gives progressive results as they come, and ends with the call; `result`
    gives the final one. Use it in one thread or greenlet at a time.

    Args:
        awaited: Whether the loop knows already who waits for the first answer.
    """

    def __init__(
        self,
        procedure: str,
        loop: Loop,
        *,
        call: OutgoingCall,
        answers: Mailbox[Answer],
        awaited: bool,
    ) -> None:
        self._procedure = procedure
        self._loop = loop
        self._call = call
        self._answers = answers
        self._awaited = awaited
        self._final: Answer | None = None

    def __iter__(self) -> Iterator[Any]:
        """Progressive results; an ERROR is raised after the last of them."""
        while (answer := self._next(None)) is not None:
            yield value_of(*answer)
        if self._final is not None and self._final[0][0] == ERROR:
            raise application_error(*self._final)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the final result; drop the progressive ones not taken yet.

        Args:
            timeout: Seconds to wait; None waits for ever.

        Raises:
            ApplicationError: The call ended in an ERROR; `CallCanceled` if it was
                canceled.
            CallTimeout: No answer came within *timeout*; the call is canceled.
            TypeError, ValueError: *timeout* is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout, least=0)
        deadline = None if timeout is None else time.monotonic() + timeout
        try:
            while True:
                left = None if deadline is None else deadline - time.monotonic()
                if self._next(left) is None:
                    break
        except TimeoutError:
            self._loop.call_soon(self._call.expire)
            problem = f"{self._procedure} did not answer within {timeout} seconds"
            self._final = error_answer(errors.TIMEOUT, problem)
        assert self._final is not None
        return value_of(*self._final)

    def cancel(self, mode: CancelMode = "killnowait") -> None:
        """Ask the router to end the call; `result` then raises `CallCanceled`.

        Args:
            mode: ``skip`` does not interrupt the callee, ``kill`` interrupts it and
                waits for its answer, ``killnowait`` interrupts it and does not wait
                (Advanced Profile, "Call Canceling").

        Raises:
            TypeError, ValueError: *mode* is none of these.
        """
        check_choice("mode", mode, get_args(CancelMode))
        self._loop.call_soon(self._call.cancel, mode)

    def _next(self, timeout: float | None) -> Answer | None:
        """The next progressive result; None when the call has ended."""
        if self._final is not None:
            return None
        outer = None if self._awaited else outer_task()
        if outer is not None:
            self._loop.call_soon(self._call.wait, outer, self._call.taken_bytes)
        self._awaited = False
        try:
            answer = self._answers.get(timeout)
        except BaseException:  # it took too long, or the greenlet is killed
            self._loop.call_soon(self._call.stop_waiting)
            raise
        self._call.taken(answer)
        head = answer[0]
        if head[0] != ERROR and head[2].get("progress") is True:
            return answer
        self._final = answer
        return None
