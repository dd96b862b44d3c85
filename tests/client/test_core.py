"""The core of the client alone: bytes in, bytes and happenings out."""

from __future__ import annotations

import json

import pytest

from wsocket import CallOptions, PublishOptions, RegisterOptions, SubscribeOptions
from wsocket.client import Backoff
from wsocket.client.anonymous import Anonymous
from wsocket.client.auth import Ticket
from wsocket.client.core import Core
from wsocket.client.happenings import Answered, Ended, Failed, Happened, Invoked, Joined
from wsocket.client.joining import JoinRequest
from wsocket.client.records import RegistrationRecord, SubscriptionRecord
from wsocket.errors import (
    ConnectFailed,
    ConnectionLost,
    PayloadSizeExceeded,
    ProtocolError,
)
from wsocket.wamp.serializers.base import Payload
from wsocket.wamp.serializers.json import JSON

WELCOME = b'[2,7,{"roles":{"broker":{},"dealer":{}}}]'


@pytest.fixture
def core():
    """A core that has not joined."""
    join = JoinRequest("realm1", Anonymous("ada"), "a test")
    return Core(join, JSON, random_bytes=bytes)


def sent(core):
    """What it wants to send, as JSON."""
    messages = []
    while (data := core.outgoing.take()) is not None:
        messages.append(json.loads(data))
    return messages


def joined(core):
    """Let it join; returns what it has sent."""
    core.open()
    assert core.receive(WELCOME) == [Joined(())]
    return sent(core)


@pytest.fixture
def challenged():
    """A core with a ticket, and what it made of the router's CHALLENGE."""
    join = JoinRequest("realm1", Ticket("joe", "t1cket"), "a test")
    core = Core(join, JSON, random_bytes=bytes)
    core.open()
    [challenged] = core.receive(b'[4,"ticket",{}]')
    assert [each[0] for each in sent(core)] == [1]
    return core, challenged


def test_answer_to_a_challenge_may_take_its_time(challenged):
    """It is computed elsewhere, and then sent."""
    core, challenge = challenged
    answer = challenge.answer()
    assert sent(core) == []
    assert core.authenticate(challenge, answer) == []
    assert sent(core) == [[5, "t1cket", {}]]
    assert core.receive(WELCOME) == [Joined(())]


def test_answer_that_comes_too_late_is_not_sent(challenged):
    """The next connection has a challenge of its own."""
    core, challenge = challenged
    answer = challenge.answer()
    core.lost("no session in time")
    assert core.authenticate(challenge, answer) == []
    core.open()
    sent(core)
    assert core.authenticate(challenge, ProtocolError("late")) == []
    assert sent(core) == []
    core.receive(WELCOME)
    assert core.authenticate(challenge, answer) == []
    assert sent(core) == []


@pytest.mark.parametrize("final", [True, False])
def test_challenge_that_cannot_be_answered(challenged, final):
    """A missing package is missing at the next attempt, too."""
    core, challenge = challenged
    error = ImportError("no such package") if final else ProtocolError("nonsense")
    [ended] = core.authenticate(challenge, error)
    assert (type(ended.error), ended.final) == (ConnectFailed, final)
    assert str(error) in str(ended.error)


def test_hello_says_who_and_what(core):
    """Realm, name, program and the features of each role."""
    [[code, realm, details]] = joined(core)
    assert (code, realm) == (1, "realm1")
    assert (details["authid"], details["agent"]) == ("ada", "a test")
    assert details["authmethods"] == ["anonymous"]
    assert sorted(details["roles"]) == ["callee", "caller", "publisher", "subscriber"]
    assert core.session == 7


def test_options_with_their_default_are_not_sent(core):
    """Others are."""
    joined(core)
    nothing = Payload.of(JSON)
    core.call("com.example.a", nothing, CallOptions(), "a")
    core.call("com.example.b", nothing, CallOptions(disclose_me=True), "b")
    core.publish("com.example.c", nothing, PublishOptions(eligible=[5]), None)
    assert sent(core) == [
        [48, 1, {}, "com.example.a"],
        [48, 2, {"disclose_me": True}, "com.example.b"],
        [16, 3, {"eligible": [5]}, "com.example.c"],
    ]


def test_answers_go_to_whoever_waits(core):
    """In any order."""
    joined(core)
    for waiter in ("first", "second"):
        core.call("com.example.a", Payload.of(JSON, [1]), CallOptions(), waiter)
    [answered] = core.receive(b'[50,2,{},["two"]]')
    assert (answered.waiter, answered.value.values()) == ("second", (["two"], {}))
    [failed] = core.receive(b'[8,48,1,{},"com.example.error",["one"]]')
    assert (failed.waiter, failed.error.error) == ("first", "com.example.error")


def test_lost_connection_fails_what_waits(core):
    """And says that the session has ended."""
    joined(core)
    core.publish("com.example", Payload.of(JSON), PublishOptions(acknowledge=True), 1)
    [failed, ended] = core.lost("the cable is cut")
    assert (type(failed), failed.waiter) == (Failed, 1)
    assert isinstance(failed.error, ConnectionLost)
    assert (type(ended), str(ended.error), ended.final) == (
        Ended,
        "the cable is cut",
        False,
    )
    assert core.lost("again") == []
    with pytest.raises(ConnectionLost):
        core.call("com.example", Payload.of(JSON), CallOptions(), "late")


@pytest.mark.parametrize(
    ("reason", "final"),
    [
        ("wamp.error.authentication_denied", True),
        ("wamp.error.authentication_required", True),
        ("wamp.error.authorization_denied", True),
        ("wamp.error.authorization_required", True),
        ("wamp.error.invalid_uri", True),
        ("wamp.error.no_auth_method", True),
        ("wamp.error.no_matching_auth_method", True),
        ("wamp.error.no_such_principal", True),
        ("wamp.error.no_such_realm", True),
        ("wamp.error.no_such_role", True),
        ("wamp.error.not_authorized", True),
        ("wamp.error.protocol_violation", True),
        ("wamp.error.authentication_failed", False),
        ("wamp.error.authorization_failed", False),
        ("wamp.error.unavailable", False),
        ("wamp.close.system_shutdown", False),
        ("com.example.error.busy", False),
    ],
)
def test_abort_is_final_if_another_attempt_ends_in_the_same_way(core, reason, final):
    """Before WELCOME: what the router cannot do now, it may be able to do later."""
    core.open()
    [ended] = core.receive(json.dumps([3, {}, reason]))
    assert (type(ended), ended.error.reason) == (Ended, reason)
    assert ended.final is final


def test_records_are_restored_in_their_order(core):
    """With new numbers; `Joined` comes when all are answered."""
    joined(core)
    topic = SubscriptionRecord("com.example.t", SubscribeOptions(match="prefix"), "h")
    procedure = RegistrationRecord("com.example.p", RegisterOptions(), "f")
    core.ask_for(topic, "t")
    core.ask_for(procedure, "p")
    assert core.receive(b"[33,1,100]") == [Answered("t", topic)]
    assert core.receive(b"[65,2,200]") == [Answered("p", procedure)]
    core.lost("away")
    assert (topic.id, procedure.id) == (None, None)
    sent(core)
    core.open()
    assert core.receive(WELCOME) == []
    assert sent(core)[1:] == [
        [32, 1, {"match": "prefix"}, "com.example.t"],
        [64, 2, {}, "com.example.p"],
    ]
    assert core.receive(b"[65,2,201]") == []
    assert core.receive(b"[33,1,101]") == [Joined(())]
    [event] = core.receive(b"[36,101,5,{},[1]]")
    assert (type(event), event.record) == (Happened, topic)
    [call] = core.receive(b"[68,1,201,{}]")
    assert (type(call), call.record) == (Invoked, procedure)


def test_what_was_ended_while_it_was_restored_is_ended_again(core):
    """The router gets UNSUBSCRIBE after its answer."""
    joined(core)
    topic = SubscriptionRecord("com.example.t", SubscribeOptions(), "h")
    core.ask_for(topic, "t")
    core.receive(b"[33,1,100]")
    core.lost("away")
    core.open()
    core.receive(WELCOME)
    assert core.drop(topic, "drop") == [Answered("drop", None)]
    sent(core)
    assert core.receive(b"[33,1,101]") == [Joined(())]
    assert sent(core) == [[34, 2, 101]]


def test_answer_of_an_earlier_session_is_not_sent(core):
    """Its number may be that of another call now."""
    joined(core)
    procedure = RegistrationRecord("com.example.p", RegisterOptions(), "f")
    core.ask_for(procedure, "p")
    core.receive(b"[65,1,200]")
    [early] = core.receive(b"[68,1,200,{}]")
    core.lost("away")
    core.open()
    core.receive(WELCOME)
    core.receive(b"[65,1,200]")
    [late] = core.receive(b"[68,1,200,{}]")
    sent(core)
    core.callee.answer(early, Payload.of(JSON, ["early"]))
    assert sent(core) == []
    core.callee.answer(late, Payload.of(JSON, ["late"]))
    assert sent(core) == [[70, 1, {}, ["late"]]]


def test_cancel_of_an_earlier_session_is_not_sent(core):
    """Neither is a call canceled that has the same number now."""
    joined(core)
    number = core.call("com.example", Payload.of(JSON), CallOptions(), "early")
    core.lost("away")
    core.open()
    core.receive(WELCOME)
    core.call("com.example", Payload.of(JSON), CallOptions(), "late")
    sent(core)
    assert core.cancel(number, "early", "killnowait") == []
    assert sent(core) == []


def test_too_large_message_takes_no_number(core):
    """Request IDs have no gaps (WAMP, "Identifiers")."""
    core.open(max_size=1024)
    core.receive(WELCOME)
    sent(core)
    with pytest.raises(PayloadSizeExceeded):
        core.call("com.example", Payload.of(JSON, ["x" * 1100]), CallOptions(), "a")
    core.call("com.example", Payload.of(JSON), CallOptions(), "b")
    assert sent(core) == [[48, 1, {}, "com.example"]]


@pytest.mark.parametrize(
    ("failures", "shortest", "longest"),
    [(0, 0.5, 1), (1, 1, 2), (3, 4, 8), (9, 5, 10), (10**6, 5, 10)],
)
def test_waits_become_longer(failures, shortest, longest):
    """Each is random, between half of what it may be and all of it."""
    backoff = Backoff(first=1, factor=2, longest=10)
    assert backoff.delay(failures, lambda: 0.0) == shortest
    assert backoff.delay(failures, lambda: 1.0) == longest


def test_wait_for_a_restart():
    """All clients of the server have got close code 1012 at the same time."""
    backoff = Backoff()
    assert backoff.delay(0, lambda: 0.0, code=1012) == 5
    assert backoff.delay(0, lambda: 1.0, code=1012) == 30
    assert backoff.delay(0, lambda: 1.0, code=1001) == 0.5


def test_attempts_come_to_an_end():
    """If there is a limit."""
    backoff = Backoff(attempts=2)
    assert backoff.delay(1, lambda: 0.0) is not None
    assert backoff.delay(2, lambda: 0.0) is None


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"first": -1}, "first: expected seconds, at least 0.01, got -1"),
        ({"first": 0}, "first: expected seconds, at least 0.01, got 0"),
        ({"first": "x"}, "first: expected seconds, a number such as 1.5, got 'x'"),
        ({"first": 2, "longest": 1}, "longest, no shorter than first: .* at least 2"),
        ({"longest": 1e300}, "longest, .* at most 1000000"),
        ({"longest": None}, "longest, .* got None"),
        ({"factor": 0.5}, "factor: expected 1 to 1000, got 0.5"),
        ({"factor": 1e6}, "factor: expected 1 to 1000, got 1000000.0"),
        ({"factor": "2"}, "factor: expected a number"),
        ({"restart": (2, 1)}, "restart, the longest: .* at least 2, got 1"),
        ({"restart": (0, 0)}, "restart, the longest: .* at least 0.01, got 0"),
        ({"restart": (1, 2, 3)}, r"restart: expected \(shortest, longest\), got"),
        ({"restart": ("1", 2)}, "restart, the shortest: .* got '1'"),
        ({"restart": 5}, "restart: expected a list, got 5"),
        ({"attempts": 0}, "attempts: expected 1 to 1000000, got 0"),
        ({"attempts": 1.5}, "attempts: expected an integer, got float"),
    ],
)
def test_impossible_backoff_is_refused(options, problem):
    """The error names the field; without a wait a client would do nothing else."""
    with pytest.raises((TypeError, ValueError), match=f"Backoff.{problem}"):
        Backoff(**options)


def test_largest_backoff_has_a_wait():
    """After any number of failures."""
    backoff = Backoff(first=1_000_000, factor=1000, longest=1_000_000)
    assert backoff.delay(10**9, lambda: 1.0) == 1_000_000
