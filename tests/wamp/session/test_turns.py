"""What may take long is done in turns; meanwhile nothing is mixed up."""

from __future__ import annotations

import pytest

from tests.wamp.fakes import HELLO, Member, SteppedRuntime, World
from tests.wamp.raw_client import (
    ERROR,
    EVENT,
    GOODBYE,
    SUBSCRIBED,
    WELCOME,
)
from wsocket.core.budget import Budget
from wsocket.wamp.protocol.client_messages import Goodbye


@pytest.fixture
def runtime() -> SteppedRuntime:
    return SteppedRuntime()


@pytest.fixture
def world(runtime) -> World:
    return World(runtime=runtime)


def codes(member: Member) -> list[int]:
    """The types of the messages that came since the last time."""
    return [each[0] for each in member.take()]


def goodbye(member: Member) -> None:
    member.session.handle(Goodbye({}, "wamp.close.close_realm"))


def subscribed(member: Member, topics: list[str]) -> None:
    for request, topic in enumerate(topics, 1):
        member.subscribe(topic, request=request)
    assert codes(member) == [SUBSCRIBED] * len(topics)


# --- Leaving --------------------------------------------------------------------------


def test_a_session_that_leaves_holds_less_with_each_step(world, runtime):
    """In the end nothing is left of it."""
    member = Member(world)
    subscribed(member, ["com.a", "com.b", "com.c"])
    member.disconnect()
    runtime.step()
    assert len(world.realm.subscriptions) == 2
    runtime.finish()
    assert world.held() == []


def test_a_session_that_leaves_is_no_member_any_more(world, runtime):
    """Whoever asks does not find it, and it gets nothing."""
    member, other = Member(world), Member(world)
    subscribed(member, ["com.a", "com.b"])
    goodbye(member)
    assert codes(member) == [GOODBYE]
    other.call("wamp.session.count", 1)
    assert other.take() == [[50, 1, {}, [1]]]
    other.publish("com.b", 1)
    runtime.finish()
    other.publish("com.b", 2)
    assert member.take() == []


def test_a_call_of_a_procedure_whose_callee_is_leaving_is_answered(world, runtime):
    """At the latest when it has left."""
    callee, caller = Member(world), Member(world)
    callee.register("com.a")
    callee.take()
    callee.disconnect()
    caller.call("com.a", 1)
    runtime.finish()
    assert codes(caller) == [ERROR]


def test_the_next_session_of_a_client_begins_when_the_last_one_has_left(world, runtime):
    """It says HELLO at once; its messages wait, and nothing of the old one is new."""
    member = Member(world)
    subscribed(member, ["com.a", "com.b"])
    goodbye(member)
    member.session.handle(HELLO)
    member.subscribe("com.b", request=1)
    assert codes(member) == [GOODBYE]
    runtime.finish()
    assert codes(member) == [WELCOME, SUBSCRIBED]
    assert [each.uri for each in world.realm.subscriptions] == ["com.b"]


def test_a_client_that_goes_while_its_session_leaves_leaves_nothing(world, runtime):
    """Also if its next HELLO has come already."""
    member = Member(world)
    subscribed(member, ["com.a", "com.b"])
    goodbye(member)
    member.session.handle(HELLO)
    member.disconnect()
    runtime.finish()
    assert world.held() == []


# --- Retained events ------------------------------------------------------------------


def events(member: Member) -> list[object]:
    """The first argument of each event that came since the last time."""
    return [each[4][0] for each in member.take() if each[0] == EVENT]


def retained(world: World, *topics: str) -> Member:
    """A publisher whose events of these topics are retained, numbered from 0."""
    publisher = Member(world)
    for number, topic in enumerate(topics):
        publisher.publish(topic, number, retain=True)
    return publisher


def test_live_events_wait_for_the_retained_ones(world, runtime):
    """However many turns these need."""
    publisher = retained(world, "com.a", "com.b", "com.c")
    member = Member(world)
    member.subscribe("com", "prefix", get_retained=True)
    assert codes(member) == [SUBSCRIBED]
    runtime.step()
    publisher.publish("com.x", "live")
    assert events(member) == [0]
    runtime.finish()
    assert events(member) == [1, 2, "live"]
    publisher.publish("com.x", "later")
    assert events(member) == ["later"]


def test_others_get_live_events_at_once(world, runtime):
    """Only who is still given retained events has to wait."""
    publisher = retained(world, "com.a", "com.b")
    quick, late = Member(world), Member(world)
    quick.subscribe("com", "prefix")
    late.subscribe("com", "prefix", get_retained=True)
    publisher.publish("com.x", "live")
    assert events(quick) == ["live"]
    assert events(late) == []
    runtime.finish()
    assert events(late) == [0, 1, "live"]


def test_a_retained_event_that_is_replaced_meanwhile_comes_once(world, runtime):
    """As the live event that it is."""
    publisher = retained(world, "com.a", "com.b")
    member = Member(world)
    member.subscribe("com", "prefix", get_retained=True)
    runtime.step()
    publisher.publish("com.b", "new", retain=True)
    runtime.finish()
    assert events(member) == [0, "new"]


def test_later_messages_of_the_subscriber_wait(world, runtime):
    """So nothing comes after UNSUBSCRIBED."""
    retained(world, "com.a", "com.b")
    member = Member(world)
    member.subscribe("com", "prefix", get_retained=True)
    [subscription] = (each.id for each in world.realm.subscriptions)
    member.unsubscribe(subscription)
    runtime.finish()
    assert codes(member) == [SUBSCRIBED, EVENT, EVENT, 35]


def test_a_subscriber_that_goes_meanwhile_gives_everything_back(world, runtime):
    """Also the live events that waited for it."""
    publisher = retained(world, "com.a", "com.b")
    member = Member(world)
    member.subscribe("com", "prefix", get_retained=True)
    publisher.publish("com.x", "x" * 1000)
    assert member.session.budget.used > 1000
    member.disconnect()
    runtime.finish()
    assert member.session.budget.used == 0
    assert world.realm.subscriptions == ()


# --- Killing --------------------------------------------------------------------------

KILLS = {
    "wamp.session.kill_all": ((), len),
    "wamp.session.kill_by_authrole": (("anonymous",), len),
    "wamp.session.kill_by_authid": (("joe",), list),
}


@pytest.mark.parametrize("kill", list(KILLS))
def test_many_sessions_are_killed_in_turns(world, runtime, kill):
    """One with each step. The caller is answered when all have gone."""
    args, result = KILLS[kill]
    killer = Member(world, authid="kim")
    victims = [Member(world, authid="joe") for _ in range(3)]
    ids = [each.session.id for each in victims]
    killer.call(kill, 1, *args)
    runtime.step()
    assert sum(codes(each) == [GOODBYE] for each in victims) == 1
    assert killer.take() == []
    runtime.finish()
    assert killer.take() == [[50, 1, {}, [result(ids)]]]
    assert [each.id for each in world.realm.sessions] == [killer.session.id]


def test_a_session_that_begins_while_others_are_killed_is_spared(world, runtime):
    """Also if its client had another one that was to be killed."""
    killer, first, second = Member(world), Member(world), Member(world)
    killer.call("wamp.session.kill_all", 1)
    goodbye(second)
    second.session.handle(HELLO)
    runtime.finish()
    assert codes(first) == [GOODBYE]
    assert codes(second) == [GOODBYE, WELCOME]


def test_a_killer_that_has_left_is_not_answered(world, runtime):
    """Nor is its next session."""
    killer, victim = Member(world), Member(world)
    killer.call("wamp.session.kill_all", 1)
    goodbye(killer)
    killer.session.handle(HELLO)
    runtime.finish()
    assert codes(killer) == [GOODBYE, WELCOME]
    assert codes(victim) == [GOODBYE]


def test_live_events_that_are_too_many_meanwhile_are_lost_and_counted(world, runtime):
    """They would make the router keep too much; the retained ones still come."""
    publisher = retained(world, "com.a", "com.b")
    budget = Budget("Limits.session_bytes", 3000)
    member = Member(world, budget=budget)
    member.subscribe("com", "prefix", get_retained=True)
    before = budget.used
    for number in range(3):
        publisher.publish("com.x", f"{number}" + "x" * 1000)
    assert world.router.traffic.late == 1
    runtime.finish()
    assert budget.used <= before  # what waited is given back
    assert [each if isinstance(each, int) else each[0] for each in events(member)] == [
        *(0, 1),
        *("0", "1"),
    ]


def test_too_many_retained_events_for_a_full_session_are_refused(world):
    """The error names the limit, and there is no subscription."""
    retained(world, *(f"com.t{number}" for number in range(200)))
    budget = Budget("Limits.session_bytes", 1500)
    member = Member(world, budget=budget)
    member.subscribe("com", "prefix", get_retained=True)
    [answer] = member.take()
    assert answer[:2] == [ERROR, 32]
    assert "retained events would exceed a limit" in answer[5][0]
    assert world.realm.subscriptions == ()
