"""What happens when handlers do not keep up, or ask the router themselves."""

from __future__ import annotations

import queue
import threading

import pytest

from tests.client.false_router import false_router
from tests.patience import SECONDS
from wsocket.client import ApplicationError, connect

GOODBYE = 6
MANY = 1_500  # more than may wait for the handlers of a client


@pytest.fixture
def session(connecting, place):
    """A session, of threads or of asyncio."""
    with connecting(place.ws) as session:
        yield session


def test_slow_subscriber_gets_every_event(session, app):
    """The router has to wait, and nothing is lost."""
    goes_on, numbers = threading.Event(), queue.Queue()

    @session.subscribe("com.example.flood")
    def handler(number):
        goes_on.wait(SECONDS)
        numbers.put(number)

    for number in range(MANY + 1):
        app.publish("com.example.flood", number)
    goes_on.set()
    got = [numbers.get(timeout=SECONDS) for _ in range(MANY + 1)]
    assert got == list(range(MANY + 1))


def test_subscriber_that_calls_is_answered_in_a_flood(session, app):
    """Its answer comes after more events than may wait."""
    goes_on, sums = threading.Event(), queue.Queue()

    @session.subscribe("com.example.calling")
    def handler(number):
        goes_on.wait(SECONDS)
        if number % 500 == 0:
            sums.put(session.call("com.example.add", number, 1, timeout=SECONDS))

    for number in range(MANY + 1):
        app.publish("com.example.calling", number)
    goes_on.set()
    assert [sums.get(timeout=SECONDS) for _ in range(4)] == [1, 501, 1001, 1501]


def test_publisher_waits_for_a_router_that_does_not_read(connecting):
    """Its messages do not gather in memory; they go on when the router reads."""
    reads = threading.Event()

    def script(peer):
        peer.welcome()
        reads.wait(SECONDS)
        messages = [peer.receive()]
        while messages[-1][0] != GOODBYE:
            messages.append(peer.receive())
        peer.send(GOODBYE, {}, "wamp.close.goodbye_and_out")
        return len(messages)

    with (
        false_router(script) as (url, outcome),
        connecting(url, reconnect=False) as session,
    ):
        published = queue.Queue()

        def publish():
            for _ in range(100):
                session.publish("com.example.much", "x" * 2**17)
            published.put("all")

        thread = threading.Thread(target=publish)
        thread.start()
        with pytest.raises(queue.Empty):
            published.get(timeout=0.2)
        reads.set()
        assert published.get(timeout=SECONDS) == "all"
        thread.join(SECONDS)
    assert outcome == [101]


def test_busy_handlers_do_not_hold_up_closing(session, place):
    """Their answers are not wanted any more."""
    called, goes_on = threading.Event(), threading.Event()

    @session.register("com.example.busy")
    def busy():
        called.set()
        goes_on.wait(SECONDS)
        return "late"

    with connect(place.ws) as other:
        pending = other.start_call("com.example.busy")
        assert called.wait(SECONDS)
        closing = threading.Thread(target=session.close)
        closing.start()
        with pytest.raises(ApplicationError, match="callee"):
            pending.result(SECONDS)
        goes_on.set()
        closing.join(SECONDS)


def test_result_that_cannot_be_sent_is_an_error(session):
    """The caller learns which value it was."""
    session.register("com.example.object", lambda: object())
    with pytest.raises(ApplicationError, match=r"args\[0\].*object"):
        session.call("com.example.object")


def test_message_that_is_too_large_is_refused_before_it_is_sent(connecting, place):
    """RawSocket says what the router takes; the session goes on."""
    with connecting(place.tcp) as session:
        session.register("com.example.large", lambda: "x" * 2**21)
        with pytest.raises(ValueError, match="the router takes 1048576"):
            session.call("com.example.add", "x" * 2**21, "")
        with pytest.raises(ApplicationError) as caught:
            session.call("com.example.large")
        assert caught.value.error == "wamp.error.payload_size_exceeded"
        assert session.call("com.example.add", 1, 1) == 2
