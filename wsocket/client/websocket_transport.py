"""WAMP over a websocket, in threads."""

from __future__ import annotations

import threading
from base64 import b64encode
from contextlib import suppress
from typing import NoReturn

from wsocket.client.byte_stream import ByteStream
from wsocket.client.dialing import dial, explained, problems, seconds_until
from wsocket.client.randomness import random_bytes
from wsocket.client.settings import ClientSettings
from wsocket.client.upgrade import (
    END,
    START,
    check_response,
    read_response,
    upgrade_request,
)
from wsocket.client.websocket_messages import WebSocketMessages
from wsocket.core.websocket.client_sending import masked_frame
from wsocket.core.websocket.opcodes import BINARY, CLOSE, PING, PONG, TEXT
from wsocket.errors import ConnectFailed

_NORMAL = (1000).to_bytes(2, "big")  # close code

_CHUNK = 65536  # bytes

# The longest head of a response to our request for an upgrade, in bytes.
_LONGEST_RESPONSE = 65536

_LONGEST_BODY = 4096  # bytes of it that are read


class BlockingWebSocket:
    """A connection; one thread calls `receive`, any thread the others.

    Attributes:
        max_size: The largest message that the router takes; it does not say.
        code: The close code that the router sent; None before, or if it sent none.
    """

    max_size: int | None = None
    pings = True

    def __init__(self, stream: ByteStream, settings: ClientSettings) -> None:
        self.code: int | None = None
        self._stream = stream
        self._kind = BINARY if settings.codec.binary else TEXT
        self._messages = WebSocketMessages(
            self._kind, limit=settings.max_message_size, pong=self._pong
        )
        self._sending = threading.Lock()
        self._closed = False  # whether Close was sent, after which nothing may be sent

    def send(self, data: bytes) -> None:
        """Send a message; raises OSError if the connection is broken."""
        self._send_frame(self._kind, data)

    def ping(self) -> None:
        """Ask whether the router is there; raises as `send` does."""
        self._send_frame(PING, b"")

    def settimeout(self, timeout: float | None) -> None:
        """How many seconds `receive` may take; None for ever."""
        self._stream.settimeout(timeout)

    def receive(self) -> bytes | None:
        """The next message; b"" if there is a sign of life only; None at the end.

        Raises:
            OSError: The connection is broken.
            ProtocolError: The router broke the protocol.
        """
        messages = self._messages
        if not messages and not messages.closed:
            data = self._stream.recv(_CHUNK)
            if not data:
                return None
            messages.feed(data)
        if messages or not messages.closed:
            return messages.next()
        self.code = messages.code
        # The router was first, and waits for our Close (section 5.5.1), or is gone.
        with suppress(OSError):
            self.close()
        return None

    def close(self) -> None:
        """Say that nothing more comes; raises OSError as `send` does."""
        self._send_frame(CLOSE, _NORMAL)

    def shutdown(self) -> None:
        """End the connection at once: `receive` returns, and `send` fails."""
        self._stream.shutdown()

    def release(self) -> None:
        """Give its descriptor back; nobody uses it any more."""
        self._stream.close()

    def _send_frame(self, opcode: int, payload: bytes) -> None:
        frame = masked_frame(opcode, payload, random_bytes(4))
        with self._sending:
            if not self._closed:
                self._closed = opcode == CLOSE
                self._stream.sendall(frame)

    def _pong(self, payload: bytes) -> None:
        self._send_frame(PONG, payload)


def open_websocket(settings: ClientSettings, deadline: float) -> BlockingWebSocket:
    """Connect, and shake hands.

    Args:
        deadline: A time of `time.monotonic`.

    Raises:
        ConnectFailed: That failed; the message says why.
    """
    stream = dial(settings, deadline)
    try:
        with explained(settings):
            _shake_hands(stream, settings, deadline)
            stream.settimeout(None)
        return BlockingWebSocket(stream, settings)
    except BaseException:
        stream.close()
        raise


def _shake_hands(stream: ByteStream, settings: ClientSettings, deadline: float) -> None:
    key = b64encode(random_bytes(16)).decode()
    stream.sendall(upgrade_request(settings, key))
    head = bytearray()
    while not head.endswith(END):  # behind it there may be a frame
        stream.settimeout(seconds_until(deadline))
        head += stream.recv(1) or _ended(settings)
        if not head.startswith(START[: len(head)]):  # it may send no more
            raise problems().another_protocol(bytes(head) + stream.ahead, settings)
        if len(head) > _LONGEST_RESPONSE:
            raise ConnectFailed(f"{settings.address.url}: the response is too long")
    response = read_response(bytes(head.removesuffix(END)), settings)
    body = b""
    if response.status != "101":
        body = _body(stream, min(response.length, _LONGEST_BODY), deadline)
    check_response(response, body, settings, key=key)


def _ended(settings: ClientSettings) -> NoReturn:
    raise problems().ended(settings)


def _body(stream: ByteStream, size: int, deadline: float) -> bytes:
    """What says why the server refuses; less if the connection ends before."""
    body = b""
    while len(body) < size:
        stream.settimeout(seconds_until(deadline))
        data = stream.recv(size - len(body))
        if not data:
            break
        body += data
    return body
