"""Call rerouting: a callee that is unavailable is passed over."""

from __future__ import annotations

import pytest

from tests.wamp.call_kit import CALLEE, INTERRUPT, World
from tests.wamp.raw_client import CALL, ERROR, FORMATS, INVOCATION, RESULT

REROUTE = "callee.call_reroute"
UNAVAILABLE = "wamp.error.unavailable"
NOBODY_LEFT = "wamp.error.no_available_callee"


def run(world: World, callees, **options):
    """One call that every callee declines: who was asked, and the caller's answers."""
    caller = world.peer("caller.call_canceling")
    caller.call("com.a", ["x"], request=1, **options)
    order = []
    while not (answers := caller.take()):
        [(index, invocation)] = [
            (index, message)
            for index, callee in enumerate(callees)
            for message in callee.take()
        ]
        assert invocation[0] == INVOCATION
        assert invocation[4] == ["x"]
        order.append(index)
        callees[index].fail_call(invocation[1], UNAVAILABLE)
    return order, answers


def registered(world: World, policy: str, count: int = 4, *features: str):
    """That many callees of com.a, the oldest first."""
    callees = [world.peer(REROUTE, *features) for _ in range(count)]
    for callee in callees:
        callee.register("com.a", invoke=policy)
    return callees


@pytest.mark.parametrize(
    ("policy", "order"), [("first", [0, 1, 2, 3]), ("last", [3, 2, 1, 0])]
)
def test_next_by_age(world: World, policy, order):
    """``first``: the next younger; ``last``: the next older; then nobody is left."""
    asked, [error] = run(world, registered(world, policy))
    assert asked == order
    assert error[:5] == [ERROR, CALL, 1, {}, NOBODY_LEFT]


def test_next_in_turn(world: World):
    """``roundrobin``: on from the one whose turn it was, and around; nobody twice."""
    callees = registered(world, "roundrobin")
    caller = world.peer()
    for number in range(2):
        caller.call("com.a", request=number + 1)
        callees[number].finish_call(callees[number].invoked()[0])
    asked, [error] = run(world, callees)
    assert asked == [2, 3, 0, 1]
    assert error[4] == NOBODY_LEFT


def test_another_one_at_random(world: World):
    """``random``: among those that have not been asked."""
    callees = registered(world, "random")
    world.choose(2, 0, 1, 0)
    asked, [error] = run(world, callees)
    assert asked == [2, 0, 3, 1]
    assert error[4] == NOBODY_LEFT


def test_single_has_nobody_else(world: World):
    """no_available_callee at once."""
    asked, [error] = run(world, registered(world, "single", 1))
    assert asked == [0]
    assert error[:5] == [ERROR, CALL, 1, {}, NOBODY_LEFT]


@pytest.mark.parametrize("callee_serializer", FORMATS)
def test_second_callee_gets_the_same_call(peer, uri, serializer, callee_serializer):
    """Payload and details, and its answer is the answer."""
    busy = peer(REROUTE, serializer=callee_serializer)
    free = peer(REROUTE, serializer=serializer)
    caller = peer(serializer=serializer)
    for callee in (busy, free):
        callee.register(uri, invoke="first", match="prefix")
    request = caller.call(uri + ".x", [1, "a"], {"k": [None]}, disclose_me=True)
    first = busy.invoked()
    busy.fail_call(first[0], UNAVAILABLE, ["busy"])
    second = free.invoked()
    assert second[1:] == first[1:]
    free.finish_call(second[0], ["done"])
    assert caller.succeeded(request) == [["done"]]
    busy.finish_call(first[0], ["late"])
    assert busy.settled() == free.settled() == caller.settled() == []


def test_callee_that_has_not_announced_it_is_taken_at_its_word(peer, uri):
    """Its ERROR is forwarded as it is, payload included."""
    callee, other, caller = peer(*(set(CALLEE) - {REROUTE})), peer(REROUTE), peer()
    for each in (callee, other):
        each.register(uri, invoke="first")
    request = caller.call(uri)
    callee.fail_call(callee.invoked()[0], UNAVAILABLE, ["busy"])
    assert caller.receive() == [ERROR, CALL, request, {}, UNAVAILABLE, ["busy"]]
    assert other.settled() == []


@pytest.mark.parametrize("error", ["wamp.error.canceled", "com.example.unavailable"])
def test_other_errors_are_not_rerouted(peer, uri, error):
    """They are answers."""
    callee, other, caller = peer(REROUTE), peer(REROUTE), peer()
    for each in (callee, other):
        each.register(uri, invoke="first")
    request = caller.call(uri)
    callee.fail_call(callee.invoked()[0], error)
    assert caller.failed(request) == error
    assert other.settled() == []


def test_killed_call_is_not_rerouted(world: World):
    """The caller wants it to end: the callee's ERROR is its end."""
    one, other = registered(world, "first", 2, "callee.call_canceling")
    caller = world.peer()
    caller.call("com.a")
    invocation = one.invoked()[0]
    caller.cancel(1, "kill")
    assert one.take() == [[INTERRUPT, invocation, {"mode": "kill"}]]
    one.fail_call(invocation, UNAVAILABLE, ["busy"])
    assert caller.take() == [[ERROR, CALL, 1, {}, UNAVAILABLE, ["busy"]]]
    assert other.take() == []


def test_callee_that_left_is_not_asked(world: World):
    """Nor one that has unregistered."""
    callees = registered(world, "first", 3)
    caller = world.peer()
    caller.call("com.a")
    invocation = callees[0].invoked()[0]
    callees[1].leave()
    callees[0].fail_call(invocation, UNAVAILABLE)
    callees[2].finish_call(callees[2].invoked()[0], ["done"])
    assert caller.take() == [[RESULT, 1, {}, ["done"]]]


def test_registration_that_is_gone_has_nobody_left(world: World):
    """Even if another one of that name has come."""
    [callee] = registered(world, "first", 1)
    caller, successor = world.peer(), world.peer(REROUTE)
    caller.call("com.a")
    invocation = callee.take()[0]
    callee.unregister(invocation[2])
    successor.register("com.a", invoke="first")
    callee.fail_call(invocation[1], UNAVAILABLE)
    [error] = caller.take()
    assert error[4] == NOBODY_LEFT
    assert successor.take() == []


def test_callee_at_its_limit_is_passed_over(world: World):
    """``concurrency`` counts here too."""
    callees = [world.peer(REROUTE) for _ in range(3)]
    for callee in callees:
        callee.register("com.a", invoke="first", concurrency=1)
    caller = world.peer()
    for request in (1, 2):
        caller.call("com.a", request=request)
    callees[0].fail_call(callees[0].invoked()[0], UNAVAILABLE)
    assert callees[1].invoked()[0] == 1
    assert callees[2].invoked()[0] == 1


def test_time_of_a_call_runs_on(world: World):
    """Callees that decline cannot keep the caller waiting for longer than it said."""
    callees = registered(world, "first", 3, "callee.call_canceling")
    caller = world.peer()
    caller.call("com.a", timeout=1000)
    for callee in callees[:2]:
        world.clock.advance(0.4)
        callee.fail_call(callee.invoked()[0], UNAVAILABLE)
    assert caller.take() == []
    invocation = callees[2].invoked()[0]
    world.clock.advance(0.3)
    assert caller.take()[0][4] == "wamp.error.timeout"
    assert callees[2].take() == [[INTERRUPT, invocation, {"mode": "killnowait"}]]
    assert world.clock.timers == []


def test_time_stops_when_nobody_is_left(world: World):
    """No timer stays behind."""
    _, answers = run(world, registered(world, "first", 2), timeout=1000)
    assert answers[0][4] == NOBODY_LEFT
    assert world.clock.timers == []


def test_timeout_goes_to_a_callee_that_keeps_it_itself(world: World):
    """Then the dealer's own time stops."""
    plain, forwards = world.peer(REROUTE), world.peer("callee.call_timeout")
    plain.register("com.a", invoke="first")
    forwards.register("com.a", invoke="first", forward_timeout=True)
    caller = world.peer()
    caller.call("com.a", timeout=1000)
    plain.fail_call(plain.invoked()[0], UNAVAILABLE)
    assert forwards.invoked()[2] == {"timeout": 1000}
    assert world.clock.timers == []


def test_wishes_are_granted_anew_by_each_callee(world: World):
    """Progress goes only through a callee that announced it."""
    first = world.peer(REROUTE, "callee.progressive_call_results")
    second = world.peer(REROUTE)
    for callee in (first, second):
        callee.register("com.a", invoke="first")
    caller = world.peer()
    caller.call("com.a", receive_progress=True)
    invocation, _, details = first.invoked()
    assert details == {"receive_progress": True}
    first.fail_call(invocation, UNAVAILABLE)
    invocation, _, details = second.invoked()
    assert details == {}
    second.progress(invocation, ["not asked for"])
    second.finish_call(invocation, ["end"])
    assert caller.take() == [[RESULT, 1, {}, ["end"]]]


def test_cancel_reaches_the_callee_that_runs_the_call_now(world: World):
    """And not the one that declined."""
    one, other = registered(world, "first", 2, "callee.call_canceling")
    caller = world.peer()
    caller.call("com.a")
    one.fail_call(one.invoked()[0], UNAVAILABLE)
    invocation = other.invoked()[0]
    caller.cancel(1)
    assert caller.take()[0][4] == "wamp.error.canceled"
    assert other.take() == [[INTERRUPT, invocation, {"mode": "killnowait"}]]
    assert one.take() == []


def test_declining_twice_is_answering_late(world: World):
    """The second word is discarded, and nobody is asked again."""
    one, other = registered(world, "first", 2)
    caller = world.peer()
    caller.call("com.a")
    invocation = one.invoked()[0]
    one.fail_call(invocation, UNAVAILABLE)
    one.fail_call(invocation, UNAVAILABLE)
    assert other.invoked()[0] == 1
    assert one.take() == caller.take() == []


def test_callee_without_what_the_call_needs_ends_the_search(world: World):
    """A call with a payload of its own kind cannot go on to a callee that has none."""
    passthru = "payload_passthru_mode"
    first = world.peer(REROUTE, f"callee.{passthru}")
    second = world.peer(REROUTE)
    for callee in (first, second):
        callee.register("com.a", invoke="first")
    caller = world.peer(f"caller.{passthru}")
    caller.call("com.a", ["x"], ppt_scheme="x_own")
    first.fail_call(first.invoked()[0], UNAVAILABLE)
    assert second.take() == []
    [error] = caller.take()
    assert error[4] == "wamp.error.feature_not_supported"
