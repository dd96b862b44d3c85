"""Plain frames, in Python and as they are installed: in C, if it was compiled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.utils import apply_mask

from tests.core.wire import BINARY, TEXT, client_frame
from wsocket.core.websocket import _unmasking, frames, unmasking

LIMIT = 70_000
MOST = 1_000

IMPLEMENTATIONS = {"python": unmasking, "installed": frames}

implementations = pytest.mark.parametrize(
    "codec", list(IMPLEMENTATIONS.values()), ids=list(IMPLEMENTATIONS)
)


def taken(codec, data, pos=0, limit=LIMIT, most=MOST):
    """The messages, and where the first frame begins that was left."""
    messages = []
    end = codec.take_messages(data, pos, limit, messages, most)
    return messages, end


@implementations
@given(data=st.binary(max_size=70), mask=st.binary(min_size=4, max_size=4))
def test_masking_is_that_of_the_standard(codec, data, mask):
    """RFC 6455 section 5.3, judged by the package `websockets`; a view will do."""
    expected = apply_mask(data, mask)
    assert codec.apply_mask(data, mask) == expected
    assert codec.apply_mask(memoryview(data), mask) == expected


@pytest.mark.parametrize("mask", [b"", b"abc", b"abcde", "abcd", None])
def test_a_mask_in_c_has_four_bytes(mask):
    """Anything else would read what is none of its business."""
    with pytest.raises(TypeError, match="a mask of 4 bytes"):
        _unmasking.apply_mask(b"data", mask)


@implementations
@pytest.mark.parametrize("size", [0, 1, 7, 8, 9, 125, 126, 127, 4096, 65535])
def test_messages_of_every_size_are_unmasked(codec, size):
    """Whatever the length and its form, and however many bytes are left over."""
    payload = bytes(index * 7 % 251 for index in range(size))
    text = "".join(chr(33 + index % 90) for index in range(size))
    data = client_frame(BINARY, payload) + client_frame(TEXT, text.encode())
    assert taken(codec, data) == ([payload, text], len(data))


@implementations
@pytest.mark.parametrize("there", [0, 1, 3, 5])
def test_no_more_messages_are_taken_than_wanted(codec, there):
    """With those that are there already; the rest is left."""
    frame = client_frame(TEXT, b"x")
    messages = ["before"] * there
    end = codec.take_messages(frame * 10, 0, LIMIT, messages, 3)
    assert len(messages) == max(there, 3)
    assert end == max(0, 3 - there) * len(frame)


@implementations
@pytest.mark.parametrize("text", ["\x00", "é", "日本語", "a" * 64 + "\U0001f600"])
def test_text_that_is_not_ascii_is_decoded(codec, text):
    """Every plane of Unicode, at any place."""
    data = client_frame(TEXT, text.encode())
    assert taken(codec, data) == ([text], len(data))


@implementations
@pytest.mark.parametrize("payload", [b"\xff", b"a" * 50 + b"\xc3", b"\xed\xa0\x80"])
def test_text_that_is_not_utf8_is_refused_after_what_was_before_it(codec, payload):
    """The messages before it have been taken."""
    messages = []
    data = client_frame(TEXT, b"before") + client_frame(TEXT, payload)
    with pytest.raises(UnicodeDecodeError):
        codec.take_messages(data, 0, LIMIT, messages, MOST)
    assert messages == ["before"]


UNUSUAL = {
    "a fragment": client_frame(TEXT, b"part", fin=False),
    "a compressed message": client_frame(TEXT, b"deflated", rsv1=True),
    "a ping": client_frame(9, b"ping"),
    "no mask": b"\x81\x02hi",
    "a length in too many bytes": b"\x82\xfe\x00\x05mask" + bytes(5),
    "a 64-bit length": client_frame(BINARY, bytes(65536)),
    "a 64-bit length whose first half is a length": b"\x82\xff\x00\x7e"
    + bytes(6)
    + b"mask"
    + bytes(126),
    "more than the limit": client_frame(BINARY, bytes(LIMIT + 1)),
    "an incomplete payload": client_frame(BINARY, b"payload")[:-1],
    "an incomplete header": client_frame(BINARY, bytes(200))[:5],
    "nothing": b"",
}


@implementations
@pytest.mark.parametrize("unusual", list(UNUSUAL.values()), ids=list(UNUSUAL))
def test_what_is_unusual_is_left(codec, unusual):
    """It begins where the return value says."""
    before = client_frame(TEXT, b"before")
    assert taken(codec, before + unusual) == (["before"], len(before))


@implementations
def test_taking_starts_where_it_is_told(codec):
    """What is before *pos* is not looked at."""
    data = b"\xff\xff\xff" + client_frame(BINARY, b"payload")
    assert taken(codec, data, pos=3) == ([b"payload"], len(data))


@implementations
@pytest.mark.parametrize("size", [0, 125, 126, 65535, 65536, 100_000])
def test_unmasked_frames_have_the_shortest_header(codec, size):
    """RFC 6455 section 5.2: the minimal number of bytes for the length."""
    payload = bytes(size)
    if size < 126:
        header = bytes([0x82, size])
    elif size < 65536:
        header = b"\x82\x7e" + size.to_bytes(2, "big")
    else:
        header = b"\x82\x7f" + size.to_bytes(8, "big")
    assert codec.encode_unmasked(0x82, payload) == header + payload


frame_like = st.builds(
    lambda first, length, rest: bytes([first, length]) + rest,
    st.sampled_from([0x81, 0x82, 0x01, 0x00, 0x88, 0xC1]),
    st.integers(0, 0xFF),
    st.binary(max_size=40),
)
whole = st.builds(
    client_frame,
    st.sampled_from([TEXT, BINARY]),
    st.binary(max_size=200) | st.text(max_size=80).map(str.encode),
)


@given(st.lists(whole | frame_like, max_size=6).map(b"".join), st.integers(0, 150))
def test_both_do_the_same_with_any_bytes(data, limit):
    """Messages, place and verdict are the same, whatever comes."""
    outcomes = []
    for codec in IMPLEMENTATIONS.values():
        messages = []
        try:
            end = codec.take_messages(data, 0, limit, messages, MOST)
        except UnicodeDecodeError as error:
            end = error.reason
        outcomes.append((messages, end))
    assert outcomes[0] == outcomes[1]
