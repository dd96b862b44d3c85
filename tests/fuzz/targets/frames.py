"""Websocket frames: any bytes, in any portions, decoded in C and in Python."""

from __future__ import annotations

from collections.abc import Iterable
from types import ModuleType

from tests.core.wire import CLOSE, plain, server_frames
from tests.fuzz.byte_source import ByteSource, portions
from tests.pure import in_python
from wsocket.core.net.held_back import HeldBack
from wsocket.core.websocket import frames, unmasking
from wsocket.core.websocket.deflate import DeflateParameters, Inflater
from wsocket.core.websocket.events import Pong, WebSocketEvent
from wsocket.core.websocket.protocol import WebSocketProtocol

LIMITS = (1000, 125, 0x10000)  # bytes of a message
MASK = b"\x0f\xf0\x55\xaa"
FAILURES = (1002, 1007, 1009)

# The decoder without its C, which is the version for where no compiler was.
python = in_python(frames, without="wsocket.core.websocket._unmasking")


def run_one(data: bytes) -> object:
    """Feed a decoder; the first bytes say how."""
    source = ByteSource(data)
    limit, compressed, sizes = source.pick(LIMITS), source.below(2), source.take(3)
    wire = source.rest()
    whole = decoded(frames, [wire], limit=limit, compressed=compressed)
    events = list(map(outcome, whole))
    for codec, parts in (
        (python, [wire]),
        (frames, portions(wire, sizes)),
        (frames, portions(wire[:64], b"\x01") if len(wire) <= 64 else [wire]),
    ):
        again = decoded(codec, parts, limit=limit, compressed=compressed)
        assert list(map(outcome, again)) == events
    check_messages(events, limit)
    check_answers(whole)
    check_single_functions(wire)
    return events


def decoded(
    codec: ModuleType, parts: Iterable[bytes], *, limit: int, compressed: int
) -> list[WebSocketEvent]:
    """The events of a decoder that is fed *parts*."""
    inflater = Inflater(DeflateParameters()) if compressed else None
    decoder = codec.FrameDecoder(max_message_size=limit, inflater=inflater)
    events = []
    for part in parts:
        events += decoder.feed(part)
        while events and outcome(events[-1]) == ("heldback",):
            events[-1:] = decoder.feed(b"")
    if events and outcome(events[-1])[0] in ("close", "failure"):
        assert decoder.feed(b"\x81\x80abcd") == []
    return events


def outcome(event: WebSocketEvent) -> tuple[object, ...]:
    """An event; the words of a failure depend on the portions, its code does not."""
    kind = type(event).__name__
    if kind == "HeldBack":
        return (kind.lower(),)
    if kind in ("Ping", "Pong", "Close"):
        return (kind.lower(), *event)  # of the decoder in Python, too
    return tuple(plain(event))


def check_messages(events: list[tuple[object, ...]], limit: int) -> None:
    """What every list of events obeys."""
    for kind, *content in events[:-1]:
        assert kind not in ("close", "failure"), "something came after the end"
        message = content[0]
        size = len(message.encode() if isinstance(message, str) else message)
        assert size <= (125 if kind in ("ping", "pong") else limit)
    if events and events[-1][0] == "failure":
        assert events[-1][1] in FAILURES


def check_answers(events: list[WebSocketEvent]) -> None:
    """What is sent in answer: whole frames, at most one Close, and it is the last."""
    protocol = WebSocketProtocol(max_message_size=1000)
    answers = b"".join(
        protocol.answer(event)
        for event in events
        if not isinstance(event, (str, bytes, Pong, HeldBack))
    )
    sent = server_frames(answers)
    assert all(len(frame.payload) <= 125 and frame.fin for frame in sent)
    assert CLOSE not in [frame.opcode for frame in sent[:-1]]


def check_single_functions(data: bytes) -> None:
    """The functions that are in C do what those in Python do."""
    assert frames.apply_mask(data, MASK) == unmasking.apply_mask(data, MASK)
    assert frames.encode_unmasked(0x82, data) == unmasking.encode_unmasked(0x82, data)
