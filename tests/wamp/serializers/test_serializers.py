"""Serializers as bytes in and bytes out; json, msgpack, cbor2 and bjdata judge."""

from __future__ import annotations

import json
from typing import Any

import bjdata
import cbor2
import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import Raw

from tests.pure import in_python
from wsocket.errors import PayloadError
from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    Call,
    ClientRole,
    ClientRoles,
    Error,
    Hello,
    Publish,
    Yield,
)
from wsocket.wamp.serializers import installed as formats
from wsocket.wamp.serializers.base import DECODE_ERRORS, Payload, Serializer, is_opaque
from wsocket.wamp.serializers.cbor import CBOR
from wsocket.wamp.serializers.json import JSON
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.serializers.ubjson import UBJSON
from wsocket.wamp.session.features import announced_features

SERIALIZERS: dict[str, Serializer] = {
    "json": JSON,
    "msgpack": MESSAGEPACK,
    "cbor": CBOR,
    "ubjson": UBJSON,
}
JUDGES: dict[str, tuple[Any, Any]] = {
    "json": (json.dumps, json.loads),
    "msgpack": (
        msgpack.packb,
        lambda data: msgpack.unpackb(data, strict_map_key=False),
    ),
    "cbor": (cbor2.dumps, cbor2.loads),
    "ubjson": (bjdata.dumpb, bjdata.loadb),
}
every_serializer = pytest.mark.parametrize("name", list(SERIALIZERS))
quick = settings(max_examples=100)

TEXTS = st.text(max_size=20)
# bjdata writes subnormal numbers as decimal digits, and reads a Decimal.
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(
    allow_nan=False, allow_infinity=False, allow_subnormal=False
)
LEAVES = st.none() | st.booleans() | NUMBERS | TEXTS
JSON_VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=10,
)
BINARY_VALUES = st.recursive(
    LEAVES | st.binary(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4)
    ),
    max_leaves=10,
)
KWARGS = st.dictionaries(TEXTS, JSON_VALUES, max_size=3)


def equal(one: Any, other: Any) -> bool:
    """Equal in type as well: 1, 1.0 and True are three values; so are 0.0 and -0.0."""
    return repr(one) == repr(other) and one == other


@every_serializer
@quick
@given(args=st.lists(JSON_VALUES, max_size=4), kwargs=KWARGS)
def test_decoded_payload_is_what_the_judge_wrote(name, args, kwargs):
    """The raw parts are the very bytes, and their values the judge's."""
    serializer, (dumps, loads) = SERIALIZERS[name], JUDGES[name]
    data = dumps([16, 7, {"acknowledge": True}, "com.example.topic", args, kwargs])
    message = serializer.decode(data)
    assert isinstance(message, Publish)
    assert (message.request, message.topic) == (7, "com.example.topic")
    assert message.options.acknowledge is True
    payload = serializer.payload(message.args, message.kwargs)
    assert payload.serializer is serializer
    assert payload.parts == [message.args, message.kwargs]
    for part, value in zip(payload.parts, (args, kwargs), strict=True):
        assert bytes(part) in (data.encode() if name == "json" else data)
        assert equal(loads(bytes(part)), value)


@every_serializer
@quick
@given(args=st.lists(BINARY_VALUES, max_size=4))
def test_packed_values_are_what_the_judge_reads(name, args):
    """Only binary in JSON has a form of its own."""
    serializer, (_, loads) = SERIALIZERS[name], JUDGES[name]
    written = bytes(serializer.pack(args))
    if name == "json":
        # It has no constants such as NaN, which only Python's json would read.
        read = json.loads(written, parse_constant=pytest.fail)
        assert equal(json.loads(json.dumps(read)), read)
    else:
        assert equal(loads(written), args)


@every_serializer
@quick
@given(args=st.lists(BINARY_VALUES, max_size=4))
@example(args=[b""])
@example(args=[{"a": [b"\xff", {"b": b"\0"}]}])
def test_values_survive_packing_and_unpacking(name, args):
    """Binary too, in JSON too; but a text with a NUL in front may be taken for it."""
    serializer = SERIALIZERS[name]
    if name == "json" and "'\\x00" in repr(args).replace("b'\\x00", ""):
        return
    assert equal(serializer.unpack(serializer.pack(args)), args)


@every_serializer
@quick
@given(args=st.lists(BINARY_VALUES, min_size=1, max_size=4), code=st.integers(1, 70))
def test_encoded_message_is_what_the_judge_reads(name, args, code):
    """Raw items are copied into the list as they are."""
    serializer, (_, loads) = SERIALIZERS[name], JUDGES[name]
    part = serializer.pack(args)
    head = [code, 2**53, {"topic": "ž", "x": [True]}]
    written = serializer.encode([*head, part, serializer.pack({})])
    read = loads(written)
    assert read[:3] == head
    assert repr(read[3]) == repr(loads(bytes(part)))
    assert read[4] == {}
    assert bytes(part) in written


@every_serializer
@quick
@given(values=st.lists(BINARY_VALUES, max_size=2), code=st.integers(1, 70))
def test_pieces_of_a_message_are_what_it_would_be_in_one(name, values, code):
    """With the very parts among them, none, one or two."""
    serializer = SERIALIZERS[name]
    head = [code, 2**53, {"topic": "ž"}]
    parts = [serializer.pack(value) for value in values]
    pieces = serializer.pieces(head, parts)
    assert b"".join(pieces) == serializer.encode(head + parts)
    assert [piece for piece in pieces if type(piece) is Raw] == parts


@every_serializer
def test_encoded_message_without_payload_has_no_trace_of_one(name):
    """Every arity has its own layout."""
    serializer, (_, loads) = SERIALIZERS[name], JUDGES[name]
    assert loads(serializer.encode([36, 1, 2, {}])) == [36, 1, 2, {}]
    assert loads(serializer.encode([36, 1, 2, {}, serializer.pack([])])) == [
        36, 1, 2, {}, [],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ([16, 1, {}, "t"], Publish),
        ([48, 1, {}, "p"], Call),
        ([70, 1, {}], Yield),
        ([8, 68, 1, {}, "e"], Error),
    ],
)
@every_serializer
def test_absent_payload_is_absent(name, message, kind):
    """And empty Arguments are not."""
    serializer, (dumps, _) = SERIALIZERS[name], JUDGES[name]
    decoded = serializer.decode(dumps(message))
    assert type(decoded) is kind
    assert decoded.args is ABSENT
    assert decoded.kwargs is ABSENT
    assert serializer.payload(decoded.args, decoded.kwargs).parts == []
    decoded = serializer.decode(dumps([*message, []]))
    payload = serializer.payload(decoded.args, decoded.kwargs)
    assert len(payload.parts) == 1
    assert payload.values() == ([], {})


# Hostile bytes

VALID = [
    [1, "realm1", {"roles": {"caller": {"features": {"x": True}}}, "agent": "a"}],
    [
        16,
        1,
        {"exclude": [1, 2], "acknowledge": True},
        "t",
        [1, "x", b"y".hex()],
        {"k": 1},
    ],
    [48, 1, {"disclose_me": False}, "p", [[[1.5]]], {"k": {"l": None}}],
    [8, 68, 1, {}, "e", ["x"]],
    [32, 1, {"match": "prefix"}, "t"],
    [2, 1, {"roles": {"broker": {"features": {"x": True}}}, "authextra": {"a": 1}}],
    [35, 0, {"subscription": 1, "reason": "x"}],
    [36, 1, 2, {"topic": "t", "enc_algo": "mqtt", "publisher": 1}, "payload"],
    [50, 1, {"progress": True}, ["x"], {"k": 1}],
    [68, 1, 2, {"caller": 3, "timeout": 5}, [1, {"a": []}]],
]


def examine(serializer: Serializer, data: Any) -> None:
    """What either side does with bytes; nothing but `DECODE_ERRORS` and
    `PayloadError` may come of it.
    """
    for decode in (serializer.decode, serializer.decode_from_router):
        try:
            message = decode(data)
        except DECODE_ERRORS as error:
            said = serializer.explain(error, data)
            assert isinstance(said, str)
            assert said
        else:
            examine_payload(serializer, message)


def examine_payload(serializer: Serializer, message: Any) -> None:
    """What a session does with the payload, if there is one."""
    if hasattr(message, "args"):
        assert is_opaque(serializer, message.args) in (True, False)
        try:
            payload = serializer.payload(message.args, message.kwargs)
        except PayloadError:
            return
        for other in SERIALIZERS.values():
            try:
                written = payload.to(other)
            except PayloadError:
                continue
            assert all(type(part) is Raw for part in written)


@every_serializer
@settings(max_examples=400)
@given(data=st.binary(max_size=60))
def test_random_bytes_raise_nothing_unforeseen(name, data):
    """Most are refused; none of them raises what a session does not expect."""
    examine(SERIALIZERS[name], data.decode("latin-1") if name == "json" else data)


@every_serializer
@settings(max_examples=400)
@given(
    message=st.sampled_from(VALID),
    edits=st.lists(st.tuples(st.integers(0, 200), st.binary(max_size=3)), max_size=3),
    cut=st.integers(0, 200),
)
def test_damaged_messages_raise_nothing_unforeseen(name, message, edits, cut):
    """Bytes are replaced, inserted and cut off."""
    data = JUDGES[name][0](message)
    if name == "json":
        data = data.encode("latin-1")
    for position, inserted in edits:
        position %= len(data) + 1
        data = data[:position] + inserted + data[position + 1 :]
    if cut < len(data):
        data = data[: len(data) - cut] if cut % 2 else data
    examine(SERIALIZERS[name], data.decode("latin-1") if name == "json" else data)


CBOR_TAGS = [0, 1, 2, 3, 4, 5, 25, 28, 29, 30, 35, 36, 37, 52, 54, 100, 256, 258]
CBOR_TAGS += [260, 261, 1004, 43000, 55799, 99999]
CBOR_ITEMS = st.recursive(
    st.sampled_from(
        [
            *(
                b"\xf6",
                b"\xf7",
                b"\xf5",
                b"\xe5",
                b"\xf8\x20",
                b"\x00",
                b"\x20",
                b"\x60",
            ),
            *(b"\x40", b"\x41\xff", b"\x61x", b"\xf9\x7e\x00", b"\xfb" + b"\x7f" * 8),
            *(b"\x1b" + b"\xff" * 8, b"\x3b" + b"\xff" * 8, b"\x9f\xff", b"\xbf\xff"),
            *(b"\x5f\xff", b"\x7f\xff", b"\xff", b"\x50" + b"\xff" * 16),
            b"\x74" + b"2020-01-01T00:00:00Z",
        ]
    ),
    lambda inner: (
        st.builds(
            lambda tag, item: cbor2.dumps(cbor2.CBORTag(tag, 0))[:-1] + item,
            st.sampled_from(CBOR_TAGS),
            inner,
        )
        | st.lists(inner, max_size=3).map(
            lambda items: bytes([0x80 + len(items)]) + b"".join(items)
        )
        | st.lists(st.tuples(inner, inner), max_size=2).map(
            lambda items: bytes([0xA0 + len(items)]) + b"".join(a + b for a, b in items)
        )
    ),
    max_leaves=6,
)


@settings(max_examples=500)
@given(item=CBOR_ITEMS)
def test_cbor_tags_raise_nothing_unforeseen(item):
    """Dates that are none, fractions by zero, references to nowhere, keys that cannot
    be.
    """
    examine(CBOR, b"\x85\x10\x01\xa0\x61t\x81" + item)
    examine(CBOR, b"\x84\x10\x01\xa1\x61x" + item + b"\x61t")
    examine(CBOR, b"\x84\x10" + item + b"\xa0\x61t")
    examine(CBOR, b"\x81" + item)


def test_cbor_is_read_down_to_400_levels():
    """No deeper than what other serializers and most clients can read."""
    head = b"\x85\x10\x01\xa0\x61t"  # PUBLISH
    deepest = b"\x81" * 400 + b"\x01"
    assert bytes(CBOR.decode(head + deepest).args) == deepest
    with pytest.raises(DECODE_ERRORS):
        CBOR.decode(head + b"\x81" + deepest)


@pytest.mark.parametrize("depth", [10, 400, 499, 500, 501, 900, 1000, 1100, 50_000])
@every_serializer
def test_nests_of_any_depth_raise_nothing_unforeseen(name, depth):
    """As a message, as its type, in its options, in its payload."""
    opened, closed = {
        "json": (b"[", b"]"),
        "msgpack": (b"\x91", b""),
        "cbor": (b"\x81", b""),
        "ubjson": (b"[", b"]"),
    }[name]
    bottom = {"json": b"1", "msgpack": b"\x01", "cbor": b"\x01", "ubjson": b"T"}[name]
    nest = opened * depth + bottom + closed * depth
    heads = {
        "json": (b"", b'[16,1,{"x":%s},"t"]', b'[16,1,{},"t",%s]'),
        "msgpack": (b"", b"\x94\x10\x01\x81\xa1x%s\xa1t", b"\x95\x10\x01\x80\xa1t%s"),
        "cbor": (b"", b"\x84\x10\x01\xa1\x61x%s\x61t", b"\x85\x10\x01\xa0\x61t%s"),
        "ubjson": (b"", b"[U\x10U\x01{U\x01x%s}Ct]", b"[U\x10U\x01{}Ct%s]"),
    }[name]
    for head in heads:
        data = head % nest if head else nest
        examine(SERIALIZERS[name], data.decode() if name == "json" else data)


# Payloads


def test_payload_is_converted_once_for_each_serializer():
    """Receivers of one serializer share the bytes."""
    payload = Payload.of(MESSAGEPACK, ["x"], {"a": 1})
    assert payload.to(MESSAGEPACK) is payload.parts
    assert payload.to(JSON) is payload.to(JSON)
    assert [bytes(part) for part in payload.to(JSON)] == [b'["x"]', b'{"a":1}']


@every_serializer
@pytest.mark.parametrize(
    ("args", "kwargs", "count"),
    [
        ((), None, 0),
        ((), {}, 0),
        ((1,), None, 1),
        ((), {"a": 1}, 2),
        ((1,), {"a": 1}, 2),
    ],
)
def test_payload_has_no_needless_parts(name, args, kwargs, count):
    """An empty ArgumentsKw is not sent, nor are empty Arguments at the end."""
    payload = Payload.of(SERIALIZERS[name], args, kwargs)
    assert len(payload.parts) == count
    assert payload.values() == (list(args), kwargs or {})


@every_serializer
@pytest.mark.parametrize(
    "value",
    [object(), print, "\ud800", {1, object()}, type],
    ids=lambda each: type(each).__name__,
)
def test_python_values_without_a_form_are_refused(name, value):
    """PayloadError, which is a ValueError, and says which serializer it was."""
    with pytest.raises(PayloadError, match=name):
        Payload.of(SERIALIZERS[name], [{"deep": [value]}])


@every_serializer
def test_value_that_contains_itself_is_refused(name):
    """A cycle has no end to write."""
    cycle: list[Any] = []
    cycle.append(cycle)
    with pytest.raises(PayloadError):
        Payload.of(SERIALIZERS[name], cycle)


def test_hello_has_all_that_was_sent():
    """Typed details, unknown ones dropped."""
    data = (
        '[1,"r",{"roles":{"callee":{"features":{"call_timeout":true,'
        '"call_canceling":1}}},"agent":"x","q":1}]'
    )
    hello = JSON.decode(data)
    assert isinstance(hello, Hello)
    assert hello.details.agent == "x"
    roles = hello.details.roles
    assert roles.callee is not None
    assert dict(roles.callee.announced()) == {"call_timeout": True, "call_canceling": 1}
    assert roles.caller is None
    assert announced_features(roles) == {"callee.call_timeout"}, "1 is not true"


@pytest.mark.parametrize(
    ("module", "names"),
    [
        (formats, ["json", "msgpack", "ubjson", "cbor"]),
        (in_python(formats, without="cbor2"), ["json", "msgpack", "ubjson"]),
    ],
    ids=["with cbor2", "without cbor2"],
)
def test_cbor_is_offered_where_its_package_is_installed(module, names):
    """The others need no package of their own."""
    assert [serializer.name for serializer in module.SERIALIZERS] == names


@every_serializer
def test_a_message_nested_too_deeply_is_explained_in_the_same_words(name):
    """However the decoder of a format puts it."""
    explanation = SERIALIZERS[name].explain(RecursionError("maximum depth"), b"")
    assert explanation == "message: nested too deeply"


@every_serializer
def test_a_part_that_cannot_be_read_raises_a_decode_error(name):
    """The caller need not know the package that reads it."""
    with pytest.raises(DECODE_ERRORS):
        SERIALIZERS[name].unpack(Raw(b"\xc1\xff"))


def test_values_have_keys_that_are_strings():
    """A dict with other keys is no ArgumentsKw in another serializer."""
    parts = [Raw(msgpack.packb(value)) for value in ([], {1: 2})]
    with pytest.raises(PayloadError, match="a key that is not a string"):
        Payload(MESSAGEPACK, parts).values()


def test_sets_of_features_are_shared_and_their_number_is_bounded():
    """A thousand clients that announce the same cost one set; peers choose them."""
    known = sorted(
        {"call_canceling", "call_reroute", "call_timeout", "call_trustlevels"}
        | {"caller_identification", "pattern_based_registration"}
        | {"payload_passthru_mode", "progressive_call_results"}
    )

    def announced(number: int) -> frozenset[str]:
        there = {name: bool(number >> bit & 1) for bit, name in enumerate(known)}
        roles = {
            role: ClientRole(features=there if number >> 8 & 1 << bit else {})
            for bit, role in enumerate(("caller", "callee", "publisher", "subscriber"))
        }
        return announced_features(ClientRoles(**roles))

    first = announced(0x1FF)
    assert len(first) == 8
    assert announced(0x1FF) is first
    others = [announced(0xF00 + number) for number in range(1, 256)]
    others += [
        announced(role + number)
        for role in (0x200, 0x400, 0x800, 0x300)
        for number in range(1, 256)
    ]
    assert len(set(others)) > 1000
    assert announced(0x1FF) == first
    assert announced(0x1FF) is not first
