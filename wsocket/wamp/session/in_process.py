"""Links inside the router's process: messages are passed as objects, not as bytes."""

from __future__ import annotations

from typing import Any

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


class _Never:
    """A deadline that never comes."""

    def cancel(self) -> None:
        """Nothing to do."""


NEVER = _Never()
