"""A call of the application, as it is on the loop."""

from __future__ import annotations

import weakref
from typing import Any

from wsocket.core.concurrency.waiting import Outer
from wsocket.core.net.future import Mailbox
from wsocket.wamp.local.answers import Answer, error_answer
from wsocket.wamp.local.client import LocalSession
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import (
    Call,
    CallOptions,
    CancelMode,
    ClientMessage,
)
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.session.in_process import as_fields

# What a result that nobody has taken keeps besides its payload.
_OVERHEAD = 256  # bytes


class OutgoingCall:
    """A call that puts its answers into a mailbox.

    If nobody can take them any more, because the mailbox is gone, they are lost. All
    methods run on the loop, except for `taken`.

    Attributes:
        taken_bytes: Counts what the consumer has taken.
    """

    def __init__(
        self,
        procedure: str,
        payload: Payload,
        *,
        options: CallOptions,
        answers: Mailbox[Answer],
    ) -> None:
        self._procedure = procedure
        self._payload = payload
        self._options = options
        self._answers = weakref.ref(answers)
        self._put_bytes = 0  # the loop counts
        self.taken_bytes = 0  # the consumer counts
        self._session: LocalSession | None = None  # until it starts
        self._request = 0
        self._outer: Outer | None = None  # the task that waits in a worker

    def start(self, session: LocalSession, outer: Outer | None = None) -> None:
        """Send CALL.

        Args:
            outer: The task that waits for the answer, if that is known already.
        """
        if outer is None:
            self._send(session)
            return
        problem = self._have_wait(outer)
        if problem is not None:
            self._refuse(problem)
            return
        with session.calling_from(outer):
            self._send(session)
        outer.pool.start_waiting()

    def _send(self, session: LocalSession) -> None:
        self._session = session
        self._request = session.request(
            self._message, self._on_answer, unread=self._unread
        )

    def wait(self, outer: Outer, taken_bytes: int) -> None:
        """A task in a worker waits for the next answer.

        Args:
            taken_bytes: `taken_bytes` when it began to wait.
        """
        session = self._session
        if session is None or self._put_bytes > taken_bytes:
            return  # the answer is there
        problem = self._have_wait(outer)
        if problem is None:
            session.hurry(self._request, outer)
            outer.pool.start_waiting()
        else:
            self.expire()
            self._refuse(problem)

    def stop_waiting(self) -> None:
        """The task goes on without an answer."""
        outer, self._outer = self._outer, None
        if outer is not None:
            outer.step_back()

    def _have_wait(self, outer: Outer) -> str | None:
        problem = outer.step_aside()
        if problem is None:
            self._outer = outer
        return problem

    def _refuse(self, problem: str) -> None:
        text = f"the call of {self._procedure} is given up: {problem}"
        self._on_answer(*error_answer(errors.UNAVAILABLE, text))

    def cancel(self, mode: CancelMode) -> None:
        """Send CANCEL."""
        if self._session is not None:
            self._session.cancel(self._request, mode)

    def expire(self) -> None:
        """Cancel the call without waiting; its answer is ignored."""
        if self._session is not None:
            self._session.forget(self._request)
            self._session.cancel(self._request, "killnowait")

    def taken(self, answer: Answer) -> None:
        """The consumer has taken an answer; in its thread or greenlet."""
        self.taken_bytes += answer[1].size + _OVERHEAD

    def _unread(self) -> int:
        """How many bytes wait for the consumer."""
        gone = self._answers() is None
        return 0 if gone else self._put_bytes - self.taken_bytes

    def _message(self, request: int) -> ClientMessage:
        fields = as_fields(self._payload)
        return Call(request, self._options, self._procedure, *fields)

    def _on_answer(self, head: list[Any], payload: Payload) -> None:
        self.stop_waiting()
        answers = self._answers()
        if answers is not None:
            self._put_bytes += payload.size + _OVERHEAD
            answers.put((head, payload))
