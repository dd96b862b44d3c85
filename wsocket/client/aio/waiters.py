"""How coroutines wait for answers of the router; all on one event loop."""

from __future__ import annotations

import asyncio
from typing import Any

from wsocket.client.call_answers import CallAnswers
from wsocket.client.one_answer import OneAnswer
from wsocket.wamp.serializers.base import Payload


class AsyncWaiter(OneAnswer):
    """One answer for one coroutine."""

    def __init__(self) -> None:
        self._there = asyncio.Event()
        super().__init__(self._there)

    async def wait(self) -> Any:
        """Wait for the answer, or raise the exception that came in place of it."""
        await self._there.wait()
        return self._outcome()


class AsyncCallWaiter:
    """The answers of one call, for one coroutine."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._answers = CallAnswers()

    def progress(self, payload: Payload) -> None:
        """Bring a progressive result."""
        self._answers.progress(payload)
        self._changed.set()

    def answer(self, payload: Payload) -> None:
        """Bring the final result."""
        self._answers.answer(payload)
        self._changed.set()

    def fail(self, error: Exception) -> None:
        """Bring an exception in place of a final result."""
        self._answers.fail(error)
        self._changed.set()

    async def next_part(self) -> Payload | None:
        """Wait for the next progressive result; None after the last one."""
        while self._answers.must_wait:
            await self._wait()
        return self._answers.take_part()

    async def final(self) -> Payload:
        """Wait for the final result; drop progressive ones."""
        while not self._answers.ended:
            self._answers.drop_parts()
            await self._wait()
        return self._answers.final()

    async def _wait(self) -> None:
        self._changed.clear()
        await self._changed.wait()
