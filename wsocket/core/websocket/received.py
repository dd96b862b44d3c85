"""What a plain websocket has read, and its handler got, told to whom it is charged."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from sys import getsizeof
from typing import Final

from wsocket.core.budget import STEP
from wsocket.core.websocket.events import WebSocketEvent
from wsocket.core.websocket.frames import FrameDecoder

# A read of less bytes becomes less than a step, also if it has nothing but messages
# without contents. If they are compressed, it may become anything.
_WORTH_WEIGHING: Final = 1024


class Received:
    """The messages that came, until the handler wants the one after them.

    A handler has a message for as long as it works on it. It may be one of hundreds
    that are slow, or that wait until their clients read.

    Args:
        read_ahead: What was read before; decoded when `feed` is called.
        tell: Told how many bytes are kept; false if they are to be given up. Whoever
            calls may have to wait until there is room.

    Attributes:
        events: What was decoded, and the handler has not got.
        told: How many bytes were told of; 0 if they are too few.
    """

    __slots__ = ("_decoder", "_tell", "_worth", "events", "told")

    def __init__(
        self,
        decoder: FrameDecoder,
        read_ahead: bytes,
        *,
        tell: Callable[[int], bool] | None,
    ) -> None:
        self.events: deque[WebSocketEvent] = deque(decoder.hold(read_ahead))
        self._decoder = decoder
        self._tell = tell
        self.told = 0
        self._worth = 0 if decoder.inflates else _WORTH_WEIGHING
        if tell is not None:
            decoder.grows = self._grows

    def feed(self, data: bytes) -> bool:
        """Decode what was read, or with no bytes what was held back.

        Returns:
            Whether `weigh` has to be called, when the caller has freed what it read.
        """
        decoder = self._decoder
        self.events.extend(decoder.feed(data))
        return bool(len(data) >= self._worth or decoder.gathered or self.told)

    def weigh(self) -> None:
        """Tell what is kept; this may have to wait until there is room.

        A handler that wants more is done with what it has got.
        """
        size = self._decoder.held
        for event in self.events:
            size += getsizeof(event)
        self._grows(size)

    def _grows(self, size: int) -> bool:
        self.told = size = size if size >= STEP else 0
        return self._tell is None or self._tell(size)
