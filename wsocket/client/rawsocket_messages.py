"""What has come over RawSocket: messages, and what is answered at once."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from wsocket.core.net.held_back import HeldBack
from wsocket.errors import ProtocolError
from wsocket.wamp.transports.rawsocket_frames import (
    RawSocketEvent,
    RawSocketFailure,
    RawSocketPing,
    ReplyDecoder,
)


class RawSocketMessages:
    """The messages that wait to be received.

    Args:
        decoder: After the handshake.
        pong: Answers a PING with its payload.
    """

    def __init__(self, decoder: ReplyDecoder, pong: Callable[[bytes], object]) -> None:
        self._decoder = decoder
        self._pong = pong
        self._messages: deque[bytes] = deque()

    def __bool__(self) -> bool:
        return bool(self._messages)

    def feed(self, data: bytes) -> None:
        """Take what has been read.

        Raises:
            ProtocolError: The router broke the protocol.
        """
        events = self._decoder.feed(data)
        while events:
            for event in events:
                self._take(event)
            held_back = isinstance(events[-1], HeldBack)
            events = self._decoder.feed(b"") if held_back else []

    def next(self) -> bytes:
        """The next message; b"" if there is none."""
        return self._messages.popleft() if self._messages else b""

    def _take(self, event: RawSocketEvent) -> None:
        if isinstance(event, bytes):
            self._messages.append(event)
        elif isinstance(event, RawSocketPing):
            self._pong(event.payload)
        elif isinstance(event, RawSocketFailure):
            raise ProtocolError(event.problem)
