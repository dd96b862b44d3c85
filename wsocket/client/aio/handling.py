"""Running handlers on an event loop: coroutines there, plain functions in threads."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from typing import Any

from wsocket.client.happenings import Happened, Invoked
from wsocket.client.procedure_run import GatheredValues, arguments, failure, failure_in
from wsocket.core.functions import how_async
from wsocket.errors import PayloadError
from wsocket.log import logger
from wsocket.wamp.local.calling import UserFunction
from wsocket.wamp.local.encoding import Failure, result_of
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload, Serializer

AsyncProgress = Callable[[Payload], Awaitable[None]]
"""Sends a progressive result."""


async def run_async_procedure(
    invocation: Invoked, serializer: Serializer, progress: AsyncProgress
) -> Payload | Failure:
    """Run the procedure of an invocation; there is always an outcome."""
    handler: UserFunction = invocation.record.handler
    try:
        args, kwargs = arguments(handler, invocation.payload, invocation.details)
    except PayloadError as error:  # the caller's fault
        return failure(error.error, f"payload: {error}", serializer)
    try:
        value = await _called(handler, args, kwargs)
        if isinstance(value, AsyncIterator):
            return await _run_steps(value, invocation, serializer, progress)
        return result_of(value, serializer)
    except asyncio.CancelledError:
        return failure(errors.CANCELED, "interrupted", serializer)
    except BaseException as error:
        return failure_in(handler, error, (args, kwargs), serializer)


async def run_async_subscriber(event: Happened) -> None:
    """Run the handler of an event; log the exception if it raises one."""
    handler: UserFunction = event.record.handler
    try:
        args, kwargs = arguments(handler, event.payload, event.details)
    except PayloadError as error:  # the publisher's fault
        logger.warning("an event is not delivered to %r: %s", handler, error)
        return
    try:
        await _called(handler, args, kwargs)
    except Exception:
        logger.exception("the subscriber %r failed", handler)


async def _called(
    handler: UserFunction, args: list[Any], kwargs: dict[str, Any]
) -> Any:
    """What the function returns; a generator as an asynchronous one."""
    if how_async(handler.function):
        value = handler.function(*args, **kwargs)
    else:
        value = await asyncio.to_thread(handler.function, *args, **kwargs)
    if inspect.isawaitable(value):
        value = await value
    return _in_threads(value) if isinstance(value, Generator) else value


async def _in_threads(steps: Generator[Any, None, Any]) -> AsyncIterator[Any]:
    """The values of a plain generator, and then what it returns, as `_Returned`."""
    try:
        while True:
            done, value = await asyncio.to_thread(_step, steps)
            if done:
                yield _Returned(value)
                return
            yield value
    finally:
        await asyncio.to_thread(steps.close)


def _step(steps: Generator[Any, None, Any]) -> tuple[bool, Any]:
    try:
        return False, next(steps)
    except StopIteration as end:
        return True, end.value


class _Returned:
    """What a plain generator has returned; an asynchronous one cannot."""

    def __init__(self, value: Any) -> None:
        self.value = value


async def _run_steps(
    steps: AsyncIterator[Any],
    invocation: Invoked,
    serializer: Serializer,
    progress: AsyncProgress,
) -> Payload | Failure:
    gathered = GatheredValues(serializer)
    wanted, final = invocation.details.progressive, None
    try:
        async for value in steps:
            if isinstance(value, _Returned):
                final = value.value
            elif wanted:
                await progress(result_of(value, serializer))
            else:
                gathered.add(value)
    finally:
        if inspect.isasyncgen(steps):
            await steps.aclose()
    if final is None and not wanted:
        final = gathered.values
    return result_of(final, serializer)
