"""RFC 6455 framing: the corpus in tests/cases, then what no byte sequence shows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire import (
    BINARY,
    CONTINUATION,
    PING,
    TEXT,
    chunks,
    client_frame,
    decoded,
    decoder,
    plain,
    read_cases,
)
from tests.pure import in_python
from wsocket.core.websocket import frames, message_buffer, unmasking
from wsocket.core.websocket.deflate import DeflateParameters, Inflater
from wsocket.core.websocket.events import Close, Ping
from wsocket.core.websocket.frames import FrameDecoder
from wsocket.errors import ProtocolError

VALID = read_cases("valid")
INVALID = read_cases("invalid")
KNOWN_TO_THE_BYTE = [case for case in INVALID if case.fails_at is not None]

each_chunk_size = pytest.mark.parametrize("size", [1, 2, 4096])


def by_name(case):
    return case.name


# --- The corpus -----------------------------------------------------------------------


@each_chunk_size
@pytest.mark.parametrize("case", VALID, ids=by_name)
def test_valid_bytes_are_decoded(case, size):
    """However the network splits them, the events are the same."""
    assert case.decode(chunks(case.data, size)) == case.events


@each_chunk_size
@pytest.mark.parametrize("case", INVALID, ids=by_name)
def test_invalid_bytes_fail_the_connection(case, size):
    """However the network splits them, events and close code are the same."""
    expected = [*case.events, ["failure", case.close_code]]
    assert case.decode(chunks(case.data, size)) == expected


@pytest.mark.parametrize("case", KNOWN_TO_THE_BYTE, ids=by_name)
def test_the_verdict_does_not_wait_for_the_next_byte(case):
    """It is there once the offending byte is, and not before."""
    before, offending = case.data[: case.fails_at - 1], case.data[case.fails_at - 1 :]
    fed = case.decoder()
    assert [plain(event) for event in fed.feed(before)] == case.events
    assert plain(fed.feed(offending[:1])[-1]) == ["failure", case.close_code]


@pytest.mark.parametrize("case", INVALID, ids=by_name)
def test_nothing_is_decoded_after_a_failure(case):
    """Input after the offending byte is ignored, valid or not."""
    fed = case.decoder()
    fed.feed(case.data)
    assert fed.feed(client_frame(TEXT, b"valid")) == []
    assert fed.feed(b"\xff\xff") == []


@pytest.mark.parametrize("case", INVALID, ids=by_name)
def test_a_failure_says_what_is_wrong(case):
    """The problem is a line of text that fits into the Close frame's reason."""
    *_, failure = case.decoder().feed(case.data)
    assert failure.problem.isprintable()
    assert 10 < len(failure.problem) <= frames.MAX_REASON


@pytest.mark.parametrize(
    ("begun", "first", "problem"),
    [
        (False, 0x83, "reserved opcode 0x3"),
        (False, 0x7F, "reserved opcode 0xF"),
        (False, 0x08, "close frame is fragmented"),
        (False, 0x09, "ping frame is fragmented"),
        (True, 0x0A, "pong frame is fragmented"),
        (False, 0x80, "continuation frame, but no message to continue"),
        (False, 0x00, "continuation frame, but no message to continue"),
        (True, 0x81, "text frame inside a fragmented message"),
        (True, 0x02, "binary frame inside a fragmented message"),
        (False, 0xC1, "text frame with reserved bits 0x40"),
        (False, 0x32, "binary frame with reserved bits 0x30"),
        (False, 0x98, "close frame with reserved bits 0x10"),
        (True, 0xC0, "continuation frame with reserved bits 0x40"),
        (True, 0xA9, "ping frame with reserved bits 0x20"),
    ],
)
def test_a_failure_names_the_frame_and_the_broken_rule(begun, first, problem):
    """Who wrote the client finds the mistake by it."""
    fragment = client_frame(TEXT, b"begun", fin=False)
    data = (fragment if begun else b"") + bytes([first])
    [failure] = FrameDecoder(max_message_size=100).feed(data)
    assert failure.problem == problem


def unmask_in_python(monkeypatch):
    """As where no C extension could be built."""
    monkeypatch.setattr(frames, "apply_mask", unmasking.apply_mask)
    monkeypatch.setattr(frames, "take_messages", unmasking.take_messages)


@pytest.mark.parametrize("case", [*VALID, *INVALID], ids=by_name)
def test_unmasking_in_python_decodes_the_same(case, monkeypatch):
    """Without the C functions everything works as with them."""
    unmask_in_python(monkeypatch)
    failure = [["failure", case.close_code]] if case.close_code else []
    assert case.decode([case.data]) == case.events + failure


def test_long_frames_are_unmasked_in_python_too(monkeypatch):
    """The pure-Python function takes whatever buffer the decoder gives it."""
    unmask_in_python(monkeypatch)
    payload = bytes(range(256)) * 300
    fed = decoder()
    data = client_frame(BINARY, payload)
    assert [event for part in chunks(data, 40001) for event in fed.feed(part)] == [
        payload
    ]


def test_the_codec_is_whole_without_a_c_compiler():
    """It takes the functions in Python by itself."""
    interpreted = in_python(frames, without="wsocket.core.websocket._unmasking")
    fed = interpreted.FrameDecoder(max_message_size=100)
    assert interpreted.take_messages is unmasking.take_messages
    assert fed.feed(client_frame(TEXT, b"hello")) == ["hello"]
    assert interpreted.encode_message("hello") == b"\x81\x05hello"


# --- Large frames of text, which are gathered elsewhere -------------------------------

LARGE_TEXT = "ž" * 2**19 + "x"  # a little more than a mebibyte


@pytest.mark.parametrize("room", [True, False])
def test_a_large_text_is_decoded_however_it_is_split(room, monkeypatch):
    """Whether or not the system has room to gather it in."""

    def refuse(descriptor, length):
        raise OSError("no room")

    if not room:
        monkeypatch.setattr(message_buffer, "mmap", refuse)
    data = client_frame(TEXT, LARGE_TEXT.encode()) + client_frame(TEXT, b"short")
    for size in (65536, 2**20 + 5):
        fed = decoder(limit=2**21)
        events = [event for part in chunks(data, size) for event in fed.feed(part)]
        assert events == [LARGE_TEXT, "short"]


@pytest.mark.parametrize("room", [True, False])
@pytest.mark.parametrize("text", [True, False])
def test_what_is_gathered_is_what_has_come(room, text, monkeypatch):
    """It is charged; wherever it is, and whatever was announced."""

    def refuse(descriptor, length):
        raise OSError("no room")

    if not room:
        monkeypatch.setattr(message_buffer, "mmap", refuse)
    fed = decoder(limit=2**22)
    data = client_frame(TEXT if text else BINARY, b"x" * 2**21)
    header = len(data) - 2**21
    assert fed.feed(data[: 2**20 + header]) == []
    assert fed.gathered == 2**20


@pytest.mark.parametrize("maps", [0, 1, 2])
def test_fragments_are_gathered_whatever_room_is_left(maps, monkeypatch):
    """The system may refuse room for more, after it has given some."""
    real, given = message_buffer.mmap, []

    def some(descriptor, length):
        if len(given) == maps:
            raise OSError("no room")
        given.append(length)
        return real(descriptor, length)

    monkeypatch.setattr(message_buffer, "mmap", some)
    fed, part = decoder(limit=2**21), b"x" * 200_000
    assert fed.feed(client_frame(BINARY, part, fin=False)) == []
    for _ in range(6):
        assert fed.feed(client_frame(CONTINUATION, part, fin=False)) == []
    assert fed.feed(client_frame(CONTINUATION, part)) == [part * 8]
    assert len(given) == maps


def test_room_that_was_made_counts_as_gathered():
    """It is taken, although only a part of the message has come."""
    fed = decoder(limit=2**24)
    data = client_frame(BINARY, bytes(2**23))
    assert fed.feed(data[: 2**20]) == []
    assert fed.gathered < 2**20
    assert fed.feed(data[2**20 : 2**22]) == []
    assert fed.gathered == 2**23


@pytest.mark.parametrize("fragments", [(True, False), (False, True)])
def test_a_large_text_may_be_one_fragment_of_several(fragments):
    """The first of them or the last."""
    parts = [LARGE_TEXT if large else "short" for large in fragments]
    data = client_frame(TEXT, parts[0].encode(), fin=False)
    data += client_frame(PING, b"between") + client_frame(
        CONTINUATION, parts[1].encode()
    )
    fed = decoder(limit=2**21)
    events = [event for part in chunks(data, 65536) for event in fed.feed(part)]
    assert events == [Ping(b"between"), "".join(parts)]


@pytest.mark.parametrize(
    ("payload", "fails_in"),
    [
        (b"\xff" + b"x" * 2**20, 0),
        (b"x" * 2**20 + b"\xff" + b"x" * 2**20, 16),
        (b"x" * 2**20 + b"\xc3", 16),
    ],
    ids=["first byte", "in the middle", "last byte"],
)
def test_a_large_text_that_is_not_utf8_fails_at_once(payload, fails_in):
    """In the 64 KiB that have the offending byte."""
    fed = decoder(limit=2**22)
    said = [fed.feed(part) for part in chunks(client_frame(TEXT, payload), 65536)]
    assert [event.code for event in said[fails_in]] == [1007]
    assert [number for number, events in enumerate(said) if events] == [fails_in]


# --- Large frames of bytes, for which room is made ------------------------------------


@pytest.mark.slow(reason="megabytes, split in many ways")
@pytest.mark.parametrize("size", [65536, 300_000, 2**20 + 14, 2**22])
@pytest.mark.parametrize(
    "lengths",
    [
        *((2**20,), (2**20 + 1,), (2**21, 5), (5, 2**21), (2**20, 2**20)),
        *((0, 2**20, 0), (2**23,), (2**23, 2**20)),
    ],
)
def test_large_bytes_arrive_however_they_are_split(lengths, size):
    """By the peer into fragments, and by the network."""
    payload = bytes(range(251)) * (sum(lengths) // 251 + 1)
    data, at = b"", 0
    for number, length in enumerate(lengths):
        opcode = CONTINUATION if number else BINARY
        final = number == len(lengths) - 1
        data += client_frame(opcode, payload[at : at + length], fin=final)
        at += length
    fed = decoder(limit=2**24)
    events = [event for part in chunks(data, size) for event in fed.feed(part)]
    assert (events == [payload[:at]]) is True  # bytes that assert would not print


# --- Any bytes ------------------------------------------------------------------------


@given(st.lists(st.binary(max_size=300), max_size=5), st.booleans(), st.integers(0, 50))
def test_random_bytes_never_raise(parts, compressed, limit):
    """Events come out, a failure only as the last, and then nothing more."""
    inflater = Inflater(DeflateParameters()) if compressed else None
    fed = FrameDecoder(max_message_size=limit, inflater=inflater)
    events = [event for part in parts for event in fed.feed(part)]
    ends = [isinstance(event, Close | ProtocolError) for event in events]
    assert not any(ends[:-1])


# Bytes that look like frames get further into the decoder than random ones.
frame_like = st.builds(
    lambda first, length, rest: bytes([first, length]) + rest,
    st.sampled_from([0x81, 0x82, 0x01, 0x02, 0x00, 0x80, 0xC1, 0x41, 0x88, 0x89, 0x8A]),
    st.integers(0x80, 0xFF),
    st.binary(max_size=20),
)


@given(st.lists(frame_like, max_size=10), st.integers(1, 30))
def test_how_the_bytes_are_split_never_matters(parts, size):
    """One read, many reads: the events and the close code are the same."""
    data = b"".join(parts)

    def decode(pieces):
        inflater = Inflater(DeflateParameters())
        fed = FrameDecoder(max_message_size=200, inflater=inflater)
        return [plain(event) for event in decoded(fed, pieces)]

    assert decode(chunks(data, size)) == decode([data])
