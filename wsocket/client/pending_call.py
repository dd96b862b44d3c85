"""A call under way, in the hands of a thread."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from wsocket.client.engine import Engine
from wsocket.client.waiters import CallWaiter
from wsocket.core.checks import check_choice, check_seconds
from wsocket.errors import CallTimeout
from wsocket.wamp.local.results import result_value
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CallOptions, CancelMode
from wsocket.wamp.serializers.base import Payload


class PendingCall:
    """A call whose answer has not been taken yet.

    Iterating gives progressive results as they come, and ends with the call; `result`
    gives the final one. Use it in one thread or greenlet at a time.
    """

    def __init__(
        self, engine: Engine, procedure: str, payload: Payload, options: CallOptions
    ) -> None:
        self._engine = engine
        self._procedure = procedure
        self._waiter = CallWaiter()
        self._number = engine.shared.do(
            lambda core: core.call(procedure, payload, options, self._waiter)
        )

    def __iter__(self) -> Iterator[Any]:
        """Progressive results; an exception in place of the final one comes after."""
        with self._engine.dispatcher.asking():
            part = self._waiter.next_part()
        while part is not None:
            yield result_value(part)
            with self._engine.dispatcher.asking():
                part = self._waiter.next_part()
        self._waiter.final(None)

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the final result; drop the progressive ones not taken yet.

        Args:
            timeout: Seconds to wait; None waits for ever.

        Raises:
            ApplicationError: The call ended in an ERROR; `CallCanceled` if it was
                canceled.
            CallTimeout: No answer came within *timeout*; the call is canceled.
            ConnectionLost: The connection ended before the answer came.
            TypeError, ValueError: *timeout* is no number of seconds.
        """
        if timeout is not None:
            check_seconds("timeout", timeout, least=0)
        try:
            with self._engine.dispatcher.asking():
                payload = self._waiter.final(timeout)
        except TimeoutError:
            problem = f"{self._procedure} did not answer within {timeout} seconds"
            self._waiter.fail(CallTimeout(errors.TIMEOUT, problem))
            self.cancel("killnowait")
            payload = self._waiter.final(None)
        return result_value(payload)

    def cancel(self, mode: CancelMode = "killnowait") -> None:
        """Ask the router to end the call; `result` then raises `CallCanceled`.

        Args:
            mode: ``skip`` does not interrupt the callee, ``kill`` interrupts it and
                waits for its answer, ``killnowait`` interrupts it and does not wait.

        Raises:
            TypeError, ValueError: *mode* is none of these.
        """
        check_choice("mode", mode, get_args(CancelMode))
        shared = self._engine.shared
        shared.tell(lambda core: core.cancel(self._number, self._waiter, mode))
