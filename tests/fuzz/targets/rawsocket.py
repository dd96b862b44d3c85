"""RawSocket: the handshake and frames, in any portions."""

from __future__ import annotations

from collections.abc import Iterable

from tests.fuzz.byte_source import ByteSource, portions
from wsocket.core.net.held_back import HeldBack
from wsocket.wamp.transports.rawsocket_frames import (
    MAX_SIZE,
    MIN_SIZE,
    Decoder,
    RawSocketEvent,
    RawSocketFailure,
    RawSocketRequest,
    encode_refusal,
    encode_reply,
    largest_size,
)


def run_one(data: bytes) -> object:
    """Feed a decoder; the first bytes say how."""
    source = ByteSource(data)
    limit, sizes = largest_size(source.pick((512, 700, 1024))), source.take(3)
    wire = source.rest()
    events = decoded([wire], limit)
    assert decoded(portions(wire, sizes), limit) == events
    assert decoded(portions(wire, b"\x01"), limit) == events
    check(events, limit)
    return events


def decoded(parts: Iterable[bytes], limit: int) -> list[RawSocketEvent]:
    """The events of a decoder that is fed *parts*."""
    decoder = Decoder(max_size=limit)
    events: list[RawSocketEvent] = []
    for part in parts:
        events += decoder.feed(part)
        while events and isinstance(events[-1], HeldBack):
            events[-1:] = decoder.feed(b"")
    if events and isinstance(events[-1], RawSocketFailure):
        assert decoder.feed(b"\0\0\0\0") == []
    return events


def check(events: list[RawSocketEvent], limit: int) -> None:
    """What every list of events obeys."""
    for index, event in enumerate(events):
        if isinstance(event, RawSocketFailure):
            assert index == len(events) - 1
            if event.refusal is not None:
                assert index == 0
                assert len(encode_refusal(event.refusal)) == 4
        elif isinstance(event, RawSocketRequest):
            assert index == 0
            assert MIN_SIZE <= event.max_size <= MAX_SIZE
            reply = encode_reply(event.serializer, limit)
            assert MIN_SIZE << (reply[1] >> 4) == limit
        else:
            assert index > 0
            payload = event if isinstance(event, bytes) else event.payload
            assert len(payload) <= limit
