"""Tags of CBOR (RFC 8949, RFC 8746): a value that everybody has, or a precise error."""

from __future__ import annotations

import datetime
import math
import struct
from queue import Queue
from typing import Any

import cbor2
import pytest

from tests.patience import SECONDS
from tests.wamp.raw_client import CALL, ERROR, EVENT, HELLO, REALM, RESULT, ROLES, YIELD
from tests.wamp.serializers.test_payloads import as_json
from wsocket import WSocketApp


def tag(number: int, value: Any) -> cbor2.CBORTag:
    return cbor2.CBORTag(number, value)


def array(number: int, code: str, *values: Any) -> cbor2.CBORTag:
    """A typed array."""
    return tag(number, struct.pack(f"{code[0]}{len(values)}{code[1]}", *values))


MOMENT = datetime.datetime(2013, 3, 21, 20, 4, tzinfo=datetime.timezone.utc)
# What is sent, the value
OBVIOUS: dict[str, tuple[Any, Any]] = {
    "Uint8Array": (tag(64, b"\x00\xff"), b"\x00\xff"),
    "Uint8ClampedArray": (tag(68, b"\x00\xff"), b"\x00\xff"),
    "Int8Array": (array(72, "<b", -1, 1), [-1, 1]),
    "Uint16Array": (array(69, "<H", 1, 65535), [1, 65535]),
    "Uint32Array": (array(70, "<I", 1, 2**32 - 1), [1, 2**32 - 1]),
    "BigUint64Array": (array(71, "<Q", 1, 2**64 - 1), [1, 2**64 - 1]),
    "Int16Array": (array(77, "<h", -1, 1), [-1, 1]),
    "Int32Array": (array(78, "<i", -1, 1), [-1, 1]),
    "BigInt64Array": (array(79, "<q", -1, 1), [-1, 1]),
    "Float16Array": (array(84, "<e", 1.5, -2.0), [1.5, -2.0]),
    "Float32Array": (array(85, "<f", 1.5, -2.0), [1.5, -2.0]),
    "Float64Array": (array(86, "<d", 1.5, -2.0), [1.5, -2.0]),
    "big-endian uint16": (array(65, ">H", 1, 65535), [1, 65535]),
    "big-endian uint32": (array(66, ">I", 1, 2), [1, 2]),
    "big-endian uint64": (array(67, ">Q", 1, 2), [1, 2]),
    "big-endian int16": (array(73, ">h", -1, 2), [-1, 2]),
    "big-endian int32": (array(74, ">i", -1, 2), [-1, 2]),
    "big-endian int64": (array(75, ">q", -1, 2), [-1, 2]),
    "big-endian float16": (array(80, ">e", 1.5), [1.5]),
    "big-endian float32": (array(81, ">f", 1.5), [1.5]),
    "big-endian float64": (array(82, ">d", 1.5), [1.5]),
    "empty array": (tag(86, b""), []),
    "list of one type": (tag(41, [1, 2]), [1, 2]),
    "decimal fraction": (tag(4, [-2, 27315]), 273.15),
    "bigfloat": (tag(5, [-1, 3]), 1.5),
    "small bignum": (tag(2, b"\x01\x00"), 256),
    "small negative bignum": (tag(3, b"\x01\x00"), -257),
    "URI": (tag(32, "http://example.com/"), "http://example.com/"),
    "Base64 text": (tag(34, "AA=="), "AA=="),
    "bytes to be shown as Base64": (tag(22, b"\x00"), b"\x00"),
    "encoded CBOR": (tag(24, b"\x01"), b"\x01"),
    "Set": (tag(258, [2, 1, {}]), [2, 1, {}]),
    "Map": (tag(259, {"a": 1}), {"a": 1}),
    "self-described": (tag(55799, "x"), "x"),
    "tag in a tag": (tag(55799, tag(64, b"x")), b"x"),
    "largest bignum": (tag(2, b"\xff" * 8), 2**64 - 1),
    "UUID": (tag(37, b"\x12" * 16), "12121212-1212-1212-1212-121212121212"),
    "undefined": (cbor2.undefined, None),
}
# What is sent, what is said about it
FORMLESS: dict[str, tuple[Any, str]] = {
    "unknown": (tag(9999, 1), "tag 9999"),
    "string reference": (tag(25, 0), "tag 25"),
    "string references": (tag(256, ["x"]), "tag 256"),
    "reference": (tag(29, 0), "tag 29"),
    "MIME message": (tag(36, "x"), "tag 36"),
    "IPv4 address": (tag(52, b"\x7f\0\0\1"), "tag 52"),
    "IPv6 address": (tag(54, b"\0" * 16), "tag 54"),
    "old address": (tag(260, b"\x7f\0\0\1"), "tag 260"),
    "old network": (tag(261, {8: b"\x7f\0\0\0"}), "tag 261"),
    "rational": (tag(30, [1, 3]), "tag 30"),
    "regular expression": (tag(35, "a"), "tag 35"),
    "shared value": (tag(28, ["x"]), "tag 28"),
    "complex number": (tag(43000, [1.0, 2.0]), "tag 43000"),
    "float128": (tag(87, b"\x00" * 16), "tag 87"),
    "array of half a number": (tag(69, b"\x00"), "tag 69"),
    "array of text": (tag(64, "text"), "tag 64"),
    "matrix": (tag(40, [[1, 1], [1]]), "tag 40"),
    "huge decimal fraction": (tag(4, [2**31, 1]), "tag 4"),
    "decimal fraction of text": (tag(4, "1.5"), "tag 4"),
    "huge bigfloat": (tag(5, [2**31, 1]), "tag 5"),
    "huge bignum": (tag(2, b"\xff" * 129), "tag 2: expected an integer of at most"),
    "huge negative bignum": (tag(3, b"\xff" * 129), "tag 3"),
    "bignum of text": (tag(2, "1"), "tag 2"),
    "URI of bytes": (tag(32, b"x"), "tag 32"),
    "simple value": (cbor2.CBORSimpleValue(5), "simple value 5"),
    "date that is none": (tag(0, "yesterday"), "datetime"),
}
every_obvious = pytest.mark.parametrize(
    ("sent", "value"), OBVIOUS.values(), ids=OBVIOUS.keys()
)
every_formless = pytest.mark.parametrize(
    ("sent", "said"), FORMLESS.values(), ids=FORMLESS.keys()
)


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    """An application that answers with the type and the value that it has got."""
    app = WSocketApp(protocol="WAMP")

    @app.register("com.example.types")
    def types(value: Any, *, key: Any = None) -> list[str]:
        return [type(value[0]["deep"]).__name__, type(key).__name__]

    return app


@pytest.mark.parametrize("receiver", ["json", "msgpack", "ubjson"])
@every_obvious
def test_everybody_gets_the_obvious_value(join, uri, receiver, sent, value):
    """In lists and dicts, in arguments and keywords."""
    publisher, subscriber = join("cbor"), join(receiver)
    subscriber.subscribe(uri)
    publisher.publish(uri, [sent, [{"deep": sent}]], {"key": sent})
    message = subscriber.receive()
    assert message[0] == EVENT
    expected = as_json(value) if receiver == "json" else value
    assert message[4:] == [[expected, [{"deep": expected}]], {"key": expected}]


@every_obvious
def test_application_gets_no_tags(join, sent, value):
    """Its handlers know Python's values only."""
    client = join("cbor")
    request = client.call("com.example.types", [[{"deep": sent}]], {"key": sent})
    answer = client.receive()
    assert answer[:2] == [RESULT, request]
    known = "UUID" if isinstance(sent, cbor2.CBORTag) and sent.tag == 37 else None
    assert answer[3] == [[known or type(value).__name__] * 2]


@every_obvious
def test_answer_of_a_callee_is_converted(join, uri, sent, value):
    """For callers with other serializers."""
    caller, callee = join("msgpack"), join("cbor")
    callee.register(uri)
    request = caller.call(uri)
    callee.send(YIELD, callee.invoked()[0], {}, [sent])
    assert caller.receive() == [RESULT, request, {}, [value]]


def test_dates_are_dates(join, uri):
    """As text, or as MessagePack's timestamp."""
    publisher, json, ubjson = join("cbor"), join("json"), join("ubjson")
    for each in (json, ubjson):
        each.subscribe(uri)
    for date in (tag(0, "2013-03-21T20:04:00Z"), tag(1, 1363896240)):
        publisher.publish(uri, [date])
        for each in (json, ubjson):
            assert each.receive()[4] == ["2013-03-21T20:04:00Z"]
    request = publisher.call("com.example.types", [[{"deep": MOMENT}]])
    assert publisher.receive()[1:] == [request, {}, [["datetime", "NoneType"]]]


def test_bignum_is_an_integer_where_there_are_such(join, uri):
    """JSON and UBJSON have integers of any size, MessagePack has 64 bits."""
    publisher, json, ubjson, msgpack = map(join, ("cbor", "json", "ubjson", "msgpack"))
    for each in (json, ubjson, msgpack):
        each.subscribe(uri)
    publisher.publish(uri, [2**70, -(2**70)])
    assert json.receive()[4] == [2**70, -(2**70)]
    assert [int(each) for each in ubjson.receive()[4]] == [2**70, -(2**70)]
    assert msgpack.until_now() == []


def test_integers_have_as_many_bits_as_the_largest_float(join, uri):
    """And not one more."""
    publisher, subscriber = join("cbor"), join("json")
    subscriber.subscribe(uri)
    publisher.publish(uri, [2**1024 - 1])
    assert subscriber.receive()[4] == [2**1024 - 1]
    publisher.publish(uri, [2**1024])
    assert subscriber.until_now() == []


@pytest.mark.parametrize("receiver", ["json", "msgpack", "ubjson", "application"])
@every_formless
def test_caller_learns_what_has_no_form(join, uri, receiver, sent, said):
    """By its number; the callee hears nothing."""
    caller = join("cbor")
    procedure = "com.example.types"
    if receiver != "application":
        procedure = uri
        callee = join(receiver)
        callee.register(uri)
    for payload in ([[[{"deep": sent}]]], [[], {"key": sent}]):
        request = caller.call(procedure, *payload)
        answer = caller.receive()
        assert answer[:3] == [ERROR, CALL, request]
        assert answer[4] == "wamp.error.invalid_argument"
        assert said in answer[5][0]
    if receiver != "application":
        assert callee.until_now() == []


@every_formless
def test_between_cbor_sessions_every_tag_is_passed_on(join, uri, sent, said):
    """They may have agreed on it."""
    publisher, subscriber = join("cbor"), join("cbor")
    subscriber.subscribe(uri)
    publisher.publish(uri, [sent])
    assert cbor2.dumps([sent]) in subscriber.receive_data()
    for each in (publisher, subscriber):
        assert each.until_now() == []


@pytest.mark.parametrize("key", ["authextra", "unknown", "agent"])
@every_formless
def test_tag_in_the_head_of_a_message_is_named(connect, key, sent, said):
    """Nothing of the router or of an authentication method gets it."""
    client = connect("cbor")
    value = {"deep": [sent]} if key == "authextra" else sent
    client.send(HELLO, REALM, {"roles": ROLES, key: value})
    problem = client.aborted()
    assert problem.startswith("HELLO.Details")
    assert said in problem


def test_options_take_obvious_values(join, uri):
    """A typed array is a list of IDs, a text with a tag is a text."""
    publisher, one, other = join("cbor"), join(), join()
    for each in (one, other):
        each.subscribe(uri)
    publisher.publish(uri, ["x"], eligible=array(86, "<d", float(one.session)))
    publisher.publish(uri, ["y"], eligible=array(71, "<Q", other.session))
    assert one.receive()[4] == ["x"]
    assert other.receive()[4] == ["y"]
    assert publisher.subscribe(uri, match=tag(32, "prefix"))


def test_message_may_describe_itself(join, uri):
    """Tag 55799 before the whole message (RFC 8949, section 3.4.6)."""
    client = join("cbor")
    client.send_data(cbor2.dumps(tag(55799, [32, 7, {}, uri])))
    assert client.receive()[:2] == [33, 7]


@pytest.mark.parametrize("head", [b"\x99\0\x04", b"\x9f"], ids=["long", "indefinite"])
def test_message_is_a_short_list_of_definite_length(join, uri, head):
    """Nobody needs another one."""
    client = join("cbor")
    client.send_data(head + cbor2.dumps([32, 7, {}, uri])[1:] + b"\xff")
    assert "a list of definite length" in client.aborted()


def test_nan_in_a_typed_array_reaches_those_who_have_it(join, uri):
    """MessagePack has it, JSON has not."""
    caller, callee, other = join("cbor"), join("msgpack"), join("json")
    callee.register(uri)
    other.register(f"{uri}.json")
    caller.call(uri, [array(86, "<d", math.nan)])
    assert math.isnan(callee.invoked()[3][0][0])
    caller.call(f"{uri}.json", [array(86, "<d", math.nan)])
    assert caller.receive()[4] == "wamp.error.invalid_argument"


def test_subscriber_of_the_application_gets_bytes(app, join, uri):
    """In an event, too."""
    got: Queue[Any] = Queue()
    app.subscribe(uri)(got.put)
    join("cbor").publish(uri, [tag(64, b"raw")])
    assert got.get(timeout=SECONDS) == b"raw"
