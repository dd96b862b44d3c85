"""A session does what WAMP offers: the same over all transports."""

from __future__ import annotations

import logging
import queue
import threading

import pytest

from tests.patience import SECONDS
from wsocket import CallOptions
from wsocket.client import (
    ApplicationError,
    CallCanceled,
    CallResult,
    CallTimeout,
    ConnectionLost,
)


@pytest.fixture
def session(dial):
    """One session; `dial` makes others."""
    return dial()


@pytest.fixture
def uri(request):
    """A URI that no other test uses."""
    name = "".join(char if char.isalnum() else "_" for char in request.node.name)
    return f"com.example.{name}"


def test_call_returns_the_value(session):
    """One value as it is."""
    assert session.call("com.example.add", 2, 3) == 5
    assert session.call("com.example.add", "é", "☃") == "é☃"


def test_binary_values_arrive(session, uri):
    """In JSON they are strings on the way."""
    session.register(uri, lambda value: value)
    assert session.call(uri, b"\x00\xff") == b"\x00\xff"


def test_several_values_are_a_call_result(session, uri):
    """Arguments and ArgumentsKw, both ways."""

    @session.register(uri)
    def both(*args, **kwargs):
        return CallResult(args, kwargs)

    assert session.call(uri, 1, 2, x=3) == CallResult([1, 2], {"x": 3})


def test_error_of_the_router_is_raised(session, uri):
    """With its URI."""
    with pytest.raises(ApplicationError) as caught:
        session.call(uri)
    assert caught.value.error == "wamp.error.no_such_procedure"


def test_exception_of_a_procedure_is_raised_at_the_caller(session, uri, caplog):
    """An ApplicationError as it is; another one is logged here, and its text sent."""

    @session.register(uri)
    def fail(expected):
        if expected:
            raise ApplicationError("com.example.error", 1, x=2)
        raise ZeroDivisionError("the divisor is zero")

    with pytest.raises(ApplicationError) as caught:
        session.call(uri, True)
    error = caught.value
    assert (error.error, error.args, error.kwargs) == (
        "com.example.error",
        (1,),
        {"x": 2},
    )
    with pytest.raises(ApplicationError, match="the divisor is zero") as caught:
        session.call(uri, False)
    assert caught.value.error == "wamp.error.runtime_error"
    assert "ZeroDivisionError" in caplog.text
    with pytest.raises(ApplicationError) as caught:
        session.call(uri)
    assert caught.value.error == "wamp.error.invalid_argument"


def test_event_reaches_the_handler(session, dial, uri):
    """With its details."""
    events = queue.Queue()

    @session.subscribe(uri)
    def handler(*args, details, **kwargs):
        events.put((args, kwargs, details.topic, details.publication))

    publication = dial().publish(uri, 1, acknowledge=True, x=2)
    assert events.get(timeout=SECONDS) == ((1,), {"x": 2}, uri, publication)


def test_events_come_in_order(session, dial, uri):
    """One after the other, also those that are not acknowledged."""
    events = queue.Queue()
    session.subscribe(uri, events.put)
    other = dial()
    for number in range(200):
        other.publish(uri, number)
    assert [events.get(timeout=SECONDS) for _ in range(200)] == list(range(200))


def test_pattern_gets_the_topics_that_fit(session, dial, uri):
    """The details say which."""
    topics = queue.Queue()
    session.subscribe(uri, lambda details: topics.put(details.topic), match="prefix")
    other = dial()
    other.publish(f"{uri}.one")
    other.publish(f"{uri}.two")
    assert [topics.get(timeout=SECONDS) for _ in range(2)] == [
        f"{uri}.one",
        f"{uri}.two",
    ]


def test_failing_subscriber_gets_the_next_event(session, dial, uri, caplog):
    """Its exception is logged."""
    events = queue.Queue()

    @session.subscribe(uri)
    def handler(value):
        events.put(value)
        raise ValueError("this handler is broken")

    other = dial()
    other.publish(uri, 1)
    other.publish(uri, 2)
    assert [events.get(timeout=SECONDS) for _ in range(2)] == [1, 2]
    assert "this handler is broken" in caplog.text


def test_ended_subscription_gets_nothing(session, dial, uri):
    """Another one of the same topic goes on."""
    ended, lasting = queue.Queue(), queue.Queue()
    first = session.subscribe(uri, ended.put)
    second = session.subscribe(uri, lasting.put)
    assert first.id == second.id
    first.unsubscribe()
    other = dial()
    other.publish(uri, 1, acknowledge=True)
    assert lasting.get(timeout=SECONDS) == 1
    second.unsubscribe()
    other.publish(uri, 2, acknowledge=True)
    assert session.call("com.example.add", 1, 1) == 2  # so an event would have come
    assert ended.empty()
    assert lasting.empty()


def test_progressive_results_come_one_by_one(session, dial, uri):
    """And the final one last."""

    @session.register(uri)
    def count(last):
        yield from range(last)
        return "done"

    other = dial()
    assert list(other.call_progress(uri, 3)) == [0, 1, 2, "done"]
    pending = other.start_call(uri, 2)
    assert list(pending) == [0, 1]
    assert pending.result() == "done"
    assert other.call(uri, 2) == "done"


def test_generator_is_a_list_for_a_caller_without_progress(session, uri):
    """Unless it returns something."""

    @session.register(uri)
    def count(last):
        yield from range(last)

    assert session.call(uri, 3) == [0, 1, 2]


def test_call_that_takes_too_long_is_canceled(session, dial, uri):
    """The generator of the callee notices."""
    ended = queue.Queue()

    @session.register(uri)
    def endless():
        try:
            while True:
                yield 1
        finally:
            ended.put("ended")

    other = dial()
    with pytest.raises(CallTimeout, match="did not answer within"):
        other.call(uri, timeout=0.05)
    assert ended.get(timeout=SECONDS) == "ended"
    pending = other.start_call(uri)
    assert next(iter(pending)) == 1
    pending.cancel()
    with pytest.raises(CallCanceled):
        pending.result(SECONDS)
    assert ended.get(timeout=SECONDS) == "ended"


def test_procedure_may_call_in_turn(session, uri):
    """Also its own session, and while others run."""
    session.register(f"{uri}.inner", lambda value: value + 1)
    session.register(f"{uri}.outer", lambda value: session.call(f"{uri}.inner", value))
    assert session.call(f"{uri}.outer", 1) == 2


def test_calls_run_at_the_same_time(session, dial, uri):
    """One that waits does not hold up another one."""
    goes_on = threading.Event()
    session.register(f"{uri}.slow", lambda: goes_on.wait(SECONDS))
    session.register(f"{uri}.quick", lambda: goes_on.set())
    other = dial()
    slow = other.start_call(f"{uri}.slow")
    other.call(f"{uri}.quick", timeout=SECONDS)
    assert slow.result(SECONDS) is True


def test_procedure_may_know_its_caller(session, dial, uri):
    """If the caller discloses itself."""
    session.register(uri, lambda details: [details.procedure, details.caller])
    other = dial()
    assert other.call(uri) == [uri, None]
    disclosed = other.call(uri, options=CallOptions(disclose_me=True))
    assert disclosed == [uri, other.id]


def test_ended_registration_is_not_called(session, dial, uri):
    """The URI is free again."""
    registration = session.register(uri, lambda: 1)
    other = dial()
    assert other.call(uri) == 1
    registration.unregister()
    with pytest.raises(ApplicationError, match="no callee"):
        other.call(uri)
    other.register(uri, lambda: 2)
    assert session.call(uri) == 2


def test_refused_registration_is_raised(session, dial, uri):
    """The URI is taken."""
    session.register(uri, lambda: 1)
    with pytest.raises(ApplicationError) as caught:
        dial().register(uri, lambda: 2)
    assert caught.value.error == "wamp.error.procedure_already_exists"


def test_revoked_registration_is_logged(session, dial, uri, caplog):
    """The meta API ends it."""
    registration = session.register(uri, lambda: 1)
    with caplog.at_level(logging.WARNING):
        remove = "wamp.registration.remove_callee"
        dial().call(remove, registration.id, session.id, reason="com.example.enough")
        # The router has sent UNREGISTERED before this answer.
        assert session.call("com.example.add", 1, 1) == 2
    assert "com.example.enough" in caplog.text
    assert registration.id is None


def test_session_knows_who_it_is(session):
    """Until it is closed."""
    assert session.state == "joined"
    assert session.realm == "realm1"
    assert session.authrole == "anonymous"
    assert session.authmethod == "anonymous"
    assert session.authid
    assert session.id
    session.close()
    assert session.state == "closed"
    assert session.id is None
    assert session.wait(SECONDS)
    session.close()


def test_closed_session_raises_connection_lost(session):
    """Whatever it is asked for."""
    session.close()
    for ask in (
        lambda: session.call("com.example.add", 1, 2),
        lambda: session.publish("com.example.topic", 1),
        lambda: session.subscribe("com.example.topic", print),
        lambda: session.register("com.example.topic", print),
    ):
        with pytest.raises(ConnectionLost):
            ask()


@pytest.mark.parametrize(
    ("ask", "problem"),
    [
        (lambda session: session.call("com..example"), "empty component"),
        (lambda session: session.publish("wamp.topic"), "namespace"),
        (lambda session: session.call("com.example.add", object()), r"args\[0\]"),
        (lambda session: session.publish("com.example", float), r"args\[0\]"),
        (lambda session: session.subscribe("com.example", print, match="x"), "match"),
    ],
    ids=["uri", "namespace", "argument", "event", "match"],
)
def test_wrong_argument_is_refused_before_it_is_sent(session, ask, problem):
    """The session goes on."""
    with pytest.raises(ValueError, match=problem):
        ask(session)
    assert session.call("com.example.add", 1, 1) == 2
