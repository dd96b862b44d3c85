"""Links inside the router's process: messages pass as they are, not as bytes."""

from __future__ import annotations

from typing import Any

from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.msgpack import MESSAGEPACK

DirectMessage = tuple[list[Any], Payload]

NO_PAYLOAD = Payload(MESSAGEPACK, [])


class DirectCodec:
    """The codec of direct links."""

    serializer = MESSAGEPACK

    def encode(self, head: list[Any], payload: Payload | None) -> DirectMessage:
        """A message and its payload, in whatever serializer that came."""
        return head, payload or NO_PAYLOAD

    def encode_event(self, head: list[Any], payload: Payload) -> DirectMessage:
        """The same for an EVENT."""
        return head, payload


DIRECT = DirectCodec()


class _Never:
    """A deadline that does not come."""

    def cancel(self) -> None:
        """Nothing to do."""


NEVER = _Never()
