"""A websocket connection on the I/O loop: what a subprotocol gets."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from wsocket.core.net.held_back import HELD_BACK, HeldBack
from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop
from wsocket.core.net.memory import Memory
from wsocket.core.net.stream import Stream
from wsocket.core.net.throttle import Throttle
from wsocket.core.websocket.events import Close, Ping, Pong, WebSocketEvent
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.errors import ProtocolError
from wsocket.log import logger


class Receiver(Protocol):
    """Who gets the messages of a websocket; on the loop, so nothing here may block."""

    def message_received(self, message: str | bytes) -> None:
        """A text (str) or binary (bytes) message."""

    def lost(self, code: int, reason: str) -> None:
        """The connection is over; called once, and nothing follows it."""


class WebSocketStream(Stream):
    """One websocket on the loop; every method runs on the loop's thread."""

    __slots__ = ("_protocol", "_receiver")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        protocol: WebSocketProtocol,
        *,
        limits: Limits,
        memory: Memory,
        throttle: Throttle | None = None,
        on_end: Callable[[WebSocketStream], None] | None = None,
    ) -> None:
        super().__init__(
            loop, sock, limits=limits, memory=memory, throttle=throttle, on_end=on_end
        )
        self._protocol = protocol
        self._receiver: Receiver | None = None

    def open(self, receiver: Receiver, read_ahead: bytes = b"") -> None:
        """Start reading for *receiver*; *read_ahead* was read by the server already."""
        self._receiver = receiver
        self.start(read_ahead)

    def ping(self) -> None:
        """Send a Ping frame (RFC 6455 section 5.5.2)."""
        if self._protocol.open:
            self.write(self._protocol.ping())

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Start the closing handshake (RFC 6455 section 7.1.2); later calls do nothing.

        Raises:
            ValueError: *code* or *reason* is invalid; nothing was sent.
        """
        frame = self._protocol.close(code, reason)
        if frame and self.alive:
            self.write(frame)
            self.begin_close()

    # What the stream asks of its subclass

    def decode(self, data: bytes) -> list[WebSocketEvent]:
        """The messages and control frames that *data* completes."""
        decoder = self._protocol.decoder
        events = decoder.feed(data)
        # While there is more to decode, all of it is kept.
        later = bool(events) and events[-1] is HELD_BACK
        self.gathered = decoder.held if later else decoder.gathered
        return events

    def event_received(self, event: WebSocketEvent) -> None:
        """Hand a message to the receiver; answer a control frame."""
        if isinstance(event, (str, bytes)):
            receiver = self._receiver
            if receiver is not None and self._protocol.open:  # it may have just ended
                receiver.message_received(event)
        elif isinstance(event, Ping):
            if self._protocol.open:
                self.write(self._protocol.answer(event))
        elif isinstance(event, HeldBack):
            self.decode_later()
        elif not isinstance(event, Pong):
            self._peer_ended(event)

    def abort(self) -> None:
        """Close with 1011, "internal error" (RFC 6455 section 7.4.1)."""
        self.close(1011, "internal error")

    def lost(self) -> None:
        """The TCP connection is over, whoever ended it."""
        self._protocol.lost()
        self._protocol.free()
        self._tell_lost()

    def _peer_ended(self, event: Close | ProtocolError) -> None:
        """The peer closes, or broke the protocol: answer, then end the connection."""
        answer = self._protocol.answer(event)
        if answer:
            self.write(answer)
        self.close_sending()
        # Nothing more will come, so the receiver can free what it holds.
        self._tell_lost()

    def _tell_lost(self) -> None:
        """Tell the receiver, once, that the connection is over."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            protocol = self._protocol
            try:
                receiver.lost(protocol.close_code, protocol.close_reason)
            except Exception:
                logger.exception("ending a connection failed")
