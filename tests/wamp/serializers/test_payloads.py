"""Payloads belong to the application: kept byte for byte, converted only where the
receiver speaks another serializer."""

from __future__ import annotations

import base64
import datetime
import itertools
import logging
import struct
from decimal import Decimal
from typing import Any

import cbor2
import msgpack
import pytest

from tests.wamp.raw_client import (
    CALL,
    ERROR,
    EVENT,
    FORMATS,
    INVOCATION,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    YIELD,
)

PAIRS = list(itertools.product(FORMATS, repeat=2))
DIFFERENT = [pair for pair in PAIRS if pair[0] != pair[1]]
BINARY = [(a, b) for a, b in PAIRS if "json" not in (a, b)]
INVALID_ARGUMENT = "wamp.error.invalid_argument"

# Arguments, ArgumentsKw: valid, but no encoder of ours would write them like this.
ODD = {
    "json": [
        (b"[ 1 ,\t2\n,\r3 ]", b'{ "a" :\n1 , "b":2}'),
        (b"[1.0,1e2,1E+2,-0,-0.0,0.10,1e-7,123456789012345678901234567890]", b"{}"),
        (rb'["\u0041\/\u00e9\uD83D\uDE00\b\f"]', rb'{"\u0061":"\u0000"}'),
        ('["ž🐴"]'.encode(), '{"klíč":"\x7f"}'.encode()),
        (b"[1e999,-1e999]", b'{"a":1,"a":2,"a":{}}'),
        (rb'["\u0000AAE=","\u0000not base64"]', b"{}"),
    ],
    "msgpack": [
        (b"\xdc\x00\x01\xcc\x01", b"\xde\x00\x01\xd9\x01a\xd3" + bytes(7) + b"\x01"),
        (b"\xdd\x00\x00\x00\x02\xcf" + bytes(8) + b"\xca\x3f\x80\x00\x00", b"\x80"),
        (b"\x93\xc4\x00\xc5\x00\x01\xff\xc6\x00\x00\x00\x01\x00", b"\x81\xa1a\xc0"),
        (b"\x92\xd4\x05\x01\xd6\xff\x00\x00\x00\x01", b"\x82\xa1a\x01\xa1a\x02"),
        (b"\x91\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01", b"\x80"),
        (b"\x91\x82\x01\x02\xc4\x01\xff\x03", b"\x81\xdb\x00\x00\x00\x01a\x01"),
    ],
    "cbor": [
        (b"\x98\x01\x18\x01", b"\xb8\x01\x78\x01a\x1b" + bytes(7) + b"\x01"),
        (b"\x9f\x01\x9f\xff\xff", b"\xbf\x61a\xbf\xff\xff"),
        (b"\x82\x7f\x61a\x61b\xff\x5f\x41\x00\x41\xff\xff", b"\xa0"),
        (b"\x84\xf9\x3c\x00\xfa\x3f\x80\x00\x00\xf9\x7e\x01\xf7", b"\xa1ab\xe5"),
        (b"\x83\xc1\x00\xd9\xd9\xf7\x01\xd9\x03\xe9\x00", b"\xa2aa\x01aa\x02"),
        (b"\x81\xc2\x49\x01" + bytes(8), b"\xa0"),
        (b"\x82\xc4\x82\x20\x01\xc5\x82\x01\x02", b"\xa0"),  # 0.1 and 4
        (b"\x82\xd8\x1e\x82\x01\x03\xd8\x23aa", b"\xa0"),  # a third, an expression
        (b"\x81\xd8\x1c\x81\xd8\x1d\x00", b"\xa0"),  # a list that contains itself
    ],
    "ubjson": [
        (b"[#U\x02U\x01M\x01" + bytes(7), b"{#i\x01l\x01\0\0\0aCx"),
        (b"[NNU\x01NNTN]", b"{NU\x01aZN}"),
        (b"[$i#U\x03\x01\xff\x02", b"{$U#U\x02U\x01a\x01U\x01b\x02"),
        (b"[[$U#U\x02\x01\x02[$D#i\x00[$B#u\x01\x00\xff]", b"{}"),
        (b"[HU\x04-1.5HU\x011HU\x0418e3]", b"{U\x01aZU\x01aT}"),
        (b"[B\x07h\x00\x3cd\x00\x00\x80\x3fD\x01\0\0\0\0\0\xf8\x7f]", b"{U\x00C~}"),
    ],
}


def message(serializer: str, head: list[Any], args: bytes, kwargs: bytes) -> Any:
    """A message whose last two items are these bytes."""
    written = FORMATS[serializer].dumps(head)
    if serializer == "json":
        return written[:-1] + f",{args.decode()},{kwargs.decode()}]"
    if serializer == "ubjson":
        return written[:-1] + args + kwargs + b"]"
    return bytes([written[0] + 2]) + written[1:] + args + kwargs


def ending(serializer: str, args: bytes, kwargs: bytes) -> bytes:
    """How such a message ends."""
    between, end = {"json": (b",", b"]"), "ubjson": (b"", b"]")}.get(
        serializer, (b"", b"")
    )
    return args + between + kwargs + end


ODD_CASES = [(name, *case) for name, cases in ODD.items() for case in cases]


@pytest.mark.parametrize(("serializer", "args", "kwargs"), ODD_CASES)
def test_event_carries_the_publishers_very_bytes(join, uri, serializer, args, kwargs):
    """Between sessions of one serializer nothing is decoded and written anew."""
    publisher, subscriber = join(serializer), join(serializer)
    subscriber.subscribe(uri)
    publisher.send_data(message(serializer, [PUBLISH, 1, {}, uri], args, kwargs))
    assert publisher.until_now() == []
    assert subscriber.receive_data().endswith(ending(serializer, args, kwargs))


@pytest.mark.parametrize(("serializer", "args", "kwargs"), ODD_CASES)
def test_call_and_answer_carry_the_very_bytes(join, uri, serializer, args, kwargs):
    """INVOCATION, RESULT and ERROR."""
    caller, callee = join(serializer), join(serializer)
    callee.register(uri)
    expected = ending(serializer, args, kwargs)
    for head in ([YIELD, 1, {}], [ERROR, INVOCATION, 2, {}, "com.example.error"]):
        request = caller.next_request()
        caller.send_data(message(serializer, [CALL, request, {}, uri], args, kwargs))
        assert caller.until_now() == []
        assert callee.receive_data().endswith(expected)
        callee.send_data(message(serializer, head, args, kwargs))
        assert callee.until_now() == []
        assert caller.receive_data().endswith(expected)


VALUES: list[Any] = [
    None,
    True,
    False,
    0,
    -1,
    2**53,
    -(2**53),
    2**63 - 1,
    -(2**63),
    2**64 - 1,
    1.5,
    -0.0,
    1e300,
    5e-324,
    "",
    "žluťoučký kůň 🐎",
    "\x00 is no binary",
    "x" * 70_000,
    [],
    {},
    [[[[[[["deep"]]]]]]],
    {"list": [1, [2.5, None]], "ключ": {"": ["x"]}},
    list(range(100)),
]


@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_values_arrive_as_they_were(join, uri, sender, receiver):
    """In events, invocations, results and errors, for every pair of serializers."""
    one, other = join(sender), join(receiver)
    other.subscribe(uri)
    other.register(uri)
    values = list(VALUES)
    if "ubjson" in (sender, receiver):
        values.remove(5e-324)  # bjdata makes a Decimal of it
    kwargs = {f"key{index}": value for index, value in enumerate(values)}
    one.publish(uri, values, kwargs)
    assert other.receive()[4:] == [values, kwargs]
    for head in ([YIELD, 1, {}], [ERROR, INVOCATION, 2, {}, "com.example.error"]):
        one.call(uri, values, kwargs)
        assert other.invoked()[3:] == [values, kwargs]
        other.send(*head, values, kwargs)
        answer = one.receive()
        assert answer[0] == (RESULT if head[0] == YIELD else ERROR)
        assert answer[-2:] == [values, kwargs]
        assert [type(value) for value in answer[-2]] == [
            type(value) for value in values
        ]


@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_large_payloads_arrive_as_they_were(join, uri, sender, receiver):
    """In one part or two of which either is large, between messages that are not."""
    one, other = join(sender), join(receiver)
    other.subscribe(uri)
    other.register(uri)
    large, small = "ž" * 150_000, "x"
    for payload in ([[large]], [[small], {"k": large}], [[large], {"k": small}]):
        payloads = [[[1]], payload, [[2]]]
        calls = [one.call(uri, *each) for each in payloads]
        one.publish(uri, *payload)
        asked = [other.invoked() for _ in calls]
        # Not compared by assert itself: it would print them.
        assert ([each[3:] for each in asked] == payloads) is True
        assert (other.receive()[4:] == payload) is True
        for invocation, *_ in asked:
            other.send(YIELD, invocation, {}, *payload)
        for request in calls:
            answer = one.receive()
            assert answer[:2] == [RESULT, request]
            assert (answer[3:] == payload) is True


BYTES = [b"", b"\x00\x01", bytes(range(256)), [b"deep", {"in": b"\xff"}]]


def as_json(value: Any) -> Any:
    """The specification's form of binary in JSON: a NUL and Base64."""
    if isinstance(value, bytes):
        return "\0" + base64.b64encode(value).decode()
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    return value


@pytest.mark.parametrize(("sender", "receiver"), PAIRS)
def test_binary_arrives_as_binary(join, uri, sender, receiver):
    """In JSON it is a string with a NUL in front, both ways."""
    one, other = join(sender), join(receiver)
    other.subscribe(uri)
    sent = as_json(BYTES) if sender == "json" else BYTES
    expected = as_json(BYTES) if receiver == "json" else BYTES
    one.publish(uri, sent, {"k": sent})
    assert other.receive()[4:] == [expected, {"k": expected}]


@pytest.mark.parametrize("receiver", ["msgpack", "cbor", "ubjson"])
@pytest.mark.parametrize(
    "text", ["\0not base64!", "\0AAA", "\0AA==\n", "x\0AAE=", "\0né"]
)
def test_string_that_only_looks_like_binary_stays_a_string(join, uri, receiver, text):
    """A NUL and something else than Base64 is an application's own string."""
    one, other = join("json"), join(receiver)
    other.subscribe(uri)
    one.publish(uri, [text])
    assert other.receive()[4] == [text]


# What one serializer has and another has not: serializer, receivers, Arguments
FORMLESS = {
    "integer of 65 bits": ("json", ["msgpack"], b"[18446744073709551616]"),
    "integer of 1000 digits": ("json", ["msgpack"], b"[" + b"9" * 1000 + b"]"),
    "float out of range": ("json", ["msgpack", "cbor", "ubjson"], b"[1e999]"),
    "MessagePack extension": (
        "msgpack",
        ["json", "cbor", "ubjson"],
        b"\x91\xd4\x05\x01",
    ),
    "MessagePack NaN": ("msgpack", ["json"], msgpack.packb([float("nan")])),
    "MessagePack infinity": ("msgpack", ["json"], msgpack.packb([[float("inf")]])),
    "bytes as a key": ("msgpack", ["json", "ubjson"], b"\x91\x81\xc4\x01\xff\x01"),
    "list as a key": ("msgpack", ["json", "ubjson"], b"\x91\x81\x91\x01\x01"),
    "CBOR NaN": ("cbor", ["json"], b"\x81\xf9\x7e\x00"),
    "CBOR infinity": ("cbor", ["json"], b"\x81\xa1aa\xf9\x7c\x00"),
    "CBOR bignum": ("cbor", ["msgpack"], cbor2.dumps([2**64])),
    "CBOR simple value": ("cbor", ["json", "msgpack", "ubjson"], b"\x81\xe5"),
    "CBOR unknown tag": ("cbor", ["json", "msgpack"], b"\x81\xd9\x03\xe9\x01"),
    "CBOR regular expression": ("cbor", ["json", "msgpack"], b"\x81\xd8\x23aa"),
    "CBOR cycle": ("cbor", ["json", "msgpack"], b"\x81\xd8\x1c\x81\xd8\x1d\x00"),
    "UBJSON NaN": ("ubjson", ["json"], b"[D" + struct.pack("<d", float("nan")) + b"]"),
    "UBJSON infinity": ("ubjson", ["json"], b"[[$h#U\x01\x00\x7c]"),
    "UBJSON digits": ("ubjson", ["msgpack"], b"[HU\x1418446744073709551616]"),
}
FORMLESS_CASES = [
    pytest.param(sender, receiver, args, id=f"{name} to {receiver}")
    for name, (sender, receivers, args) in FORMLESS.items()
    for receiver in receivers
]
EMPTY_DICT = {"json": b"{}", "msgpack": b"\x80", "cbor": b"\xa0", "ubjson": b"{}"}


@pytest.mark.parametrize(("sender", "receiver", "args"), FORMLESS_CASES)
def test_call_that_the_callee_could_not_read_is_an_error(
    join, uri, sender, receiver, args
):
    """The caller learns it; the callee hears nothing and keeps its numbers."""
    caller, callee = join(sender), join(receiver)
    callee.register(uri)
    request = caller.next_request()
    empty = EMPTY_DICT[sender]
    caller.send_data(message(sender, [CALL, request, {}, uri], args, empty))
    [answer] = caller.until_now()
    assert answer[:5] == [ERROR, CALL, request, {}, INVALID_ARGUMENT]
    assert receiver in answer[5][0] or sender in answer[5][0]
    assert callee.until_now() == []
    caller.call(uri, ["fine"])
    assert callee.invoked()[0] == 1


@pytest.mark.parametrize(("sender", "receiver", "args"), FORMLESS_CASES)
def test_answer_that_the_caller_could_not_read_is_an_error(
    join, uri, sender, receiver, args
):
    """In a RESULT and in an ERROR alike: the call ends."""
    caller, callee = join(receiver), join(sender)
    callee.register(uri)
    for head in ([YIELD, 1, {}], [ERROR, INVOCATION, 2, {}, "com.example.error"]):
        request = caller.call(uri)
        callee.invoked()
        callee.send_data(message(sender, head, args, EMPTY_DICT[sender]))
        answer = caller.receive()
        assert answer[:5] == [ERROR, CALL, request, {}, INVALID_ARGUMENT]
    assert callee.until_now() == []


@pytest.mark.parametrize(("sender", "receiver", "args"), FORMLESS_CASES)
def test_event_is_not_delivered_to_those_who_could_not_read_it(
    join, uri, caplog, sender, receiver, args
):
    """All others get it, and the publisher its acknowledgement."""
    publisher, unlucky, lucky = join(sender), join(receiver), join(sender)
    for subscriber in (unlucky, lucky):
        subscriber.subscribe(uri)
        subscriber.subscribe(uri, match="prefix")
    with caplog.at_level(logging.WARNING, "wsocket"):
        request = publisher.next_request()
        head = [PUBLISH, request, {"acknowledge": True}, uri]
        publisher.send_data(message(sender, head, args, EMPTY_DICT[sender]))
        assert publisher.receive()[:2] == [17, request]
        assert unlucky.until_now() == []
    assert args in lucky.receive_data()
    assert args in lucky.receive_data()
    assert any("not delivered" in record.message for record in caplog.records)
    publisher.publish(uri, ["fine"])
    assert unlucky.receive()[4] == ["fine"]


@pytest.mark.parametrize(("sender", "receiver"), DIFFERENT)
def test_deep_nest_breaks_no_conversion(join, uri, sender, receiver):
    """Converted or refused, but answered: the router's own stack is no limit."""
    caller, callee = join(sender), join(receiver)
    callee.register(uri)
    # cbor2 reads 400 levels, unless told otherwise; of UBJSON 200 are read here.
    for depth in (100, 250, 390) if sender != "ubjson" else (100, 150, 190):
        nest = {
            "json": b'["\\u0000AA==",' + b"[" * depth + b"]" * depth + b"]",
            "msgpack": b"\x92\xc0" + b"\x91" * depth + b"\xc0",
            "cbor": b"\x82\xf6" + b"\x81" * depth + b"\xf6",
            "ubjson": b"[" + b"[" * depth + b"]" * depth + b"]",
        }[sender]
        request = caller.next_request()
        head = [CALL, request, {}, uri]
        caller.send_data(message(sender, head, nest, EMPTY_DICT[sender]))
        caller_heard, callee_heard = caller.until_now(), callee.until_now()
        assert len(caller_heard) + len(callee_heard) == 1
        if caller_heard:
            assert caller_heard[0][4] == INVALID_ARGUMENT
    caller.call(uri, ["fine"])
    assert callee.invoked()[3] == ["fine"]


def test_values_that_others_have_a_form_for_are_converted(join, uri):
    """Dates and exact numbers of CBOR become the strings that JSON has for them."""
    publisher = join("cbor")
    receivers = {name: join(name) for name in FORMATS}
    for receiver in receivers.values():
        receiver.subscribe(uri)
    moment = datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)
    publisher.publish(uri, [moment])
    assert receivers["json"].receive()[4] == ["2020-01-02T03:04:05Z"]
    assert receivers["ubjson"].receive()[4] == ["2020-01-02T03:04:05Z"]
    assert receivers["cbor"].receive()[4] == [moment]
    timestamp = receivers["msgpack"].receive()[4][0]
    assert timestamp == msgpack.Timestamp.from_datetime(moment)


@pytest.mark.parametrize("receiver", ["json", "msgpack", "ubjson"])
def test_undefined_of_javascript_is_null_elsewhere(join, uri, receiver):
    """autobahn.js answers with it in CBOR where a procedure returns nothing."""
    caller, callee = join(receiver), join("cbor")
    callee.register(uri)
    request = caller.call(uri)
    callee.invoked()
    callee.send(YIELD, 1, {}, [cbor2.undefined], {"deep": [cbor2.undefined, 1]})
    expected = [[None], {"deep": [None, 1]}]
    assert caller.receive() == [RESULT, request, {}, *expected]


@pytest.mark.parametrize("receiver", ["json", "msgpack", "ubjson"])
def test_exact_numbers_of_hostile_size_cost_nothing(join, uri, receiver):
    """A decimal fraction with a huge exponent is small; as an integer it is not."""
    caller, callee = join("cbor"), join(receiver)
    callee.register(uri)
    huge = b"\x81\xc4\x82\x1a\x7f\xff\xff\xff\x01"
    assert isinstance(cbor2.loads(huge)[0], Decimal)
    request = caller.next_request()
    caller.send_data(message("cbor", [CALL, request, {}, uri], huge, b"\xa0"))
    [answer] = caller.until_now()
    assert answer[4] == INVALID_ARGUMENT


def test_one_publication_reaches_every_serializer(join, uri, serializer):
    """With one publication ID, and as the same values."""
    publisher = join(serializer)
    receivers = [join(name) for name in FORMATS]
    for receiver in receivers:
        receiver.subscribe(uri)
    publication = publisher.publish(uri, ["x", {"y": [1]}], {"z": None})
    for receiver in receivers:
        event = receiver.receive()
        assert event[0] == EVENT
        assert event[2:] == [publication, {}, ["x", {"y": [1]}], {"z": None}]


@pytest.mark.parametrize("code", [SUBSCRIBE, REGISTER])
def test_non_ascii_uris_are_the_same_in_every_serializer(join, code):
    """JSON escapes and the bytes of the binary serializers mean one URI."""
    name = "com.příklad.🐎"
    ids = set()
    for serializer in FORMATS:
        client = join(serializer)
        options = {"invoke": "first"} if code == REGISTER else {}
        ids.add(client.request(code, options, name)[2])
    client = join("json")
    client.send_data(
        f'[{code},1,{{"invoke":"first"}},"com.p\\u0159\\u00edklad.\\ud83d\\udc0e"]'
    )
    ids.add(client.receive()[2])
    assert len(ids) == 1
