"""The functions in C give back all memory that they take, whatever comes."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from msgspec import Raw

from wsocket.core.net import socket_io
from wsocket.core.websocket import frames
from wsocket.wamp.serializers import payload_parts

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*/*"))
TIMES = 20


def use(function: Callable[..., object], *args: object) -> None:
    """Call a function that may raise: what fails must not leak either."""
    with suppress(TypeError, ValueError, IndexError, OSError):
        function(*args)


def use_all(data: bytes) -> None:
    """Call every function that is in C, also in ways in which it fails."""
    use(frames.take_messages, data, 0, 1000, [])
    use(frames.take_messages, data, len(data), 1000, None)
    use(frames.apply_mask, data, b"abcd")
    use(frames.apply_mask, None, b"abcd")
    use(frames.encode_unmasked, 0x82, data)
    use(frames.encode_unmasked, "x", data)
    for function in (
        payload_parts.first_byte,
        payload_parts.size_of,
        payload_parts.is_plain_msgpack,
    ):
        use(function, Raw(data))
        use(function, None)
    use(socket_io.receive, None)
    use(socket_io.receive, -1)
    use(socket_io.send, -1, data)
    use(socket_io.send, 0, None)


def blocks() -> int:
    gc.collect()
    return sys.getallocatedblocks()


def test_no_block_is_left():
    """As many blocks are allocated after the twentieth time as after the first."""
    inputs = [path.read_bytes() for path in CORPUS]
    for data in inputs:
        use_all(data)
    before = blocks()
    for _ in range(TIMES):
        for data in inputs:
            use_all(data)
    assert blocks() - before < TIMES
