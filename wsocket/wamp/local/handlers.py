"""Functions of the application that run for a call or an event."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from wsocket.core.concurrency.ctrl_c import pass_on
from wsocket.errors import PayloadError
from wsocket.log import logger
from wsocket.wamp.local.calling import CallResult as CallResult
from wsocket.wamp.serializers.base import Payload


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


class UserHandler:
    """A function of the application, registered or subscribed under *uri*.

    Args:
        on_loop: Whether it runs on the loop, because it never blocks.

    Attributes:
        wants_details: Whether it has a parameter for them.

    Raises:
        TypeError: It is an async function; or a generator, which cannot run on the
            loop.
    """

    def __init__(
        self, function: Callable[..., Any], uri: str, *, on_loop: bool = False
    ) -> None:
        if _is(function, inspect.iscoroutinefunction, inspect.isasyncgenfunction):
            raise TypeError(
                f"the handler of {uri!r} is an async function; it must be a plain "
                "function or a generator"
            )
        if on_loop and _is(function, inspect.isgeneratorfunction):
            raise TypeError(
                f"the handler of {uri!r} is a generator, which takes its time: it "
                "cannot be registered with on_loop=True"
            )
        self.function = function
        self.uri = uri
        self.on_loop = on_loop
        self._signature = _signature(function)
        self.wants_details = (
            self._signature is not None and "details" in self._signature.parameters
        )
        self._name = _name_of(function)

    def __repr__(self) -> str:
        return f"{self._name} ({self.uri})"

    def notify(self, payload: Payload, details: EventDetails) -> None:
        """Run the function for an event; log the exception if it raises one."""
        try:
            args, kwargs = payload.values()
        except PayloadError as error:  # the publisher's fault
            logger.warning("an event is not delivered to %r: %s", self, error)
            return
        if self.wants_details:
            # A peer may have sent an argument of this name: it is not trusted.
            kwargs["details"] = details
        try:
            self.function(*args, **kwargs)
        except BaseException as error:  # such as gevent.Timeout or SystemExit
            logger.exception("the subscriber %r failed", self)
            pass_on(error)

    def accepts(self, args: list[Any], kwargs: dict[str, Any]) -> bool:
        """Whether these arguments fit the parameters of the function."""
        if self._signature is None:
            return True
        try:
            self._signature.bind(*args, **kwargs)
        except TypeError:
            return False
        return True


def _is(
    function: Callable[..., Any], *kinds: Callable[[Callable[..., Any]], bool]
) -> bool:
    """Whether *function*, or what an object does when it is called, is of one kind."""
    while isinstance(function, functools.partial):
        function = function.func
    called = getattr(type(function), "__call__", None)  # noqa: B004 - to look at it
    return any(kind(function) or (called and kind(called)) for kind in kinds)


def _name_of(function: Callable[..., Any]) -> str:
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else f"a {type(function).__qualname__}"


def _signature(function: Callable[..., Any]) -> inspect.Signature | None:
    try:
        return inspect.signature(function)
    except (TypeError, ValueError):  # some built-in functions have none
        return None
