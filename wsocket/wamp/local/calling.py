"""How functions of an application are called: what they get, and what they may return.

The same for the application of a router and for clients. No part of the router is
imported here: a client would wait for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec import Struct

from wsocket.core.checks import check_list, refuse_type
from wsocket.core.functions import name_of


class _Values(NamedTuple):
    args: Sequence[Any] = ()
    kwargs: Mapping[str, Any] = {}


class CallResult(_Values):
    """A result with several values, of a procedure or of a call.

    Args:
        args: The positional values, in a list or a tuple.
        kwargs: The values with names.

    Raises:
        TypeError: They are something else.
    """

    __slots__ = ()

    def __new__(
        cls,
        args: Sequence[Any] = (),
        kwargs: Mapping[str, Any] = {},
    ) -> CallResult:
        check_list("args", args)
        if not isinstance(kwargs, Mapping):
            refuse_type("kwargs", "a mapping", kwargs)
        return super().__new__(cls, args, kwargs)


class CallDetails(Struct, frozen=True):
    """Passed to a procedure that has a parameter named ``details`` (Basic Profile,
    "INVOCATION").

    The identity of the caller is None if it is not disclosed (Advanced Profile, "Caller
    Identification").

    Attributes:
        procedure: The URI that was called, also where a pattern is registered.
        caller: The session ID of the caller, from 1 to 2^53.
        caller_authid: The name with which the caller logged in.
        caller_authrole: The role that its login gave it.
        trustlevel: That of the caller's `Role`, if it has one (Advanced Profile, "Call
            Trust Levels").
        progressive: Whether the caller wants progressive results (Advanced Profile,
            "Progressive Call Results").
    """

    procedure: str
    caller: int | None = None
    caller_authid: str | None = None
    caller_authrole: str | None = None
    trustlevel: int | None = None
    progressive: bool = False


class EventDetails(Struct, frozen=True):
    """Passed to a subscriber that has a parameter named ``details`` (Basic Profile,
    "EVENT").

    The identity of the publisher is None if it is not disclosed (Advanced Profile,
    "Publisher Identification").

    Attributes:
        topic: The URI that was published, also where a pattern is subscribed.
        publication: The ID of the event, the same for all of its subscribers.
        publisher: The session ID of the publisher, from 1 to 2^53.
        publisher_authid: The name with which the publisher logged in.
        publisher_authrole: The role that its login gave it.
        trustlevel: That of the publisher's `Role`, if it has one (Advanced Profile,
            "Publication Trust Levels").
        retained: Whether the event was published before the subscription, and kept
            (Advanced Profile, "Event Retention").
    """

    topic: str
    publication: int
    publisher: int | None = None
    publisher_authid: str | None = None
    publisher_authrole: str | None = None
    trustlevel: int | None = None
    retained: bool = False


class UserFunction:
    """A function that runs for the calls or the events of *uri*.

    Attributes:
        wants_details: Whether it has a parameter for them.
    """

    def __init__(self, function: Callable[..., Any], uri: str) -> None:
        self.function = function
        self.uri = uri
        self._signature = _signature(function)
        self.wants_details = (
            self._signature is not None and "details" in self._signature.parameters
        )
        self._name = name_of(function)

    def __repr__(self) -> str:
        return f"{self._name} ({self.uri})"

    def accepts(self, args: list[Any], kwargs: dict[str, Any]) -> bool:
        """Whether these arguments fit the parameters of the function."""
        if self._signature is None:
            return True
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
