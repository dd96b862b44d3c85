"""RFC 6455 framing: the corpus in tests/cases, then what no byte sequence shows."""

from __future__ import annotations

import tracemalloc

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
    plain,
    read_cases,
    server_frames,
    unhurried,
)
from wsocket.core.websocket import fast_frames, frames, message_buffer
from wsocket.core.websocket.deflate import DeflateParameters, Inflater
from wsocket.core.websocket.frames import Close, FrameDecoder, Ping, Pong, Utf8Validator
from wsocket.errors import ProtocolError

VALID = read_cases("valid")
INVALID = read_cases("invalid")
KNOWN_TO_THE_BYTE = [case for case in INVALID if case.fails_at is not None]

each_chunk_size = pytest.mark.parametrize("size", [1, 2, 4096])


def by_name(case):
    return case.name


def decoder(limit=2**20):
    return FrameDecoder(max_message_size=limit)


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


def unmask_in_python(monkeypatch):
    """As where no C extension could be built."""
    monkeypatch.setattr(frames, "apply_mask", fast_frames.apply_mask)
    monkeypatch.setattr(frames, "take_messages", fast_frames.take_messages)


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


def test_room_is_made_for_what_is_a_quarter_there():
    """Less than that of an announcement costs only what has come."""
    size = 2**24
    header = b"\x82\xff" + size.to_bytes(8, "big") + bytes(4)
    few = [header, *[bytes(65536)] * 63]
    assert peak_memory(decoder(limit=size), few)[0] < 2.5 * 63 * 65536
    more = [*few, bytes(65536)]
    assert size < peak_memory(decoder(limit=size), more)[0] < 1.5 * size


# --- Any bytes ------------------------------------------------------------------------


@unhurried
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


@unhurried
@given(st.lists(frame_like, max_size=10), st.integers(1, 30))
def test_how_the_bytes_are_split_never_matters(parts, size):
    """One read, many reads: the events and the close code are the same."""
    data = b"".join(parts)

    def decode(pieces):
        inflater = Inflater(DeflateParameters())
        fed = FrameDecoder(max_message_size=200, inflater=inflater)
        return [plain(event) for piece in pieces for event in fed.feed(piece)]

    assert decode(chunks(data, size)) == decode([data])


# --- Round trips ----------------------------------------------------------------------

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


@unhurried
@given(sent_messages(), st.integers(1, 100))
def test_what_a_client_sends_is_what_is_decoded(sent, size):
    """Any messages, fragments, masks, control frames in between and reads."""
    data, events = sent
    fed = decoder()
    assert [plain(e) for part in chunks(data, size) for e in fed.feed(part)] == events


@unhurried
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


@pytest.mark.parametrize("reason", ["x" * 124, "\u20ac" * 42])
def test_a_close_reason_that_does_not_fit_is_refused(reason):
    """What counts is bytes of UTF-8."""
    with pytest.raises(ValueError, match=r"12[46] bytes of UTF-8, at most 123 fit"):
        frames.check_close(1000, reason)


def test_a_close_reason_without_a_utf8_form_is_refused():
    """A lone surrogate cannot be sent."""
    with pytest.raises(ValueError, match="surrogates"):
        frames.check_close(1000, "\udc00")


@unhurried
@given(st.integers(0, 65535))
def test_what_may_be_sent_is_what_may_be_received(code):
    """One table serves both directions."""
    data = client_frame(CLOSE, code.to_bytes(2, "big"))
    assert (plain(decoder().feed(data)[0]) == ["close", code, ""]) == (
        code in frames.CLOSE_CODES
    )


# --- UTF-8 ----------------------------------------------------------------------------


def first_impossible_byte(data):
    """How many bytes it takes to know that this is not UTF-8, by RFC 3629's table.

    None: as far as it goes it is. Written from the table so that Python's codec, which
    the package uses, is not its own witness.
    """
    ranges = [
        (0x00, 0x7F, []),
        (0xC2, 0xDF, [(0x80, 0xBF)]),
        (0xE0, 0xE0, [(0xA0, 0xBF), (0x80, 0xBF)]),
        (0xE1, 0xEC, [(0x80, 0xBF)] * 2),
        (0xED, 0xED, [(0x80, 0x9F), (0x80, 0xBF)]),
        (0xEE, 0xEF, [(0x80, 0xBF)] * 2),
        (0xF0, 0xF0, [(0x90, 0xBF)] + [(0x80, 0xBF)] * 2),
        (0xF1, 0xF3, [(0x80, 0xBF)] * 3),
        (0xF4, 0xF4, [(0x80, 0x8F)] + [(0x80, 0xBF)] * 2),
    ]
    awaited = []
    for index, byte in enumerate(data):
        if awaited:
            low, high = awaited[0]
            if not low <= byte <= high:
                return index + 1
            awaited = awaited[1:]
            continue
        matching = [tail for low, high, tail in ranges if low <= byte <= high]
        if not matching:
            return index + 1
        awaited = matching[0]
    return None


def bytes_until_refused(data):
    """The same question, asked of the validator byte by byte."""
    validator = Utf8Validator()
    for index in range(len(data)):
        try:
            validator.check(data[index : index + 1])
        except UnicodeDecodeError:
            return index + 1
    return None


def test_every_start_of_a_character_is_judged_at_once():
    """All pairs of bytes, and all third bytes of those pairs that begin a character."""
    for first in range(256):
        for second in range(256):
            pair = bytes([first, second])
            expected = first_impossible_byte(pair)
            assert bytes_until_refused(pair) == expected, pair
            if expected is None and first >= 0xE0:
                for third in (0x00, 0x7F, 0x80, 0xBF, 0xC0, 0xFF):
                    three = bytes([*pair, third])
                    assert bytes_until_refused(three) == first_impossible_byte(three)


utf8_like = st.lists(
    st.one_of(
        st.characters(codec="utf-8").map(str.encode),
        st.sampled_from([b"\xc0", b"\xed", b"\xf4", b"\xe2\x82", b"\x80", b"\xa0"]),
    ),
    max_size=8,
).map(b"".join)


@unhurried
@given(utf8_like, st.integers(1, 7))
def test_text_in_pieces_is_judged_as_in_one(data, size):
    """However a text is cut, the piece with the first impossible byte is refused."""
    expected = first_impossible_byte(data)
    validator = Utf8Validator()
    taken = 0
    for piece in chunks(data, size):
        taken += len(piece)
        if expected is not None and expected <= taken:
            with pytest.raises(UnicodeDecodeError):
                validator.check(piece)
            return
        validator.check(piece)


# --- Memory ---------------------------------------------------------------------------


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
    parts = [client_frame(TEXT, b"a", fin=False), *[fragment * 500] * 100]
    peak, event = peak_memory(decoder(), parts)
    assert event is None
    assert peak < 200_000


def test_a_flood_of_empty_fragments_costs_nothing():
    """They may come forever; nothing is kept of them."""
    fragment = client_frame(CONTINUATION, fin=False)
    parts = [client_frame(TEXT, fin=False), *[fragment * 500] * 100]
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
