"""Frames from the client's side, judged by the package websockets."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from wsocket.core.websocket.client_sending import client_header
from wsocket.core.websocket.frames import BINARY
from wsocket.core.websocket.server_frames import (
    ServerFrame,
    ServerFrames,
    close_payload,
)

SIZES = [0, 1, 125, 126, 65535, 65536]


def parsed(data: bytes) -> Frame:
    """The frame that a server reads."""
    reader = StreamReader()
    reader.feed_data(data)
    step = Frame.parse(reader.read_exact, mask=True)
    try:
        next(step)
    except StopIteration as done:
        return done.value
    pytest.fail("the frame is not whole")


@pytest.mark.parametrize("size", SIZES)
def test_a_server_reads_the_payload_unchanged(size):
    """Masked, as it demands, with a mask that changes nothing."""
    payload = b"x" * size
    frame = parsed(client_header(BINARY, size) + payload)
    assert (frame.opcode, frame.fin) == (Opcode.BINARY, True)
    assert bytes(frame.data) == payload


@pytest.mark.parametrize("step", [1, 7, 100_000])
def test_frames_of_a_server_are_cut_wherever_the_reads_end(step):
    """Of every length of header, one after the other."""
    sent = b"".join(
        Frame(Opcode.TEXT, b"y" * size).serialize(mask=False) for size in SIZES
    )
    frames = ServerFrames()
    found = [
        frame
        for start in range(0, len(sent), step)
        for frame in frames.feed(sent[start : start + step])
    ]
    assert found == [ServerFrame(1, b"y" * size) for size in SIZES]
    assert frames.size == 0


def test_the_size_of_a_frame_is_known_from_its_header():
    """So its memory can be charged before it is there."""
    frames = ServerFrames()
    head = Frame(Opcode.TEXT, b"y" * 70_000).serialize(mask=False)[:100]
    assert frames.feed(head) == []
    assert frames.size == 70_000 + 10


@pytest.mark.parametrize(("code", "payload"), [(1005, b""), (4001, b"\x0f\xa1")])
def test_a_close_without_a_code_has_no_payload(code, payload):
    """RFC 6455 section 7.1.5."""
    assert close_payload(code) == payload
