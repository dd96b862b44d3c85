"""RawSocket's handshake and frames, as bytes ("RawSocket Transport")."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsocket.core.net.held_back import HeldBack
from wsocket.errors import PayloadSizeExceeded
from wsocket.wamp.transports.rawsocket_frames import (
    MAX_SIZE,
    MESSAGE,
    PING,
    PONG,
    Decoder,
    RawSocketFailure,
    RawSocketPing,
    RawSocketPong,
    RawSocketRefusal,
    RawSocketRequest,
    encode_frame,
    encode_message,
    encode_refusal,
    encode_reply,
    largest_size,
)

HELLO = b"\x7f\xf1\0\0"  # JSON, messages of up to 2**24
LIMIT = 1024


def decode(*chunks: bytes) -> list[Any]:
    decoder = Decoder(max_size=LIMIT)
    return [event for chunk in chunks for event in decoder.feed(chunk)]


def failure(*chunks: bytes) -> RawSocketFailure:
    """The failure after a good handshake, which must be all that there is."""
    request, failed = decode(HELLO, *chunks)
    assert request == RawSocketRequest(1, 2**24)
    assert isinstance(failed, RawSocketFailure)
    assert failed.refusal is None
    return failed


# The handshake


@pytest.mark.parametrize("length", range(16))
@pytest.mark.parametrize("serializer", range(1, 16))
def test_a_handshake_names_serializer_and_limit(serializer, length):
    """Both are halves of the second octet; unknown serializers are not judged here."""
    octets = bytes((0x7F, length << 4 | serializer, 0, 0))
    assert decode(octets) == [RawSocketRequest(serializer, 2 ** (9 + length))]


@pytest.mark.parametrize("length", range(16))
def test_the_reply_has_the_same_form(length):
    """LENGTH is the router's own, SERIALIZER the client's."""
    reply = encode_reply(3, 2 ** (9 + length))
    assert reply == bytes((0x7F, length << 4 | 3, 0, 0))


def test_a_refusal_has_the_error_where_length_would_be():
    """And zeros where the serializer would be."""
    assert encode_refusal(RawSocketRefusal.SERIALIZER_UNSUPPORTED) == b"\x7f\x10\0\0"
    assert encode_refusal(RawSocketRefusal.RESERVED_BITS) == b"\x7f\x30\0\0"


@pytest.mark.parametrize("first", [0x00, 0x16, 0x47, 0x7E, 0x80, 0xFF])
def test_another_first_octet_is_no_rawsocket(first):
    """It fails before the other three are there, without a reply."""
    [failed] = decode(bytes((first,)))
    assert failed.refusal is None
    assert f"{first:#x}" in failed.problem


@pytest.mark.parametrize("reserved", [b"\0\1", b"\1\0", b"\xff\xff"])
def test_reserved_octets_are_refused_with_error_3(reserved):
    """Be the serializer legal or not."""
    for second in (0xF1, 0xF0):
        [failed] = decode(bytes((0x7F, second)) + reserved)
        assert failed.refusal is RawSocketRefusal.RESERVED_BITS


def test_serializer_0_is_illegal():
    """The connection fails without a reply."""
    [failed] = decode(b"\x7f\xf0\0\0")
    assert failed.refusal is None


# The limit


@pytest.mark.parametrize(
    ("limit", "largest"),
    [
        (512, 512),
        (513, 512),
        (1023, 512),
        (1024, 1024),
        (2**20, 2**20),
        (10**6, 2**19),
        (2**24 - 1, 2**23),
        (2**24, 2**24),
        (2**40, 2**24),
    ],
)
def test_length_is_the_largest_power_of_two_in_the_limit(limit, largest):
    """From 2**9 to 2**24, and never above what the application allows."""
    assert largest_size(limit) == largest


def test_a_limit_that_length_cannot_express_is_refused():
    """511 bytes are less than the protocol's least."""
    with pytest.raises(ValueError, match="at least 512 for RawSocket, got 511"):
        largest_size(511)


# Frames


def test_a_frame_is_a_prefix_and_the_payload():
    """24 bits of length, and the type in the first octet."""
    assert encode_frame(MESSAGE, b"[]") == b"\0\0\0\x02[]"
    assert encode_frame(PING, b"") == b"\x01\0\0\0"
    assert encode_frame(PONG, bytes(0x10203))[:4] == b"\x02\x01\x02\x03"
    assert decode(HELLO, b"\0\0\0\x02[]\x01\0\0\0\x02\0\0\x01x")[1:] == [
        b"[]",
        RawSocketPing(b""),
        RawSocketPong(b"x"),
    ]


def test_exactly_16_mib_have_the_25th_bit():
    """One byte less has all 24."""
    largest = bytes(MAX_SIZE)
    assert encode_frame(MESSAGE, largest)[:4] == b"\x08\0\0\0"
    assert encode_frame(PONG, largest)[:4] == b"\x0a\0\0\0"
    assert encode_frame(MESSAGE, largest[:-1])[:4] == b"\0\xff\xff\xff"
    decoder = Decoder(max_size=MAX_SIZE)
    decoder.feed(HELLO)
    assert decoder.feed(b"\x08\0\0\0" + largest[:-1]) == []
    assert decoder.feed(b"\0\x01\0\0\0") == [largest, RawSocketPing(b"")]


@pytest.mark.parametrize("first", [0x10, 0x20, 0x40, 0x80, 0xF0, 0x18, 0x91])
def test_reserved_bits_of_a_frame_fail(first):
    """With the octet in the message."""
    problem = failure(bytes((first, 0, 0, 0))).problem
    assert "reserved" in problem
    assert f"{first:#04x}" in problem


@pytest.mark.parametrize("kind", [3, 4, 5, 6, 7])
def test_reserved_types_fail(kind):
    """With the type in the message."""
    assert failure(bytes((kind, 0, 0, 0))).problem.endswith(f"got {kind}")


@pytest.mark.parametrize("rest", [b"\0\0\1", b"\1\0\0", b"\xff\xff\xff"])
def test_the_25th_bit_is_for_one_length_only(rest):
    """With another bit of the length it fails."""
    assert "25th bit" in failure(b"\x08" + rest).problem


@pytest.mark.parametrize("prefix", [b"\0\0\x04\x01", b"\x01\0\x04\x01", b"\x08\0\0\0"])
def test_a_frame_above_the_limit_fails_before_its_payload(prefix):
    """Of whatever type it is; nothing of it is kept."""
    problem = failure(prefix).problem
    assert str(LIMIT) in problem
    assert "bytes" in problem


def test_a_frame_of_exactly_the_limit_passes():
    """1024 is not more than 1024."""
    assert decode(HELLO, struct.pack(">L", LIMIT), bytes(LIMIT))[1:] == [bytes(LIMIT)]


def test_nothing_follows_a_failure():
    """What came before it counts; what comes after is void, be it in another chunk."""
    events = decode(HELLO + b"\0\0\0\1a" + b"\x07\0\0\0" + b"\0\0\0\1b", b"\0\0\0\1c")
    assert events[:2] == [RawSocketRequest(1, 2**24), b"a"]
    assert isinstance(events[2], RawSocketFailure)
    assert len(events) == 3


def test_a_message_above_the_receivers_limit_is_not_framed():
    """The exception names both sizes."""
    assert encode_message(bytes(512), max_size=512) == b"\0\0\x02\0" + bytes(512)
    with pytest.raises(PayloadSizeExceeded, match=r"has 513 bytes.* takes 512"):
        encode_message(bytes(513), max_size=512)


# Chunks

frames = st.builds(
    lambda kind, payload: struct.pack(">L", kind << 24 | len(payload)) + payload,
    st.integers(0, 3),
    st.binary(max_size=60),
)
streams = st.one_of(
    st.binary(max_size=300),
    st.binary(max_size=300).map(HELLO.__add__),
    st.lists(frames, max_size=12).map(lambda each: HELLO + b"".join(each)),
)


@given(streams, st.data())
def test_any_chunking_gives_the_same_events(stream, data):
    """However the network splits the bytes, be it into single ones."""
    whole = decode(stream)
    assert decode(*(bytes((octet,)) for octet in stream)) == whole
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    edges = [0, *cuts, len(stream)]
    chunks = [stream[a:b] for a, b in pairwise(edges)]
    assert decode(*chunks) == whole


@given(st.lists(st.tuples(st.integers(0, 2), st.binary(max_size=LIMIT)), max_size=8))
def test_what_is_framed_comes_back(sent):
    """Every legal frame, in order."""
    kinds = {MESSAGE: bytes, PING: RawSocketPing, PONG: RawSocketPong}
    stream = b"".join(encode_frame(kind, payload) for kind, payload in sent)
    events = decode(HELLO + stream)[1:]
    assert events == [kinds[kind](payload) for kind, payload in sent]
    assert [type(event) for event in events] == [kinds[kind] for kind, _ in sent]


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_very_many_frames_come_bit_by_bit(kind):
    """To decode them takes much longer than to send them."""
    decoder = Decoder(max_size=LIMIT)
    decoder.feed(HELLO)
    events = decoder.feed(bytes((kind, 0, 0, 1)).join([b"", *[b"x"] * 5000]) + b"\0\0")
    assert len(events) < 1100
    while isinstance(events[-1], HeldBack):
        events[-1:] = decoder.feed(b"")
    assert len(events) == 5000
    assert decoder.feed(b"\0\2[]") == [b"[]"]
