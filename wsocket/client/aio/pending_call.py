"""A call under way, in the hands of a coroutine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any, get_args

from wsocket.client.aio.engine import AsyncEngine
from wsocket.client.aio.waiters import AsyncCallWaiter
from wsocket.core.checks import check_choice, check_seconds
from wsocket.errors import CallTimeout
from wsocket.wamp.local.results import result_value
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.client_messages import CallOptions, CancelMode
from wsocket.wamp.serializers.base import Payload


class AsyncPendingCall:
    """A call whose answer has not been taken yet.

    ``async for`` gives progressive results as they come, and ends with the call;
    `result` gives the final one.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        procedure: str,
        payload: Payload,
        options: CallOptions,
    ) -> None:
        self._engine = engine
        self._procedure = procedure
        self._waiter = AsyncCallWaiter()
        self._number = engine.do(
            lambda core: core.call(procedure, payload, options, self._waiter)
        )

    async def __aiter__(self) -> AsyncIterator[Any]:
        """Progressive results; an exception in place of the final one comes after."""
        while (part := await self._next_part()) is not None:
            yield result_value(part)
        await self._waiter.final()

    async def result(self, timeout: float | None = None) -> Any:
        """Wait for the final result; drop the progressive ones not taken yet.

        If the waiting task is canceled, so is the call.

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
                payload = await asyncio.wait_for(self._waiter.final(), timeout)
        except asyncio.TimeoutError:
            problem = f"{self._procedure} did not answer within {timeout} seconds"
            self._waiter.fail(CallTimeout(errors.TIMEOUT, problem))
            self.cancel()
            payload = await self._waiter.final()
        except asyncio.CancelledError:
            self.cancel()
            raise
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
        number, waiter = self._number, self._waiter
        self._engine.tell(lambda core: core.cancel(number, waiter, mode))

    async def _next_part(self) -> Payload | None:
        with self._engine.dispatcher.asking():
            return await self._waiter.next_part()
