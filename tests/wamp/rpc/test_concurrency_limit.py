"""A limit for the calls that run at once, per callee of a registration."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import INTERRUPT, World
from tests.wamp.raw_client import REGISTER, UNREGISTER

FULL = "wamp.error.no_available_callee"


def test_calls_beyond_the_limit_are_refused(peer, uri, serializer):
    """At once, and the callee never hears of them; then there is room again."""
    callee, caller = peer(serializer=serializer), peer(serializer=serializer)
    callee.register(uri, concurrency=2)
    running = [caller.call(uri) for _ in range(2)]
    assert caller.failed(caller.call(uri)) == FULL
    invocations = [callee.invoked()[0] for _ in range(2)]
    assert callee.settled() == []
    callee.finish_call(invocations[1])
    assert caller.succeeded(running[1]) == []
    caller.call(uri, ["room"])
    assert callee.invoked()[3] == ["room"]


def test_limit_is_for_all_callers_together(peer, uri):
    """It is the callee that is busy."""
    callee, one, other = peer(), peer(), peer()
    callee.register(uri, concurrency=1)
    one.call(uri)
    callee.invoked()
    assert other.failed(other.call(uri)) == FULL


@pytest.mark.parametrize(
    "end", ["result", "error", "skip", "killnowait", "timeout", "caller leaves"]
)
def test_every_end_of_a_call_makes_room(world: World, end):
    """Once each, however it ends."""
    callee, caller = world.peer("callee.call_canceling"), world.peer()
    callee.register("com.a", concurrency=1)
    for _ in range(3):
        one = world.peer()
        one.call("com.a", timeout=1000)
        invocation = callee.invoked()[0]
        {
            "result": lambda n=invocation: callee.finish_call(n),
            "error": lambda n=invocation: callee.fail_call(n),
            "skip": lambda peer=one: peer.cancel(1, "skip"),
            "killnowait": lambda peer=one: peer.cancel(1, "killnowait"),
            "timeout": lambda: world.clock.advance(2),
            "caller leaves": one.leave,
        }[end]()
        callee.finish_call(invocation)  # in most cases too late
        assert {each[0] for each in callee.take()} <= {INTERRUPT}
    caller.call("com.a", request=1)
    caller.call("com.a", request=2)
    callee.invoked()
    assert [each[4] for each in caller.take()] == [FULL]


def test_progress_and_more_arguments_are_one_call(world: World):
    """However many messages it has."""
    callee = world.peer(
        "callee.call_canceling",
        "callee.progressive_call_invocations",
        "callee.progressive_call_results",
    )
    caller = world.peer("caller.progressive_call_invocations")
    callee.register("com.a", concurrency=1)
    caller.call("com.a", progress=True, receive_progress=True)
    invocation = callee.invoked()[0]
    for _ in range(3):
        callee.progress(invocation)
        caller.call("com.a", progress=True)
        assert callee.invoked()[0] == invocation
    caller.take()
    caller.call("com.a", request=2)
    assert caller.take()[0][4] == FULL


@pytest.mark.parametrize("policy", ["roundrobin", "first", "last", "random"])
def test_busy_callee_of_a_shared_registration_is_passed_over(world: World, policy):
    """Until all are busy: together they run as many as they may."""
    callees, caller = [world.peer() for _ in range(3)], world.peer()
    for limit, callee in enumerate(callees, 1):
        callee.register("com.a", invoke=policy, concurrency=limit)
    for request in range(1, 9):
        caller.call("com.a", request=request)
    assert [len(callee.take()) for callee in callees] == [1, 2, 3]
    errors = caller.take()
    assert [each[2] for each in errors] == [7, 8]
    assert {each[4] for each in errors} == {FULL}


def test_callee_without_a_limit_takes_what_others_cannot(world: World):
    """The limit is each callee's own."""
    limited, unlimited, caller = world.peer(), world.peer(), world.peer()
    limited.register("com.a", invoke="first", concurrency=1)
    unlimited.register("com.a", invoke="first")
    for request in range(1, 6):
        caller.call("com.a", request=request)
    assert [len(each.take()) for each in (limited, unlimited, caller)] == [1, 4, 0]


def test_limit_is_per_registration(world: World):
    """One that is full says nothing about another of the same callee."""
    callee, caller = world.peer(), world.peer()
    callee.register("com.a", concurrency=1)
    callee.register("com.b", concurrency=1)
    caller.call("com.a", request=1)
    caller.call("com.b", request=2)
    assert len(callee.take()) == 2


def test_calls_of_an_earlier_registration_do_not_count(world: World):
    """Unregistered and registered again, a callee starts empty."""
    callee, caller = world.peer(), world.peer()
    registration = callee.register("com.a", concurrency=1)
    caller.call("com.a", request=1)
    old = callee.invoked()[0]
    callee.unregister(registration)
    callee.register("com.a", concurrency=1)
    caller.call("com.a", request=2)
    new = callee.invoked()[0]
    callee.finish_call(old)
    caller.call("com.a", request=3)
    callee.finish_call(new)
    assert [each[:2] for each in caller.take()] == [[50, 1], [8, 48], [50, 2]]


@pytest.mark.parametrize("limit", [0, -1, 1.5, "1", True, [1]], ids=repr)
def test_limit_that_is_no_positive_number_is_a_violation(peer, uri, limit, serializer):
    """The message names the option."""
    callee = peer(serializer=serializer)
    callee.send(REGISTER, 1, {"concurrency": limit}, uri)
    assert "REGISTER.Options.concurrency" in callee.aborted()


def test_unregister_while_full(peer, uri):
    """The calls that run are answered, the next has no procedure."""
    callee, caller = peer(), peer()
    registration = callee.register(uri, concurrency=1)
    request = caller.call(uri)
    invocation = callee.invoked()[0]
    callee.remove(UNREGISTER, registration)
    assert caller.failed(caller.call(uri)) == "wamp.error.no_such_procedure"
    callee.finish_call(invocation)
    assert caller.succeeded(request) == []


ENDS = {
    "skip": lambda world, caller: caller.cancel(1, "skip"),
    "kill": lambda world, caller: caller.cancel(1, "kill"),
    "killnowait": lambda world, caller: caller.cancel(1, "killnowait"),
    "no mode": lambda world, caller: caller.cancel(1),
    "timeout": lambda world, caller: world.clock.advance(2),
    "caller leaves": lambda world, caller: caller.leave(),
}
every_end = pytest.mark.parametrize("end", ENDS.values(), ids=ENDS.keys())


@every_end
@pytest.mark.parametrize("answer", ["finish_call", "fail_call"])
def test_callee_that_cannot_be_told_is_busy_until_it_answers(world: World, end, answer):
    """Its call has ended for the caller, and it runs on: the limit is its own."""
    callee, caller, next_caller = world.peer(), world.peer(), world.peer()
    callee.register("com.a", concurrency=1)
    caller.call("com.a", timeout=1000)
    invocation = callee.invoked()[0]
    end(world, caller)
    next_caller.call("com.a", request=1)
    assert next_caller.take()[0][4] == FULL
    callee.progress(invocation, ["not the end"])
    next_caller.call("com.a", request=2)
    assert next_caller.take()[0][4] == FULL
    getattr(callee, answer)(invocation)
    getattr(callee, answer)(invocation)  # counts once
    next_caller.call("com.a", request=3)
    next_caller.call("com.a", request=4)
    assert callee.invoked()[0] == invocation + 1
    assert [each[2] for each in next_caller.take()] == [4]


@every_end
def test_callee_without_a_limit_is_never_busy(world: World, end):
    """Nothing is kept about a call that ended before its callee answered."""
    callee, caller, next_caller = world.peer(), world.peer(), world.peer()
    callee.register("com.a")
    caller.call("com.a", timeout=1000)
    invocation = callee.invoked()[0]
    end(world, caller)
    callee.finish_call(invocation)
    next_caller.call("com.a")
    callee.invoked()
    assert next_caller.take() == []


@every_end
def test_callee_that_leaves_takes_its_abandoned_calls_with_it(world: World, end):
    """And those that register again start empty."""
    callee, caller = world.peer(), world.peer()
    callee.register("com.a", concurrency=1)
    caller.call("com.a", timeout=1000)
    callee.invoked()
    end(world, caller)
    callee.leave()
    other, next_caller = world.peer(), world.peer()
    other.register("com.a", concurrency=1)
    next_caller.call("com.a")
    other.invoked()
    for each in (other, next_caller, caller):
        if not each.closed:
            each.leave()
    assert world.held() == []


def test_other_callee_is_chosen_meanwhile(world: World):
    """A busy callee of a shared registration is passed over."""
    one, other, caller = world.peer(), world.peer(), world.peer()
    for each in (one, other):
        each.register("com.a", invoke="first", concurrency=1)
    caller.call("com.a", request=1)
    one.invoked()
    caller.cancel(1, "skip")
    caller.call("com.a", request=2)
    other.invoked()
    assert one.take() == []
