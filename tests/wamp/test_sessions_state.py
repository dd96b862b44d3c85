"""A session as a state table, without sockets: what it says, and when it is silent."""

from __future__ import annotations

import pytest

from tests.wamp.fakes import (
    HELLO,
    PATIENCE,
    FakeCodec,
    FakeLink,
    Member,
    World,
)
from wsocket.wamp.protocol.client_messages import (
    Abort,
    Authenticate,
    ClientRole,
    ClientRoles,
    Goodbye,
    Hello,
    HelloDetails,
    Publish,
    PublishOptions,
    Subscribe,
    SubscribeOptions,
)
from wsocket.wamp.protocol.ids import MAX_ID, next_id, random_id
from wsocket.wamp.serializers.json import JSON
from wsocket.wamp.serializers.msgpack import MESSAGEPACK
from wsocket.wamp.session.session import Session

VIOLATION = "wamp.error.protocol_violation"
GOODBYE = Goodbye({}, "wamp.close.close_realm")
ABORT = Abort({}, "com.example.reason")
SUBSCRIBE = Subscribe(1, SubscribeOptions(), "com.example.topic")
PUBLISH = Publish(1, PublishOptions(acknowledge=True), "com.example.topic")


@pytest.fixture
def world():
    return World()


@pytest.fixture
def link():
    return FakeLink()


@pytest.fixture
def session(link, world):
    return Session(link, world.router)


@pytest.fixture
def established(session, link):
    session.handle(HELLO)
    assert link.take()[0][0] == 2
    return session


def hello(**roles):
    """HELLO with the features of each role."""
    announced = {name: ClientRole(features) for name, features in roles.items()}
    return Hello("realm1", HelloDetails(ClientRoles(**announced)))


def aborted(link, reason=VIOLATION):
    """Exactly one ABORT was sent, and the link closed once."""
    [[code, details, given]] = link.take()
    assert (code, given) == (3, reason)
    assert link.ends == ["abort"]
    return details["message"]


def test_session_has_an_id_while_it_is_in_a_realm(session, link, world):
    """0 before, and 0 after."""
    assert session.id == 0
    session.handle(HELLO)
    joined = session.id
    assert [each.id for each in world.realm.sessions] == [joined]
    session.handle(GOODBYE)
    assert session.id == 0
    assert world.realm.sessions == ()
    assert [each[:2] for each in link.take()] == [[2, joined], [6, {}]]


@pytest.mark.parametrize(
    "message", [GOODBYE, SUBSCRIBE, PUBLISH, Authenticate("x", {})]
)
def test_only_hello_opens(session, link, world, message):
    """Everything else is a violation, and leaves nothing behind."""
    session.handle(message)
    assert type(message).__name__.upper() in aborted(link)
    assert world.held() == []


def test_an_answer_that_ends_the_session_lets_nothing_go_on(established, link):
    """What was kept for after the answer is dropped with the session."""
    established.hold()
    established.abort_violation("the answer could not be sent")
    aborted(link)
    established.release()
    assert link.take() == []
    assert link.ends == ["abort"]


def test_a_question_of_an_earlier_session_holds_up_none_of_the_next(established, link):
    """The router ends one session on a link; its client opens another."""
    established.hold()
    established.close("wamp.close.killed")
    established.handle(GOODBYE)
    established.handle(HELLO)
    established.hold()
    established.handle(SUBSCRIBE)
    established.release()
    link.take()
    established.handle(SUBSCRIBE)
    assert [each[0] for each in link.take()] == [33]


@pytest.mark.parametrize("message", [HELLO, Authenticate("x", {})])
def test_established_session_is_not_opened_again(established, link, world, message):
    """The violation ends it."""
    established.handle(SUBSCRIBE)
    link.take()
    established.handle(message)
    assert type(message).__name__.upper() in aborted(link)
    assert world.held() == []


@pytest.mark.parametrize(
    "message", [HELLO, GOODBYE, ABORT, SUBSCRIBE, PUBLISH, Authenticate("x", {})]
)
def test_nothing_is_heard_after_the_end(established, link, message):
    """Whatever a peer sends after its ABORT, no answer and no second close."""
    established.abort_violation("for this test")
    aborted(link)
    established.handle(message)
    established.receive(b"\xc1 garbage")
    established.abort_violation("again")
    established.refuse("com.example.reason", "again")
    established.close("com.example.reason")
    assert link.sent == []
    assert link.ends == ["abort"]


def test_abort_of_the_client_is_not_answered(established, link, world):
    """The link closes normally, and the realm forgets."""
    established.handle(ABORT)
    assert link.sent == []
    assert link.ends == ["close"]
    assert world.realm.sessions == ()


def test_router_says_goodbye_and_ignores_all_but_the_answer(established, link, world):
    """Messages that crossed the GOODBYE are no violation."""
    established.handle(SUBSCRIBE)
    link.take()
    established.close("wamp.close.system_shutdown")
    assert link.take() == [[6, {}, "wamp.close.system_shutdown"]]
    assert world.held() == []
    for message in (SUBSCRIBE, PUBLISH, HELLO, Authenticate("x", {})):
        established.handle(message)
    established.close("wamp.close.killed")
    assert link.sent == []
    established.handle(GOODBYE)
    assert link.sent == []
    established.handle(HELLO)
    assert link.take()[0][0] == 2


def test_goodbye_of_both_at_once_needs_no_answers(established, link):
    """Each takes the other's GOODBYE for the answer to its own."""
    established.close("wamp.close.close_realm")
    link.take()
    established.handle(Goodbye({}, "wamp.close.normal"))
    assert link.sent == []


def test_close_before_the_session_begins_says_nothing(session, link):
    """There is nobody to say GOODBYE to."""
    session.close("wamp.close.close_realm")
    assert link.sent == []


@pytest.mark.parametrize("end", ["disconnected", "goodbye", "abort", "violation"])
def test_every_end_empties_the_tables(world, end):
    """Subscriptions, registrations, calls and invocations of both sides."""
    members = [Member(world) for _ in range(2)]
    for member in members:
        for match in ("exact", "prefix", "wildcard"):
            member.subscribe("com.example.topic", match)
        member.register("com.example.shared", "roundrobin")
    members[0].register("com.example.own")
    for number in range(4):
        members[number % 2].call("com.example.shared", number + 1)
    for member in members:
        ending = {
            "disconnected": member.session.lost,
            "goodbye": lambda member=member: member.session.handle(GOODBYE),
            "abort": lambda member=member: member.session.handle(ABORT),
            "violation": lambda member=member: member.session.abort_violation(
                "for this test"
            ),
        }[end]
        ending()
    assert world.held() == []


def test_disconnected_twice_is_disconnected_once(established, world):
    """An ABORT closes the link, whose end is then reported as well."""
    established.abort_violation("for this test")
    established.lost()
    established.lost()
    assert world.realm.sessions == ()


def test_identity_of_a_reused_transport_is_new(session):
    """What the session before was, the next one is not."""
    session.handle(HELLO)
    first = session.authid
    session.handle(GOODBYE)
    session.handle(HELLO)
    assert session.authid != first


def test_features_are_those_of_the_latest_hello(session):
    """Features announced by one session are not another's."""
    session.handle(hello(callee={"call_canceling": True, "call_timeout": 1}))
    assert session.features == {"callee.call_canceling"}
    session.handle(GOODBYE)
    session.handle(hello(caller={"call_timeout": True}, callee={}))
    assert session.features == {"caller.call_timeout"}


@pytest.mark.parametrize("serializer", [JSON, MESSAGEPACK], ids=lambda each: each.name)
def test_bytes_that_are_no_message_are_named(world, serializer):
    """The serializer's complaint becomes the ABORT's message."""
    link = FakeLink(FakeCodec(serializer))
    session = Session(link, world.router)
    session.receive("[99]" if serializer is JSON else b"\x91\x63")
    assert aborted(link) == "unknown message type 99"


def test_session_ids_are_not_taken_twice():
    """Where chance repeats itself, another is drawn."""
    draws = iter([5, 5, 5, 6])
    world = World(lambda limit: next(draws))
    assert [Member(world).session.id for _ in range(2)] == [6, 7]


@pytest.mark.parametrize(("drawn", "expected"), [(0, 1), (2**53 - 1, 2**53)])
def test_random_ids_reach_both_ends_of_the_range(drawn, expected):
    """1 and 2**53 are both included."""
    limits = []

    def below(limit):
        limits.append(limit)
        return drawn

    assert random_id(below) == expected
    assert limits == [2**53]


def test_sequence_of_ids_begins_again_after_the_last():
    """2**53 is an id, and 1 follows it."""
    assert next_id(0) == 1
    assert next_id(MAX_ID - 1) == MAX_ID == 2**53
    assert next_id(MAX_ID) == 1


def test_exclude_me_excludes_the_session_and_not_the_user(world):
    """Two sessions of one authid: only the one that publishes is left out."""
    desk, phone = Member(world, authid="ann"), Member(world, authid="ann")
    for member in (desk, phone):
        member.subscribe("com.example.topic")
        member.take()
    desk.publish("com.example.topic", "x")
    assert desk.take() == []
    assert [message[0] for message in phone.take()] == [36]
    desk.publish("com.example.topic", "x", exclude_authid=["ann"], exclude_me=False)
    assert desk.take() == phone.take() == []
    desk.publish("com.example.topic", "x", eligible_authid=["ann"], exclude_me=False)
    assert len(desk.take()) == len(phone.take()) == 1


def test_router_that_is_started_anew_has_no_sessions():
    """What a forked child inherited is its parent's."""
    world = World(lambda limit: 41)
    assert Member(world).session.id == 42
    world.router.start(world.runtime)
    assert world.realm.sessions == ()
    assert Member(world).session.id == 42, "the old session's ID is taken"


# Deadlines


def test_client_that_never_says_hello_is_aborted(session, link, world):
    """It has some time from the moment it connects."""
    assert world.runtime.expire() == PATIENCE
    assert "too late" in aborted(link)


def test_client_that_reuses_its_transport_has_as_much_time_again(
    established, link, world
):
    """Between two sessions a transport is as idle as before the first."""
    established.handle(GOODBYE)
    link.take()
    assert world.runtime.expire() == PATIENCE
    assert "too late" in aborted(link)


def test_goodbye_that_is_not_answered_closes_the_link(established, link, world):
    """The router has said its last word: no ABORT follows."""
    established.close("wamp.close.killed")
    link.take()
    assert world.runtime.expire() == PATIENCE
    assert link.sent == []
    assert link.ends == ["close"]


@pytest.mark.parametrize("end", ["welcome", "disconnected", "abort", "violation"])
def test_no_deadline_outlives_what_it_was_for(session, world, end):
    """Neither in a session nor after the end."""
    assert len(world.runtime.timers) == 1
    if end != "disconnected":
        session.handle({"welcome": HELLO, "abort": ABORT, "violation": PUBLISH}[end])
    else:
        session.lost()
    assert world.runtime.timers == []


# Meta events of the session's own end


SUBSCRIPTION_EVENTS = ("on_create", "on_subscribe", "on_unsubscribe", "on_delete")


@pytest.mark.parametrize("end", ["goodbye", "close", "abort", "violation"])
def test_ending_session_hears_nothing_of_its_end(world, end):
    """GOODBYE or ABORT is the last message, though it had subscribed to meta events."""
    member = Member(world)
    member.subscribe("wamp.", "prefix")
    member.subscribe("", "prefix")
    for event in SUBSCRIPTION_EVENTS:
        member.subscribe(f"wamp.subscription.{event}")
    for number in range(20):
        member.subscribe(f"com.example.topic{number}")
    member.register("com.example.procedure")
    member.take()
    session = member.session
    {
        "goodbye": lambda: session.handle(GOODBYE),
        "close": lambda: session.close("wamp.close.killed"),
        "abort": lambda: session.handle(ABORT),
        "violation": lambda: session.abort_violation("for this test"),
    }[end]()
    last = {"goodbye": [6], "close": [6], "abort": [], "violation": [3]}[end]
    assert [message[0] for message in member.take()] == last
    assert world.held() == []


def test_realm_is_not_mute_after_a_silent_kill_that_fails(world):
    """Whatever a link raises, later departures are announced."""

    def fail(frame):
        raise OSError("for this test")

    killer, victim = Member(world), Member(world)
    victim.session.deliver = fail
    with pytest.raises(OSError, match="for this test"):
        killer.call("wamp.session.kill_all", 1)
    watcher = Member(world)
    watcher.subscribe("wamp.session.on_leave")
    watcher.take()
    left = killer.session.id
    killer.disconnect()
    assert [event[4][0] for event in watcher.take()] == [left]
