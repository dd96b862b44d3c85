"""The closing handshake, and the answers that RFC 6455 demands.

Nothing here reads or writes. A driver (`blocking` or `on_loop`) feeds what it has read,
and writes the bytes that it gets.
"""

from __future__ import annotations

from collections.abc import Callable

from wsocket.core.net.outbox import Frame
from wsocket.core.websocket import frames
from wsocket.core.websocket.deflate import DeflateParameters, Deflater, Inflater
from wsocket.core.websocket.events import Close, Ping, WebSocketEvent
from wsocket.core.websocket.frames import FrameDecoder
from wsocket.errors import ProtocolError, WebSocketClosed

# Shorter payloads hardly shrink, and the receiver would have to inflate them.
_WORTH_COMPRESSING = 64  # bytes


class WebSocketProtocol:
    """The server's side of one websocket, without its transport.

    The driver handles the events of `feed` in their order, and gives every `Ping`,
    `Close` and `ProtocolError` to `answer`. Only then such an event takes effect: what
    the messages before it cause can still be sent. The driver writes all bytes that it
    gets in the order of the calls. Compression is stateful, so `message` and the write
    that follows belong under one lock. When `closed` is true and everything is written,
    the driver drops the transport.

    Args:
        max_message_size: Bytes that a received message may have.
        deflate: The parameters of permessage-deflate; None for no compression.

    Attributes:
        open: Whether messages may be sent.
        decoder: Decodes what was read.
        feed: ``feed(data)`` is that of the decoder.
    """

    __slots__ = (
        "_broken",
        "_close_received",
        "_close_sent",
        "_code",
        "_deflater",
        "_reason",
        "decoder",
        "feed",
        "open",
    )

    def __init__(
        self, *, max_message_size: int, deflate: DeflateParameters | None = None
    ) -> None:
        self.open = True
        self.decoder = FrameDecoder(
            max_message_size=max_message_size,
            inflater=Inflater(deflate) if deflate else None,
        )
        self.feed: Callable[[bytes], list[WebSocketEvent]] = self.decoder.feed
        self._deflater = Deflater(deflate) if deflate else None
        self._close_sent = False
        self._close_received = False
        self._broken = False  # failed or lost: no closing handshake any more
        self._code = frames.ABNORMAL_CLOSURE
        self._reason = ""

    @property
    def close_sent(self) -> bool:
        """Whether a Close frame was handed out."""
        return self._close_sent

    @property
    def close_received(self) -> bool:
        """Whether the peer's Close frame was answered."""
        return self._close_received

    @property
    def closed(self) -> bool:
        """Whether nothing more can come: closed by both sides, failed, or lost."""
        return self._broken or (self._close_sent and self._close_received)

    @property
    def close_code(self) -> int:
        """Why the connection is not open, for `WebSocketClosed` (section 7.1.5).

        The peer's code (1005 if it sent none), or the code with which the connection
        failed. Before the peer's Close comes, the code with which we closed. Else 1006.
        """
        return self._code

    @property
    def close_reason(self) -> str:
        """The reason that came with `close_code`; "" for no reason."""
        return self._reason

    def message(
        self, message: object, *, binary: bool | None = None, compress: bool = True
    ) -> Frame:
        """The frame of a message, compressed if that was agreed on and is worth it.

        Args:
            binary: Overrides the type: true sends a str as a binary message (UTF-8),
                false sends bytes as text.
            compress: False sends it as it is.

        Raises:
            WebSocketClosed: The connection is not open.
            ValueError: The text is not valid UTF-8, or a str has no UTF-8 form.
            TypeError: *message* is neither str nor bytes.
        """
        self._check_open()
        opcode, payload = _typed(message, binary)
        first = frames.FIN | opcode
        worth_it = compress and len(payload) >= _WORTH_COMPRESSING
        if worth_it and self._deflater is not None:
            first |= frames.RSV1
            payload = self._deflater.compress(payload)
        if len(payload) < frames.WORTH_PARTS:
            return frames.encode_unmasked(first, payload)
        return frames.encode_header(first, len(payload)), payload

    def ping(self, payload: bytes = b"") -> bytes:
        """A Ping frame.

        Raises:
            WebSocketClosed: The connection is not open.
            ValueError: *payload* is longer than 125 bytes (RFC 6455 section 5.5).
        """
        if len(payload) > frames.MAX_CONTROL_PAYLOAD:
            raise ValueError(
                f"ping payload is {len(payload)} bytes, "
                f"at most {frames.MAX_CONTROL_PAYLOAD} fit"
            )
        self._check_open()
        return frames.encode_frame(frames.PING, payload)

    def answer(self, event: Ping | Close | ProtocolError) -> bytes:
        """What to send because of *event*; nothing after our Close was sent."""
        if isinstance(event, Ping):
            if not self.open:
                return b""
            return frames.encode_frame(frames.PONG, event.payload)
        if isinstance(event, Close):
            return self._receive_close(event)
        return self._fail(event)

    def close(self, code: int = frames.NORMAL_CLOSURE, reason: str = "") -> bytes:
        """Start the closing handshake (section 7.1.2); later calls return no bytes.

        Args:
            reason: At most 123 bytes of UTF-8.

        Raises:
            ValueError: *code* or *reason* may not be sent; nothing has changed.
        """
        frames.check_close(code, reason)
        if not self.open:
            return b""
        self._code = code
        self._reason = reason
        return self._send_close(code, reason)

    def lost(self) -> None:
        """The transport has ended, or is about to be dropped."""
        if not (self._broken or self._close_received):
            self._code = frames.ABNORMAL_CLOSURE
            self._reason = ""
        self._break()

    def free(self) -> None:
        """The transport has ended, and nobody sends or feeds: keep nothing for it."""
        self._deflater = None
        self.decoder.end()

    def closed_error(self) -> WebSocketClosed:
        """The exception for whoever uses the websocket after it was closed."""
        return WebSocketClosed(self._code, self._reason)

    def _check_open(self) -> None:
        if not self.open:
            raise self.closed_error()

    def _receive_close(self, event: Close) -> bytes:
        if self._broken or self._close_received:
            return b""
        self._close_received = True
        self._code = event.code
        self._reason = event.reason
        return self._send_close(event.code, "")

    def _fail(self, error: ProtocolError) -> bytes:
        """Fail the connection (section 7.1.7)."""
        if self._broken:
            return b""
        self._break()
        self._code = error.code
        self._reason = error.problem
        fitting = error.problem.encode()[: frames.MAX_REASON].decode(errors="ignore")
        return self._send_close(error.code, fitting)

    def _break(self) -> None:
        self._broken = True
        self.open = False

    def _send_close(self, code: int, reason: str) -> bytes:
        if self._close_sent:
            return b""
        self._close_sent = True
        self.open = False
        return frames.encode_close(code, reason)


def _typed(message: object, binary: bool | None) -> tuple[int, bytes]:
    """Opcode and payload of a message; raises as `WebSocketProtocol.message`."""
    if isinstance(message, str):
        return frames.BINARY if binary else frames.TEXT, message.encode()
    if not isinstance(message, bytes | bytearray | memoryview):
        raise TypeError(f"message must be str or bytes, got {type(message).__name__}")
    payload = bytes(message)
    if binary is False:
        try:
            str(payload, "utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"text message is not UTF-8: {error}") from None
        return frames.TEXT, payload
    return frames.BINARY, payload
