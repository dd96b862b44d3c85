"""Compressed messages: no more are inflated at once than can be handled at once."""

from __future__ import annotations

import tracemalloc
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire import (
    BINARY,
    CLOSE,
    CONTINUATION,
    PING,
    PONG,
    TEXT,
    chunks,
    client_frame,
    decoded,
    deflated,
    plain,
)
from wsocket.core.net.held_back import HeldBack
from wsocket.core.websocket.deflate import DeflateParameters, Inflater
from wsocket.core.websocket.frames import FrameDecoder

READ = 65536  # bytes
MANY = 50


def decoder(limit: int = 2**20) -> FrameDecoder:
    return FrameDecoder(max_message_size=limit, inflater=Inflater(DeflateParameters()))


def compressed(payload: bytes, compressor=None) -> bytes:
    return client_frame(BINARY, deflated(payload, compressor), rsv1=True)


def in_fragments(payload: bytes, size: int) -> bytes:
    """A compressed message, each *size* bytes in a frame."""
    parts = list(chunks(deflated(payload), size))
    return b"".join(
        client_frame(
            CONTINUATION if number else BINARY,
            part,
            fin=number == len(parts) - 1,
            rsv1=not number,
        )
        for number, part in enumerate(parts)
    )


def size_of(events: list[object]) -> int:
    return sum(len(each) for each in events if isinstance(each, bytes))


@pytest.mark.parametrize("size", [2**20, 200_000, READ, 5000, 500])
@pytest.mark.parametrize("frames", [compressed, lambda data: in_fragments(data, 10)])
def test_one_feed_gives_one_large_message_or_little(size, frames):
    """The rest comes when it is asked for, without further bytes."""
    fed = decoder()
    events = fed.feed(frames(bytes(size)) * MANY)
    given = events[:]
    while isinstance(events[-1], HeldBack):
        events = fed.feed(b"")
        assert size_of(events) <= max(size, READ)
        given += events
    messages = [each for each in given if not isinstance(each, HeldBack)]
    assert messages == [bytes(size)] * MANY


def test_a_large_message_waits_for_small_ones():
    """It is not inflated before they are handled."""
    small = compressed(b"small")
    *messages, last = decoder().feed(small * 3 + compressed(bytes(2**20)) + small)
    assert messages == [b"small"] * 3
    assert isinstance(last, HeldBack)


def test_what_a_read_of_bombs_takes_is_bounded():
    """The message, what it is gathered in, and some pieces of it."""
    data = compressed(bytes(2**20)) * MANY
    fed = decoder()
    tracemalloc.start()
    try:
        assert len(fed.feed(data)) == 2
        assert tracemalloc.get_traced_memory()[1] < 3 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("inflater", [None, Inflater(DeflateParameters())])
def test_what_is_not_compressed_is_never_held_back(inflater):
    """It is not larger than what was read."""
    fed = FrameDecoder(max_message_size=2**20, inflater=inflater)
    sent = [bytes(size) for size in (100, 60_000, 5, 200_000, 70_000)]
    data = b"".join(client_frame(BINARY, each) for each in sent)
    assert [each for part in chunks(data, READ) for each in fed.feed(part)] == sent


def test_many_small_messages_come_at_once():
    """Nobody has to ask for what is as small as without compression."""
    fed, compressor = decoder(), zlib.compressobj(wbits=-15)
    data = b"".join(compressed(b"%d" % number, compressor) for number in range(200))
    assert fed.feed(data) == [b"%d" % number for number in range(200)]


@pytest.mark.parametrize("size", [0, 5])
@pytest.mark.parametrize("opcode", [CONTINUATION, PING, PONG])
def test_very_many_small_frames_come_bit_by_bit(opcode, size):
    """To decode them takes much longer than to send them."""
    fed = FrameDecoder(max_message_size=2**20)
    assert fed.feed(client_frame(BINARY, b"", fin=False)) == []
    fin = opcode != CONTINUATION
    data = client_frame(opcode, bytes(size), fin=fin) * 2000
    data += client_frame(CONTINUATION, b"end")
    first = fed.feed(data)
    assert len(first) < 300
    assert isinstance(first[-1], HeldBack)
    rest = decoded(fed, [b""])
    assert rest[-1] == (b"" if fin else bytes(size) * 2000) + b"end"
    assert len(first) - 1 + len(rest) == 1 + 2000 * fin


def test_very_many_small_messages_come_bit_by_bit():
    """As objects they take more memory than as they came."""
    fed = FrameDecoder(max_message_size=2**20)
    first = fed.feed(client_frame(TEXT, b"xx") * 5000 + client_frame(TEXT, b"end"))
    assert len(first) < 1000
    assert isinstance(first[-1], HeldBack)
    assert fed.held > 4000 * len(client_frame(TEXT, b"xx"))
    rest = decoded(fed, [b""])
    assert first[:-1] + rest == ["xx"] * 5000 + ["end"]
    assert fed.held == 0


def test_what_is_read_meanwhile_comes_later():
    """Also if it is fed before the rest was asked for."""
    fed = decoder()
    bomb = compressed(bytes(2**20))
    later = client_frame(TEXT, b"later")
    events = [*fed.feed(bomb * 2), *fed.feed(later[:-1])]
    events += decoded(fed, [later[-1:]])
    messages = [each for each in events if not isinstance(each, HeldBack)]
    assert messages == [bytes(2**20), bytes(2**20), "later"]


def test_what_is_taken_on_hold_is_decoded_when_it_is_asked_for():
    """Until then it stays as it came."""
    fed = decoder()
    [held] = fed.hold(compressed(bytes(2**20)))
    assert isinstance(held, HeldBack)
    assert fed.feed(b"") == [bytes(2**20)]
    assert fed.feed(b"") == []
    assert fed.hold(b"") == []


@pytest.mark.parametrize(
    ("end", "event"),
    [
        (client_frame(CLOSE, b"\x03\xe8bye"), ["close", 1000, "bye"]),
        (b"\xff", ["failure", 1002]),
        (client_frame(TEXT, b"\xff"), ["failure", 1007]),
        (compressed(bytes(2**20 + 1)), ["failure", 1009]),
    ],
)
def test_an_end_comes_after_what_was_held_back(end, event):
    """Nothing comes after it, however often it is asked for."""
    fed = decoder()
    events = decoded(fed, [compressed(bytes(2**20)) * 3 + end + b"ignored"])
    assert events[:3] == [bytes(2**20)] * 3
    assert [plain(each) for each in events[3:]] == [event]
    assert fed.feed(b"") == []


def test_an_ended_decoder_keeps_nothing_that_was_held_back():
    """The connection is over, and nobody will ask for it."""
    fed = decoder()
    fed.feed(compressed(bytes(2**20)) * 2)
    fed.end()
    assert fed.feed(b"") == []


payloads = st.one_of(
    st.binary(max_size=200),
    st.builds(bytes, st.integers(0, 300_000)),
)


@st.composite
def sent(draw):
    """What a client sends, and the messages in it: compressed, in fragments, or not."""
    data, messages = b"", []
    compressor = zlib.compressobj(wbits=-15)
    for payload in draw(st.lists(payloads, max_size=8)):
        if draw(st.booleans()):
            data += client_frame(PING)
            messages.append(["ping", b""])
        if draw(st.booleans()):
            data += compressed(payload, compressor)
        else:
            data += client_frame(BINARY, payload)
        messages.append(["binary", payload])
    if draw(st.booleans()):
        data += client_frame(CLOSE)
        messages.append(["close", 1005, ""])
    return data, messages


@given(sent(), st.lists(st.integers(1, 2000), min_size=1, max_size=5), st.booleans())
def test_holding_back_changes_nothing_else(sent, sizes, patient):
    """The events and their order, however the bytes are cut, asked for or not."""
    data, messages = sent
    fed, events, pos = decoder(), [], 0
    while pos < len(data):
        size = sizes[pos % len(sizes)]
        part = data[pos : pos + size]
        events += decoded(fed, [part]) if patient else fed.feed(part)
        pos += size
    events += decoded(fed, [b""])
    found = [plain(each) for each in events if not isinstance(each, HeldBack)]
    assert found == messages
