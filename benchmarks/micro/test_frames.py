"""The frame codec."""

from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode

from wsocket.core.websocket.frames import FrameDecoder, encode_message

SIZES = {"64 B": 64, "4 KiB": 4096, "64 KiB": 65536}
# How many of a size are fed at once: about as many as one read brings.
PORTIONS = [(1, "64 B"), (100, "64 B"), (1, "4 KiB"), (15, "4 KiB"), (1, "64 KiB")]


@pytest.mark.parametrize(("count", "size"), PORTIONS)
def test_decode_frames(benchmark, count, size):
    """Masked binary frames that arrive in one piece."""
    message = b"x" * SIZES[size]
    data = Frame(Opcode.BINARY, message).serialize(mask=True) * count
    decoder = FrameDecoder(max_message_size=2**20)
    assert benchmark(decoder.feed, data) == [message] * count


@pytest.mark.parametrize("size", SIZES)
def test_encode_frame(benchmark, size):
    """One text message."""
    text = "x" * SIZES[size]
    frame = benchmark(encode_message, text)
    assert frame == Frame(Opcode.TEXT, text.encode()).serialize(mask=False)
