"""Callee gone, caller gone: the other one learns it, once, and nothing is kept."""

from __future__ import annotations

import pytest

from tests.wamp.advanced.conftest import CALLEE, INTERRUPT, World
from tests.wamp.raw_client import CALL, ERROR, GOODBYE

CANCELING = "callee.call_canceling"
CANCELED = "wamp.error.canceled"


def leave(client, how):
    """End a session in one of the ways there are."""
    if how == "goodbye":
        client.leave()
    elif how == "violation":
        client.send(1, "realm1", {"roles": {"caller": {}}})
    elif how == "abort":
        client.send(3, {}, "com.example.enough")
    else:
        client.close()


WAYS = ["goodbye", "violation", "abort", "lost connection"]


@pytest.mark.parametrize("how", WAYS)
def test_callee_that_leaves_ends_its_calls(peer, uri, serializer, how):
    """wamp.error.canceled, not no_available_callee; each caller once."""
    callee = peer(CANCELING, serializer=serializer)
    callers = [peer(serializer=serializer) for _ in range(2)]
    callee.register(uri)
    requests = [(each, each.call(uri)) for each in callers for _ in range(2)]
    for _ in requests:
        callee.invoked()
    leave(callee, how)
    for caller, request in requests:
        assert caller.failed(request) == CANCELED
    for caller in callers:
        assert caller.settled() == []
        request = caller.call(uri)
        assert caller.failed(request) == "wamp.error.no_such_procedure"


@pytest.mark.parametrize("how", WAYS)
def test_caller_that_leaves_interrupts_its_callees(peer, uri, serializer, how):
    """``killnowait``; what they answer is discarded silently."""
    callee = peer(CANCELING, serializer=serializer)
    caller = peer(serializer=serializer)
    callee.register(uri)
    for _ in range(2):
        caller.call(uri)
    numbers = [callee.invoked()[0] for _ in range(2)]
    leave(caller, how)
    assert [callee.receive() for _ in numbers] == [
        [INTERRUPT, number, {"mode": "killnowait"}] for number in numbers
    ]
    callee.finish_call(numbers[0], ["late"])
    callee.fail_call(numbers[1])
    assert callee.settled() == []


def test_callee_without_canceling_is_not_interrupted(peer, uri):
    """Its late answer is discarded all the same."""
    callee, caller = peer(*(set(CALLEE) - {CANCELING})), peer()
    callee.register(uri)
    caller.call(uri)
    number = callee.invoked()[0]
    caller.leave()
    callee.progress(number)
    callee.finish_call(number)
    assert callee.settled() == []


def test_answer_does_not_reach_the_next_session_of_a_transport(peer, uri):
    """A caller that said GOODBYE and HELLO again starts with a clean slate."""
    callee, caller = peer(), peer()
    callee.register(uri)
    request = caller.call(uri)
    number = callee.invoked()[0]
    caller.leave()
    caller.join()
    callee.finish_call(number, ["for the session before"])
    assert callee.settled() == []
    assert caller.settled() == []
    assert caller.call(uri) == request
    callee.finish_call(callee.invoked()[0], ["yours"])
    assert caller.succeeded(request) == [["yours"]]


def test_numbers_of_invocations_start_anew_with_each_session(peer, uri):
    """And an answer to one of the session before is a violation: there was none."""
    callee, caller = peer(), peer()
    callee.register(uri)
    for expected in (1, 2, 3):
        caller.call(uri)
        assert callee.invoked()[0] == expected
    callee.leave()
    callee.join()
    callee.finish_call(3)
    assert "invocation 3" in callee.aborted()


def test_invocations_are_numbered_per_session(peer, uri):
    """1, 2, 3, for each callee, whoever else is called."""
    callees, caller = [peer(), peer()], peer()
    for callee in callees:
        callee.register(uri, invoke="roundrobin")
    for _ in range(6):
        caller.call(uri)
    caller.settled()
    for callee in callees:
        assert [each[1] for each in callee.settled()] == [1, 2, 3]


@pytest.mark.parametrize("answer", ["result", "progress", "error"])
def test_answer_to_an_invocation_that_never_was_is_a_violation(peer, uri, answer):
    """Late answers are discarded; this one is no late answer."""
    callee, caller = peer(*CALLEE), peer()
    callee.register(uri)
    request = caller.call(uri)
    number = callee.invoked()[0]
    {
        "result": callee.finish_call,
        "progress": callee.progress,
        "error": callee.fail_call,
    }[answer](number + 1)
    assert f"invocation {number + 1}" in callee.aborted()
    assert caller.failed(request) == CANCELED


def test_nobody_answers_the_invocations_of_others(peer, uri):
    """A session that was never invoked violates; one that was, answers only its own."""
    callee, thief, caller = peer(), peer(), peer()
    callee.register(uri)
    thief.register(uri + ".other")
    request = caller.call(uri)
    number = callee.invoked()[0]
    thief.finish_call(number, ["stolen"])
    assert "invocation" in thief.aborted()
    callee.finish_call(number, ["mine"])
    assert caller.succeeded(request) == [["mine"]]


@pytest.mark.parametrize("kind", [16, 32, 48, 64, 66, 70, 0, -1, 2**40])
def test_error_for_anything_but_an_invocation_is_a_violation(peer, kind, serializer):
    """Clients refuse nothing else."""
    client = peer(serializer=serializer)
    client.send(ERROR, kind, 1, {}, "com.example.error")
    assert "ERROR" in client.aborted()


def test_unregistering_leaves_the_calls_that_run_alone(peer, uri):
    """The callee stays, and so does its answer."""
    callee, caller = peer(), peer()
    registration = callee.register(uri)
    request = caller.call(uri)
    number = callee.invoked()[0]
    callee.remove(66, registration)
    assert caller.settled() == []
    callee.finish_call(number, ["done"])
    assert caller.succeeded(request) == [["done"]]


def test_session_that_calls_itself_may_leave(world: World):
    """It is told nothing, and nothing is left of it."""
    client = world.peer(*CALLEE)
    client.register("com.a")
    client.call("com.a", timeout=1000)
    client.invoked()
    client.leave()
    assert world.held() == []


def test_two_that_call_each_other_may_leave_in_any_order(world: World):
    """The one that stays hears of both of its roles."""
    one, other = world.peer(*CALLEE), world.peer(*CALLEE)
    one.register("com.one")
    other.register("com.other")
    one.call("com.other", request=5)
    other.call("com.one", request=6)
    of_one, of_other = one.invoked()[0], other.invoked()[0]
    assert (of_one, of_other) == (1, 1)
    one.leave()
    messages = other.take()
    assert [INTERRUPT, of_other, {"mode": "killnowait"}] in messages
    [error] = [each for each in messages if each[0] == ERROR]
    assert error[:5] == [ERROR, CALL, 6, {}, CANCELED]
    assert len(messages) == 2
    other.leave()
    assert world.held() == []


def test_goodbye_is_the_last_word(peer, uri):
    """No ERROR and no INTERRUPT comes after it for what ends with the session."""
    client = peer(*CALLEE)
    client.register(uri)
    client.call(uri)
    client.invoked()
    client.send(GOODBYE, {}, "wamp.close.close_realm")
    assert client.receive() == [GOODBYE, {}, "wamp.close.goodbye_and_out"]
    client.join()
    assert client.settled() == []
