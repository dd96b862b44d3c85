"""Text is refused at its first impossible byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.wire import (
    chunks,
)
from wsocket.core.websocket.frames import Utf8Validator


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


@pytest.mark.slow(reason="every character there is")
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
