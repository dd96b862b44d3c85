"""Links inside the router's process: messages are passed as objects, not as bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from wsocket.core.budget import Budget
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

DirectMessage = tuple[list[Any], Payload]

NO_PAYLOAD = Payload(MESSAGEPACK, [])


class DirectCodec:
    """The codec of links inside the process."""

    serializer = MESSAGEPACK

    def encode(self, head: list[Any], payload: Payload | None) -> DirectMessage:
        """A message and its payload, in the serializer of its sender."""
        return head, payload or NO_PAYLOAD

    def encode_event(self, head: list[Any], payload: Payload) -> DirectMessage:
        """An EVENT and its payload."""
        return head, payload


DIRECT = DirectCodec()


def unlimited() -> Budget:
    """The budget of a session of this process itself."""
    return Budget("no limit", sys.maxsize)


def at_once(steps: Iterator[object], done: Callable[[], object]) -> None:
    """Take all *steps*, then call ``done()``: see `Runtime.in_turns`."""
    for _ in steps:
        pass
    done()


class _Never:
    """A deadline that never comes."""

    def cancel(self) -> None:
        """Nothing to do."""


NEVER = _Never()
