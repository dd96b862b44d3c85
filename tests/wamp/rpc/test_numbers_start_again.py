"""Request IDs go from 2**53 to 1, on each side (Basic Profile, "Identifiers")."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import CALLEE, CALLER, World
from tests.wamp.fakes import Member
from tests.wamp.fakes import World as Fakes
from tests.wamp.raw_client import (
    ABORT,
    CALL,
    PUBLISH,
    REGISTER,
    RESULT,
    SUBSCRIBE,
    UNREGISTER,
    UNSUBSCRIBE,
)
from wsocket.wamp.protocol.ids import MAX_ID, next_id
from wsocket.wamp.rpc.call_table import CallTable

STREAMS = "caller.progressive_call_invocations"
MORE = {"progress": True}
LAST = 2**53


def test_next_id_of_the_last_is_one():
    """And of any other one more."""
    assert [next_id(each) for each in (0, 1, LAST - 1, LAST)] == [1, 2, LAST, 1]


@pytest.mark.parametrize("features", [(), CALLER, (STREAMS,)])
@pytest.mark.parametrize(
    "numbers",
    [
        *((LAST, 1, 2), (1, 2, LAST, 1, 2), (LAST - 1, LAST, 1), (LAST - 1, 3)),
        *((5, LAST), (10, 5), (2**52, 1), (3, 3), (LAST, LAST)),
    ],
)
def test_every_call_is_answered(peer, uri, features, numbers, serializer):
    """Whatever its caller has announced."""
    callee, caller = peer(*CALLEE), peer(*features, serializer=serializer)
    callee.register(uri)
    for number in numbers:
        caller.send(CALL, number, {}, uri, [number])
        invocation, _, _, args = callee.invoked()
        callee.finish_call(invocation, args)
        assert caller.receive() == [RESULT, number, {}, [number]]


def test_stream_goes_on_across_the_end(peer, uri):
    """More arguments for 2**53 may come after call 1, and after the answer too."""
    callee, caller = peer(*CALLEE), peer(STREAMS)
    callee.register(uri)
    caller.send(CALL, LAST, MORE, uri, [1])
    first = callee.invoked()[0]
    caller.send(CALL, 1, {}, uri, ["other"])
    other = callee.invoked()[0]
    caller.send(CALL, LAST, MORE, uri, [2])
    assert callee.invoked()[0] == first
    callee.finish_call(first)
    assert caller.receive() == [RESULT, LAST, {}]
    caller.send(CALL, LAST, {}, uri, [3])  # it has crossed the answer
    assert callee.settled() == []
    callee.finish_call(other)
    assert caller.receive() == [RESULT, 1, {}]
    caller.send(CALL, 2, {}, uri)
    callee.finish_call(callee.invoked()[0])
    assert caller.receive() == [RESULT, 2, {}]


@pytest.mark.parametrize(
    ("code", "rest"),
    [
        (SUBSCRIBE, [{}, "com.example.topic"]),
        (UNSUBSCRIBE, [LAST]),
        (PUBLISH, [{"acknowledge": True}, "com.example.topic"]),
        (REGISTER, [{}, "com.example.procedure"]),
        (UNREGISTER, [LAST]),
        (CALL, [{}, "com.example.nobody"]),
    ],
)
def test_every_kind_of_request_is_answered(peer, code, rest):
    """They share one sequence."""
    client = peer(*CALLER)
    for number in (LAST - 1, LAST, 1, 2):
        client.send(code, number, *rest)
        assert number in client.receive()[1:3]


# INVOCATION.Request: the router counts


@pytest.fixture
def table_of():
    """A table of calls, and a callee that has got so many INVOCATIONs."""

    def make(sent: int) -> tuple[CallTable, Member]:
        table, callee = CallTable(), Member(Fakes())
        table.next_invocation(callee.session)
        table.callees[callee.session].last_request = sent
        return table, callee

    return make


def test_invocations_start_again_at_one(table_of):
    """And all earlier numbers were sent: late answers are discarded."""
    table, callee = table_of(MAX_ID - 1)
    session = callee.session
    assert not table.was_sent(session, MAX_ID)
    numbers = [table.next_invocation(session) for _ in range(3)]
    assert numbers == [MAX_ID, 1, 2]
    for number in (1, 2, 3, MAX_ID // 2, MAX_ID):
        assert table.was_sent(session, number)


def test_number_of_a_running_call_is_passed_over(table_of):
    """It may be running since numbers were at 1 for the first time."""
    table, callee = table_of(MAX_ID)
    table.callees[callee.session].calls[1] = object()  # type: ignore[assignment]
    assert table.next_invocation(callee.session) == 2


# Strict request IDs


@pytest.fixture
def strict() -> World:
    return World(strict_request_ids=True)


def counted(world: World, *features: str, requests: int):
    """A client that has sent so many requests already."""
    client = world.peer(*features)
    client.session.last_request = requests
    return client


def test_strict_numbers_start_again_at_one(strict):
    """Twice around, even."""
    client = counted(strict, requests=LAST - 2)
    for _ in range(2):
        for number in (LAST - 1, LAST, 1, 2):
            client.send(SUBSCRIBE, number, {}, "com.example.topic")
            [answer] = client.take()
            assert answer[:2] == [33, number]
        client.session.last_request += LAST - 4


@pytest.mark.parametrize(
    ("requests", "number", "expected"),
    [
        (LAST, LAST, 1),
        (LAST, 2, 1),
        (LAST - 1, 1, LAST),
        (LAST + 1, 1, 2),
        (LAST + 1, LAST, 2),
    ],
)
def test_strict_numbers_have_no_gap_at_the_end(strict, requests, number, expected):
    """The message says what was expected."""
    client = counted(strict, requests=requests)
    client.send(SUBSCRIBE, number, {}, "com.example.topic")
    [abort] = client.take()
    assert abort[0] == ABORT
    assert f"expected {expected}, got {number}" in abort[1]["message"]


def test_strict_stream_goes_on_across_the_end(strict):
    """Its first number is that of the last request before the end."""
    callee = strict.peer(*CALLEE)
    callee.send(REGISTER, 1, {}, "com.a")
    callee.take()
    caller = counted(strict, STREAMS, requests=LAST - 1)
    caller.call("com.a", [1], request=LAST, progress=True)
    invocation = callee.invoked()[0]
    caller.call("com.a", ["other"], request=1)
    other = callee.invoked()[0]
    caller.call("com.a", [2], request=LAST)
    assert callee.invoked()[0] == invocation
    callee.finish_call(invocation)
    callee.finish_call(other)
    assert [each[1] for each in caller.take()] == [LAST, 1]
    caller.call("com.a", [3], request=LAST)  # late
    caller.call("com.a", [4], request=2)
    assert caller.take() == []
    assert callee.invoked()[3] == [4]
