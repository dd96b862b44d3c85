"""The client's side of the wire, written without the package's own codec."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from wsocket.core.net.held_back import HeldBack
from wsocket.core.websocket.deflate import DeflateParameters, Inflater
from wsocket.core.websocket.events import Close, Ping, Pong, WebSocketEvent
from wsocket.core.websocket.frames import FrameDecoder
from wsocket.errors import ProtocolError

CASES = Path(__file__).parent.parent / "cases"
MASK = b"\x12\x34\x56\x78"
TEXT, BINARY, CONTINUATION, CLOSE, PING, PONG = 1, 2, 0, 8, 9, 10


def client_frame(
    opcode: int,
    payload: bytes = b"",
    *,
    fin: bool = True,
    rsv1: bool = False,
    mask: bytes = MASK,
) -> bytes:
    """A masked frame as RFC 6455 section 5.2 draws it."""
    size = len(payload)
    if size < 126:
        length = bytes([0x80 + size])
    elif size < 65536:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    key = (mask * (size // 4 + 1))[
        :size
    ]  # one xor: a loop takes seconds for a mebibyte
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return (
        bytes([0x80 * fin + 0x40 * rsv1 + opcode])
        + length
        + mask
        + masked.to_bytes(size, "big")
    )


class Frame(NamedTuple):
    """A frame that the server sent."""

    opcode: int
    payload: bytes
    fin: bool
    rsv1: bool


def server_frames(data: bytes) -> list[Frame]:
    """Split what the server sent into its frames; none of them is masked."""
    found = []
    while data:
        size, start = data[1], 2
        if size > 125:
            start = 4 if size == 126 else 10
            size = int.from_bytes(data[2:start], "big")
        payload = data[start : start + size]
        assert len(payload) == size
        fin, rsv1 = bool(data[0] & 0x80), bool(data[0] & 0x40)
        found.append(Frame(data[0] & 0x0F, payload, fin, rsv1))
        data = data[start + size :]
    return found


def decoder(limit: int = 2**20) -> FrameDecoder:
    return FrameDecoder(max_message_size=limit)


def deflated(payload: bytes, compressor: Any = None) -> bytes:
    """A compressed message's payload, straight from zlib."""
    compressor = compressor or zlib.compressobj(wbits=-15)
    data = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert data.endswith(b"\x00\x00\xff\xff")
    return data[:-4]


def decoded(decoder: FrameDecoder, parts: Iterable[bytes]) -> list[WebSocketEvent]:
    """The events of a decoder that is fed *parts*, with all that it holds back."""
    events: list[WebSocketEvent] = []
    for part in parts:
        events += decoder.feed(part)
        while events and isinstance(events[-1], HeldBack):
            events[-1:] = decoder.feed(b"")
    return events


def stored_block(payload: bytes) -> bytes:
    """A deflate block without compression (RFC 1951 section 3.2.4)."""
    size = len(payload)
    return (
        b"\x00"
        + size.to_bytes(2, "little")
        + (65535 - size).to_bytes(2, "little")
        + payload
    )


def chunks(data: bytes, size: int) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def plain(event: object) -> list[object]:
    """An event in the notation of tests/cases, binary as bytes."""
    kinds = {str: "text", bytes: "binary"}
    match event:
        case str() | bytes():
            return [kinds[type(event)], event]
        case Ping(payload) | Pong(payload):
            return [type(event).__name__.lower(), payload]
        case Close(code, reason):
            return ["close", code, reason]
        case ProtocolError():
            return ["failure", event.code]
    raise AssertionError(f"not an event: {event!r}")


class Case(NamedTuple):
    """One byte sequence of tests/cases."""

    name: str
    data: bytes
    events: list[list[object]]
    close_code: int | None
    fails_at: int | None
    max_message_size: int
    deflate: bool

    def decoder(self) -> FrameDecoder:
        inflater = Inflater(DeflateParameters()) if self.deflate else None
        return FrameDecoder(max_message_size=self.max_message_size, inflater=inflater)

    def decode(self, parts: Iterable[bytes]) -> list[list[object]]:
        return [plain(event) for event in decoded(self.decoder(), parts)]


def read_bytes(notation: str) -> bytes:
    """``"61 62*3"`` is ``b"abbb"``."""
    data = b""
    for item in notation.split():
        byte, _, times = item.partition("*")
        data += bytes.fromhex(byte) * int(times or 1)
    return data


def read_event(event: list[Any]) -> list[object]:
    if event[0] in ("text", "close"):
        return event
    return [event[0], read_bytes(event[1])]


def read_cases(folder: str) -> list[Case]:
    """Everything in tests/cases/`folder`."""
    return [
        Case(
            name=f"{path.stem}: {case['about']}",
            data=read_bytes(case["bytes"]),
            events=[read_event(event) for event in case["events"]],
            close_code=case.get("close_code"),
            fails_at=case.get("fails_at"),
            max_message_size=rule.get("max_message_size", 2**20),
            deflate=rule.get("deflate", False),
        )
        for path in sorted((CASES / folder).glob("*.json"))
        for rule in [json.loads(path.read_text())]
        for case in rule["cases"]
    ]
