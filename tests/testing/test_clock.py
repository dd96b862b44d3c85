"""What takes time happens when the test moves the clock, and not before."""

from __future__ import annotations

import threading
import time

import pytest

from tests.patience import SECONDS
from wsocket import CallTimeout, Limits, Realm, WSocketApp
from wsocket.testing import Client
from wsocket.wamp.auth import Ticket, TicketUser

NAMES = {2: "WELCOME", 3: "ABORT"}


def test_clock_stands_still_until_it_is_moved(client):
    """It counts the seconds by which it was moved."""
    assert client.clock.now == 0
    client.clock.advance(1.5)
    client.clock.advance(0)
    assert client.clock.now == 1.5


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf")])
def test_clock_never_goes_back(client, wrong):
    """And it moves by a finite number."""
    with pytest.raises(ValueError, match="seconds"):
        client.clock.advance(wrong)


def test_client_has_to_join_in_time(client):
    """`join_timeout` is 10 seconds here."""
    raw = client.wamp()
    client.clock.advance(9.9)
    raw.receives_nothing()
    client.clock.advance(0.2)
    assert "too late" in raw.receive()[1]["message"]


@pytest.mark.parametrize("kind", ["session", "websocket"])
def test_silent_peers_are_dropped(client, kind):
    """They have `ping_interval` plus `ping_timeout`, which is 30 seconds here."""
    peer = client.join() if kind == "session" else client.websocket("/echo")
    client.clock.advance(600)
    assert not peer.closed
    peer.answers_pings = False
    client.clock.advance(35)
    assert peer.receive_close() == (1006, "")


def test_receive_of_a_handler_times_out(app, client):
    """The handler waits by the same clock."""

    @app.route("/patient")
    def patient(environ, start_response):
        environ["wsgi.websocket"].send(str(environ["wsgi.websocket"].receive(3600)))

    ws = client.websocket("/patient")
    client.clock.advance(3599)
    ws.receives_nothing()
    client.clock.advance(2)
    assert ws.receive() == "None"


def test_call_times_out(app, client):
    """Also if the procedure is stuck in code that knows no clock."""
    over = threading.Event()

    @app.register("com.example.stuck")
    def stuck():
        over.wait(SECONDS)

    session = client.join()
    call = session.start_call("com.example.stuck", options={"timeout": 5000})
    client.clock.advance(4)
    assert "ERROR" not in str(client.conversation)
    client.clock.advance(2)
    with pytest.raises(CallTimeout):
        call.result()
    over.set()


def test_answers_of_an_authorizer_are_kept_for_a_while():
    """It is asked again after `authorizer_ttl`."""
    asked = []

    def authorize(request):
        asked.append(request.uri)
        return True

    realm = Realm("realm1", authorizer=authorize, authorizer_ttl=60)
    with Client(WSocketApp(protocol="WAMP", realm=realm)) as client:
        session = client.join()
        for _ in range(3):
            session.publish("com.example.news")
        assert len(asked) == 1
        client.clock.advance(61)
        session.publish("com.example.news")
        assert len(asked) == 2


def test_fast_clients_have_to_wait():
    """`messages_per_second`: the rest is handled when the seconds have passed."""
    app = WSocketApp(protocol="WAMP", limits=Limits(messages_per_second=2))
    with Client(app) as client:
        session = client.join()
        for number in range(6):
            session.send([16, 10 + number, {"acknowledge": True}, "com.example.news"])
        session.receive()
        for _ in range(6):
            client.clock.advance(0.5)
        answers = [session.receive()[1] for _ in range(5)]
        assert answers == [11, 12, 13, 14, 15]
        session.receives_nothing()


def test_failed_logins_are_forgotten_between_tests():
    """The limit of a minute holds within a client, and not for the next one."""
    limits = Limits(failed_logins_per_minute=1)
    auth = [Ticket({"joe": TicketUser(ticket="t", role="user")})]
    app = WSocketApp(protocol="WAMP", realm=Realm("realm1", auth=auth), limits=limits)
    details = {"authmethods": ["ticket"], "authid": "joe"}

    def refusal(client, password):
        raw = client.wamp()
        raw.send([1, "realm1", {"roles": {"caller": {}}, **details}])
        if raw.receive()[0] == 4:
            raw.send([5, password, {}])
            client.clock.advance(5)  # the delay of refusals
            return f"asked, {NAMES[raw.receive()[0]]}"
        return "limit"

    for _ in range(2):
        with Client(app) as client:
            assert refusal(client, "wrong") == "asked, ABORT"
            assert refusal(client, "t") == "limit"
            client.clock.advance(61)
            assert refusal(client, "t") == "asked, WELCOME"


def test_an_hour_takes_no_time(client):
    """With a session that is pinged all the while."""
    session = client.join()
    began = time.monotonic()
    client.clock.advance(3600)
    assert time.monotonic() - began < SECONDS
    assert client.clock.now == 3600
    assert session.call("com.example.add", 1, 1) == 2
