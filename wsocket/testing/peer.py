"""A websocket of the test."""

from __future__ import annotations

import os
import select
import socket
from types import TracebackType
from typing import Final, TypeVar

from wsocket.core.websocket.client_sending import masked_frame
from wsocket.core.websocket.frames import (
    ABNORMAL_CLOSURE,
    BINARY,
    CLOSE,
    NO_STATUS_RECEIVED,
    NORMAL_CLOSURE,
    PING,
    PONG,
    TEXT,
)
from wsocket.core.websocket.server_frames import ServerFrame
from wsocket.errors import WebSocketClosed
from wsocket.testing.client_end import ClientEnd
from wsocket.testing.conversation import Conversation
from wsocket.testing.frames import WholeFrames
from wsocket.testing.world import TestedWorld

_MessageT = TypeVar("_MessageT")

# Real seconds that a handler gets to notice that its websocket is closed.
_ANSWERING: Final = 0.2


class Peer(ClientEnd[_MessageT]):
    """A websocket to the application. Leaving a ``with`` block closes it.

    Attributes:
        subprotocol: What was agreed on, or None.
        answers_pings: Whether the peer gives signs of life; set it to False to be a
            client whose network is cut.
    """

    def __init__(
        self,
        world: TestedWorld,
        sock: socket.socket,
        *,
        name: str,
        subprotocol: str | None,
        conversation: Conversation,
        timeout: float,
    ) -> None:
        self._frames = WholeFrames()
        self._close: tuple[int, str] | None = None  # what the application has sent
        self._close_sent = False
        self.subprotocol = subprotocol
        self.answers_pings = True
        super().__init__(
            world, sock, name=name, conversation=conversation, timeout=timeout
        )

    # For subclasses

    def _encode(self, message: _MessageT) -> str | bytes:
        """The websocket message for *message*."""
        raise NotImplementedError

    def _decode(self, data: str | bytes) -> _MessageT:
        """The opposite."""
        raise NotImplementedError

    # For tests

    def send(self, message: _MessageT) -> None:
        """Send a message.

        Raises:
            WebSocketClosed: The websocket is closed.
        """
        data = self._encode(message)
        self._conversation.sent(self._name, self._shown(message))
        if isinstance(data, str):
            self._write(TEXT, data.encode())
        else:
            self._write(BINARY, data)

    def ping(self, payload: bytes = b"") -> None:
        """Send a ping (RFC 6455 section 5.5.2)."""
        self._conversation.sent(self._name, f"ping {payload!r}")
        self._write(PING, payload)

    def receive_close(self, timeout: float | None = None) -> tuple[int, str]:
        """Wait until the application closes the websocket.

        Returns:
            Its close code and its reason (RFC 6455 section 7.1.5 and 7.1.6); 1006 for a
            connection that ended without a Close frame.

        Raises:
            ConversationFailure: It stays open, or there are messages that were not
                received.
        """
        self._wait_for_the_end(timeout)
        return self._close or (ABNORMAL_CLOSURE, "")

    def close(self, code: int = NORMAL_CLOSURE, reason: str = "") -> None:
        """Close the websocket, and wait until it is; later calls do nothing.

        Messages that come meanwhile can still be received.
        """
        if not (self._over or self._close_sent):
            self._send_close(code, reason)
        self._wait(lambda: self._over, "the end of the websocket", None)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None and not (self._over or self._close_sent):
            self._send_close(NORMAL_CLOSURE, "")
            self._world.settle(_ANSWERING)
        self.drop()

    def _ended(self) -> WebSocketClosed:
        error = WebSocketClosed(*(self._close or (ABNORMAL_CLOSURE, "")))
        return self._conversation.explained(error)

    def _write(self, opcode: int, payload: bytes) -> None:
        """Send a frame; wait while the application does not read."""
        if self._over or self._close_sent:
            raise self._ended()
        data = memoryview(masked_frame(opcode, payload, os.urandom(4)))
        self._world.activity.bytes += len(data)
        try:
            while data:
                data = data[self._send_some(data) :]
        except TimeoutError:
            raise self._failure(f"the application does not read {self._name}") from None
        except OSError:
            raise self._ended() from None

    def _send_some(self, data: memoryview) -> int:
        try:
            return self._sock.send(data)
        except BlockingIOError:
            poll = self._world.concurrency.poll()
            poll.register(self._sock.fileno(), select.POLLOUT)
            if not poll.poll(int(self._timeout * 1000)):
                raise TimeoutError from None
            return 0

    def _send_close(self, code: int, reason: str) -> None:
        self._conversation.sent(self._name, f"close {code} {reason}".rstrip())
        self._write(CLOSE, code.to_bytes(2, "big") + reason.encode())
        self._close_sent = True

    # Reading; on the loop

    def _fed(self, data: bytes) -> None:
        for frame in self._frames.feed(data):
            self._handle(frame)

    def _handle(self, frame: ServerFrame) -> None:
        opcode, payload = frame.opcode, frame.payload
        if opcode in (TEXT, BINARY):
            self._arrived(self._decode(payload.decode() if opcode == TEXT else payload))
        elif opcode == CLOSE:
            self._closed_by(payload)
        else:
            kind = "ping" if opcode == PING else "pong"
            self._conversation.received(self._name, f"{kind} {payload!r}")
            if opcode == PING and self.answers_pings:
                self._reply(PONG, payload)

    def _closed_by(self, payload: bytes) -> None:
        code = int.from_bytes(payload[:2], "big") if payload else NO_STATUS_RECEIVED
        reason = payload[2:].decode("utf-8", "replace")
        self._conversation.received(self._name, f"close {code} {reason}".rstrip())
        self._close = code, reason
        if not self._close_sent:
            self._close_sent = True
            self._reply(CLOSE, payload)

    def _reply(self, opcode: int, payload: bytes) -> None:
        """Answer a control frame, if the kernel takes it."""
        try:
            self._sock.send(masked_frame(opcode, payload, os.urandom(4)))
        except OSError as error:
            self._conversation.note(f"{self._name} could not answer: {error}")


class ClientWebSocket(Peer[str | bytes]):
    """A plain websocket to the application: text is str, binary is bytes."""

    def _encode(self, message: str | bytes) -> str | bytes:
        given: object = message
        if not isinstance(given, (str, bytes)):
            kind = type(given).__name__
            raise TypeError(f"message must be str or bytes, got {kind}")
        return given

    def _decode(self, data: str | bytes) -> str | bytes:
        return data

    def _shown(self, message: str | bytes) -> str:
        return repr(message)
