"""Bytes to messages and back: RFC 6455 framing, fragmentation, UTF-8, limits.

This is the server's side only: what comes must be masked, what is sent is not. Nothing
here reads, writes or waits. `FrameDecoder` is fed what was read, in any portions. It
reports a violation as soon as the offending byte is there.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from wsocket.core.net.held_back import HELD_BACK
from wsocket.core.websocket.deflate import Inflater
from wsocket.core.websocket.events import Close, Ping, Pong, WebSocketEvent
from wsocket.core.websocket.frame_header import OPCODE_NAMES, read_header
from wsocket.core.websocket.incoming_message import IncomingMessage, Utf8Validator
from wsocket.core.websocket.opcodes import BINARY as BINARY
from wsocket.core.websocket.opcodes import CLOSE as CLOSE
from wsocket.core.websocket.opcodes import CONTINUATION as CONTINUATION
from wsocket.core.websocket.opcodes import FIN as FIN
from wsocket.core.websocket.opcodes import MASKED as MASKED
from wsocket.core.websocket.opcodes import MAX_CONTROL_PAYLOAD as MAX_CONTROL_PAYLOAD
from wsocket.core.websocket.opcodes import OPCODE as OPCODE
from wsocket.core.websocket.opcodes import PING as PING
from wsocket.core.websocket.opcodes import PONG as PONG
from wsocket.core.websocket.opcodes import RESERVED_BITS as RESERVED_BITS
from wsocket.core.websocket.opcodes import RSV1 as RSV1
from wsocket.core.websocket.opcodes import TEXT as TEXT
from wsocket.core.websocket.unmasking import encode_header as encode_header
from wsocket.errors import ProtocolError

try:
    from wsocket.core.websocket._unmasking import apply_mask as apply_mask
    from wsocket.core.websocket._unmasking import encode_unmasked as encode_unmasked
    from wsocket.core.websocket._unmasking import take_messages
except ImportError:  # built without a C compiler
    from wsocket.core.websocket.unmasking import apply_mask as apply_mask
    from wsocket.core.websocket.unmasking import encode_unmasked as encode_unmasked
    from wsocket.core.websocket.unmasking import take_messages


MAX_REASON = MAX_CONTROL_PAYLOAD - 2  # bytes of UTF-8

NORMAL_CLOSURE = 1000
NO_STATUS_RECEIVED = 1005
ABNORMAL_CLOSURE = 1006
INVALID_DATA = 1007

# What a Close frame may have: RFC 6455 section 7.4 and its IANA registry (1012 to 1014
# came later), then the ranges for libraries and for private use.
CLOSE_CODES = frozenset(
    [*range(1000, 1004), *range(1007, 1015), *range(3000, 5000)],
)
_CLOSE_CODE_FIRST_BYTES = frozenset(code >> 8 for code in CLOSE_CODES)

_CONTROL_FIRST_BYTES = frozenset(FIN | opcode for opcode in (CLOSE, PING, PONG))
_CONTINUING = _CONTROL_FIRST_BYTES | {CONTINUATION, FIN | CONTINUATION}
_STARTING = _CONTROL_FIRST_BYTES | {TEXT, BINARY, FIN | TEXT, FIN | BINARY}
_STARTING_COMPRESSED = _STARTING | {
    RSV1 | TEXT,
    RSV1 | BINARY,
    FIN | RSV1 | TEXT,
    FIN | RSV1 | BINARY,
}

# Bytes from which on a view saves more time than it costs, and from which on a payload
# is sent without being copied.
_WORTH_A_VIEW = 8192
WORTH_PARTS: Final = 1 << 18

# Frames that one `feed` decodes, besides those of `take_messages`: 1 ms of work.
_UNUSUAL: Final = 256

# Messages after which one `feed` decodes no more: as objects, small ones take ten times
# as much memory as they came in.
_MOST: Final = 512

# Inflated bytes that the events of one `feed` have: about what they may have when
# nothing is compressed, for that is at most what was read. One message may have more.
_INFLATED: Final = 1 << 16


def check_close(code: object, reason: object = "") -> None:
    """Check what a caller wants to send in a Close frame.

    Raises:
        TypeError: *reason* is not a string.
        ValueError: *code* may not be sent, or *reason* has over 123 bytes of UTF-8.
    """
    if not isinstance(code, int) or code not in CLOSE_CODES:
        raise ValueError(
            "code: close code must be 1000-1003, 1007-1014 or 3000-4999 "
            f"(RFC 6455 section 7.4), got {code!r}"
        )
    if not isinstance(reason, str):
        kind = type(reason).__name__
        raise TypeError(f"reason: close reason must be a str, got {kind}")
    size = len(reason.encode())
    if size > MAX_REASON:
        raise ValueError(
            f"reason: close reason is {size} bytes of UTF-8, at most {MAX_REASON} fit"
        )


def encode_frame(
    opcode: int, payload: bytes, *, fin: bool = True, rsv1: bool = False
) -> bytes:
    """One unmasked frame; rules for fragments and control frames are not checked."""
    first = opcode | FIN if fin else opcode
    if rsv1:
        first |= RSV1
    return encode_unmasked(first, payload)


def encode_message(message: str | bytes, *, rsv1: bool = False) -> bytes:
    """One frame with a whole message: text for a str, binary for bytes.

    Raises:
        ValueError: A str has lone surrogates, and so no UTF-8 form.
    """
    if isinstance(message, str):
        return encode_frame(TEXT, message.encode(), rsv1=rsv1)
    return encode_frame(BINARY, message, rsv1=rsv1)


def encode_close(code: int, reason: str = "") -> bytes:
    """A Close frame; an empty one for 1005, which means "no code".

    Raises:
        ValueError: See `check_close`.
    """
    if code == NO_STATUS_RECEIVED:
        return encode_frame(CLOSE, b"")
    check_close(code, reason)
    return encode_frame(CLOSE, code.to_bytes(2, "big") + reason.encode())


class FrameDecoder:
    """Decodes what a client sends.

    A violation by the peer is not raised. It is the last event, a `ProtocolError`,
    after everything that was decoded before the offending byte. After it, and after a
    Close, all input is ignored.

    The decoder holds the incomplete message and an incomplete header; and what would
    inflate to too much, or take too long: after `HELD_BACK`, ``feed(b"")`` goes on.

    Args:
        max_message_size: Bytes that a message may have (text as UTF-8), inflated.
        inflater: Set if permessage-deflate was negotiated.

    Attributes:
        gathered: How many bytes of an incomplete message are held.
        grows: Asked whether a message that is being decoded may take so many bytes,
            from time to time, where one read may make much of little; None if nobody
            has to be asked.
    """

    __slots__ = (
        "_awaited",
        "_ended",
        "_final",
        "_inflated",
        "_inflater",
        "_kept",
        "_limit",
        "_mask",
        "_message",
        "gathered",
        "grows",
    )

    def __init__(
        self, *, max_message_size: int, inflater: Inflater | None = None
    ) -> None:
        self._limit = max_message_size
        self._inflater = inflater
        self._ended = False
        # An incomplete header or control frame, or what is held back from there on.
        self._kept = b""
        self._message: IncomingMessage | None = None
        # The incomplete data frame: payload bytes to come, its mask, rotated so that it
        # starts with the next of them, and whether the message ends with the frame.
        self._awaited = 0
        self._mask = b""
        self._final = True
        self._inflated = 0  # bytes of messages among the events
        self.gathered = 0
        self.grows: Callable[[int], bool] | None = None

    @property
    def inflates(self) -> bool:
        """Whether messages may be compressed."""
        return self._inflater is not None

    @property
    def held(self) -> int:
        """How many bytes are held, with what is held back."""
        return self.gathered + len(self._kept)

    def hold(self, data: bytes) -> list[WebSocketEvent]:
        """Take what was read, and decode it when ``feed(b"")`` is called."""
        self._kept += data
        return [HELD_BACK] if data else []

    def feed(self, data: bytes) -> list[WebSocketEvent]:
        """Take what was read; return the events that it completes, in their order."""
        events: list[WebSocketEvent] = []
        if self._ended:
            return events
        try:
            self._decode(data, events)
        except UnicodeDecodeError as error:
            problem = f"text is not UTF-8: {error.reason}"
            failure = ProtocolError(problem, code=INVALID_DATA)
        except ProtocolError as error:
            # A new one: the traceback of the one that was raised holds the input.
            failure = ProtocolError(error.problem, code=error.code)
        else:
            return events
        self.end()
        events.append(failure)
        return events

    def end(self) -> None:
        """Ignore all input from now on, and keep nothing."""
        self._ended = True
        self._kept = b""
        self._message = None
        self._inflater = None
        self.gathered = 0

    def _decode(self, data: bytes, events: list[WebSocketEvent]) -> None:
        self._inflated = 0
        if self._kept:
            data = self._kept + data
            self._kept = b""
        pos = self._payload(data, 0, events) if self._awaited else 0
        end = len(data)
        frames = 0
        while pos < end and not self._ended:
            if self._message is None:
                pos = take_messages(data, pos, self._limit, events, _MOST)
                if pos == end:
                    break
            if frames == _UNUSUAL or len(events) >= _MOST:
                events.append(HELD_BACK)
                self._kept = data[pos:]
                break
            # Everything that `take_messages` has left: it is unusual, or wrong.
            pos = self._frame(data, pos, events)
            frames += 1

    def _frame(self, data: bytes, pos: int, events: list[WebSocketEvent]) -> int:
        """Decode what has come of the frame at *pos*; return where to go on."""
        first = data[pos]
        if first not in self._legal_first_bytes():
            raise ProtocolError(self._first_byte_problem(first))
        message = None
        if first & OPCODE < CLOSE:
            message = self._message or self._begin(first)
        length, start = read_header(data, pos)
        if message is not None:
            message.admit(length)
        if start > len(data):
            self._kept = data[pos:]
            return len(data)
        if message is None:
            return self._control(data, pos, events)
        if message.compressed and self._is_too_much(message.after(length), events):
            events.append(HELD_BACK)
            self._kept = data[pos:]
            return len(data)
        self._message = message
        self._awaited = length
        self._mask = data[start - 4 : start]
        self._final = first >= FIN
        message.prepare(length, whole=self._final)
        return self._payload(data, start, events)

    def _is_too_much(self, size: int, events: list[WebSocketEvent]) -> bool:
        """Whether a message of *size* bytes has to wait until *events* are handled."""
        return bool(events) and self._inflated + size > _INFLATED

    def _legal_first_bytes(self) -> frozenset[int]:
        if self._message is not None:
            return _CONTINUING
        return _STARTING if self._inflater is None else _STARTING_COMPRESSED

    def _first_byte_problem(self, first: int) -> str:
        """Why a frame may not start with the byte *first* here."""
        opcode = first & OPCODE
        if opcode not in OPCODE_NAMES:
            return f"reserved opcode 0x{opcode:X}"
        name = OPCODE_NAMES[opcode]
        if opcode >= CLOSE and first < FIN:
            return f"{name} frame is fragmented"
        if opcode == CONTINUATION and self._message is None:
            return "continuation frame, but no message to continue"
        if opcode in (TEXT, BINARY) and self._message is not None:
            return f"{name} frame inside a fragmented message"
        return f"{name} frame with reserved bits 0x{first & RESERVED_BITS:02X}"

    def _begin(self, first: int) -> IncomingMessage:
        inflater = self._inflater if first & RSV1 else None
        text = first & OPCODE == TEXT
        return IncomingMessage(
            text=text, limit=self._limit, inflater=inflater, grows=self.grows
        )

    def _control(self, data: bytes, pos: int, events: list[WebSocketEvent]) -> int:
        """Decode the control frame at *pos*, whose header is complete."""
        start = pos + 6
        stop = start + data[pos + 1] - MASKED
        payload = apply_mask(data[start:stop], data[start - 4 : start])
        opcode = data[pos] & OPCODE
        complete = stop <= len(data)
        if opcode == CLOSE:
            close = _read_close(payload, complete=complete)
            if complete:
                self.end()
                events.append(close)
        elif complete:
            events.append(Ping(payload) if opcode == PING else Pong(payload))
        if complete:
            return stop
        self._kept = data[pos:]
        return len(data)

    def _payload(self, data: bytes, pos: int, events: list[WebSocketEvent]) -> int:
        """Take what has come of the incomplete data frame; return where that ends."""
        message = self._message
        assert message is not None
        stop = min(pos + self._awaited, len(data))
        size = stop - pos
        self._awaited -= size
        if size:
            whole = memoryview(data) if size >= _WORTH_A_VIEW else data
            message.add(apply_mask(whole[pos:stop], self._mask))
            turn = size & 3
            self._mask = self._mask[turn:] + self._mask[:turn]
        if self._final and not self._awaited:
            self._message = None
            self.gathered = 0
            events.append(message.complete())
            if message.compressed:
                self._inflated += message.size
        else:
            self.gathered = message.size
        return stop


def _read_close(payload: bytes, *, complete: bool) -> Close:
    """Check the payload of a Close frame, or as much of it as has come.

    Raises:
        ProtocolError: A peer must not send this code.
        UnicodeDecodeError: The reason is not UTF-8.
    """
    if not payload:
        return Close(NO_STATUS_RECEIVED, "")
    if len(payload) == 1:
        if payload[0] not in _CLOSE_CODE_FIRST_BYTES:
            raise ProtocolError(f"close code {payload[0] << 8} or above is not allowed")
        return Close(NO_STATUS_RECEIVED, "")
    code = int.from_bytes(payload[:2], "big")
    if code not in CLOSE_CODES:
        raise ProtocolError(f"close code {code} is not allowed")
    reason = payload[2:]
    Utf8Validator().check(reason)
    return Close(code, str(reason, "utf-8") if complete else "")
