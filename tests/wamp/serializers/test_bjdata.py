"""BJData as bytes in and values out, with the package bjdata as the judge."""

from __future__ import annotations

import math
import struct
import tracemalloc
from decimal import Decimal
from typing import Any

import bjdata
import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.wamp.serializers.test_serializers import (
    BINARY_VALUES,
    UBJSON,
    equal,
    examine,
)
from wsocket.wamp.serializers.bjdata import (
    MAX_DEPTH,
    MAX_VALUES,
    BjdataError,
    Reader,
    write,
)


def read(data: bytes) -> Any:
    """One value, which must be all."""
    reader = Reader(data)
    value = reader.value()
    reader.complete()
    return value


def judged(data: bytes) -> Any:
    """What bjdata reads, as plain Python values."""

    def plain(value: Any) -> Any:
        if isinstance(value, numpy.ndarray):
            return value.tolist()
        if isinstance(value, list):
            return [plain(item) for item in value]
        if isinstance(value, dict):
            return {key: plain(item) for key, item in value.items()}
        if isinstance(value, Decimal):
            return int(value) if "." not in str(value) else float(value)
        return value

    return plain(bjdata.loadb(data))


@given(value=BINARY_VALUES)
def test_judge_reads_what_is_written(value):
    """And so does the reader; it reads what the judge writes as well."""
    assert equal(judged(write(value)), value)
    assert equal(read(write(value)), value)
    assert equal(read(bjdata.dumpb(value)), value)
    assert equal(read(bjdata.dumpb(value, container_count=True)), value)


# From the test vectors of the specification: the form of autobahn-python 26.
VECTORS = [
    (
        "5b55106dafc1490e7b7d535512636f6d2e6d796170702e6d79746f706963315b53550d48656c6c"
        "6f2c20776f726c64215d5d",
        [16, 239714735, {}, "com.myapp.mytopic1", ["Hello, world!"]],
    ),
    (
        "5b55106d15cd5b077b5508656e635f616c676f53550963727970746f626f78550e656e635f7365"
        "7269616c697a65725355076d73677061636b7d535513636f6d2e6d796170702e656e6372797074"
        "65645b244223551982a5636f6c6f72a66f72616e6765a573697a65739317002a075d",
        [
            16,
            123456789,
            {"enc_algo": "cryptobox", "enc_serializer": "msgpack"},
            "com.myapp.encrypted",
            b"\x82\xa5color\xa6orange\xa5sizes\x93\x17\x00*\x07",
        ],
    ),
]


@pytest.mark.parametrize(("data", "value"), VECTORS, ids=["PUBLISH", "encrypted"])
def test_vectors_of_the_specification(data, value):
    """Read and written, byte for byte."""
    assert read(bytes.fromhex(data)) == value
    assert write(value).hex() == data


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (255, b"U\xff"),
        (256, b"u\x00\x01"),
        (65536, b"m\x00\x00\x01\x00"),
        (2**32, b"M\x00\x00\x00\x00\x01\x00\x00\x00"),
        (-1, b"i\xff"),
        (-128, b"i\x80"),
        (-129, b"I\x7f\xff"),
        (-32769, b"l\xff\x7f\xff\xff"),
        (-(2**31) - 1, b"L\xff\xff\xff\x7f\xff\xff\xff\xff"),
        (2**64, b"HU\x1418446744073709551616"),
        (-(2**63) - 1, b"HU\x14-9223372036854775809"),
        (1.5, b"D\x00\x00\x00\x00\x00\x00\xf8\x3f"),
        (b"\x00\xff", b"[$B#U\x02\x00\xff"),
        ({"ž": None}, b"{U\x02\xc5\xbeZ}"),
        ((True, False), b"[TF]"),
    ],
)
def test_forms_of_values(value, data):
    """Little-endian, in the shortest form; the judge writes them alike."""
    assert write(value) == data == bjdata.dumpb(value)


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"Ca", "a"),
        (b"B\x07", 7),
        (b"h\x00\x3c", 1.0),
        (b"d\x00\x00\x80\x3f", 1.0),
        (b"[NNTNN]", [True]),
        (b"{NU\x01aTN}", {"a": True}),
        (b"[#U\x02NTNF", [True, False]),
        (b"[#U\x00", []),
        (b"{#u\x01\x00U\x01aT", {"a": True}),
        (b"[$i#U\x02\xff\x01", [-1, 1]),
        (b"[$U#U\x02ab", [97, 98]),
        (b"[$B#U\x02ab", b"ab"),
        (b"[$D#i\x00", []),
        (b"{$u#U\x01U\x01a\x01\x00", {"a": 1}),
        (b"{U\x01aTU\x01aF}", {"a": False}),
        (b"HU\x02-7", -7),
        (b"HU\x041.50", 1.5),
        (b"HU\x031e3", 1000.0),
        (b"SM\x01\0\0\0\0\0\0\0a", "a"),
    ],
)
def test_forms_that_are_only_read(data, value):
    """Counts, types, no-ops, characters, decimal digits."""
    assert equal(read(data), value)


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "truncated at byte 0"),
        (b"[T", "truncated at byte 2"),
        (b"m\x01", "truncated: a number expected at byte 1"),
        (b"SU\x05abc", "truncated: 5 bytes expected at byte 3, got 3"),
        (b"[T\x00]", r"expected the marker of a value at byte 2, got '\x00'"),
        (b"{SU\x01aT}", "expected a length at byte 1, got 'S'"),
        (b"Si\xffa", "length -1 before byte 3"),
        (b"SU\x01\xff", "text at byte 3 is not UTF-8"),
        (b"C\xff", "character at byte 1 is not ASCII"),
        (b"[#m\xff\xff\xff\x7fTT", "truncated: 2147483647 elements expected at byte 7"),
        (b"[$D#U\x02" + bytes(9), "truncated: 16 bytes expected at byte 6, got 9"),
        (b"[$Z#U\x02", "expected the type of a number at byte 2, got 'Z'"),
        (b"[${U\x01aU}#U\x01a", "expected the type of a number at byte 2, got '{'"),
        (b"[$UU\x01]", "expected '#' after a type at byte 3"),
        (b"[$U#[U\x01U\x01]a", "arrays of several dimensions are not supported"),
        (b"HU\x03nan", "expected a number before byte 6"),
        (b"HU\x051e999", "number out of range before byte 8"),
        (b"Hu\x10\x27" + b"1" * 10_000, "a number of more than 310 digits"),
        (b"TT", "1 bytes follow the message"),
        (b"[" * 202, "nested more than 200 levels deep"),
        (b"[" + b"T" * 10_000 + b"]", "more than 10000 values and keys"),
        (b"{" + b"U\x01aT" * 5_000 + b"}", "more than 10000 values and keys"),
        (b"[" + b"[$B#U\x00" * 5_000 + b"]", "more than 10000 values and keys"),
        (b"[" + b"N" * 10_000 + b"]", "more than 10000 values and keys"),
        (
            b"[$i#m\x00\xd4\x30\x00" + bytes(3_200_000),
            "more than 10000 values and keys",
        ),
        (
            b"[" + (b"HU\x40" + b"1" * 64) * 3_334 + b"]",
            "more than 10000 values and keys",
        ),
    ],
)
def test_malformed_data_is_explained(data, problem):
    """What was expected, where, and what came."""
    with pytest.raises(BjdataError) as caught:
        read(data)
    assert problem in str(caught.value)


def test_limits_are_as_documented():
    """What is just allowed is read."""
    assert read(b"[" * MAX_DEPTH + b"]" * MAX_DEPTH)
    assert len(read(b"[" + b"T" * (MAX_VALUES - 1) + b"]")) == MAX_VALUES - 1


@pytest.mark.parametrize("length", [2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1])
@pytest.mark.parametrize(
    "head", [b"S", b"H", b"[#", b"{#", b"[$D#", b"[$B#", b"{$U#", b"{"], ids=repr
)
def test_lengths_that_lie_cost_nothing(head, length):
    """No memory for what is not there."""
    tracemalloc.start()
    try:
        with pytest.raises(BjdataError, match=r"truncated|digits"):
            read(head + b"M" + struct.pack("<Q", length) + b"TTTT")
        assert tracemalloc.get_traced_memory()[1] < 50_000
    finally:
        tracemalloc.stop()


NUMBERS = {
    "i": "b", "U": "B", "I": "h", "u": "H", "l": "i", "m": "I", "L": "q", "M": "Q",
    "d": "f", "D": "d",
}  # fmt: skip
KEYS = st.sampled_from([b"U\x01a", b"i\x02\xc5\xbe", b"u\x00\x00", b"m\x01\0\0\0b"])


def typed(marker: str, numbers: list[int]) -> bytes:
    """Numbers of one type as they follow one another."""
    return struct.pack(f"<{len(numbers)}{NUMBERS[marker]}", *numbers)


# Without its C part, bjdata fails on a count of 0.
SMALL = st.lists(st.integers(0, 100), min_size=1, max_size=3)
MARKERS = st.sampled_from(sorted(NUMBERS))
ITEMS = st.recursive(
    st.sampled_from(
        [b"Z", b"T", b"F", b"Cx", b"SU\x02\xc5\xbe", b"HU\x0212", b"SU\x00"]
    )
    | st.builds(lambda m, n: m.encode() + typed(m, [n]), MARKERS, st.integers(0, 100))
    | st.builds(
        lambda m, ns: b"[$%c#U%c" % (ord(m), len(ns)) + typed(m, ns), MARKERS, SMALL
    )
    | st.binary(max_size=3).map(lambda b: b"[$B#U%c" % len(b) + b),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: b"[" + b"N".join(items) + b"]")
        | st.lists(inner, min_size=1, max_size=3).map(
            lambda items: b"[#U%c" % len(items) + b"".join(items)
        )
        | st.lists(st.tuples(KEYS, inner), max_size=2).map(
            lambda items: b"{" + b"".join(a + b for a, b in items) + b"}"
        )
        | st.lists(st.tuples(KEYS, inner), min_size=1, max_size=2).map(
            lambda items: b"{#U%c" % len(items) + b"".join(a + b for a, b in items)
        )
    ),
    max_leaves=8,
)


@settings(max_examples=300)
@given(data=ITEMS)
def test_judge_agrees_on_every_form(data):
    """With and without counts and types."""
    value = read(data)
    assert value == judged(data)


@settings(max_examples=200)
@given(data=ITEMS)
def test_data_that_is_cut_anywhere_is_refused(data):
    """No beginning of a value is a value."""
    for end in range(len(data)):
        with pytest.raises(BjdataError):
            read(data[:end])


@settings(max_examples=500)
@given(
    data=ITEMS,
    edits=st.lists(
        st.tuples(
            st.integers(0, 60),
            st.sampled_from([b"", *(bytes([c]) for c in b"[]{}$#NZUimMDHSCB\x00\xff")]),
        ),
        min_size=1,
        max_size=4,
    ),
)
def test_damaged_values_raise_nothing_unforeseen(data, edits):
    """As Arguments, as options and as a message."""
    for position, inserted in edits:
        position %= len(data) + 1
        data = data[:position] + inserted + data[position + 1 :]
    examine(UBJSON, b"[U\x10U\x01{}Ct[" + data + b"]]")
    examine(UBJSON, b"[U\x10U\x01{U\x01x" + data + b"}Ct]")
    examine(UBJSON, data)


def test_numbers_that_are_none_are_passed_on():
    """NaN and the infinities are floats here, as in MessagePack and CBOR."""
    for value in (math.inf, -math.inf):
        assert read(write(value)) == judged(write(value)) == value
    assert math.isnan(read(write(math.nan)))


FORMLESS = {
    "key": {1: 2},
    "object": object(),
    "surrogate": "\ud800",
    "set": {"a": {1}},
}


@pytest.mark.parametrize("value", list(FORMLESS.values()), ids=list(FORMLESS))
def test_values_without_a_form_are_refused(value):
    """TypeError or ValueError, as the serializer expects."""
    with pytest.raises((TypeError, ValueError)):
        write(value)
