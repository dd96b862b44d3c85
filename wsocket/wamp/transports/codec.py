"""What transports with one message in each frame share: messages to frames."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.core.stream import Droppable
from wsocket.wamp.serializers import Payload, Serializer


class FrameCodec:
    """Frames of one serializer; every session that speaks it shares this.

    Args:
        frame: Puts the bytes of a message into a frame, or raises
            `PayloadSizeExceeded`.
    """

    __slots__ = ("_frame", "serializer")

    def __init__(self, serializer: Serializer, frame: Callable[[bytes], bytes]) -> None:
        self.serializer = serializer
        self._frame = frame

    def encode(self, head: list[Any], payload: Payload | None) -> bytes:
        """The frame of a message that must arrive; PayloadError if it cannot be
        written.
        """
        if payload is not None:
            head = head + payload.to(self.serializer)
        return self._frame(self.serializer.encode(head))

    def encode_event(self, head: list[Any], payload: Payload) -> Droppable:
        """The frame of an EVENT, which a receiver that is too slow may lose."""
        message = head + payload.to(self.serializer)
        return Droppable(self._frame(self.serializer.encode(message)))
