"""Running a procedure of a client: from its payload to what is answered."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from wsocket.client.happenings import Invoked
from wsocket.client.log import logger
from wsocket.errors import ApplicationError, PayloadError, PayloadSizeExceeded
from wsocket.wamp.local.calling import EventDetails, UserFunction
from wsocket.wamp.local.encoding import Failure, payload_of, result_of, text_of
from wsocket.wamp.local.outcome import application_failure, failure_of
from wsocket.wamp.protocol import errors
from wsocket.wamp.serializers.base import Payload, Serializer

# What a generator may yield for a caller that wants one result only.
_GATHERED = 16 * 2**20  # bytes

SendProgress = Callable[[Payload], None]
"""Sends a progressive result."""


def run_procedure(
    invocation: Invoked, serializer: Serializer, progress: SendProgress
) -> Payload | Failure:
    """Run the procedure of an invocation; there is always an outcome."""
    handler: UserFunction = invocation.record.handler
    if invocation.canceled:
        return failure(errors.CANCELED, "canceled before it started", serializer)
    try:
        args, kwargs = arguments(handler, invocation.payload, invocation.details)
    except PayloadError as error:  # the caller's fault
        return failure(error.error, f"payload: {error}", serializer)
    try:
        value = handler.function(*args, **kwargs)
        if isinstance(value, Generator):
            return run_steps(value, invocation, serializer, progress)
        return result_of(value, serializer)
    except BaseException as error:
        return failure_in(handler, error, (args, kwargs), serializer)


def arguments(
    handler: UserFunction, payload: Payload, details: object
) -> tuple[list[Any], dict[str, Any]]:
    """What a handler is called with; raises PayloadError if that cannot be read."""
    args, kwargs = payload.values()
    if handler.wants_details:
        # A peer may have sent an argument of this name: it must not be trusted.
        kwargs["details"] = details
    return args, kwargs


def failure(error: str, problem: str, serializer: Serializer) -> Failure:
    """The ERROR with an explanation."""
    return application_failure(error, [problem], serializer=serializer)


def failure_in(
    handler: UserFunction,
    error: BaseException,
    given: tuple[list[Any], dict[str, Any]],
    serializer: Serializer,
) -> Failure:
    """The ERROR for what a procedure raised when it was called with *given*."""
    if isinstance(error, TypeError) and not handler.accepts(*given):
        return failure(errors.INVALID_ARGUMENT, text_of(error), serializer)
    return failure_of(error, serializer, repr(handler))


def run_steps(
    steps: Generator[Any, None, Any],
    invocation: Invoked,
    serializer: Serializer,
    progress: SendProgress,
) -> Payload | Failure:
    """Run a generator: each value is a progressive result, if the caller wants them.

    If not, the result is a list of the values, unless the generator returns something.
    """
    gathered = GatheredValues(serializer)
    wanted = invocation.details.progressive
    try:
        while not invocation.canceled:
            try:
                value = next(steps)
            except StopIteration as end:
                final = end.value
                if final is None and not wanted:
                    final = gathered.values
                return result_of(final, serializer)
            if wanted:
                progress(result_of(value, serializer))
            else:
                gathered.add(value)
    finally:
        steps.close()
    return failure(errors.CANCELED, "interrupted", serializer)


class GatheredValues:
    """What a generator has yielded for a caller that wants no progressive results."""

    def __init__(self, serializer: Serializer) -> None:
        self.values: list[Any] = []
        self._serializer = serializer
        self._bytes = 0

    def add(self, value: Any) -> None:
        """Add a value.

        Raises:
            ApplicationError: The list would become too long.
        """
        self._bytes += payload_of(self._serializer, [value]).size
        if self._bytes > _GATHERED:
            raise ApplicationError(
                PayloadSizeExceeded.error,
                f"a generator yields more than {_GATHERED} bytes: call it with "
                "receive_progress",
            )
        self.values.append(value)


def run_subscriber(
    handler: UserFunction, payload: Payload, details: EventDetails
) -> None:
    """Run the handler of an event; log the exception if it raises one."""
    try:
        args, kwargs = arguments(handler, payload, details)
    except PayloadError as error:  # the publisher's fault
        logger().warning("an event is not delivered to %r: %s", handler, error)
        return
    try:
        handler.function(*args, **kwargs)
    except BaseException:
        logger().exception("the subscriber %r failed", handler)
