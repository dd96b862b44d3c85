"""User code that runs for a call or an event, and what its outcome means."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, NamedTuple

from wsocket.errors import ApplicationError, PayloadError
from wsocket.log import logger
from wsocket.wamp.protocol import errors
from wsocket.wamp.protocol.uris import UriRules
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

_URIS = UriRules()


class CallResult(NamedTuple):
    """A result with several values, of a procedure or of a call."""

    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = {}


@dataclass(frozen=True)
class CallDetails:
    """Passed to a procedure that has a parameter named ``details``.

    The identity of the caller is None if it is not disclosed.

    Attributes:
        progressive: Whether the caller wants progressive results.
    """

    procedure: str
    caller: int | None = None
    caller_authid: str | None = None
    caller_authrole: str | None = None
    trustlevel: int | None = None
    progressive: bool = False


@dataclass(frozen=True)
class EventDetails:
    """Passed to a subscriber that has a parameter named ``details``.

    The identity of the publisher is None if it is not disclosed.
    """

    topic: str
    publication: int
    publisher: int | None = None
    publisher_authid: str | None = None
    publisher_authrole: str | None = None
    trustlevel: int | None = None
    retained: bool = False


class Interruption:
    """Whether the router has asked a running procedure to end."""

    __slots__ = ("requested",)

    def __init__(self) -> None:
        self.requested = False


class Failure(NamedTuple):
    """The ERROR in which a procedure ended: URI and payload."""

    error: str
    payload: Payload


class UserHandler:
    """A function of the application, registered or subscribed under *uri*."""

    def __init__(self, function: Callable[..., Any], uri: str) -> None:
        if inspect.iscoroutinefunction(function):
            raise TypeError(
                f"the handler of {uri!r} is an async function; it must be a plain "
                "function or a generator"
            )
        self.function = function
        self.uri = uri
        self._signature = _signature(function)
        self._wants_details = (
            self._signature is not None and "details" in self._signature.parameters
        )

    def __repr__(self) -> str:
        name = getattr(self.function, "__qualname__", repr(self.function))
        return f"{name} ({self.uri})"

    def invoke(
        self,
        payload: Payload,
        details: CallDetails,
        *,
        progress: Callable[[Payload], None],
        interruption: Interruption,
    ) -> Payload | Failure:
        """Run the function for a call. There is always an answer, also if it raises.

        Args:
            progress: Sends a progressive result.
            interruption: Checked after each step of a generator.
        """
        try:
            args, kwargs = self._arguments(payload, details)
        except PayloadError as error:  # the caller's fault
            return _failure(error.error, [f"payload: {error}"])
        try:
            result = self.function(*args, **kwargs)
            if isinstance(result, Generator):
                wanted = progress if details.progressive else None
                return _run_generator(result, wanted, interruption)
            return _result(result)
        except ApplicationError as error:
            return _failure(error.error, error.args, error.kwargs)
        except KeyboardInterrupt:  # the process ends
            raise
        except BaseException as error:  # such as gevent.Timeout or SystemExit
            if isinstance(error, TypeError) and not self._accepts(payload, details):
                return _failure(errors.INVALID_ARGUMENT, [str(error)])
            logger.exception("the procedure %r failed", self)
            return _failure(errors.RUNTIME_ERROR, [str(error)])

    def notify(self, payload: Payload, details: EventDetails) -> None:
        """Run the function for an event; log the exception if it raises one."""
        try:
            args, kwargs = self._arguments(payload, details)
        except PayloadError as error:  # the publisher's fault
            logger.warning("an event is not delivered to %r: %s", self, error)
            return
        try:
            self.function(*args, **kwargs)
        except KeyboardInterrupt:
            raise
        except BaseException:
            logger.exception("the subscriber %r failed", self)

    def _arguments(
        self, payload: Payload, details: CallDetails | EventDetails
    ) -> tuple[list[Any], dict[str, Any]]:
        args, kwargs = payload.values()
        if self._wants_details:
            # A peer may have sent an argument of this name: it must not be trusted.
            kwargs["details"] = details
        return args, kwargs

    def _accepts(self, payload: Payload, details: CallDetails) -> bool:
        """Whether this payload fits the parameters of the function."""
        if self._signature is None:
            return True
        args, kwargs = self._arguments(payload, details)
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError:
            return False
        return True


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none
        return None


def _run_generator(
    steps: Generator[Any, None, Any],
    progress: Callable[[Payload], None] | None,
    interruption: Interruption,
) -> Payload | Failure:
    """Run a generator procedure: the values that it yields are progressive results.

    If the caller wants no progressive results, the result is a list of these values,
    unless the generator returns something.
    """
    gathered: list[Any] = []
    with closing(steps):
        while not interruption.requested:
            try:
                value = next(steps)
            except StopIteration as end:
                if end.value is None and progress is None:
                    return _result(gathered)
                return _result(end.value)
            if progress is None:
                gathered.append(value)
            else:
                progress(_result(value))
    return _failure(errors.CANCELED, ["interrupted"])


def _result(value: Any) -> Payload:
    if isinstance(value, CallResult):
        return Payload.of(MESSAGEPACK, value.args, value.kwargs)
    # A procedure without a result answers without a payload.
    return Payload.of(MESSAGEPACK, [] if value is None else [value])


def _failure(
    error: str, args: Sequence[Any], kwargs: Mapping[str, Any] | None = None
) -> Failure:
    if not (isinstance(error, str) and _URIS.valid(error)):
        problem = f"the procedure's error is not a URI: {error!r:.100}"
        logger.error("%s", problem)
        error, args, kwargs = errors.RUNTIME_ERROR, [problem], None
    try:
        return Failure(error, Payload.of(MESSAGEPACK, args, kwargs))
    except PayloadError as problem:
        text = [str(item) for item in args]
        logger.warning("the payload of %s is sent as text: %s", error, problem)
        return Failure(error, Payload.of(MESSAGEPACK, text))
