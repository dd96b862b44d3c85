"""A websocket connection on the I/O loop: what a subprotocol gets."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Protocol

from wsocket.core.net.limits import Limits
from wsocket.core.net.loop import Loop
from wsocket.core.net.stream import Stream
from wsocket.core.websocket.frames import Close, Ping, Pong
from wsocket.core.websocket.protocol import WebSocketProtocol
from wsocket.errors import ProtocolError
from wsocket.log import logger


class Receiver(Protocol):
    """Who gets a channel's messages; on the loop, so nothing here may block."""

    def received(self, message: str | bytes) -> None:
        """A text (str) or binary (bytes) message."""

    def disconnected(self, code: int, reason: str) -> None:
        """The connection is over; called once, and nothing follows it."""


class Channel(Stream):
    """One websocket on the loop; every method runs on the loop's thread."""

    __slots__ = ("_connection", "_receiver")

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        connection: WebSocketProtocol,
        *,
        limits: Limits,
        on_end: Callable[[Channel], None] | None = None,
    ) -> None:
        super().__init__(loop, sock, limits=limits, on_end=on_end)
        self._connection = connection
        self._receiver: Receiver | None = None

    def open(self, receiver: Receiver, read_ahead: bytes = b"") -> None:
        """Start reading for *receiver*; *read_ahead* was read by the server already."""
        self._receiver = receiver
        self.start(read_ahead)

    def beat(self) -> None:
        """Ask the peer for a sign of life."""
        if self._connection.open:
            self.write(self._connection.ping())

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Start the closing handshake (RFC 6455 section 7.1.2); later calls do nothing.

        Raises:
            ValueError: *code* or *reason* is invalid; nothing was sent.
        """
        frame = self._connection.close(code, reason)
        if frame and self.alive:
            self.write(frame)
            self.seal()

    # What the stream asks of its subclass

    def received(self, data: bytes) -> None:
        """Decode bytes, and hand the messages to the receiver."""
        connection, receiver = self._connection, self._receiver
        events = connection.feed(data)
        if len(events) == 1:
            self._loop.handle_alone()
        middle = len(events) // 2
        for number, event in enumerate(events):
            if number == middle:
                self._loop.flush_early(number)
            if isinstance(event, (str, bytes)):
                if receiver is not None and connection.open:  # it may have just ended
                    receiver.received(event)
            elif isinstance(event, Ping):
                if connection.open:
                    self.write(connection.answer(event))
            elif not isinstance(event, Pong):
                self._peer_ended(event)

    def fail(self) -> None:
        """Handling bytes has raised."""
        self.close(1011, "internal error")

    def gone(self) -> None:
        """The TCP connection is over, whoever ended it."""
        self._connection.lost()
        self._tell_receiver()

    def _peer_ended(self, event: Close | ProtocolError) -> None:
        """The peer closes, or broke the protocol: answer, then end the connection."""
        answer = self._connection.answer(event)
        if answer:
            self.write(answer)
        self.finish()
        # Nothing more will come: what the receiver holds is free from now on.
        self._tell_receiver()

    def _tell_receiver(self) -> None:
        """The receiver is told once that the connection is over."""
        receiver, self._receiver = self._receiver, None
        if receiver is not None:
            connection = self._connection
            try:
                receiver.disconnected(connection.close_code, connection.close_reason)
            except Exception:
                logger.exception("ending a connection failed")
