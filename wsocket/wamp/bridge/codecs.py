"""What the links of the bridge make of the router's messages."""

from __future__ import annotations

from typing import Any

from msgspec import Raw

from wsocket.core.net.outbox import Droppable
from wsocket.wamp.bridge.answers import values
from wsocket.wamp.bridge.sse import event
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.json import JSON

HeadAndParts = tuple[list[Any], list[Raw]]
"""A message of the router: everything before its payload, and the payload in JSON."""


class PartsCodec:
    """Messages stay objects; payloads become JSON.

    Args:
        topic: Of events that do not say it, because they are all of one topic.
    """

    serializer = JSON

    def __init__(self, topic: str = "") -> None:
        self._topic = topic

    def encode(self, head: list[Any], payload: Payload | None) -> HeadAndParts:
        """A message that must arrive; see `Codec`."""
        return head, [] if payload is None else payload.to(JSON)

    def encode_event(self, head: list[Any], payload: Payload) -> Droppable:
        """An EVENT as server-sent event."""
        _, _, publication, details = head
        args, kwargs = values(payload.to(JSON))
        topic = details.get("topic", self._topic)
        return Droppable(event(publication, topic, details, args=args, kwargs=kwargs))
