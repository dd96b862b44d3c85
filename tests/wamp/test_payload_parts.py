"""What is asked of payload parts, in Python and as it is installed: in C, if it was
compiled.
"""

from __future__ import annotations

import msgpack
import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from tests.pure import in_python
from wsocket.wamp.serializers import payload_parts as installed

python = in_python(installed, without="wsocket.wamp.serializers._payload_parts")
assert python.first_byte is not installed.first_byte

both = pytest.mark.parametrize(
    "parts", [python, installed], ids=["python", "installed"]
)
thorough = settings(max_examples=500)


@both
@pytest.mark.parametrize("data", [b"\0", b"[1]", b"\x91\x01", b"\xff" * 70_000])
def test_a_part_has_a_first_byte_and_a_size(parts, data):
    """The first is a number from 0 to 255."""
    assert parts.first_byte(Raw(data)) == data[0]
    assert parts.size_of(Raw(data)) == len(data)


@both
def test_nothing_has_no_first_byte(parts):
    """It is an error, not a byte from beyond."""
    with pytest.raises(IndexError):
        parts.first_byte(Raw(b""))
    assert parts.size_of(Raw(b"")) == 0


@both
@pytest.mark.parametrize("name", ["first_byte", "size_of"])
def test_what_is_not_bytes_like_is_refused(parts, name):
    """It is an error, not a crash."""
    with pytest.raises(TypeError):
        getattr(parts, name)(1)


# Plain MessagePack

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats()
    | st.text(max_size=40)
    | st.binary(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=20)
        | st.dictionaries(st.text(max_size=5), inner, max_size=20)
    ),
    max_leaves=40,
)

PLAIN = {
    "text of every length": [b"", *(b"x" * size for size in (31, 32, 255, 256, 65536))],
    "text that is not ascii": ["\u017elu\u0165ou\u010dk\u00fd k\u016f\u0148"],
    "binary of every length": [bytes(size) for size in (0, 255, 256, 65536)],
    "long lists": [[None] * 15, [True] * 16, [0] * 70_000],
    "long dicts": [{str(each): each for each in range(size)} for size in (16, 70_000)],
    "numbers": [127, 128, 255, 256, 2**16, 2**32, 2**64 - 1, -1, -33, -(2**63), 1.5],
}
# Valid or not, only a decoder can say.
UNUSUAL = {
    "an extension": b"\xd4\x05\x01",
    "a timestamp": b"\xd6\xff\0\0\0\x01",
    "a key that is a number": b"\x81\x01\x02",
    "a key that is a list": b"\x81\x90\x02",
    "the byte that is never used": b"\xc1",
    "text that is not utf-8": b"\xa1\xff",
    "text that is not utf-8, deep in a list": b"\x92\x01\x91\x81\xa1a\xa2\xc3\x28",
    "half a character at the end of long text": b"\xd9\x21" + b"x" * 32 + b"\xc3",
    "a surrogate": b"\xa3\xed\xa0\x80",
    "a key that is not utf-8": b"\x81\xa1\xff\x01",
    "lists in lists in lists": b"\x91" * 40 + b"\x90",
    "dicts in dicts in dicts": b"\x81\xa1a" * 40 + b"\x80",
    "more than one value": b"\x01\x02",
    "nothing": b"",
    "a list that ends early": b"\x92\x01",
    "a dict that ends before a value": b"\x81\xa1a",
    "text that ends early": b"\xdb\xff\xff\xff\xffx",
    "binary that ends early": b"\xc6\xff\xff\xff\xffx",
    "a length that ends early": b"\xdb\xff\xff",
    "a number that ends early": b"\xcf\x01",
    "a float that ends early": b"\xcb\x01",
    "a list longer than there are bytes": b"\xdd\xff\xff\xff\xff\x01",
}


@pytest.mark.parametrize("values", list(PLAIN.values()), ids=list(PLAIN))
def test_what_peers_send_is_plain(values):
    """So that it need not be decoded."""
    assert installed.is_plain_msgpack(Raw(msgpack.packb(values)))


@thorough
@given(VALUES)
def test_any_value_without_extensions_is_plain(value):
    """Whatever it is made of."""
    assert installed.is_plain_msgpack(Raw(msgpack.packb(value)))


@both
@pytest.mark.parametrize("data", list(UNUSUAL.values()), ids=list(UNUSUAL))
def test_what_is_unusual_is_not_plain(parts, data):
    """Nor is it an error: whoever asks has a decoder that says what is wrong."""
    assert parts.is_plain_msgpack(Raw(data)) is False


@thorough
@given(st.binary(max_size=60))
@example(b"\xde\x00\x01\xd9\x01a\xd3" + bytes(8))
def test_what_is_plain_can_be_decoded(data):
    """By a decoder that checks everything; all of its keys are strings."""
    if installed.is_plain_msgpack(Raw(data)):
        msgspec.msgpack.decode(data)
        msgpack.unpackb(data, strict_map_key=True)


@thorough
@given(VALUES, st.data())
def test_damaged_values_are_not_plain_or_can_be_decoded(value, draw):
    """With one byte of it replaced, or cut off after it."""
    data = bytearray(msgpack.packb(value))
    place = draw.draw(st.integers(0, len(data) - 1))
    data[place] = draw.draw(st.integers(0, 255))
    for damaged in (bytes(data), bytes(data[: place + 1])):
        if installed.is_plain_msgpack(Raw(damaged)):
            msgspec.msgpack.decode(damaged)
