"""Frames of a server: in any portions, and wrong ones."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from wsocket.client.websocket_messages import WebSocketMessages
from wsocket.core.websocket.client_sending import masked_frame
from wsocket.core.websocket.opcodes import BINARY, PING, TEXT
from wsocket.errors import ProtocolError

LIMIT = 70_000


def frame(opcode: Opcode, payload: bytes, *, fin: bool = True) -> bytes:
    """As somebody else's server writes it."""
    return Frame(opcode, payload, fin).serialize(mask=False)


def read(wire: bytes, portion: int = 0, kind: int = TEXT):
    """All messages, with those of Ping that were answered behind them."""
    answered: list[bytes] = []
    messages = WebSocketMessages(kind, limit=LIMIT, pong=answered.append)
    found = []
    step = portion or len(wire)
    for start in range(0, len(wire), step):
        messages.feed(wire[start : start + step])
        while messages:
            found.append(messages.next())
    return found, answered, messages


def test_a_frame_of_a_client_is_that_of_the_standard():
    """RFC 6455, section 5.7: a single-frame masked text message."""
    expected = b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
    assert masked_frame(TEXT, b"Hello", b"\x37\xfa\x21\x3d") == expected


@pytest.mark.parametrize(
    ("size", "head"),
    [
        (0, b"\x82\x80"),
        (125, b"\x82\xfd"),
        (126, b"\x82\xfe\x00\x7e"),
        (65535, b"\x82\xfe\xff\xff"),
        (65536, b"\x82\xff\x00\x00\x00\x00\x00\x01\x00\x00"),
    ],
)
def test_the_length_of_a_frame_has_the_fewest_bytes(size, head):
    """Section 5.2; the mask comes behind it."""
    mask = b"\x01\x02\x03\x04"
    assert (
        masked_frame(BINARY, bytes(size), mask)
        == head + (mask * (size // 4 + 2))[: 4 + size]
    )


@pytest.mark.parametrize("portion", [0, 1, 2, 3, 7, 1000])
def test_messages_come_in_any_portions(portion):
    """Whole ones and those in parts, with a Ping between them."""
    wire = (
        frame(Opcode.TEXT, b"[1]")
        + frame(Opcode.TEXT, "[\N{SNOWMAN}".encode()[:2], fin=False)
        + frame(Opcode.PING, b"ping")
        + frame(Opcode.CONT, "[\N{SNOWMAN}".encode()[2:], fin=False)
        + frame(Opcode.CONT, b"]")
        + frame(Opcode.PONG, b"pong")
        + frame(Opcode.TEXT, b" " * 200)
        + frame(Opcode.TEXT, b" " * LIMIT)
    )
    found, answered, messages = read(wire, portion)
    whole = "[\N{SNOWMAN}]".encode()
    assert found == [b"[1]", whole, b" " * 200, b" " * LIMIT]
    assert answered == [b"ping"]
    assert not messages.closed


def test_binary_messages_need_not_be_text():
    """The serializer decides which kind it is."""
    assert read(frame(Opcode.BINARY, b"\xff"), kind=BINARY)[0] == [b"\xff"]


@pytest.mark.parametrize(
    ("payload", "code"),
    [(b"", None), (b"\x03\xe8", 1000), (b"\x03\xf4bye", 1012)],
)
def test_nothing_comes_after_close(payload, code):
    """What its server sends nevertheless is ignored."""
    wire = frame(Opcode.TEXT, b"[1]") + frame(Opcode.CLOSE, payload)
    found, _, messages = read(wire + frame(Opcode.TEXT, b"[2]") + b"\xff\xff")
    assert found == [b"[1]"]
    assert (messages.closed, messages.code) == (True, code)


@pytest.mark.parametrize(
    ("wire", "problem"),
    [
        (b"\x81\x80", "masked"),
        (b"\xc1\x00", "begins with 0xC1"),
        (b"\x83\x00", "begins with 0x83"),
        (b"\x8b\x00", "begins with 0x8B"),
        (b"\x09\x00", "control frame in parts"),
        (b"\x89\x7e", "over 125 bytes"),
        (b"\x80\x00", "opcode 0 where another message is due"),
        (b"\x01\x00\x81\x00", "opcode 1 where another message is due"),
        (b"\x82\x00", "expected text messages"),
        (b"\x81\x01\xff", "not UTF-8"),
        (b"\x01\x01\xe2\x80\x00", "not UTF-8"),
        (b"\x88\x01\x03", "half a close code"),
        (b"\x88\x03\x03\xe8\xff", "not UTF-8"),
        (b"\x81\x7f\x00\x00\x00\x00\x00\x01\x11\x71", "larger than max_message_size"),
        (b"\x01\x01 \x80\x7f\x00\x00\x00\x00\x00\x01\x11\x70", "larger than"),
        (b"\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff", "larger than"),
    ],
)
@pytest.mark.parametrize("portion", [0, 1])
def test_a_violation_is_raised_after_what_came_before_it(wire, problem, portion):
    """Once; everything that follows is ignored."""
    messages = WebSocketMessages(TEXT, limit=LIMIT, pong=lambda payload: None)
    data = frame(Opcode.TEXT, b"[1]") + wire + frame(Opcode.TEXT, b"[2]")
    step = portion or len(data)
    for start in range(0, len(data), step):
        messages.feed(data[start : start + step])
    assert messages.next() == b"[1]"
    with pytest.raises(ProtocolError, match=problem):
        messages.next()
    messages.feed(frame(Opcode.TEXT, b"[3]"))
    assert (bool(messages), messages.next()) == (False, b"")


def test_a_ping_is_a_frame_that_servers_understand():
    """The opcode is that of the standard."""
    assert masked_frame(PING, b"", bytes(4)) == b"\x89\x80" + bytes(4)
