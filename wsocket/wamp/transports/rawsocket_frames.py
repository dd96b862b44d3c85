"""RawSocket framing: bytes to messages and back (Advanced Profile, "RawSocket
Transport").

A connection begins with a handshake: four octets from the client, and four in reply.
They say which serializer is used, and how large a message each side accepts. Frames
follow: a prefix of four octets, then a WAMP message, or what a PING or PONG has."""

from __future__ import annotations

import struct
from enum import IntEnum
from typing import Final, NamedTuple

from wsocket.core.net.held_back import HELD_BACK, HeldBack
from wsocket.errors import PayloadSizeExceeded
from wsocket.wamp.transports.message_sizes import MAX_SIZE as MAX_SIZE
from wsocket.wamp.transports.message_sizes import MIN_SIZE as MIN_SIZE

MAGIC = 0x7F
MESSAGE, PING, PONG = 0, 1, 2

SERIALIZER_IDS = {"json": 1, "msgpack": 2, "cbor": 3, "ubjson": 4}
"""SERIALIZER in the handshake, by the name of the serializer."""

_PREFIX = struct.Struct("!L")
HANDSHAKE_SIZE = PREFIX_SIZE = 4

_LARGEST = 0x08  # bit of a prefix's first octet: the payload has exactly 2**24 octets
_RESERVED = 0xF0
_TYPE = 0x07

# Frames that one `feed` decodes: 2 ms of work.
_AT_ONCE: Final = 1024


class RawSocketRefusal(IntEnum):
    """Why a router refuses a handshake: the error code of its reply."""

    SERIALIZER_UNSUPPORTED = 1
    RESERVED_BITS = 3


class RawSocketRequest(NamedTuple):
    """A client's handshake.

    Attributes:
        serializer: One of `SERIALIZER_IDS`, or a number unknown here.
        max_size: The largest message that the client accepts, in octets.
    """

    serializer: int
    max_size: int


class RawSocketReply(NamedTuple):
    """A router's answer to the handshake of a client.

    Attributes:
        serializer: The one that the client has asked for.
        max_size: The largest message that the router accepts, in octets.
    """

    serializer: int
    max_size: int


class RawSocketPing(NamedTuple):
    """The peer asks for exactly one PONG with the same payload."""

    payload: bytes


class RawSocketPong(NamedTuple):
    """The answer to a PING."""

    payload: bytes


class RawSocketFailure(NamedTuple):
    """The peer broke the protocol: the connection fails, and nothing follows.

    Attributes:
        refusal: The error code for the reply, if a handshake is to be answered.
    """

    problem: str
    refusal: RawSocketRefusal | None = None


RawSocketEvent = (
    RawSocketRequest
    | RawSocketReply
    | bytes
    | RawSocketPing
    | RawSocketPong
    | HeldBack
    | RawSocketFailure
)
"""What was decoded. Bytes are a WAMP message."""


def largest_size(limit: int) -> int:
    """The largest size up to *limit* octets that LENGTH can express.

    Raises:
        ValueError: *limit* is less than 512.
    """
    if limit < MIN_SIZE:
        raise ValueError(
            f"max_message_size must be at least {MIN_SIZE} for RawSocket, got {limit}"
        )
    return min(MAX_SIZE, 1 << limit.bit_length() - 1)


def encode_request(serializer: int, max_size: int) -> bytes:
    """A client's handshake; `largest_size` has returned *max_size*."""
    return encode_reply(serializer, max_size)  # the octets mean the same


def encode_reply(serializer: int, max_size: int) -> bytes:
    """The reply that accepts a handshake; `largest_size` has returned *max_size*."""
    length = max_size.bit_length() - MIN_SIZE.bit_length()
    return bytes((MAGIC, length << 4 | serializer, 0, 0))


def encode_refusal(refusal: RawSocketRefusal) -> bytes:
    """The reply that refuses a handshake."""
    return bytes((MAGIC, refusal << 4, 0, 0))


def encode_prefix(kind: int, size: int) -> bytes:
    """The prefix of a frame with *size* octets of payload, at most 2**24."""
    if size == MAX_SIZE:
        return bytes((kind | _LARGEST, 0, 0, 0))
    return _PREFIX.pack(kind << 24 | size)


def encode_frame(kind: int, payload: bytes) -> bytes:
    """A frame; *payload* has at most 2**24 octets."""
    return encode_prefix(kind, len(payload)) + payload


def encode_message_prefix(size: int, *, max_size: int) -> bytes:
    """The prefix of a WAMP message, for a peer that accepts up to *max_size* octets.

    Raises:
        PayloadSizeExceeded: The message is larger.
    """
    if size > max_size:
        raise PayloadSizeExceeded(
            f"the message has {size} bytes, and the receiver takes {max_size}"
        )
    return encode_prefix(MESSAGE, size)


def encode_message(message: bytes, *, max_size: int) -> bytes:
    """The frame of a WAMP message; raises as `encode_message_prefix` does."""
    return encode_message_prefix(len(message), max_size=max_size) + message


class Decoder:
    """Decodes what a client sends, however the network has split it.

    Args:
        max_size: The largest payload of a frame that is accepted, in octets.
    """

    def __init__(self, *, max_size: int) -> None:
        self._max_size = max_size
        self._kept = bytearray()  # an incomplete handshake or frame
        self._needed = HANDSHAKE_SIZE  # how many octets make it worth decoding again
        self._greeted = False
        self._failed = False

    @property
    def gathered(self) -> int:
        """How many octets of an incomplete frame are held."""
        return len(self._kept)

    def end(self) -> None:
        """Forget what has come in part; nothing more will be fed."""
        self._failed = True
        self._kept.clear()

    def feed(self, data: bytes) -> list[RawSocketEvent]:
        """Take what was read; return the events that it completes, in order.

        If there are very many, the last one is `HELD_BACK`: ``feed(b"")`` goes on.
        """
        if self._failed:
            return []
        if self._kept:
            self._kept += data
            if len(self._kept) < self._needed:
                return []
            data = bytes(self._kept)
            self._kept.clear()
        events: list[RawSocketEvent] = []
        pos = 0 if self._greeted else self._greeting(data, events)
        if self._greeted:
            pos = self._frames(data, pos, events)
        if events and type(events[-1]) is RawSocketFailure:
            self.end()
        else:
            self._kept += memoryview(data)[pos:]
        return events

    def _greeting(self, data: bytes, events: list[RawSocketEvent]) -> int:
        """Decode the handshake; return how many octets of *data* it took."""
        if data and data[0] != MAGIC:
            # A client that speaks another protocol may send no more before we answer.
            events.append(
                RawSocketFailure(
                    f"expected a RawSocket handshake, whose first octet is {MAGIC:#x}, "
                    f"got {data[0]:#x}"
                )
            )
        elif len(data) >= HANDSHAKE_SIZE:
            event = self._read_greeting(data)
            self._greeted = type(event) is not RawSocketFailure
            events.append(event)
            return HANDSHAKE_SIZE
        return 0

    def _read_greeting(
        self, data: bytes
    ) -> RawSocketRequest | RawSocketReply | RawSocketFailure:
        return _request(data)

    def _frames(self, data: bytes, pos: int, events: list[RawSocketEvent]) -> int:
        """Decode the frames from *pos* on; return where an incomplete one begins."""
        end = len(data)
        while end - pos >= PREFIX_SIZE:
            if len(events) >= _AT_ONCE:
                events.append(HELD_BACK)
                self._needed = 0
                return pos
            (prefix,) = _PREFIX.unpack_from(data, pos)
            first, size = prefix >> 24, prefix & 0xFFFFFF
            if first:
                size, problem = _unusual(first, size)
                if problem:
                    events.append(RawSocketFailure(problem))
                    break
            if size > self._max_size:
                problem = f"a frame of {size} bytes, expected at most {self._max_size}"
                events.append(RawSocketFailure(problem))
                break
            start = pos + PREFIX_SIZE
            if end - start < size:
                self._needed = PREFIX_SIZE + size
                return pos
            pos = start + size
            payload = data[start:pos]
            kind = first & _TYPE
            if kind == MESSAGE:
                events.append(payload)
            else:
                events.append(
                    RawSocketPing(payload) if kind == PING else RawSocketPong(payload)
                )
        self._needed = PREFIX_SIZE
        return pos


class ReplyDecoder(Decoder):
    """Decodes what a router sends: like `Decoder`, but it begins with a reply."""

    def _read_greeting(
        self, data: bytes
    ) -> RawSocketRequest | RawSocketReply | RawSocketFailure:
        return _reply(data)


def _reply(data: bytes) -> RawSocketReply | RawSocketFailure:
    serializer, high = data[1] & 0x0F, data[1] >> 4
    if data[2] or data[3]:
        return RawSocketFailure(
            "handshake: the third and fourth octet are reserved, expected zeros"
        )
    if serializer == 0:
        return RawSocketFailure(
            f"the router refuses the handshake with error {high} "
            f"({_REFUSALS.get(high, 'unknown')})"
        )
    return RawSocketReply(serializer, MIN_SIZE << high)


# Error codes of a reply (Advanced Profile, "RawSocket Transport", "Handshake").
_REFUSALS = {
    1: "it does not have this serializer",
    2: "it does not accept this maximum size of messages",
    3: "reserved bits are set",
    4: "it has too many connections",
}


def _request(data: bytes) -> RawSocketRequest | RawSocketFailure:
    serializer = data[1] & 0x0F
    if data[2] or data[3]:
        return RawSocketFailure(
            "handshake: the third and fourth octet are reserved, expected zeros",
            RawSocketRefusal.RESERVED_BITS,
        )
    if serializer == 0:
        return RawSocketFailure("handshake: SERIALIZER 0 is illegal")
    return RawSocketRequest(serializer, MIN_SIZE << (data[1] >> 4))


def _unusual(first: int, size: int) -> tuple[int, str]:
    """The size of a frame whose *first* octet is not 0; and the problem, if any."""
    if first & _RESERVED:
        return 0, f"reserved bits are set in the first octet of a frame: {first:#04x}"
    if first & _TYPE > PONG:
        return 0, f"expected a frame of type 0, 1 or 2, got {first & _TYPE}"
    if first & _LARGEST:
        if size:
            return 0, "the 25th bit of a frame's length is set, and others are too"
        return MAX_SIZE, ""
    return size, ""
