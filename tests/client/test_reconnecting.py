"""What becomes of a session whose connection is lost."""

from __future__ import annotations

import queue
import threading
import time

import pytest

from tests.client.states import QUICK
from tests.patience import SECONDS
from tests.serving import in_thread, serving
from wsocket import Realm, WSocketApp, make_server
from wsocket.client import (
    ApplicationError,
    Backoff,
    ConnectFailed,
    ConnectionLost,
    JoinRefused,
    connect,
)


@pytest.fixture
def lasting(dial, states):
    """A session that has joined, and connects again quickly."""
    session = dial(reconnect=QUICK, on_state=states)
    states.until("joined")
    return session


def kill(operator, session):
    operator.call("wamp.session.kill", session.id, message="out with you")


def test_session_is_told_of(lasting, dial, states):
    """What happened, and when it goes on."""
    first = lasting.id
    kill(dial(), lasting)
    waiting = states.next()
    assert waiting.state == "waiting"
    assert isinstance(waiting.error, ConnectionLost)
    assert "wamp.close.killed" in str(waiting.error)
    assert 0 < waiting.retry_in <= 0.05
    assert states.next().state == "connecting"
    joined = states.next()
    assert (joined.state, joined.error, joined.refused) == ("joined", None, ())
    assert lasting.state == "joined"
    assert lasting.id not in (None, first)


def test_subscriptions_and_registrations_are_restored(lasting, dial, states):
    """Those that are left."""
    events, ended = queue.Queue(), queue.Queue()
    lasting.subscribe("com.example.restored", events.put)
    lasting.subscribe("com.example.restored", ended.put).unsubscribe()
    lasting.register("com.example.restored.echo", lambda value: value)
    gone = lasting.register("com.example.restored.gone", lambda: 1)
    gone.unregister()
    operator = dial()
    kill(operator, lasting)
    states.until("joined")
    operator.publish("com.example.restored", "again", acknowledge=True)
    assert events.get(timeout=SECONDS) == "again"
    assert operator.call("com.example.restored.echo", 1) == 1
    assert ended.empty()
    with pytest.raises(ApplicationError, match="no callee"):
        operator.call("com.example.restored.gone")


@pytest.mark.slow(reason="waits for a client that comes back")
def test_what_cannot_be_restored_is_told(connecting, place, states):
    """Somebody else has taken the URI meanwhile; the rest goes on."""
    slow = Backoff(first=4, longest=4)  # time enough to take it
    with (
        connecting(place.ws, reconnect=slow, on_state=states) as session,
        connecting(place.ws) as operator,
    ):
        registration = session.register("com.example.taken", lambda: "session")
        session.register("com.example.free", lambda: "session")
        states.until("joined")
        kill(operator, session)
        operator.register("com.example.taken", lambda: "operator")
        [refused] = states.until("joined").refused
        assert refused.error == "wamp.error.procedure_already_exists"
        assert operator.call("com.example.taken") == "operator"
        assert operator.call("com.example.free") == "session"
        assert registration.id is None


def test_what_is_in_flight_raises(lasting, dial, states):
    """A call, and what is asked for until the session is there again."""
    operator = dial()
    called, goes_on = threading.Event(), threading.Event()

    @operator.register("com.example.waits")
    def waits():
        called.set()
        goes_on.wait(SECONDS)

    pending = lasting.start_call("com.example.waits")
    assert called.wait(SECONDS)
    kill(operator, lasting)
    with pytest.raises(ConnectionLost, match="killed"):
        pending.result(SECONDS)
    goes_on.set()
    states.until("joined")
    assert lasting.call("com.example.add", 1, 2) == 3


def test_program_that_left_gets_no_second_session(dial, states):
    """It closes while it waits to connect again."""
    session = dial(reconnect=Backoff(first=60, longest=60), on_state=states)
    kill(dial(), session)
    states.until("waiting")
    with pytest.raises(ConnectionLost):
        session.call("com.example.add", 1, 2)
    session.close()
    assert states.next().state == "closed"


def test_without_reconnecting_the_session_is_closed(dial, states):
    """With the reason."""
    session = dial(reconnect=False, on_state=states)
    kill(dial(), session)
    closed = states.until("closed")
    assert "killed" in str(closed.error)
    assert session.wait(SECONDS)


def test_close_waits_until_that_is_told(connecting, place):
    """A program that ends then has heard of everything."""
    told = []

    def hear(change):
        time.sleep(0.05)  # is slow
        told.append(change.state)

    with connecting(place.ws, "realm1", on_state=hear):
        pass
    assert told == ["connecting", "joined", "closed"]


def test_client_gives_up_when_the_realm_is_gone(connecting, states):
    """The next attempt would be the same."""
    app = WSocketApp(protocol="WAMP", realms=[Realm("com.example.short")])
    with serving(app) as url:
        options = {"reconnect": QUICK, "on_state": states}
        with connecting(url, "com.example.short", **options) as session:
            states.until("joined")
            app.remove_realm("com.example.short")
            closed = states.until("closed")
            assert isinstance(closed.error, JoinRefused)
            assert closed.error.reason == "wamp.error.no_such_realm"
            assert session.wait(SECONDS)


def test_client_gives_up_after_so_many_attempts(states):
    """If it is told to."""
    app = WSocketApp(protocol="WAMP")
    backoff = Backoff(first=0.01, longest=0.01, attempts=2, restart=(0, 0.01))
    with make_server("127.0.0.1", 0, app) as server, in_thread(server):
        url = f"ws://127.0.0.1:{server.server_port}/"
        session = connect(url, reconnect=backoff, on_state=states)
    with session:  # nobody listens any more
        app.close()
        closed = states.until("closed")
        assert isinstance(closed.error, ConnectFailed)
        assert "nobody listens there" in str(closed.error)


def test_session_survives_a_restart_of_the_router(states):
    """On the same port."""
    first = WSocketApp(protocol="WAMP")
    with make_server("127.0.0.1", 0, first) as server, in_thread(server):
        port = server.server_port
        url = f"ws://127.0.0.1:{port}/"
        session = connect(url, reconnect=QUICK, on_state=states)
        session.register("com.example.still", lambda: "here")
        states.until("joined")
    with session:
        first.close()
        second = WSocketApp(protocol="WAMP")
        with make_server("127.0.0.1", port, second) as server, in_thread(server):
            states.until("joined")
            assert second.call("com.example.still") == "here"
        second.close()
        states.until("waiting")


def test_close_code_1012_is_obeyed(connecting, states):
    """The wait is that for a restart, not the first one of the back-off."""
    app = WSocketApp(protocol="WAMP")
    backoff = Backoff(first=0.01, longest=0.01, restart=(50, 60))
    with serving(app) as url, connecting(url, reconnect=backoff, on_state=states):
        states.until("joined")
        app.close_connections(1012, "restart")
        assert 50 <= states.until("waiting").retry_in <= 60


def test_unanswered_publish_raises(connecting):
    """It may have been published, or not: the program is told."""
    asked, answers = threading.Event(), threading.Event()

    def authorizer(request):
        if request.uri == "com.example.slow":
            asked.set()
            answers.wait(SECONDS)
        return True

    app = WSocketApp(protocol="WAMP", realm=Realm("realm1", authorizer=authorizer))
    outcome = queue.Queue()
    with serving(app) as url, connecting(url, reconnect=False) as session:

        def publish():
            try:
                outcome.put(session.publish("com.example.slow", 1, acknowledge=True))
            except ConnectionLost as error:
                outcome.put(error)

        thread = threading.Thread(target=publish)
        thread.start()
        assert asked.wait(SECONDS)
        app.close_connections(1001, "away")
        assert isinstance(outcome.get(timeout=SECONDS), ConnectionLost)
        thread.join(SECONDS)
        answers.set()
