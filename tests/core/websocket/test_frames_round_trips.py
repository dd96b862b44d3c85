"""What is encoded is decoded as it was, however the network splits it."""

from __future__ import annotations

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
    Frame,
    chunks,
    client_frame,
    decoder,
    plain,
    server_frames,
)
from wsocket.core.websocket import frames
from wsocket.core.websocket.events import Ping, Pong

messages = st.one_of(st.text(max_size=200), st.binary(max_size=400))
controls = st.builds(
    lambda kind, payload: kind(payload),
    st.sampled_from([Ping, Pong]),
    st.binary(max_size=125),
)
masks = st.binary(min_size=4, max_size=4)


@st.composite
def sent_messages(draw):
    """What a client sends, fragmented somehow, and the events that it means."""
    data = b""
    events = []
    for message in draw(st.lists(messages, max_size=5)):
        text = isinstance(message, str)
        opcode = TEXT if text else BINARY
        for piece, fin in draw(fragments(message.encode() if text else message)):
            for control in draw(st.lists(controls, max_size=2)):
                kind = PING if isinstance(control, Ping) else PONG
                data += client_frame(kind, control.payload, mask=draw(masks))
                events.append(control)
            data += client_frame(opcode, piece, fin=fin, mask=draw(masks))
            opcode = CONTINUATION
        events.append(message)
    return data, [plain(event) for event in events]


@st.composite
def fragments(draw, payload):
    """The payload in one piece or more, each with whether it is the last."""
    cuts = sorted(draw(st.lists(st.integers(0, len(payload)), max_size=4)))
    edges = [0, *cuts, len(payload)]
    return [
        (payload[edges[index] : edges[index + 1]], index == len(cuts))
        for index in range(len(cuts) + 1)
    ]


@given(sent_messages(), st.integers(1, 100))
def test_what_a_client_sends_is_what_is_decoded(sent, size):
    """Any messages, fragments, masks, control frames in between and reads."""
    data, events = sent
    fed = decoder()
    assert [plain(e) for part in chunks(data, size) for e in fed.feed(part)] == events


@given(messages, st.booleans())
def test_an_encoded_message_is_one_unmasked_frame(message, rsv1):
    """A str goes out as text, bytes as binary."""
    text = isinstance(message, str)
    payload = message.encode() if text else message
    expected = Frame(TEXT if text else BINARY, payload, fin=True, rsv1=rsv1)
    assert server_frames(frames.encode_message(message, rsv1=rsv1)) == [expected]


@pytest.mark.parametrize(
    ("size", "header"),
    [
        (0, "82 00"),
        (125, "82 7d"),
        (126, "82 7e 00 7e"),
        (65535, "82 7e ff ff"),
        (65536, "82 7f 00 00 00 00 00 01 00 00"),
    ],
)
def test_the_length_is_encoded_in_the_fewest_bytes(size, header):
    """7, 16 or 64 bits (section 5.2)."""
    payload = bytes(size)
    assert frames.encode_message(payload) == bytes.fromhex(header) + payload


def test_a_fragment_is_encoded_without_fin():
    """`fin=False` leaves the first bit clear."""
    assert frames.encode_frame(TEXT, b"a", fin=False) == b"\x01\x01a"


def test_text_without_a_utf8_form_is_not_encoded():
    """A lone surrogate is the caller's mistake."""
    with pytest.raises(ValueError, match="surrogates"):
        frames.encode_message("\ud800")


# --- Close frames ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "reason", "payload"),
    [
        (1000, "", b"\x03\xe8"),
        (1001, "bye", b"\x03\xe9bye"),
        (4999, "\u20ac", b"\x13\x87\xe2\x82\xac"),
        (1000, "x" * 123, b"\x03\xe8" + b"x" * 123),
        (1005, "", b""),
    ],
)
def test_a_close_frame_is_encoded(code, reason, payload):
    """1005 stands for no code, so its frame is empty."""
    assert server_frames(frames.encode_close(code, reason)) == [
        Frame(CLOSE, payload, fin=True, rsv1=False)
    ]


@pytest.mark.parametrize(
    "code", [-1, 0, 1, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1000.0, "1000", None]
)
def test_a_close_code_that_may_not_be_sent_is_refused(code):
    """The error names the codes that may, and the one that came."""
    with pytest.raises(ValueError, match=rf"1000-1003, .* got {code!r}"):
        frames.check_close(code)


@pytest.mark.parametrize("refuse", [frames.check_close, frames.encode_close])
@pytest.mark.parametrize("reason", ["x" * 124, "\u20ac" * 42])
def test_a_close_reason_that_does_not_fit_is_refused(reason, refuse):
    """What counts is bytes of UTF-8."""
    with pytest.raises(ValueError, match=r"12[46] bytes of UTF-8, at most 123 fit"):
        refuse(1000, reason)


def test_a_close_reason_without_a_utf8_form_is_refused():
    """A lone surrogate cannot be sent."""
    with pytest.raises(ValueError, match="surrogates"):
        frames.check_close(1000, "\udc00")


@given(st.integers(0, 65535))
def test_what_may_be_sent_is_what_may_be_received(code):
    """One table serves both directions."""
    data = client_frame(CLOSE, code.to_bytes(2, "big"))
    assert (plain(decoder().feed(data)[0]) == ["close", code, ""]) == (
        code in frames.CLOSE_CODES
    )
