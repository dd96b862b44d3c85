"""Messages that are too large, for the router and for a client."""

from __future__ import annotations

import logging

import pytest

from tests.wamp.raw_client import (
    ABORT,
    CALL,
    ERROR,
    HELLO,
    INTERRUPT,
    INVOCATION,
    REALM,
    YIELD,
)
from tests.wamp.transports.rawsocket.client import (
    PING,
    PONG,
    exactly,
    frame,
    is_over,
    rawsocket,
)
from wsocket import Limits

EXCEEDED = "wamp.error.payload_size_exceeded"
NARROW = 2  # LENGTH of a client that takes 2048 bytes: WELCOME, and not much more
SIZE = 2**11
LARGE = "x" * SIZE


# For the router


def test_a_message_above_the_routers_limit_ends_the_session(listening):
    """As soon as its prefix is there, and the limit is in the ABORT."""
    with rawsocket(listening(max_message_size=5000)) as client:
        client.join()
        client.write(b"\0\0\x10\x01")  # 4097
        assert client.aborted() == "a frame of 4097 bytes, expected at most 4096"


def test_a_message_of_exactly_the_limit_passes(listening):
    """The limit is the largest message, not the first that is too large."""
    with rawsocket(listening(max_message_size=4096), "json") as client:
        client.join()
        data = client.data_of(CALL, 1, {}, "com.example.none", [""])
        data = data.replace(b'""', b'"' + b"x" * (4096 - len(data)) + b'"')
        assert len(data) == 4096
        client.write(frame(data))
        assert client.receive()[4] == "wamp.error.no_such_procedure"


@pytest.mark.parametrize(
    ("size", "prefix"),
    [(2**24 - 1, b"\0\xff\xff\xff"), (2**24, b"\x08\0\0\0")],
    ids=["one less", "all"],
)
def test_16_mib_take_the_25th_bit_in_both_directions(listening, uri, size, prefix):
    """And nothing less does."""
    address = listening(max_message_size=2**24, limits=Limits(outbox_bytes=2**25))
    with rawsocket(address) as caller, rawsocket(address) as callee:
        caller.join()
        callee.join().register(uri)
        caller.write(prefix + padded(f'[48,1,{{}},"{uri}",["', size))
        assert callee.invoked()[0] == 1
        callee.write(prefix + padded('[70,1,{},["', size))
        assert exactly(caller.sock, 4) == prefix
        assert exactly(caller.sock, size) == padded('[50,1,{},["', size)


def padded(head: str, size: int) -> bytes:
    """A message with a string that brings it to *size* bytes."""
    return f"{head:x<{size - 3}}".encode() + b'"]]'


def test_a_large_ping_is_held_to_the_limit_as_well(listening):
    """It would have to be kept, and sent back."""
    with rawsocket(listening(max_message_size=512)) as client:
        client.write(frame(bytes(512), PING))
        assert client.receive_frame() == (PONG, bytes(512))
        client.write(frame(bytes(513), PING))
        assert "513 bytes" in client.aborted()


# For a client


def test_a_ping_whose_pong_the_client_would_not_take_fails(connect):
    """The specification forbids both answers."""
    client = connect(length=0)
    client.write(frame(bytes(513), PING))
    assert "PING of 513 bytes" in client.aborted()


def test_a_large_event_is_dropped_for_that_receiver_alone(join, uri, serializer):
    """The others get it; and the narrow one gets the next that fits."""
    narrow, wide, publisher = join(serializer, length=NARROW), join(serializer), join()
    for each in (narrow, wide):
        each.subscribe(uri)
    publisher.publish(uri, [LARGE])
    publisher.publish(uri, ["small"])
    assert [event[4] for event in narrow.until_now()] == [["small"]]
    assert [event[4] for event in wide.until_now()] == [[LARGE], ["small"]]


def test_a_dropped_event_is_logged(listening, uri, caplog):
    """With both sizes."""
    address = listening()
    with rawsocket(address, length=NARROW) as narrow, rawsocket(address) as other:
        narrow.join().subscribe(uri)
        with caplog.at_level(logging.WARNING, "wsocket"):
            other.join().publish(uri, [LARGE])
            assert narrow.until_now() == []
    [record] = caplog.records
    assert f"the receiver takes {SIZE}" in record.getMessage()


def test_a_large_call_is_an_error_to_the_caller(join, uri):
    """The callee hears nothing of it, and serves the next call."""
    callee, caller = join(length=NARROW), join()
    callee.register(uri)
    request = caller.call(uri, [LARGE])
    code, kind, number, _, error, [explanation] = caller.receive()
    assert (code, kind, number, error) == (ERROR, CALL, request, EXCEEDED)
    assert f"takes {SIZE}" in explanation
    caller.call(uri, ["small"])
    invocation = callee.invoked()
    assert invocation[3] == ["small"]
    assert invocation[0] == 1


def test_a_large_result_is_an_error_to_the_caller(join, uri):
    """The callee has answered, and is not disturbed."""
    callee, caller = join(), join(length=NARROW)
    callee.register(uri)
    request = caller.call(uri)
    callee.send(YIELD, callee.invoked()[0], {}, [LARGE])
    assert caller.receive()[:5] == [ERROR, CALL, request, {}, EXCEEDED]
    assert callee.until_now() == []


def test_a_large_progressive_result_ends_the_call(connect, uri):
    """The callee is interrupted: what it goes on to compute has nobody to go to."""
    features = {"progressive_call_results": True, "call_canceling": True}
    callee = connect().join(roles={"callee": {"features": features}, "publisher": {}})
    caller = connect(length=NARROW).join()
    callee.register(uri)
    request = caller.call(uri, receive_progress=True)
    invocation = callee.invoked()[0]
    callee.send(YIELD, invocation, {"progress": True}, [LARGE])
    assert caller.receive()[:5] == [ERROR, CALL, request, {}, EXCEEDED]
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]


def test_a_large_error_becomes_a_small_one(join, uri):
    """The call ends, be it with another error than the callee's."""
    callee, caller = join(), join(length=NARROW)
    callee.register(uri)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    callee.send(ERROR, INVOCATION, invocation, {}, "com.example.error", [LARGE])
    assert caller.receive()[:5] == [ERROR, CALL, request, {}, EXCEEDED]


def test_a_refusal_without_room_for_its_words_comes_without_them(join):
    """The explanation quotes the URI, which is as long as the client made it."""
    client = join(length=NARROW)
    request = client.call("com.example." + "x" * SIZE)
    error = "wamp.error.no_such_procedure"
    assert client.receive() == [ERROR, CALL, request, {}, error]


def test_a_large_answer_of_the_router_is_an_error(join, uri):
    """The meta API answers as other callees do."""
    client = join(length=NARROW)
    others = [join() for _ in range(150)]
    request = client.call("wamp.session.list")
    assert client.receive()[:5] == [ERROR, CALL, request, {}, EXCEEDED]
    assert len(others) == 150


def test_a_client_that_cannot_take_its_welcome_is_told(connect):
    """512 bytes are not enough for what WELCOME announces."""
    client = connect(length=0)
    client.send(HELLO, REALM, {"roles": {"caller": {}}})
    code, details, reason = client.receive()
    assert (code, reason) == (ABORT, EXCEEDED)
    assert "takes 512" in details["message"]
    assert is_over(client.sock)


@pytest.mark.parametrize("length", range(1, 16))
def test_nothing_larger_than_length_is_sent(join, uri, length):
    """Events around the limit: those that fit come, the others do not."""
    limit = 2 ** (9 + length)
    client, publisher = join(length=length), join()
    client.subscribe(uri)
    sizes = [each for each in (limit - 200, limit, limit + 1) if each < 2**20 - 200]
    for size in sizes:
        publisher.publish(uri, ["x" * size])
    expected = sizes[:1] if sizes and sizes[0] < limit else []
    assert [len(event[4][0]) for event in client.until_now()] == expected
