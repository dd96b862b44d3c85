"""Links inside the router's process: messages are passed as objects, not as bytes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any

from msgspec import Raw

from wsocket.core.budget import Budget
from wsocket.wamp.protocol.client_messages import ABSENT
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

TRANSPORT = "in-process"
"""See `Link.transport`."""

DirectMessage = tuple[list[Any], Payload]

NO_PAYLOAD = Payload(MESSAGEPACK, [])


def as_fields(payload: Payload) -> tuple[Any, Any]:
    """Arguments and ArgumentsKw of a message of a session inside the process.

    The payload itself takes the place of its parts, in whatever serializer it is: in
    that of the receiver, it is never converted.
    """
    return payload, ABSENT


class InProcess:
    """MessagePack, and `as_fields`; the serializer of links inside the process."""

    name = MESSAGEPACK.name
    binary = True

    def __init__(self) -> None:
        self.decode = MESSAGEPACK.decode
        self.reread = MESSAGEPACK.reread
        self.decode_from_router = MESSAGEPACK.decode_from_router
        self.encode = MESSAGEPACK.encode
        self.explain = MESSAGEPACK.explain
        self.pieces = MESSAGEPACK.pieces
        self.unpack = MESSAGEPACK.unpack
        self.pack = MESSAGEPACK.pack
        self.weight = MESSAGEPACK.weight

    def payload(self, args: Raw | Payload, kwargs: Raw) -> Payload:
        """The payload of a message of a session inside the process."""
        if isinstance(args, Payload):
            return args
        return MESSAGEPACK.payload(args, kwargs)


IN_PROCESS = InProcess()


class DirectCodec:
    """The codec of links inside the process."""

    serializer = IN_PROCESS

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
