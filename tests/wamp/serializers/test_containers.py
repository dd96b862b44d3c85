"""How many lists, dicts and tags may be converted: counted in Python, and as it is
installed, in C, if it was compiled.
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
from tests.wamp.raw_client import CALL, ERROR, EVENT, FORMATS, RESULT, YIELD
from tests.wamp.serializers.test_payload_parts import VALUES
from wsocket.wamp.serializers import containers as installed

python = in_python(installed, without="wsocket.wamp.serializers._payload_parts")
assert python.containers_in_json is not installed.containers_in_json

ENCODERS = {
    "json": lambda value: json.dumps(value, default=str).encode(),
    "msgpack": msgpack.packb,
    "cbor": cbor2.dumps,
}
LIMIT = 50_000
both = pytest.mark.parametrize(
    "containers", [python, installed], ids=["python", "installed"]
)
every_format = pytest.mark.parametrize("name", list(ENCODERS))


def number_of(value: Any) -> int:
    """How many lists and dicts *value* is made of."""
    if isinstance(value, dict):
        return 1 + sum(map(number_of, value.values()))
    return 1 + sum(map(number_of, value)) if isinstance(value, list) else 0


def counted(containers: Any, name: str, data: bytes) -> int:
    count: int = getattr(containers, f"containers_in_{name}")(Raw(data))
    return count


@both
@every_format
@given(value=VALUES)
def test_lists_and_dicts_are_counted(containers, name, value):
    """However long they and their items are."""
    assert counted(containers, name, ENCODERS[name](value)) == number_of(value)


@both
@every_format
@pytest.mark.parametrize("size", [15, 16, 31, 32, 255, 256, 65535, 65536])
def test_what_is_long_is_counted_once(containers, name, size):
    """Text, bytes, lists and dicts with a length of every width."""
    value = ["[" * size, "{" * size, [0] * size, {str(each): 1 for each in range(size)}]
    if name != "json":
        value += [b"\x90" * size, b"\x80" * size]
    assert counted(containers, name, ENCODERS[name](value)) == 3


@both
@pytest.mark.parametrize(
    ("data", "count"),
    [
        (b"\xc1\x01", 1),  # a tag
        (b"\xd9\xd9\xf7\xd8\x40\x41\x80", 2),  # tags with longer numbers
        (b"\x9f\x01\xbf\xff\xff", 2),  # list and dict without a length
        (b"\x7f\x61a\x61b\xff", 1),  # text in pieces
        (b"\xf0\xf8\x80\xf4\xf6\xf7\xf9\x80\x80", 2),  # simple values without meaning
    ],
)
def test_what_costs_as_much_as_a_list_counts_in_cbor(containers, data, count):
    """Python makes an object, or calls a function, for each of them."""
    assert counted(containers, "cbor", data) == count


@both
@pytest.mark.parametrize(
    ("text", "count"),
    [
        (rb'["[{", "\"[", "\\", [1]]', 2),
        (rb'{"[": {"{\\\"[": []}}', 3),
        (rb'["a\"[', 1),
        (b'[["\\', 2),
    ],
)
def test_brackets_within_json_strings_do_not_count(containers, text, count):
    """Also behind an escaped quote, and in a string without an end."""
    assert counted(containers, "json", text) == count


@every_format
@given(data=st.binary(max_size=80))
def test_garbage_has_one_number_of_containers(name, data):
    """Whatever it is, both say the same, and read nothing beyond it."""
    found = counted(installed, name, data)
    assert found == counted(python, name, data)
    assert found <= len(data)


def many(count: int) -> list[Any]:
    """As many lists in a list: with Arguments around them, one more than *count*."""
    return [[]] * (count - 1)


@pytest.mark.parametrize("receiver", list(FORMATS))
@pytest.mark.parametrize("sender", ["json", "msgpack"])
def test_a_payload_of_too_many_lists_is_not_converted(join, uri, sender, receiver):
    """A caller gets an error that says so, and is otherwise served as before."""
    caller, callee = join(sender), join(receiver)
    callee.register(uri)
    refused = caller.call(uri, [*many(LIMIT), []])
    if sender == receiver:
        assert len(callee.invoked()[3]) == LIMIT
        return
    answer = caller.receive()
    assert answer[:3] == [ERROR, CALL, refused]
    assert answer[4] == "wamp.error.invalid_argument"
    assert f"more than {LIMIT} lists and dicts" in answer[5][0]
    request = caller.call(uri, [1])
    callee.send(YIELD, callee.invoked()[0], {}, [2])
    assert caller.receive() == [RESULT, request, {}, [2]]


@pytest.mark.parametrize("receiver", [each for each in FORMATS if each != "ubjson"])
@pytest.mark.parametrize("sender", ["json", "msgpack", "cbor"])
def test_a_payload_of_fewer_lists_is_converted(join, uri, sender, receiver):
    """As many as there may be; in CBOR those of the message itself count, too."""
    publisher, subscriber = join(sender), join(receiver)
    subscriber.subscribe(uri)
    count = LIMIT - 4 if sender == "cbor" else LIMIT - 1
    publisher.publish(uri, many(count))
    event = subscriber.receive()
    assert event[0] == EVENT
    assert (event[4] == many(count)) is True


@pytest.mark.parametrize(
    "payload",
    [
        b"\x9a\x00\x00\xc3\x50" + b"\x80" * LIMIT,
        b"\x9a\x00\x00\xc3\x50" + b"\xc1\x00" * LIMIT,
        b"\x81" + b"\xd5" * LIMIT + b"\x00",
    ],
    ids=["lists", "tags", "tags of tags"],
)
def test_cbor_of_too_many_lists_and_tags_is_refused(join, uri, payload):
    """Already to find its end would take too long."""
    publisher = join("cbor")
    head = cbor2.dumps([16, 1, {}, uri])
    publisher.send_data(b"\x85" + head[1:] + payload)
    assert f"more than {LIMIT} lists, dicts and tags" in publisher.aborted()


def test_ubjson_with_too_many_values_is_not_written(join, uri):
    """Its own readers would not take it, and it would take too long."""
    caller, callee = join("json"), join("ubjson")
    callee.register(uri)
    caller.call(uri, [0] * LIMIT)
    answer = caller.receive()
    assert answer[4] == "wamp.error.invalid_argument"
    assert f"more than {LIMIT} values" in answer[5][0]
    caller.call(uri, [0] * (LIMIT - 1))
    assert len(callee.invoked()[3]) == LIMIT - 1
