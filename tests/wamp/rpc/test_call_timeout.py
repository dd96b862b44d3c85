"""Call timeouts: milliseconds that may pass between the answers to a call."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import CALLEE, INTERRUPT, World
from tests.wamp.raw_client import CALL, ERROR, INVOCATION, RESULT

TIMEOUT = "wamp.error.timeout"
CANCELING, PROGRESSIVE = "callee.call_canceling", "callee.progressive_call_results"


def uris(messages):
    """The URIs of messages that must all be ERRORs of calls."""
    assert all(message[:2] == [ERROR, CALL] for message in messages), messages
    return [message[4] for message in messages]


def test_call_that_takes_too_long_ends_in_an_error(peer, uri, serializer):
    """wamp.error.timeout; the callee is interrupted, and its late answer discarded."""
    callee = peer(CANCELING, serializer=serializer)
    caller = peer(serializer=serializer)
    callee.register(uri)
    request = caller.call(uri, timeout=10)
    invocation, _, details = callee.invoked()
    assert details == {}
    assert caller.failed(request) == TIMEOUT
    assert callee.receive() == [INTERRUPT, invocation, {"mode": "killnowait"}]
    callee.progress(invocation, [1])
    callee.finish_call(invocation, [2])
    callee.fail_call(invocation)
    assert callee.settled() == []
    assert caller.settled() == []


def test_callee_without_canceling_hears_nothing_of_the_timeout(peer, uri):
    """Its late answer is discarded silently."""
    callee, caller = peer(*(set(CALLEE) - {CANCELING})), peer()
    callee.register(uri)
    request = caller.call(uri, timeout=5)
    invocation = callee.invoked()[0]
    assert caller.failed(request) == TIMEOUT
    callee.finish_call(invocation, ["late"])
    assert callee.settled() == []
    assert caller.settled() == []


def test_timeout_is_in_milliseconds(world: World):
    """To the millisecond."""
    callee, caller = world.peer(), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=1500)
    world.clock.advance(1.4999)
    assert caller.take() == []
    world.clock.advance(0.0002)
    assert uris(caller.take()) == [TIMEOUT]


@pytest.mark.parametrize("options", [{}, {"timeout": 0}])
def test_without_a_timeout_nothing_ends_a_call(world: World, options):
    """Absent and zero are the same."""
    callee, caller = world.peer(CANCELING), world.peer()
    callee.register("com.a")
    caller.call("com.a", **options)
    assert callee.invoked()[2] == {}
    assert world.clock.timers == []
    world.clock.advance(10**9)
    assert caller.take() == callee.take() == []


def test_each_progressive_result_restarts_the_time(world: World):
    """It is the longest gap, not the total; then the gap is too long."""
    callee, caller = world.peer(CANCELING, PROGRESSIVE), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=1000, receive_progress=True)
    invocation = callee.invoked()[0]
    for part in range(5):
        world.clock.advance(0.9)
        callee.progress(invocation, [part])
        assert caller.take() == [[RESULT, 1, {"progress": True}, [part]]]
    world.clock.advance(1.1)
    assert uris(caller.take()) == [TIMEOUT]
    assert callee.take() == [[INTERRUPT, invocation, {"mode": "killnowait"}]]
    callee.progress(invocation, ["late"])
    callee.finish_call(invocation, ["late"])
    world.clock.advance(100)
    assert caller.take() == callee.take() == []


def test_progress_that_is_not_delivered_restarts_nothing(world: World):
    """A callee that was not asked for it cannot keep the caller waiting."""
    callee, caller = world.peer(PROGRESSIVE), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=1000)
    invocation = callee.invoked()[0]
    world.clock.advance(0.9)
    callee.progress(invocation)
    world.clock.advance(0.2)
    assert uris(caller.take()) == [TIMEOUT]


@pytest.mark.parametrize("end", ["result", "error", "cancel", "callee", "caller"])
def test_end_of_a_call_stops_its_time(world: World, end):
    """However it ends: no timer is left, and no second answer comes."""
    callee, caller = world.peer(CANCELING), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=1000)
    invocation = callee.invoked()[0]
    {
        "result": lambda: callee.finish_call(invocation),
        "error": lambda: callee.fail_call(invocation),
        "cancel": lambda: caller.cancel(1),
        "callee": callee.leave,
        "caller": caller.leave,
    }[end]()
    assert world.clock.timers == []
    assert len(caller.take()) == (end != "caller")


def test_callee_that_does_not_react_to_kill_is_timed_out(world: World):
    """``kill`` waits for its answer, but no longer than the caller said."""
    callee, caller = world.peer(CANCELING), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=1000)
    callee.invoked()
    caller.cancel(1, "kill")
    world.clock.advance(2)
    assert uris(caller.take()) == [TIMEOUT]


def test_time_of_a_call_that_does_not_reach_a_callee_never_starts(world: World):
    """Such as one of an unknown procedure."""
    caller = world.peer()
    caller.call("com.nobody", timeout=1000)
    assert uris(caller.take()) == ["wamp.error.no_such_procedure"]
    assert world.clock.timers == []


# Forwarding


def test_callee_that_asks_for_it_gets_the_timeout(world: World):
    """And runs it itself: the dealer does not, and forwards its answer."""
    callee, caller = world.peer("callee.call_timeout", CANCELING), world.peer()
    callee.register("com.a", forward_timeout=True)
    caller.call("com.a", timeout=1000)
    invocation, _, details = callee.invoked()
    assert details == {"timeout": 1000}
    assert world.clock.timers == []
    world.clock.advance(5)
    assert caller.take() == callee.take() == []
    callee.fail_call(invocation, TIMEOUT)
    assert uris(caller.take()) == [TIMEOUT]


@pytest.mark.parametrize("timeout", [{}, {"timeout": 0}])
def test_no_timeout_is_not_forwarded(world: World, timeout):
    """The key is absent."""
    callee, caller = world.peer("callee.call_timeout"), world.peer()
    callee.register("com.a", forward_timeout=True)
    caller.call("com.a", **timeout)
    assert callee.invoked()[2] == {}


@pytest.mark.parametrize(
    ("features", "options"),
    [
        (["callee.call_timeout"], {}),
        (["callee.call_timeout"], {"forward_timeout": False}),
        ([], {"forward_timeout": True}),
        (["caller.call_timeout"], {"forward_timeout": True}),
    ],
)
def test_dealer_keeps_the_time_otherwise(world: World, features, options):
    """Announcement and option are both needed."""
    callee, caller = world.peer(*features), world.peer("caller.call_timeout")
    callee.register("com.a", **options)
    caller.call("com.a", timeout=1000)
    assert callee.invoked()[2] == {}
    world.clock.advance(1.1)
    assert uris(caller.take()) == [TIMEOUT]


def test_forwarding_is_each_callees_own_choice(world: World):
    """Of one registration, one callee takes the timeout and another does not."""
    forwards, plain = world.peer("callee.call_timeout"), world.peer()
    forwards.register("com.a", invoke="roundrobin", forward_timeout=True)
    plain.register("com.a", invoke="roundrobin")
    caller = world.peer()
    caller.call("com.a", timeout=1000, request=1)
    caller.call("com.a", timeout=1000, request=2)
    assert forwards.invoked()[2] == {"timeout": 1000}
    assert plain.invoked()[2] == {}
    world.clock.advance(1.1)
    [error] = caller.take()
    assert error[2] == 2


def test_forwarded_timeout_over_the_wire(peer, uri, serializer):
    """As the integer that it was."""
    callee = peer("callee.call_timeout", serializer=serializer)
    caller = peer(serializer=serializer)
    callee.register(uri, forward_timeout=True)
    request = caller.call(uri, timeout=2**40)
    invocation, _, details = callee.invoked()
    assert details == {"timeout": 2**40}
    callee.finish_call(invocation)
    assert caller.succeeded(request) == []


# Bad values


@pytest.mark.parametrize(
    "timeout", [-1, -(2**40), 1.5, -5.0, "5", True, [], {}], ids=repr
)
def test_timeout_that_is_no_number_of_milliseconds_is_a_violation(
    peer, uri, timeout, serializer
):
    """The call never reaches its callee."""
    callee, caller = peer(), peer(serializer=serializer)
    callee.register(uri)
    caller.call(uri, timeout=timeout)
    assert "CALL.Options.timeout" in caller.aborted()
    assert callee.settled() == []


def test_longest_timeout_is_valid(world: World):
    """2^53 milliseconds, about 285,000 years."""
    callee, caller = world.peer(), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=2**53)
    assert callee.take()[0][0] == INVOCATION


@pytest.mark.parametrize("digits", [17, 40, 400])
def test_timeout_beyond_all_numbers_is_a_violation(peer, uri, digits):
    """Not an internal error, be the number too large for a float or a serializer."""
    callee = peer("callee.call_timeout", serializer="msgpack")
    callee.register(uri)
    callee.register(uri + ".forwarded", forward_timeout=True)
    for procedure in (uri, uri + ".forwarded"):
        caller = peer()
        caller.send_data(f'[48, 1, {{"timeout": {"9" * digits}}}, "{procedure}"]')
        assert "CALL.Options.timeout" in caller.aborted()
    assert callee.settled() == []
