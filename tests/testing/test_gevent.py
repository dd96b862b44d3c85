"""The kit in a process that gevent has patched: everything runs in greenlets."""

from __future__ import annotations

import sys

import pytest

from tests.programs import ended

PROGRAM = """
from gevent import monkey
monkey.patch_all()

import gevent
from wsocket import Bridge, Limits, WSocketApp
from wsocket.testing import Client

limits = Limits(ping_interval=20, ping_timeout=10)
app = WSocketApp(
    protocol="WAMP", join_timeout=10, limits=limits, bridge=Bridge("/wamp")
)

@app.route("/")
def page(environ, start_response):
    start_response(200, {})
    return str(app.call("com.example.add", 2, 3))

@app.route("/patient")
def patient(environ, start_response):
    environ["wsgi.websocket"].send(str(environ["wsgi.websocket"].receive(30)))
    for message in environ["wsgi.websocket"]:
        environ["wsgi.websocket"].send(message)

@app.register("com.example.add")
def add(a, b):
    gevent.sleep(0.001)
    assert gevent.getcurrent().parent is not None
    return a + b

for _ in range(2):
    with Client(app) as client:
        assert client.get("/").text == "5"
        ws = client.websocket("/patient")
        client.clock.advance(29)
        ws.receives_nothing()
        client.clock.advance(2)
        assert ws.receive() == "None"
        ws.send("hello")
        assert ws.receive() == "hello"
        session = client.join()
        session.register("com.example.back", lambda: session.authrole)
        session.subscribe("com.example.news")
        app.publish("com.example.news", app.call("com.example.back"))
        assert session.receive_event().args == ["anonymous"]
        session.receives_nothing()
        with client.events("/wamp/events?topic=com.example.news") as stream:
            stream.receives_nothing()
            session.publish("com.example.news", 7)
            assert stream.receive().json()["args"] == [7]
            client.clock.advance(20)
            stream.receives_nothing()
        ws.answers_pings = session.answers_pings = False
        client.clock.advance(60)
        assert ws.closed and session.closed
print("all done")
"""


@pytest.mark.processes
def test_kit_works_with_greenlets():
    """Requests, websockets, sessions, streams of events, and the clock."""
    done = ended([sys.executable, "-W", "error", "-c", PROGRAM])
    assert (done.stdout, done.stderr, done.returncode) == ("all done\n", "", 0)
