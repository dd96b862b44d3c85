"""WAMP-over-Batched-WebSocket over the wire (Advanced Profile, "Message Batching")."""

from __future__ import annotations

import json
import time
from contextlib import closing, contextmanager

import pytest
import websocket

from tests.patience import SECONDS
from tests.serving import serving
from tests.wamp.raw_client import (
    ABORT,
    BATCHED,
    CALL,
    EVENT,
    FORMATS,
    GOODBYE,
    HELLO,
    INVOCATION,
    PUBLISH,
    PUBLISHED,
    REALM,
    RESULT,
    ROLES,
    SUBSCRIBE,
    SUBSCRIBED,
    VIOLATION,
    WELCOME,
    YIELD,
    connected,
    frame_of_batch,
)
from tests.wamp.servers import on_every_server
from wsocket import Limits, WSocketApp

binary = pytest.mark.parametrize(
    "serializer", [name for name, each in FORMATS.items() if each.binary]
)

HELLO_MESSAGE = [HELLO, REALM, {"roles": ROLES}]


def batch(serializer, *messages):
    """Messages as one batch, written by hand."""
    written = (FORMATS[serializer].dumps(each) for each in messages)
    return b"".join(
        frame_of_batch(serializer, each.encode() if isinstance(each, str) else each)
        for each in written
    )


@pytest.fixture
def batched(connect, serializer):
    """A websocket that speaks batches, without a session."""
    return connect(f"{serializer}.batched")


# What is sent


@on_every_server
def test_messages_of_the_router_are_batches_of_one(join, serializer, uri):
    """HELLO to RESULT: all that the raw client reads is a batch with one message."""
    name = f"{serializer}.batched"
    callee, caller = join(name), join(name)
    registration = callee.register(uri)
    request = caller.call(uri, [1, "ž"], {"k": True})
    assert callee.receive() == [INVOCATION, 1, registration, {}, [1, "ž"], {"k": True}]
    callee.send(YIELD, 1, {}, ["r"], {"s": None})
    assert caller.receive() == [RESULT, request, {}, ["r"], {"s": None}]
    caller.leave()


@pytest.mark.parametrize("receiver", [*FORMATS, *BATCHED])
def test_events_reach_every_kind_of_link(join, serializer, receiver, uri):
    """Batched or not, in whatever serializer: one publication."""
    publisher, subscriber = join(f"{serializer}.batched"), join(receiver)
    subscription = subscriber.subscribe(uri)
    publication = publisher.publish(uri, ["x", {"y": [1]}], {"z": None})
    assert subscriber.receive() == [
        EVENT, subscription, publication, {}, ["x", {"y": [1]}], {"z": None},
    ]  # fmt: skip


@contextmanager
def opened(url, offered):
    """A websocket that offers these subprotocols, without the raw client."""
    options = {"subprotocols": offered, "timeout": SECONDS}
    with closing(websocket.create_connection(url, **options)) as client:
        yield client


def test_json_batch_on_the_wire(url):
    """Text, and 0x1e after the message; spelled out, without the raw client."""
    with opened(url, ["wamp.2.json.batched"]) as client:
        client.send(
            '[1,"realm1",{"roles":{"caller":{}}}]\x1e[48,1,{},"com.nobody"]\x1e'
        )
        opcode, welcome = client.recv_data()
        assert opcode == websocket.ABNF.OPCODE_TEXT
        assert welcome.startswith(b"[2,")
        assert welcome.endswith(b"}]\x1e")
        assert client.recv().startswith('[8,48,1,{},"wamp.error.no_such_procedure"')


def test_msgpack_batch_on_the_wire(url):
    """Binary, and the length in four bytes before the message."""
    with opened(url, ["wamp.2.msgpack.batched"]) as client:
        hello = b"\x93\x01\xa6realm1\x81\xa5roles\x81\xa6caller\x80"
        call = b"\x94\x30\x01\x80\xaacom.nobody"
        client.send_binary(b"\0\0\0\x19" + hello + b"\0\0\0\x0f" + call)
        opcode, welcome = client.recv_data()
        assert opcode == websocket.ABNF.OPCODE_BINARY
        assert welcome[:4] == (len(welcome) - 4).to_bytes(4, "big")
        assert welcome[4:6] == b"\x93\x02"
        assert client.recv()[4:8] == b"\x96\x08\x30\x01"


# What is read


@on_every_server
def test_messages_of_a_batch_are_handled_in_order(batched, serializer, uri):
    """From HELLO on; each gets its answer, and its own events come between."""
    include_me = {"acknowledge": True, "exclude_me": False}
    publish = [[PUBLISH, 2 + n, include_me, uri, [n]] for n in range(300)]
    batched.send_data(
        batch(serializer, HELLO_MESSAGE, [SUBSCRIBE, 1, {}, uri], *publish)
    )
    assert batched.receive()[0] == WELCOME
    code, request, subscription = batched.receive()
    assert (code, request) == (SUBSCRIBED, 1)
    for n in range(300):
        code, request, publication = batched.receive()
        assert (code, request) == (PUBLISHED, 2 + n)
        assert batched.receive() == [EVENT, subscription, publication, {}, [n]]


def test_session_may_end_and_begin_within_a_batch(batched, serializer):
    """GOODBYE ends the session and not the transport, as without batches."""
    goodbye = [GOODBYE, {}, "wamp.close.close_realm"]
    batched.send_data(batch(serializer, HELLO_MESSAGE, goodbye, HELLO_MESSAGE, goodbye))
    first, *_, second, _ = [batched.receive() for _ in range(4)]
    assert first[0] == second[0] == WELCOME
    assert first[1] != second[1]


@pytest.mark.parametrize(
    ("last", "answers", "code"),
    [([ABORT, {}, "com.example.enough"], [], 1000), ([99], [ABORT], 1002)],
    ids=["ABORT", "violation"],
)
def test_rest_of_a_batch_is_ignored_after_the_end(
    batched, join, serializer, uri, last, answers, code
):
    """What follows an ABORT, of either side, is not looked at."""
    subscriber = join()
    subscriber.subscribe(uri)
    before, after = [PUBLISH, 1, {}, uri, ["in"]], [PUBLISH, 2, {}, uri, ["out"]]
    batched.send_data(batch(serializer, HELLO_MESSAGE, before, last, after, [98]))
    assert [batched.receive()[0] for _ in [WELCOME, *answers]] == [WELCOME, *answers]
    assert batched.end() == code
    assert [each[4] for each in subscriber.until_now()] == [["in"]]


# What is no batch


def refused(client, data):
    """Send a malformed batch in a session; what the ABORT says about it."""
    client.join()
    client.send_data(data)
    return client.aborted()


@on_every_server
def test_empty_batch_fails_the_transport(batched):
    """ "Sending a batch of length 0 is illegal"."""
    said = refused(batched, b"")
    assert said == "batch: expected at least one message, got an empty batch"


def test_text_without_the_final_separator_is_refused(connect, uri):
    """The whole batch: the message before it is not handled."""
    publish = json.dumps([PUBLISH, 1, {"acknowledge": True}, uri])
    said = refused(connect("json.batched"), f"{publish}\x1e{publish}")
    assert said == (
        f"batch: expected 0x1e after each message; {len(publish)} characters follow "
        "the last one"
    )


@pytest.mark.parametrize("separator", ["", "\n", "\x1d", "\x1f"])
def test_plain_json_is_no_batch(connect, uri, separator):
    """Nor is JSON with another separator."""
    message = json.dumps([SUBSCRIBE, 1, {}, uri]) + separator
    assert "expected 0x1e" in refused(connect("json.batched"), message)


@binary
@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"\0", "expected a length of 4 bytes at byte 0, got 1"),
        (b"\0\0\0", "expected a length of 4 bytes at byte 0, got 3"),
        (b"\0\0\0\1", "expected a message of 1 bytes at byte 4, got 0"),
        (b"\xff\xff\xff\xff\x90", "expected a message of 4294967295 bytes at byte 4, "
         "got 1"),
        (b"\0\0\0\1\x90\0\0\0", "expected a length of 4 bytes at byte 5, got 3"),
        (b"\0\0\0\1\x90\0\0\0\2\x90", "expected a message of 2 bytes at byte 9, got 1"),
    ],
)  # fmt: skip
def test_truncated_binary_batch_is_refused(batched, data, problem):
    """Lengths that lie cost nothing, and are named."""
    assert refused(batched, data) == f"batch: {problem}"


def test_empty_message_in_a_batch_is_a_violation(batched, serializer):
    """It is a batch, but not one of WAMP messages."""
    said = refused(batched, frame_of_batch(serializer, b""))
    assert said.startswith("message: ")


def test_wrong_kind_of_websocket_message_is_refused(batched, serializer):
    """Binary for JSON, text for the others."""
    batched.join()
    if serializer == "json":
        batched.ws.send_binary(batch("json", [SUBSCRIBE, 1, {}, "com.example.x"]))
    else:
        batched.ws.send("\0\0\0\1x")
    expected = "text" if serializer == "json" else "binary"
    assert batched.aborted().startswith(f"expected {expected} messages")


def test_malformed_batches_disturb_nobody_else(connect, join, serializer, uri):
    """Another session on batches goes on."""
    bystander = join(f"{serializer}.batched")
    bystander.subscribe(uri)
    for data in (b"", b"\0", b"\xff" * 100 if serializer != "json" else b"x" * 100):
        refused(connect(f"{serializer}.batched"), data)
    bystander.publish(uri, ["still"], exclude_me=False)
    assert [each[4] for each in bystander.until_now()] == [["still"]]


# Negotiation


@pytest.mark.parametrize(
    ("offered", "agreed"),
    [
        (["wamp.2.cbor.batched", "wamp.2.cbor"], "wamp.2.cbor"),
        (["wamp.2.cbor.batched", "wamp.2.msgpack", "wamp.2.json"], "wamp.2.msgpack"),
        (["wamp.2.msgpack.batched", "wamp.2.json.batched"], "wamp.2.msgpack.batched"),
        (["wamp.2.json.batched", "wamp.2.flatbuffers"], "wamp.2.json.batched"),
    ],
)
def test_plain_comes_before_batched(url, offered, agreed):
    """Otherwise the client's order decides."""
    with opened(url, offered) as client:
        assert client.getsubprotocol() == agreed


# autobahn-python's separator


def test_json_client_that_ends_messages_with_0x18_is_answered_so(url):
    """autobahn-python takes the specification's decimal \\30 for an octal number."""
    with opened(url, ["wamp.2.json.batched"]) as client:
        client.send(
            '[1,"realm1",{"roles":{"caller":{}}}]\x18[48,1,{},"com.nobody"]\x18'
        )
        assert client.recv().endswith("}]\x18")
        assert client.recv().endswith("]\x18")
        client.send('[48,2,{},"com.nobody"]\x1e')
        said = client.recv()
        assert said.startswith(f'[{ABORT},{{"message":"batch: expected 0x18 after')
        assert said.endswith(f'"{VIOLATION}"]\x18')


def test_binary_batch_may_end_with_0x18(join, uri):
    """It is part of a message there: here, the number 24."""
    client = join("msgpack.batched")
    client.subscribe(uri)
    client.publish(uri, [24], exclude_me=False)
    assert [each[4] for each in client.until_now()] == [[24]]
    client.send(CALL, 9, {}, uri, [24])
    assert client.receive()[4] == "wamp.error.no_such_procedure"


# Rates


@pytest.mark.slow(reason="waits because of a rate")
def test_each_message_of_a_batch_counts(serializer):
    """Twenty a second: what comes after forty of them waits for a second at least."""
    app = WSocketApp(protocol="WAMP", limits=Limits(messages_per_second=20))
    with serving(app) as url, connected(url, f"{serializer}.batched") as client:
        client.join()
        started = time.monotonic()
        calls = [[CALL, each, {}, "com.nobody"] for each in range(1, 41)]
        client.send_data(batch(serializer, *calls))
        client.send(CALL, 41, {}, "com.nobody")
        assert [client.receive()[2] for _ in range(41)] == list(range(1, 42))
        assert time.monotonic() - started > 0.9
