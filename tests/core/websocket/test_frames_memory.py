"""What a message costs in memory until it is whole."""

from __future__ import annotations

import tracemalloc

import pytest

from tests.core.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    TEXT,
    chunks,
    client_frame,
    decoder,
)

pytestmark = pytest.mark.slow(reason="millions of bytes")


def peak_memory(fed, parts):
    """The most that decoding took at any time, in bytes, and the last event."""
    events = []
    tracemalloc.start()
    try:
        for part in parts:
            events += fed.feed(part)
        return tracemalloc.get_traced_memory()[1], events[-1] if events else None
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("opcode", [TEXT, BINARY])
def test_a_long_message_takes_twice_its_size(opcode):
    """What has arrived and the message made of it, nothing else."""
    size = 4 * 2**20
    header = bytes([0x80 + opcode, 0xFF]) + size.to_bytes(8, "big") + bytes(4)
    parts = [header, *[b"a" * 65536] * (size // 65536)]
    peak, message = peak_memory(decoder(limit=size), parts)
    assert len(message) == size
    assert peak < 2.3 * size


def test_a_flood_of_tiny_fragments_costs_no_more_than_their_payload():
    """50,000 fragments of one byte are 50,000 bytes, not objects."""
    fragment = client_frame(CONTINUATION, b"a", fin=False)
    parts = [client_frame(TEXT, b"a", fin=False), *[fragment * 200] * 250]
    peak, event = peak_memory(decoder(), parts)
    assert event is None
    assert peak < 200_000


def test_a_flood_of_empty_fragments_costs_nothing():
    """They may come forever; nothing is kept of them."""
    fragment = client_frame(CONTINUATION, fin=False)
    parts = [client_frame(TEXT, fin=False), *[fragment * 200] * 250]
    assert peak_memory(decoder(), parts)[0] < 50_000


def test_an_announced_length_allocates_nothing():
    """A header that promises a gigabyte costs what follows it."""
    data = b"\x82\xff" + (2**30).to_bytes(8, "big") + bytes(4) + b"abc"
    assert peak_memory(decoder(limit=2**30), [data])[0] < 20_000


@pytest.mark.parametrize("opcode", [PING, CLOSE])
def test_of_an_incomplete_control_frame_only_itself_is_kept(opcode):
    """At most header and 125 bytes, however slowly they come."""
    data = client_frame(opcode, b"\x03\xe8" + b"x" * 123)
    parts = list(chunks(data[:-1], 1))
    assert peak_memory(decoder(), parts)[0] < 20_000


def test_a_failed_decoder_keeps_nothing():
    """The message under way is dropped, and no traceback holds on to the input."""
    fed = decoder()
    tracemalloc.start()
    try:
        fed.feed(client_frame(BINARY, bytes(100_000), fin=False))
        (failure,) = fed.feed(b"\xff" + bytes(100_000))
        left = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert left < 50_000
    assert failure.__traceback__ is None
    assert failure.__context__ is None


def test_room_is_made_for_what_is_a_quarter_there():
    """Less than that of an announcement costs only what has come."""
    size = 2**24
    header = b"\x82\xff" + size.to_bytes(8, "big") + bytes(4)
    few = [header, *[bytes(65536)] * 63]
    assert peak_memory(decoder(limit=size), few)[0] < 2.5 * 63 * 65536
    more = [*few, bytes(65536)]
    assert size < peak_memory(decoder(limit=size), more)[0] < 1.5 * size
