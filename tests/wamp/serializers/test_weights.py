"""How much may be converted: weighed in Python, and as it is installed, in C, if it was
compiled.
"""

from __future__ import annotations

import json
from typing import Any

import cbor2
import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Raw

from tests.pure import in_python
from tests.wamp.raw_client import CALL, ERROR, FORMATS, RESULT, YIELD
from tests.wamp.serializers.test_payload_parts import VALUES
from wsocket.wamp.serializers import weights as installed

python = in_python(installed, without="wsocket.wamp.serializers._weights")
assert python.weight_of_json is not installed.weight_of_json

ENCODERS = {
    "json": lambda value: json.dumps(value, default=str).encode(),
    "msgpack": msgpack.packb,
    "cbor": cbor2.dumps,
}
LIMIT = 150_000
both = pytest.mark.parametrize(
    "weights", [python, installed], ids=["python", "installed"]
)
every_format = pytest.mark.parametrize("name", list(ENCODERS))


def weight_of(value: Any, name: str) -> int:
    """What *value* should weigh, without its escapes."""
    if isinstance(value, dict):
        items = [*value, *value.values()]
    elif isinstance(value, list):
        items = value
    elif isinstance(value, str):
        return 3 if name == "cbor" else 2
    elif isinstance(value, float):
        return 4
    else:
        return 16 if isinstance(value, bytes) else 1 + wide(value, name)
    return 8 + sum(weight_of(each, name) for each in items)


def wide(number: Any, name: str) -> bool:
    """Whether this takes 64 bits in CBOR."""
    return name == "cbor" and type(number) is int and not -(2**32) <= number < 2**32


def weighed(weights: Any, name: str, data: bytes) -> int:
    weight: int = getattr(weights, f"weight_of_{name}")(Raw(data))
    return weight


@both
@pytest.mark.parametrize("name", ["msgpack", "cbor"])
@given(value=VALUES)
def test_values_have_their_weight(weights, name, value):
    """However long they and their items are."""
    expected = weight_of(value, name)
    escapes = weighed(weights, name, ENCODERS[name](value)) - expected
    assert 0 <= escapes <= 40 * 1000


@both
@every_format
@pytest.mark.parametrize("size", [15, 16, 31, 32, 255, 256, 65535, 65536])
def test_what_is_long_is_weighed_once(weights, name, size):
    """Text, bytes, lists and dicts with a length of every width."""
    value = ["[" * size, "{" * size, [0] * size, {str(each): 1 for each in range(size)}]
    text = 3 if name == "cbor" else 2
    expected = 8 + 2 * text + (8 + size) + (8 + (text + 1) * size)
    if name != "json":
        value += [b"\x90" * size, b"\x80" * size]
        expected += 32
    assert weighed(weights, name, ENCODERS[name](value)) == expected


@both
@pytest.mark.parametrize(
    ("data", "weight"),
    [
        (b"\xc1\x01", 17),  # a tag
        (b"\xd9\xd9\xf7\xd8\x18\x41\x80", 48),  # tags with longer numbers
        (b"\x9f\x01\xbf\xff\xff", 8 + 1 + 8 + 4 + 4),  # list and dict without a length
        (b"\x7f\x61a\x61b\xff", 16 + 3 + 3 + 4),  # text in pieces
        (b"\xf0\xf8\x80", 32),  # simple values without meaning
        (b"\xf4\xf6\xf7\xf9\x80\x80", 1 + 1 + 1 + 4),
        (b"\x1b" + bytes(8), 2),  # a number of 64 bits
        (b"\xd8\x48\x44abcd", 16 + 16 + 4 * 4),  # a typed array of bytes
        (b"\xd8\x45\x44abcd", 16 + 16 + 2 * 4),  # of 16 bits
        (b"\xd8\x50\x44abcd", 16 + 16 + 2 * 4),  # of half floats
        (b"\xd8\x52\x48abcdefgh", 16 + 16 + 4),  # of floats of 64 bits
        (b"\xd8\x40\x44abcd", 16 + 16),  # it stays binary
        (b"\x82\xd8\x48\x41a\x44abcd", 8 + 16 + 16 + 4 + 16),  # and plain binary
        (b"\xd8\x48\xd5\x44abcd", 16 + 16 + 16 + 4 * 4),  # with another tag
        (b"\xd8\x48\x5f\x41a\x43abc\xff", 16 + 16 + 16 + 16 + 4 * 4 + 4),  # in pieces
    ],
)
def test_what_takes_long_is_heavy_in_cbor(weights, data, weight):
    """Python makes objects, or calls functions."""
    assert weighed(weights, "cbor", data) == weight


@both
@pytest.mark.parametrize(
    ("text", "weight"),
    [
        (rb'["[{", "\"[", "\\", [1]]', 8 + 3 * 2 + 9),
        (rb'{"[": {"{\\\"[": []}}', 3 * 8 + 2 * 2),
        (rb'["a\"[', 10),
        (b'[["\\', 18),
        (b"[true,false,null,0,-1.5,1000000]", 8 + 6),
        (rb'"\u0000AA=="', 16),  # a binary value
        (rb'"\u0001"', 2),
        (b"123456789012345", 1),
        (b"1234567890123456", 6),
        (b"0.8444218515250481", 6),
        (b"1e23", 6),
        (b"1E-23", 6),
        (b"1e300", 200),
        (b"-1.5e-308", 200),
        (b"0." + b"0" * 298, 6 + 150),
    ],
)
def test_what_takes_long_is_heavy_in_json(weights, text, weight):
    """Brackets in strings weigh nothing, also behind an escaped quote."""
    assert weighed(weights, "json", text) == weight


@both
@pytest.mark.parametrize("name", ["msgpack", "cbor"])
@pytest.mark.parametrize(
    ("text", "more"),
    [("a" * 800, 0), ("\0" * 800, 200), ('"\\' * 400, 100), ("\x7fž" * 400, 0)],
)
def test_what_json_escapes_is_heavy(weights, name, text, more):
    """Control characters take twice as long as quotes."""
    assert (
        weighed(weights, name, ENCODERS[name](text))
        == (3 if name == "cbor" else 2) + more
    )


@every_format
@given(data=st.binary(max_size=80))
def test_garbage_has_one_weight(name, data):
    """Whatever it is, both say the same, and read nothing beyond it."""
    assert weighed(installed, name, data) == weighed(python, name, data)


@given(data=st.text(alphabet='[{"\\\0u01eE+-.tf ', max_size=40))
def test_nearly_json_has_one_weight(data):
    """Numbers that are none, and strings without an end."""
    text = data.encode()
    assert weighed(installed, "json", text) == weighed(python, "json", text)


def as_heavy_as_allowed(sender: str) -> list[Any]:
    """Arguments with one list, whose weight is just below the limit."""
    weight = LIMIT * 4 // 5 if sender == "cbor" else LIMIT
    return [[0] * (weight - 2 * 8)]


PAIRS = [(a, b) for a in FORMATS for b in FORMATS if "ubjson" not in (a, b)]


@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_a_payload_that_is_too_heavy_is_not_converted(join, uri, sender, receiver):
    """A caller gets an error that says so, and is otherwise served as before."""
    caller, callee = join(sender), join(receiver)
    callee.register(uri)
    arguments = as_heavy_as_allowed(sender)
    refused = caller.call(uri, [*arguments, 0])
    if sender == receiver:
        assert callee.invoked()[3] == [*arguments, 0]
        return
    answer = caller.receive()
    assert answer[:3] == [ERROR, CALL, refused]
    assert answer[4] == "wamp.error.invalid_argument"
    assert f"a weight of at most {LIMIT}" in answer[5][0]
    request = caller.call(uri, arguments)
    number, _, _, received = callee.invoked()
    assert (received == arguments) is True
    callee.send(YIELD, number, {}, [2])
    assert caller.receive() == [RESULT, request, {}, [2]]


def test_an_event_reaches_those_who_need_no_conversion(join, uri):
    """The others do not get it; whoever published it is told that it was published."""
    publisher, same, other = join("msgpack"), join("msgpack"), join("json")
    for each in (same, other):
        each.subscribe(uri)
    heavy = [*as_heavy_as_allowed("msgpack"), 0]
    publisher.publish(uri, heavy)
    publisher.publish(uri, ["light"])
    assert (same.receive()[4] == heavy) is True
    for each in (same, other):
        assert each.receive()[4] == ["light"]


@pytest.mark.parametrize(
    "payload",
    [
        b"\x9a\x00\x01\xb7\x74" + b"\x80" * 112_500,
        b"\x9a\x00\x00\xdb\xba" + b"\xc1\x00" * 56_250,
        b"\x81" + b"\xd5" * 56_250 + b"\x00",
    ],
    ids=["lists", "tags", "tags of tags"],
)
def test_cbor_that_is_too_heavy_is_refused(join, uri, payload):
    """Already to find its end would take too long."""
    publisher = join("cbor")
    head = cbor2.dumps([16, 1, {}, uri])
    publisher.send_data(b"\x85" + head[1:] + payload)
    assert "a weight of at most 900000" in publisher.aborted()


VALUES_OF_UBJSON = 10_000


def test_ubjson_with_too_many_values_is_not_written(join, uri):
    """Its own readers would not take it, and it would take too long."""
    caller, callee = join("json"), join("ubjson")
    callee.register(uri)
    for arguments in ([0] * VALUES_OF_UBJSON, [dict.fromkeys(map(str, range(5000)))]):
        caller.call(uri, arguments)
        answer = caller.receive()
        assert answer[4] == "wamp.error.invalid_argument"
        assert f"more than {VALUES_OF_UBJSON} values and keys" in answer[5][0]
    caller.call(uri, [0] * (VALUES_OF_UBJSON - 1))
    assert len(callee.invoked()[3]) == VALUES_OF_UBJSON - 1
