"""A session does what WAMP offers: the same over all transports."""

from __future__ import annotations

import queue
from collections.abc import Iterator

import pytest

from tests.patience import SECONDS
from tests.serving import serving
from wsocket import ApplicationError, CallTimeout, WSocketApp
from wsocket.client import CallCanceled, CallResult, Session, connect


@pytest.fixture(scope="module")
def app() -> WSocketApp:
    app = WSocketApp(protocol="WAMP")

    @app.register("com.example.add")
    def add(left, right):
        return left + right

    return app


@pytest.fixture(scope="module")
def url(app: WSocketApp) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def session(url: str) -> Iterator[Session]:
    with connect(url) as session:
        yield session


def test_call_returns_the_value(session):
    """One value as it is."""
    assert session.call("com.example.add", 2, 3) == 5


def test_several_values_are_a_call_result(session):
    """Arguments and ArgumentsKw, both ways."""
    session.register(
        "com.example.both", lambda *args, **kwargs: CallResult(args, kwargs)
    )
    assert session.call("com.example.both", 1, 2, x=3) == CallResult([1, 2], {"x": 3})


def test_error_of_the_router_is_raised(session):
    """With its URI."""
    with pytest.raises(ApplicationError) as caught:
        session.call("com.example.nobody")
    assert caught.value.error == "wamp.error.no_such_procedure"


def test_event_reaches_the_handler(session, url):
    """With its details."""
    events = queue.Queue()

    @session.subscribe("com.example.topic")
    def handler(*args, details, **kwargs):
        events.put((args, kwargs, details.publication))

    with connect(url) as other:
        publication = other.publish("com.example.topic", 1, x=2, acknowledge=True)
    assert events.get(timeout=SECONDS) == ((1,), {"x": 2}, publication)


def test_ended_subscription_gets_nothing(session, url):
    """Another one of the same topic goes on."""
    ended, lasting = queue.Queue(), queue.Queue()
    first = session.subscribe("com.example.ending", ended.put)
    session.subscribe("com.example.ending", lasting.put)
    first.unsubscribe()
    with connect(url) as other:
        other.publish("com.example.ending", 1, acknowledge=True)
    assert lasting.get(timeout=SECONDS) == 1
    assert ended.empty()


def test_progressive_results_come_one_by_one(session, url):
    """And the final one last."""

    @session.register("com.example.count")
    def count(last):
        yield from range(last)
        return "done"

    with connect(url) as other:
        assert list(other.call_progress("com.example.count", 3)) == [0, 1, 2, "done"]
        assert other.call("com.example.count", 2) == "done"


def test_call_that_takes_too_long_is_canceled(session, url):
    """The callee of a generator notices."""
    ended = queue.Queue()

    @session.register("com.example.endless")
    def endless():
        try:
            while True:
                yield 1
        finally:
            ended.put("ended")

    with connect(url) as other:
        with pytest.raises(CallTimeout):
            other.call("com.example.endless", timeout=0.05)
        assert ended.get(timeout=SECONDS) == "ended"
        pending = other.start_call("com.example.endless")
        assert next(iter(pending)) == 1
        pending.cancel()
        with pytest.raises(CallCanceled):
            pending.result(SECONDS)
    assert ended.get(timeout=SECONDS) == "ended"


def test_ended_registration_is_not_called(session, url):
    """The URI is free again."""
    registration = session.register("com.example.short", lambda: 1)
    with connect(url) as other:
        assert other.call("com.example.short") == 1
        registration.unregister()
        with pytest.raises(ApplicationError, match="no callee"):
            other.call("com.example.short")


def test_closed_session_says_so(url):
    """It has an identity until then."""
    with connect(url) as session:
        assert session.state == "joined"
        assert session.realm == "realm1"
        assert session.authrole == "anonymous"
        assert session.authid
        assert session.id
    assert session.state == "closed"
    assert session.id is None
    assert session.wait(SECONDS)
