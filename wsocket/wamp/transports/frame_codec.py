"""Messages to frames, for all transports with one message in each frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from wsocket.core.net.outbox import Droppable, Frame
from wsocket.core.websocket.frames import WORTH_PARTS
from wsocket.errors import PayloadSizeExceeded
from wsocket.wamp.serializers.base import Payload, Serializer, total_size


class FrameCodec:
    """Makes frames in one serializer; all sessions that speak it share this object.

    Args:
        frame: Puts the bytes of a message into a frame, or raises
            `PayloadSizeExceeded`.
        header: Makes what comes before a message of that many bytes, or raises the
            same. None if a frame is not just a header and the message.
        most: How many bytes a frame may have that must arrive (`Limits.outbox_bytes`).
    """

    __slots__ = ("_frame", "_header", "_most", "serializer")

    def __init__(
        self,
        serializer: Serializer,
        frame: Callable[[bytes], bytes],
        header: Callable[[int], bytes] | None = None,
        *,
        most: int,
    ) -> None:
        self.serializer = serializer
        self._frame = frame
        self._header = header
        self._most = most

    def encode(self, head: list[Any], payload: Payload | None) -> Frame:
        """The frame of a message that must arrive.

        Raises:
            PayloadError: *payload* has no form in this serializer.
            PayloadSizeExceeded: The message is too large.
        """
        if payload is None:
            return self._frame(self.serializer.encode(head))
        parts = payload.to(self.serializer)
        if self._header is None or total_size(parts) < WORTH_PARTS:
            frame = self._frame(self.serializer.encode(head + parts))
            self._check(len(frame))
            return frame
        pieces = [memoryview(each) for each in self.serializer.pieces(head, parts)]
        size = sum(map(len, pieces))
        header = self._header(size)
        self._check(size + len(header))
        return (header + pieces[0], *pieces[1:])

    def _check(self, size: int) -> None:
        """Refuse what would end the connection, because it may not wait there.

        Raises:
            PayloadSizeExceeded: It is too large.
        """
        if size > self._most:
            raise PayloadSizeExceeded(
                f"the message has {size} bytes, and {self._most} may wait for a "
                f"connection (Limits.outbox_bytes)"
            )

    def encode_event(self, head: list[Any], payload: Payload) -> Droppable:
        """The frame of an EVENT, which a receiver that is too slow may lose."""
        message = head + payload.to(self.serializer)
        return Droppable(self._frame(self.serializer.encode(message)))
