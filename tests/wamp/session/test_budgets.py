"""What a session makes the router keep is charged to it, and given back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.wamp.fakes import ALL_ROLES, FakeLink, FakeRuntime, Member, World
from tests.wamp.raw_client import CALL, ERROR, REGISTER, SUBSCRIBE
from wsocket.core.budget import Budget
from wsocket.wamp.protocol.client_messages import (
    ABSENT,
    ClientRole,
    ClientRoles,
    Hello,
    HelloDetails,
    Publish,
    PublishOptions,
)
from wsocket.wamp.session.session import Session

KIB = 1024
UNAVAILABLE = "wamp.error.unavailable"


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def budget() -> Budget:
    return Budget("Limits.session_bytes", 100 * KIB)


@pytest.fixture
def member(world, budget) -> Member:
    return Member(world, budget=budget)


def asked_until_refused(member: Member, ask: Callable[[int], None]) -> list[object]:
    """Ask for one thing after the other; the ERROR that ends it."""
    for number in range(1, 10_000):
        ask(number)
        for answer in member.take():
            if answer[0] == ERROR:
                return answer
    raise AssertionError("nothing was refused")


@pytest.mark.parametrize("match", ["exact", "prefix", "wildcard"])
def test_subscriptions_are_charged(world, budget, member, match):
    """Long URIs cost more; what is refused names the limit, and ends nothing."""
    uri = "x" * 5000
    answer = asked_until_refused(
        member,
        lambda number: member.subscribe(f"com.{uri}.n{number}", match, request=number),
    )
    assert answer[:2] == [ERROR, SUBSCRIBE]
    assert answer[4] == UNAVAILABLE
    assert "Limits.session_bytes, 102400 bytes" in answer[5][0]
    assert 4 <= len(world.realm.subscriptions) <= 20
    assert member.link.ends == []
    for each in world.realm.subscriptions:
        member.unsubscribe(each.id)
    assert budget.used == 0


def test_registrations_are_charged(world, budget, member):
    """In the same way."""
    uri = "x" * 5000
    answer = asked_until_refused(
        member,
        lambda number: member.register(f"com.{uri}.n{number}", request=number),
    )
    assert answer[:2] == [ERROR, REGISTER]
    assert (answer[4], "Limits.session_bytes" in answer[5][0]) == (UNAVAILABLE, True)
    assert 10 <= len(world.realm.registrations) <= 20
    member.disconnect()
    assert budget.used == 0


def test_calls_under_way_are_charged_to_the_caller(world, budget, member):
    """Each costs more than its number; when they end, they cost nothing any more."""
    callee = Member(world)
    callee.register("com.slow")
    answer = asked_until_refused(member, lambda number: member.call("com.slow", number))
    assert answer[:2] == [ERROR, CALL]
    assert (answer[4], "Limits.session_bytes" in answer[5][0]) == (UNAVAILABLE, True)
    assert 100 < len(world.realm.calls) < 200
    callee.disconnect()
    assert budget.used == 0
    assert callee.session.budget.used == 0


def test_payloads_that_are_kept_for_another_callee_are_charged(world, budget, member):
    """A callee that may decline makes the router keep them."""
    link = FakeLink()
    features = {"call_reroute": True, "shared_registration": True}
    roles = ClientRoles(**{**_fields(ALL_ROLES), "callee": ClientRole(features)})
    session = Session(link, world.router)
    session.handle(Hello("realm1", HelloDetails(roles)))
    declining = Member.__new__(Member)
    declining.link, declining.session = link, session
    declining.register("com.slow")
    answer = asked_until_refused(
        member, lambda number: member.call("com.slow", number, "x" * 10 * KIB)
    )
    assert (answer[4], "Limits.session_bytes" in answer[5][0]) == (UNAVAILABLE, True)
    assert len(world.realm.calls) == 9
    member.disconnect()
    assert budget.used == 0


def _fields(roles: ClientRoles) -> dict[str, ClientRole | None]:
    names = ("caller", "callee", "publisher", "subscriber")
    return {name: getattr(roles, name) for name in names}


class Slow(FakeRuntime):
    """Authorizers do not end before `answer`."""

    def __init__(self) -> None:
        super().__init__()
        self.running: list[Callable[[object], object]] = []
        self.given_up = 0

    def offload(
        self, function: Callable[[], object], then: Callable[..., object], **how: object
    ) -> Callable[[], None]:
        if how["work"] != "authorizers":
            return super().offload(function, then, **how)
        self.running.append(then)

        def give_up() -> None:
            self.given_up += 1

        return give_up

    def answer(self, answer: object) -> None:
        self.running.pop(0)(answer)


def publish_large(member: Member) -> None:
    options = PublishOptions(acknowledge=True)
    publish = Publish(1, options, "com.topic", ABSENT, ABSENT)
    member.session.handle(publish, 30 * KIB)


def test_a_message_is_charged_while_the_authorizer_is_asked_about_it(budget):
    """With those behind it, until the answer."""
    runtime = Slow()
    world = World(runtime=runtime, authorizer=lambda request: True)
    member = Member(world, budget=budget)
    publish_large(member)
    assert 30 * KIB <= budget.used < 32 * KIB
    publish_large(member)
    assert 60 * KIB <= budget.used < 64 * KIB
    runtime.answer(True)
    assert 30 * KIB <= budget.used < 32 * KIB
    runtime.answer(True)
    assert [each[0] for each in member.take()] == [17, 17]
    assert (budget.used, runtime.timers) == (0, [])


def test_a_session_that_leaves_keeps_nothing_for_the_authorizer(budget):
    """It is not asked any more, if that can be helped; its answer changes nothing."""
    runtime = Slow()
    world = World(runtime=runtime, authorizer=lambda request: True)
    member = Member(world, budget=budget)
    publish_large(member)
    publish_large(member)
    member.disconnect()
    assert (budget.used, runtime.given_up, runtime.timers) == (0, 1, [])
    runtime.answer(True)
    assert (budget.used, runtime.running, member.take()) == (0, [], [])


def test_a_message_that_has_no_room_is_not_asked_about(budget):
    """Its session ends, with an ABORT that says whose limit it was."""
    runtime = Slow()
    world = World(runtime=runtime, authorizer=lambda request: True)
    member = Member(world, budget=Budget("Limits.memory", 20 * KIB, within=budget))
    publish_large(member)
    [abort] = member.take()
    assert (abort[0], abort[2]) == (3, UNAVAILABLE)
    assert "Limits.memory, 20480 bytes" in abort[1]["message"]
    assert (budget.used, runtime.running) == (0, [])


@pytest.mark.parametrize("waiting", [1, 3])
def test_the_lists_of_a_message_that_waits_count_as_what_they_take(budget, waiting):
    """Their members are objects, which are much larger than they were sent."""
    runtime = Slow()
    world = World(runtime=runtime, authorizer=lambda request: True)
    member = Member(world, budget=budget)
    options = PublishOptions(eligible_authid=["x"] * 100)
    for _ in range(waiting):
        publish = Publish(1, options, "com.topic", ABSENT, ABSENT)
        member.session.handle(publish, 400)
    assert budget.used > waiting * 100 * 100
    member.disconnect()
    assert budget.used == 0


def test_a_full_process_refuses_and_ends_nobody(world):
    """The error says whose limit it is."""
    whole = Budget("Limits.memory", 20 * KIB)
    greedy, modest = (
        Member(world, budget=Budget("Limits.session_bytes", 2**20, within=whole))
        for _ in range(2)
    )
    uri = "x" * 5000
    asked_until_refused(
        greedy, lambda number: greedy.subscribe(f"com.{uri}{number}", request=number)
    )
    modest.subscribe(f"com.{uri}", request=1)
    [answer] = modest.take()
    assert "Limits.memory, 20480 bytes" in answer[5][0]
    greedy.disconnect()
    modest.subscribe(f"com.{uri}", request=2)
    assert [each[0] for each in modest.take()] == [33]
    assert whole.used == modest.session.budget.used > 5000
