"""WAMP sessions over RawSocket, on TCP and Unix sockets, with every serializer."""

from __future__ import annotations

import json
import time

import pytest

from tests.patience import SECONDS
from tests.wamp.garbage import GARBAGE
from tests.wamp.raw_client import (
    CALL,
    ERROR,
    EVENT,
    GOODBYE,
    PUBLISH,
    RESULT,
    VIOLATION,
    YIELD,
    ask,
)
from tests.wamp.transports.rawsocket.client import (
    PING,
    PONG,
    dial,
    frame,
    is_over,
    rawsocket,
)
from wsocket import Limits, WSocketApp

SHORT = Limits(ping_interval=1.0, ping_timeout=1.0)
BUSY_MACHINE = 10.0  # seconds that a test machine may be late


# Sessions


@pytest.mark.parametrize("kind", ["tcp", "unix"])
def test_a_session_joins_calls_and_leaves(address, unix_address, serializer, kind):
    """HELLO to GOODBYE; the connection may carry another session then."""
    where = {"tcp": address, "unix": unix_address}[kind]
    with rawsocket(where, serializer) as client:
        for _ in range(2):
            assert client.join().welcome["realm"] == "realm1"
            answer = ask(client, "com.example.add", [2, 3])
            assert answer[0] == RESULT
            assert answer[3] == [5]
            client.leave()


def test_calls_and_events_cross_transports(join, join_websocket, serializer, uri):
    """Between a RawSocket and a websocket, in both directions."""
    raw, web = join(serializer), join_websocket()
    for callee, caller in ((raw, web), (web, raw)):
        registration = callee.register(uri)
        request = caller.call(uri, ["ž", None], {"key": 1.5})
        invocation, _, _, args, kwargs = callee.invoked()
        assert (args, kwargs) == (["ž", None], {"key": 1.5})
        callee.send(YIELD, invocation, {}, [args])
        assert caller.receive() == [RESULT, request, {}, [args]]
        callee.remove(66, registration)
    for subscriber, publisher in ((raw, web), (web, raw)):
        subscription = subscriber.subscribe(uri)
        publication = publisher.publish(uri, [1], {"two": 2})
        expected = [EVENT, subscription, publication, {}, [1], {"two": 2}]
        assert subscriber.receive() == expected
        subscriber.remove(34, subscription)


def test_frames_may_arrive_byte_by_byte(join, serializer):
    """And many of them at once."""
    client = join(serializer)
    data = client.data_of(CALL, 1, {}, "com.example.add", [1, 1])
    for octet in frame(data):
        client.write(bytes((octet,)))
    assert client.receive() == [RESULT, 1, {}, [2]]
    calls = [
        frame(client.data_of(CALL, number, {}, "com.example.add", [number, 1]))
        for number in range(2, 200)
    ]
    client.write(b"".join(calls))
    answers = [client.receive() for _ in calls]  # in the order in which they are ready
    assert sorted(answers) == [[RESULT, n, {}, [n + 1]] for n in range(2, 200)]


def test_a_burst_reaches_its_callee_in_order(join, serializer, uri):
    """However it is divided on its way."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    numbers = range(1, 101)
    calls = [frame(caller.data_of(CALL, each, {}, uri, [each])) for each in numbers]
    caller.write(b"".join(calls))
    assert [callee.invoked()[3] for _ in numbers] == [[each] for each in numbers]


def test_large_messages_arrive_whole(join, serializer, uri):
    """Of about a mebibyte, in both directions."""
    callee, caller = join(serializer), join(serializer)
    callee.register(uri)
    payload = ["x" * (2**20 - 100)]
    request = caller.call(uri, payload)
    invocation = callee.invoked()
    assert invocation[3] == payload
    callee.send(YIELD, invocation[0], {}, payload)
    assert caller.receive() == [RESULT, request, {}, payload]


def test_a_lost_connection_frees_what_the_session_held(join, uri):
    """As on a websocket."""
    first, second = join(), join()
    first.register(uri)
    first.close()
    deadline = time.monotonic() + SECONDS
    while second.request(64, {}, uri)[0] == ERROR:
        assert time.monotonic() < deadline


# PING and PONG


@pytest.mark.parametrize("payload", [b"", b"x", bytes(range(256)) * 100])
def test_a_ping_is_answered_by_one_pong_with_its_payload(join, payload):
    """Between messages, and before there is a session."""
    client = join()
    client.write(frame(payload, PING))
    assert client.receive_frame() == (PONG, payload)
    client.write(frame(b"1", PING) + frame(b"2", PING))
    assert client.receive_frame() == (PONG, b"1")
    assert client.receive_frame() == (PONG, b"2")
    assert client.until_now() == []


def test_thousands_of_pings_in_one_write_are_answered_in_order(join):
    """And what comes behind them."""
    client = join()
    payloads = [b"%d" % number for number in range(3000)]
    client.write(b"".join(frame(each, PING) for each in payloads))
    assert [client.receive_frame() for _ in payloads] == [(PONG, p) for p in payloads]
    assert client.until_now() == []


def test_a_ping_before_hello_is_answered(connect):
    """It is the transport's, not the session's."""
    client = connect()
    client.write(frame(b"early", PING))
    assert client.receive_frame() == (PONG, b"early")
    client.join()


def test_an_unasked_pong_is_accepted(join):
    """It answers nothing, and nothing answers it."""
    client = join()
    client.write(frame(b"whatever", PONG))
    assert client.until_now() == []


@pytest.mark.slow(reason="waits for deadlines")
def test_a_client_that_does_not_answer_pings_is_gone(listening, uri):
    """With all that it held, within interval and timeout."""
    address = listening(limits=SHORT, pings=True)
    with rawsocket(address) as silent:
        begun = time.monotonic()
        silent.join().register(uri)
        assert silent.receive_frame() == (PING, b"")
        assert is_over(silent.sock)
        patience = SHORT.ping_interval + SHORT.ping_timeout + BUSY_MACHINE
        assert time.monotonic() - begun < patience
    with rawsocket(address) as other:
        other.join().register(uri)


@pytest.mark.slow(reason="waits for deadlines")
def test_a_client_that_answers_pings_stays(listening):
    """However long it has nothing to say."""
    with rawsocket(listening(limits=SHORT, pings=True)) as client:
        client.join()
        for _ in range(3):
            assert client.receive_frame() == (PING, b"")
            client.write(frame(b"", PONG))
        assert client.until_now() == []


@pytest.mark.slow(reason="waits for deadlines")
def test_without_pings_a_quiet_client_stays(listening):
    """autobahn-python, for one, breaks when it gets a PING."""
    address = listening(limits=Limits(ping_interval=0.3, ping_timeout=0.2))
    with rawsocket(address) as client:
        client.join()
        client.sock.settimeout(1.0)
        with pytest.raises(TimeoutError):
            client.receive_frame()
        client.sock.settimeout(SECONDS)
        assert client.until_now() == []


# A client that does not read


@pytest.mark.slow(reason="waits for deadlines")
def test_events_are_dropped_for_a_slow_reader_but_replies_are_not(listening, uri):
    """Oldest first, and whole frames: what comes after them can still be read."""
    address = listening(limits=Limits(outbox_bytes=2**18))
    with rawsocket(address) as slow, rawsocket(address) as publisher:
        slow.join().subscribe(uri)
        publisher.join()
        count = 300  # 12 MB: more than may wait here and in the kernel
        for number in range(count):
            publisher.publish(uri, [number, "x" * 40_000])
        events = slow.until_now()
        numbers = [event[4][0] for event in events]
        assert numbers == sorted(numbers)
        assert numbers[-1] == count - 1
        assert len(numbers) < count


# What is not RawSocket, or not WAMP


@pytest.mark.parametrize(
    ("octets", "problem"),
    [
        (b"\x10\0\0\0", "reserved bits"),
        (b"\x80\0\0\1x", "reserved bits"),
        *((bytes((kind, 0, 0, 1)), f"got {kind}") for kind in range(3, 8)),
        (b"\x08\0\0\1", "25th bit"),
        (b"\x08\0\0\0", "16777216 bytes"),
        (b"\0\x10\0\1", "1048577 bytes, expected at most 1048576"),
        (b"\1\xff\xff\xff", "16777215 bytes"),
    ],
)
def test_an_illegal_frame_ends_the_session_with_its_reason(join, octets, problem):
    """ABORT says what is wrong, and nobody else is disturbed."""
    bystander, client = join(), join()
    client.write(octets)
    assert problem in client.aborted()
    assert bystander.until_now() == []


def test_an_illegal_frame_before_hello_is_told_as_well(connect):
    """There is no session yet; the ABORT is the same."""
    client = connect()
    client.write(b"\x07\0\0\0")
    assert "got 7" in client.aborted()


def test_what_comes_after_an_illegal_frame_is_not_processed(join, uri):
    """What came before it is."""
    subscriber, client = join(), join()
    subscriber.subscribe(uri)
    before = frame(client.data_of(PUBLISH, 1, {}, uri, ["before"]))
    after = frame(client.data_of(PUBLISH, 2, {}, uri, ["after"]))
    client.write(before + b"\x07\0\0\0" + after)
    client.aborted()
    assert [event[4] for event in subscriber.until_now()] == [["before"]]


@pytest.mark.parametrize(
    ("serializer", "what"),
    [(name, what) for name, cases in GARBAGE.items() for what in cases],
)
def test_garbage_in_a_frame_is_a_violation(join, serializer, what):
    """ABORT with a message; the router goes on."""
    bystander, client = join(), join(serializer)
    client.send_data(GARBAGE[serializer][what])
    assert client.aborted()
    assert bystander.until_now() == []


@pytest.mark.parametrize("payload", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80"])
def test_json_that_is_not_utf8_reaches_nobody(join, join_websocket, uri, payload):
    """A websocket subscriber would have to fail its connection for it."""
    subscriber, client = join_websocket(), join()
    subscriber.subscribe(uri)
    head = json.dumps([PUBLISH, 1, {}, uri])[:-1].encode()
    client.write(frame(head + b',["' + payload + b'"]]'))
    assert "not UTF-8" in client.aborted()
    assert subscriber.until_now() == []


def test_noise_after_the_handshake_disturbs_nobody(connect, join):
    """Whatever bytes they are, the connection ends and the others work."""
    bystander = join()
    for noise in (b"\xff" * 100, b"GET / HTTP/1.1\r\n\r\n", bytes(range(0x10, 0x80))):
        client = connect()
        client.write(noise)
        assert client.receive()[2] == VIOLATION
    assert bystander.until_now() == []


# The end


@pytest.mark.slow(reason="waits for deadlines")
def test_closing_the_application_closes_its_connections():
    """Without a GOODBYE, after which clients would not come back."""
    app = WSocketApp(protocol="WAMP")
    address = app.listen_rawsocket("tcp://127.0.0.1:0").address
    with rawsocket(address) as client:
        client.join()
        app.close()
        assert is_over(client.sock)
    with pytest.raises(ConnectionRefusedError):
        dial(address)


def test_goodbye_is_answered(join):
    """And the connection stays for another HELLO."""
    client = join()
    client.send(GOODBYE, {}, "wamp.close.close_realm")
    assert client.receive() == [GOODBYE, {}, "wamp.close.goodbye_and_out"]
    client.join()
