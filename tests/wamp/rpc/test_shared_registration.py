"""Several callees of one procedure (Advanced Profile, "Shared Registration")."""

from __future__ import annotations

import itertools
from collections import Counter

import pytest

from tests.wamp.raw_client import ERROR, REGISTER, RESULT, UNREGISTER, YIELD

SHARED = ["roundrobin", "random", "first", "last"]
POLICIES = ["single", *SHARED]
TAKEN = "wamp.error.procedure_already_exists"


@pytest.fixture
def who(join):
    """Call a procedure and tell which of the callees was invoked."""
    caller = join()

    def call(procedure, callees):
        caller.call(procedure)
        # The router has sent the INVOCATION before it answers this request.
        caller.until_now()
        invoked = [index for index, each in enumerate(callees) if each.until_now()]
        assert len(invoked) == 1
        return invoked[0]

    return call


@pytest.mark.parametrize("invoke", SHARED)
def test_callees_share_one_registration(join, serializer, uri, invoke):
    """All get the same registration ID, and so does one that registers twice."""
    callees = [join(serializer) for _ in range(3)]
    ids = [each.register(uri, invoke=invoke) for each in [*callees, callees[0]]]
    assert len(set(ids)) == 1


@pytest.mark.parametrize("invoke", SHARED)
def test_registering_twice_does_not_count_twice(join, serializer, uri, invoke, who):
    """One UNREGISTER ends it."""
    first, second = join(serializer), join(serializer)
    registration = first.register(uri, invoke=invoke)
    first.register(uri, invoke=invoke)
    second.register(uri, invoke=invoke)
    first.remove(UNREGISTER, registration)
    assert [who(uri, [first, second]) for _ in range(3)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("held", "wanted"),
    [pair for pair in itertools.product(POLICIES, repeat=2) if pair[0] != pair[1]],
)
def test_another_policy_is_refused(join, uri, held, wanted):
    """All callees of a procedure must agree on the policy; the first one decides."""
    first, second = join(), join()
    first.register(uri, invoke=held)
    answer = second.request(REGISTER, {"invoke": wanted}, uri)
    assert answer[0] == ERROR
    assert answer[4] == TAKEN
    assert first.request(REGISTER, {"invoke": wanted}, uri)[4] == TAKEN


def test_policy_can_change_when_the_last_callee_has_left(join, uri):
    """Then it is a new registration, with a new ID."""
    first, second = join(), join()
    old = first.register(uri, invoke="roundrobin")
    first.remove(UNREGISTER, old)
    assert second.register(uri, invoke="single") != old


def test_roundrobin_takes_turns(join, serializer, uri, who):
    """In the order in which the callees registered."""
    callees = [join(serializer) for _ in range(3)]
    for callee in callees:
        callee.register(uri, invoke="roundrobin")
    assert [who(uri, callees) for _ in range(7)] == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize(
    ("calls", "leaver", "following"),
    [
        (1, 0, [1, 2, 1, 2]),
        (1, 1, [2, 0, 2, 0]),
        (1, 2, [1, 0, 1, 0]),
        (2, 0, [2, 1, 2, 1]),
        (2, 2, [0, 1, 0, 1]),
        (3, 2, [0, 1, 0, 1]),
        (3, 0, [1, 2, 1, 2]),
    ],
)
def test_roundrobin_skips_nobody_when_a_callee_leaves(
    join, uri, who, calls, leaver, following
):
    """Whose turn it was stays next in line."""
    callees = [join() for _ in range(3)]
    for callee in callees:
        registration = callee.register(uri, invoke="roundrobin")
    for _ in range(calls):
        who(uri, callees)
    callees[leaver].remove(UNREGISTER, registration)
    assert [who(uri, callees) for _ in range(4)] == following


def test_roundrobin_includes_a_newcomer(join, uri, who):
    """It gets its turn after those that were there before it."""
    callees = [join() for _ in range(2)]
    for callee in callees:
        callee.register(uri, invoke="roundrobin")
    assert who(uri, callees) == 0
    callees.append(join())
    callees[2].register(uri, invoke="roundrobin")
    assert [who(uri, callees) for _ in range(4)] == [1, 2, 0, 1]


def test_roundrobin_goes_on_to_whoever_joins_a_lone_callee(join, uri, who):
    """The one that has been called so far does not begin again."""
    callees = [join() for _ in range(2)]
    callees[0].register(uri, invoke="roundrobin")
    assert who(uri, callees) == 0
    callees[1].register(uri, invoke="roundrobin")
    assert [who(uri, callees) for _ in range(3)] == [1, 0, 1]


def test_first_is_the_oldest_until_it_leaves(join, serializer, uri, who):
    """A hot standby takes over."""
    callees = [join(serializer) for _ in range(3)]
    for callee in callees:
        callee.register(uri, invoke="first")
    assert [who(uri, callees) for _ in range(2)] == [0, 0]
    callees[0].leave()
    assert who(uri, callees[1:]) == 0


def test_last_is_the_newest_until_it_leaves(join, serializer, uri, who):
    """Registering again does not make a callee newer: it held the registration."""
    callees = [join(serializer) for _ in range(3)]
    for callee in callees:
        registration = callee.register(uri, invoke="last")
    callees[0].register(uri, invoke="last")
    assert [who(uri, callees) for _ in range(2)] == [2, 2]
    callees[2].remove(UNREGISTER, registration)
    assert who(uri, callees) == 1


def test_random_gives_everybody_work(join, uri, who):
    """60 calls of 3 callees; that one gets none has odds of 1 to 10**10."""
    callees = [join() for _ in range(3)]
    for callee in callees:
        callee.register(uri, invoke="random")
    counts = Counter(who(uri, callees) for _ in range(60))
    assert sorted(counts) == [0, 1, 2]


@pytest.mark.parametrize("invoke", SHARED)
def test_call_of_a_callee_that_left_is_canceled(join, serializer, uri, invoke):
    """It is not given to the next one: it may have been carried out already."""
    callee, standby, caller = join(serializer), join(serializer), join(serializer)
    callee.register(uri, invoke=invoke)
    request = caller.call(uri)
    callee.invoked()
    standby.register(uri, invoke=invoke)
    callee.leave()
    assert caller.receive()[2:5] == [request, {}, "wamp.error.canceled"]
    assert standby.until_now() == []
    request = caller.call(uri)
    standby.send(YIELD, standby.invoked()[0], {}, ["took over"])
    assert caller.receive() == [RESULT, request, {}, ["took over"]]


@pytest.mark.parametrize("match", ["prefix", "wildcard"])
def test_patterns_are_shared_too(join, uri, who, match):
    """(uri, match) is what callees share."""
    callees = [join() for _ in range(2)]
    pattern = uri + "."
    for callee in callees:
        callee.register(pattern, match=match, invoke="roundrobin")
    assert [who(uri + ".x", callees) for _ in range(4)] == [0, 1, 0, 1]
